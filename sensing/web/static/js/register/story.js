// A device's life as a line of time: registered, configured, replaced, commissioned, retired; what held from when to when.

import { api, segment } from "../api.js";
import { el } from "../dom.js";
import { moment, ms } from "../format.js";
import { t } from "../words.js";
import { word } from "./fields.js";

const DATED = ["zero", "offset", "mount_height", "datum", "unit", "period_rule"];

/** The line, the newest first. device: as the API tells it; records: its commissioning records. */
export async function story(device, records) {
  const history = await api.get(`/api/devices/${segment(device.id)}/history`);
  const marks = [...history.items.map((each, place) => configured(each, history.items[place - 1], device)), ...codes(device), ...records.map(commissioned)];
  if (device.retired) marks.push({ at: device.retired, kind: "retired", what: t("story.retired") });
  marks.push({ at: device.created, kind: "born", what: t("story.registered") });
  marks.sort((a, b) => (ms(b.at) || 0) - (ms(a.at) || 0));
  return el("ol", { class: "story" }, marks.map((each) => el("li", { class: ["story-mark", each.kind] },
    el("time", { class: "story-at", text: moment(each.at, { year: true }) }),
    el("div", {}, el("p", { class: "story-what", text: each.what }), each.more && el("p", { class: "hint", text: each.more })))));
}

function configured(each, before, device) {
  const values = DATED.map((name) => [name, shown(each[name]), shown(before?.[name])]).filter(([, now, was]) => now !== was && (before || (now !== "–" && now !== "0")));
  const what = values.map(([name, now, was]) => (before ? `${word("column", name)} ${was} → ${now}` : `${word("column", name)} ${now}`)).join(", ");
  const span = each.valid_from && ms(each.valid_from) > 0 ? t("story.from", { from: moment(each.valid_from, { year: true }), to: each.valid_to ? moment(each.valid_to, { year: true }) : t("story.now") }) : t("story.always");
  const said = [span, each.by && t("story.by", { by: each.by }), each.in_force === false && t("story.replaced"), each.reobserved?.changed && t("story.reobserved", { number: each.reobserved.changed })].filter(Boolean).join(" · ");
  return { at: each.at || device.created, kind: "configured", what: what || t("story.first"), more: said };
}

const shown = (value) => {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "object") return Object.entries(value).map(([name, unit]) => `${name}=${unit}`).join(" ") || "–";
  return String(value);
};

function codes(device) {
  return device.codes.filter((each) => each.to).map((each) => ({ at: each.to, kind: "replaced", what: t("story.code_ended", { scheme: each.scheme, code: each.code }) }));
}

const commissioned = (each) => ({ at: each.at, kind: each.whole ? "commissioned" : "broken", what: t("story.commissioned", { by: each.by }), more: `SHA-256 ${each.sha256.slice(0, 16)}${each.whole ? "" : ` · ${t("record.broken")}`}` });
