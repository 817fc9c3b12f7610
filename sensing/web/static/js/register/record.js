// The commissioning record: what a hand measured, who, a note; made of what the service saw, and printed.

import { api, segment } from "../api.js";
import { el, fill } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../words.js";
import { bound, field, told, working } from "./fields.js";

/** A form that makes a record, and its print once it is made. page: {draft}. */
export function record(page) {
  const form = {};
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const make = working(t("record.make"), async () => {
    const body = { by: form.by?.trim() || "", note: form.note?.trim() || "" };
    if (page.draft.since) body.since = page.draft.since;
    if (form.dip) body.dip = Number(form.dip.replace(",", "."));
    const kept = await api.post(`/api/devices/${segment(page.draft.device)}/commissions`, body);
    fill(shown, told("good", t("record.made"), kept.sha256.slice(0, 16)), links(page.draft.device, kept));
  }, "primary", shown, { data: { act: "record" } });
  return el("details", { class: "more" }, el("summary", { text: t("record.title") }),
    el("div", { class: "pair" },
      field(t("record.dip"), bound(form, "dip", () => {}, { inputmode: "decimal" }), { hint: t("record.dip_hint") }),
      field(t("record.by"), bound(form, "by", () => {}))),
    field(t("column.note"), bound(form, "note", () => {})), make, shown);
}

/** Where a record is printed from. kept: as the API tells it. */
export function links(device, kept) {
  const path = `/api/devices/${segment(device)}/commissions/${segment(kept.id)}`;
  return el("div", { class: "actions" },
    el("a", { class: "button", href: `${path}?format=pdf`, target: "_blank", rel: "noopener", text: t("record.pdf") }),
    el("a", { class: "button", href: `${path}?format=html`, target: "_blank", rel: "noopener", text: t("record.page") }),
    el("span", { class: "faint", text: `${moment(kept.at, { year: true })} · ${kept.by}` }));
}
