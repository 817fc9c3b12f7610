// How a device connects, and whether it may: topic and user, a new password, out of service and back, other hardware.

import { api, segment } from "../api.js";
import { notice } from "../chrome.js";
import { el, fill } from "../dom.js";
import { t } from "../words.js";
import { ask, bound, copyable, field, told, working } from "./fields.js";

/** The panel. changed(): look again. */
export function access(device, changed) {
  const path = `/api/devices/${segment(device.id)}`;
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const own = device.principal === device.id;
  return el("div", {},
    copyable(t("register.topic"), device.topic), copyable(t("register.username"), device.principal),
    el("div", { class: "actions" },
      own && device.state === "active" && working(t("register.new_password"), async () => {
        if (!(await ask(t("device.rotate_sure", { id: device.id }), t("device.rotate_more"), t("register.new_password")))) return;
        const made = await api.post(`${path}/rotate`);
        fill(shown, told("warn", t("register.once")), copyable(t("register.broker"), made.broker), copyable(t("register.password"), made.password, { secret: true }));
      }, "", shown, { data: { act: "rotate" } }),
      device.state === "active" ? retire(device, path, changed, shown) : working(t("device.restore"), async () => {
        await api.post(`${path}/restore`);
        notice(t("device.restored", { id: device.id }), "good");
        changed();
      }, "primary", shown, { data: { act: "restore" } })),
    !own && told("info", t("register.carried_by", { principal: device.principal }), t("register.carried_hint")),
    shown, device.state === "active" && replacing(path, changed));
}

function retire(device, path, changed, shown) {
  return working(t("device.retire"), async () => {
    if (!(await ask(t("device.retire_sure", { id: device.id }), t("device.retire_more"), t("device.retire")))) return;
    await api.post(`${path}/retire`);
    notice(t("device.retired", { id: device.id }), "good");
    changed();
  }, "danger", shown, { data: { act: "retire" } });
}

function replacing(path, changed) {
  const form = { native: "", serial: "" };
  const shown = el("div", { class: "shown" });
  return el("details", { class: "more" }, el("summary", { text: t("device.replace") }), el("p", { class: "hint", text: t("device.replace_hint") }),
    el("div", { class: "pair" }, field(t("column.native"), bound(form, "native", () => {})), field(t("register.serial"), bound(form, "serial", () => {}))),
    working(t("device.replace_it"), async () => {
      const body = Object.fromEntries(Object.entries(form).filter(([, text]) => text.trim()));
      await api.post(`${path}/replace`, body);
      notice(t("device.replaced"), "good");
      changed();
    }, "", shown), shown);
}
