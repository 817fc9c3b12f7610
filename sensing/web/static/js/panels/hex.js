// The bytes of a frame, sixteen a line, and what each stretch of them says: pointing at one shows the other.

import { el, on } from "../dom.js";
import { both, propertyName, t } from "../words.js";
import { statisticName } from "./telling.js";

const WIDE = 16;
const MOST = 512;

/** frame: {hex, text, size, spans: [{offset, length, name, meaning, value, bad}] or null} as the API tells it. */
export function bytesOf(frame) {
  const bytes = (frame.hex ?? "").match(/../g) ?? [];
  const spans = frame.spans ?? [];
  const node = el("div", { class: "bytes" });
  if (frame.text && /^[\x20-\x7e\r\n\t\u0080-￿]*$/.test(frame.text)) node.append(el("pre", { class: "bytes-text", tabindex: "0", "aria-label": t("frames.text"), text: frame.text.slice(0, 2000) }));
  const details = el("details", { class: "bytes-more" }, el("summary", { text: t("frames.bytes", { n: bytes.length }) }));
  details.append(dump(bytes.slice(0, MOST), spans));
  if (bytes.length > MOST) details.append(el("p", { class: "board-hint", text: t("frames.cut", { n: bytes.length - MOST }) }));
  if (spans.length) details.append(meanings(bytes, spans));
  node.append(details);
  details.open = !frame.text;
  point(node);
  return node;
}

function dump(bytes, spans) {
  const owner = new Map();
  spans.forEach((span, index) => {
    for (let at = span.offset; at < span.offset + span.length; at += 1) owner.set(at, index);
  });
  const lines = [];
  for (let at = 0; at < bytes.length; at += WIDE) {
    const row = bytes.slice(at, at + WIDE);
    lines.push(el(
      "div", { class: "hex-line" }, el("span", { class: "hex-at", text: at.toString(16).padStart(4, "0") }),
      el("span", { class: "hex-bytes" }, row.map((byte, index) => {
        const span = owner.get(at + index);
        return el("span", { class: ["hex", spans[span]?.bad && "hex-bad"], data: span === undefined ? {} : { span }, text: byte });
      })),
      el("span", { class: "hex-text", "aria-hidden": "true", text: row.map((byte) => readable(Number.parseInt(byte, 16))).join("") }),
    ));
  }
  return el("div", { class: "hex-dump mono", role: "group", "aria-label": t("frames.dump") }, lines);
}

const readable = (code) => (code >= 32 && code < 127 ? String.fromCharCode(code) : "·");

function meanings(bytes, spans) {
  return el(
    "table", { class: "spans" }, el("caption", { class: "sr-only", text: t("frames.meaning") }),
    el("tbody", {}, spans.map((span, index) => el(
      "tr", { data: { span: index }, class: span.bad ? "bad" : null },
      el("td", { class: "mono", text: `${span.offset.toString(16).padStart(4, "0")}` }),
      el("td", { class: "mono spans-bytes", text: bytes.slice(span.offset, span.offset + Math.min(span.length, 8)).join(" ") + (span.length > 8 ? " …" : "") }),
      el("td", { text: both(span.meaning) || span.name }), el("td", { class: "spans-value", text: said(span.value) }),
    ))),
  );
}

// What a decoder says of a stretch, in the reader's language: "3 bytes, 1 decimals", "5.8 mm → rainfall sum/since-08".
const said = (value) => String(value ?? "")
  .replace(/^(\d+) bytes, (\d+) decimals$/, (_all, size, digits) => t("frames.shape", { size, digits }))
  .replace(/→ ([a-z0-9_]+)(?: (\S+))?$/, (_all, property, statistic) => `→ ${[propertyName(property), statisticName(statistic)].filter(Boolean).join(" · ")}`);

function point(node) {
  const mark = (span) => {
    for (const each of node.querySelectorAll("[data-span]")) each.classList.toggle("pointed", each.dataset.span === span);
  };
  on(node, "pointerover", "[data-span]", (_event, found) => mark(found.dataset.span));
  on(node, "pointerleave", () => mark(null));
}
