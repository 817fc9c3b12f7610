// A code read by the phone's camera within the page, where the browser can: elsewhere the phone's own camera opens the label's address.

import { el } from "../dom.js";
import { t } from "../words.js";

const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39"];
const EVERY_MS = 150;

/** Whether this browser reads codes from a camera. */
export const canScan = () => "BarcodeDetector" in window && window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

/** The text of the first code that is seen, in a dialog with the camera's picture; null when it is closed. Rejects when there is no camera. */
export async function scan() {
  const known = await window.BarcodeDetector.getSupportedFormats();
  const detector = new window.BarcodeDetector({ formats: FORMATS.filter((each) => known.includes(each)) });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  const picture = el("video", { class: "scan-picture", muted: true, playsinline: true });
  const dialog = el("dialog", { class: "scan", "aria-label": t("register.scan") },
    picture,
    el("p", { class: "dim", text: t("register.scan_hint") }),
    el("button", { class: "button big", type: "button", text: t("form.cancel"), on: { click: () => dialog.close() } }));
  document.body.append(dialog);
  picture.srcObject = camera;
  dialog.showModal();
  try {
    await picture.play();
    return await look(detector, picture, dialog);
  } finally {
    for (const track of camera.getTracks()) track.stop();
    dialog.remove();
  }
}

function look(detector, picture, dialog) {
  return new Promise((resolve) => {
    const timer = setInterval(async () => {
      const [found] = await detector.detect(picture).catch(() => []);
      if (found) { clearInterval(timer); navigator.vibrate?.(60); resolve(found.rawValue); }
    }, EVERY_MS);
    dialog.addEventListener("close", () => { clearInterval(timer); resolve(null); });
  });
}
