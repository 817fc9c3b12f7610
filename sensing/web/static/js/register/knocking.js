// One unknown sender as a card: what it sent, what it may be, and the form that takes it in.

import { el } from "../dom.js";
import { age, count, duration, number, time, unit } from "../format.js";
import { language, propertyName, t } from "../words.js";
import { idOf } from "./code.js";
import { bound, choice, field, told, working } from "./fields.js";
import { picture } from "./pictures.js";

/** The card. row: of GET /api/quarantine with guess and lines; calls: {accept(row, form, shown), drop(row, shown), retake(row, shown)}; dropped: which list; engineer: whether one may. */
export function card(row, types, calls, dropped, engineer) {
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const form = start(row);
  return el("article", { class: "knock panel", data: { native: row.native, adapter: row.adapter } },
    el("header", { class: "knock-head" },
      el("h3", { class: "mono", text: row.native }), el("span", { class: "tag", text: row.adapter }),
      el("span", { class: "soft" }, `${t("quarantine.by", { principal: row.principal })} · ${t("register.frames", { number: count(row.frames) })} · `, time(row.first_received), " – ", time(row.last_received), ` (${age(row.last_received)})`)),
    el("div", { class: "knock-body" }, el("div", { class: "knock-said" }, values(row), wire(row)), dropped || !engineer ? null : taking(row, form, types, calls, shown)),
    dropped && engineer && el("div", { class: "actions" }, working(t("quarantine.retake"), () => calls.retake(row, shown), "", shown, { data: { act: "retake" } })), shown);
}

function start(row) {
  const guess = row.guess || {};
  const units = Object.entries(guess.unit || {}).map(([name, code]) => `${name}=${code}`).join(" ");
  const form = { adapter: row.adapter, native: row.native, principal: row.principal, id: idOf(row.native), type: guess.types?.[0]?.type || "", name: "", area: "" };
  if (units) form.unit = units;
  if (guess.position) [form.lon, form.lat] = guess.position;
  return form;
}

// What it said, decoded, the newest of each kind.
function values(row) {
  const newest = new Map();
  for (const each of [...(row.guess?.values || []), ...(row.lines || [])]) {
    const key = `${each.code} ${each.channel} ${each.statistic}`, known = newest.get(key);
    if (!known || (each.time || "") >= (known.time || "")) newest.set(key, each);
  }
  if (!newest.size) return told("warn", t("quarantine.unread"), t("quarantine.unread_hint"));
  return el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, ["quarantine.code", "column.property", "column.value", "column.time"].map((key) => el("th", { scope: "col", class: key === "column.value" ? "num" : null, text: t(key) })))),
    el("tbody", {}, [...newest.values()].slice(-8).map((each) => el("tr", {}, el("td", { class: "mono", text: each.code }),
      el("td", { text: each.property ? `${propertyName(each.property)}${each.statistic === "instant" ? "" : ` ${each.statistic}`}` : "—" }),
      el("td", { class: "num", text: `${number(each.value)} ${unit(each.unit)}` }), el("td", {}, time(each.time)))))));
}

function wire(row) {
  const frame = row.frame;
  if (!frame) return null;
  return el("details", { class: "more" }, el("summary", { text: t("quarantine.frame", { size: frame.size }) }),
    el("p", { class: "hint mono", text: frame.topic }), el("pre", { class: "wire", text: frame.text ?? frame.hex.replace(/(..)/g, "$1 ") }));
}

function taking(row, form, types, calls, shown) {
  const guess = row.guess || {};
  const scores = new Map((guess.types || []).map((each) => [each.type, each.score]));
  const fitting = types.filter((kind) => !kind.adapter || kind.adapter === row.adapter)
    .sort((a, b) => (scores.get(b.id) || 0) - (scores.get(a.id) || 0) || a.id.localeCompare(b.id));
  const name = (kind) => `${language() === "en" ? kind.name_en : kind.name_zh}${scores.has(kind.id) ? ` · ${Math.round(scores.get(kind.id) * 100)} %` : ""}`;
  const kind = types.find((each) => each.id === form.type);
  return el("div", { class: "knock-form" },
    el("h4", {}, kind && picture(kind), t("quarantine.may_be")), hints(guess),
    field(t("column.type"), choice([["", t("form.choose")], ...fitting.map((each) => [each.id, name(each)])], form.type, (value) => { form.type = value; }, { name: "type" })),
    el("div", { class: "pair" }, field(t("column.id"), bound(form, "id", () => {}, { autocapitalize: "none" })), field(t("column.name"), bound(form, "name", () => {}))),
    field(t("column.area"), bound(form, "area", () => {}, { list: "areas" })),
    guess.unit && Object.keys(guess.unit).length > 0 && field(t("column.unit"), bound(form, "unit", () => {}), { hint: t("quarantine.unit_hint") }),
    el("div", { class: "actions" },
      working(t("quarantine.accept", { frames: count(row.frames) }), () => calls.accept(row, form, shown), "primary", shown, { data: { act: "accept" } }),
      working(t("quarantine.drop"), () => calls.drop(row, shown), "danger", shown, { data: { act: "drop" } })));
}

function hints(guess) {
  const said = [];
  if (guess.cadence_s) said.push(t("quarantine.cadence", { span: duration(guess.cadence_s * 1000) }));
  if (guess.zone) said.push(t("quarantine.zone", { zone: guess.zone }));
  if (guess.position) said.push(t("quarantine.position", { lat: guess.position[1].toFixed(5), lon: guess.position[0].toFixed(5) }));
  return said.length ? el("ul", { class: "hints" }, said.map((text) => el("li", { text }))) : null;
}
