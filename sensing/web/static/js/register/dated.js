// What is dated of a device, edited: zero, datum, offset, mount height, units; from when it holds; and what that would do to what is stored.

import { api, segment } from "../api.js";
import { el, fill } from "../dom.js";
import { count, moment, number, unit, zone } from "../format.js";
import { propertyName, t } from "../words.js";
import { kindName } from "../panels/telling.js";
import { ask, bound, button, field, notNow, told, working } from "./fields.js";

const NUMBERS = ["zero", "offset", "mount_height"];
const MOST_ROUNDS = 40;

/** The form. device: as the API tells it; changed(device): after it was saved. */
export function datedForm(device, changed) {
  const first = start(device);
  const form = { ...first, valid_from: "" };
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const touched = () => fill(shown);
  const numeric = { inputmode: "decimal" };
  const from = bound(form, "valid_from", touched, { type: "datetime-local", step: "1" });
  return el("div", {},
    el("div", { class: "pair" },
      field(t("register.zero"), bound(form, "zero", touched, numeric), { hint: t("device.add_hint") }),
      field(t("device.offset"), bound(form, "offset", touched, numeric)), field(t("register.mount_height"), bound(form, "mount_height", touched, numeric)),
      field(t("column.datum"), bound(form, "datum", touched))),
    field(t("device.units"), bound(form, "unit", touched, { autocapitalize: "none", placeholder: "water_level=cm" })),
    field(t("device.valid_from"), from, { hint: t("device.valid_from_hint") }),
    el("div", { class: "actions" },
      working(t("device.try"), async () => { await attempt(device, body(form, first), shown, changed); }, "primary", shown, { data: { act: "try" } }),
      device.configs.length > 1 && working(t("device.undo_last"), async () => { await attempt(device, { undo: true }, shown, changed); }, "", shown)),
    shown);
}

function start(device) {
  const text = (value) => (value === null || value === undefined ? "" : String(value));
  const units = Object.entries(device.unit || {}).map(([name, code]) => `${name}=${code}`).join(" ");
  return { zero: text(device.zero), offset: text(device.offset), mount_height: text(device.mount_height), datum: device.datum, unit: units };
}

// Only what was changed; `+0.35` adds to what is there.
function body(form, first) {
  const found = {};
  for (const name of Object.keys(first)) {
    const value = String(form[name] ?? "").trim();
    if (value === first[name]) continue;
    if (NUMBERS.includes(name) && value.startsWith("+")) found[name] = value;
    else if (NUMBERS.includes(name)) found[name] = value === "" ? (name === "offset" ? 0 : null) : Number(value);
    else found[name] = value;
    if (Number.isNaN(found[name])) throw notNow(t("register.lack_number"));
  }
  if (!Object.keys(found).length) throw notNow(t("device.nothing_changed"));
  if (form.valid_from) found.valid_from = instant(form.valid_from);
  return found;
}

// What a person writes is in the service's zone, whatever the browser's is.
const instant = (text) => new Date(Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`) - zone() * 60000).toISOString();

// Try first, always: nothing is written before its effect was seen.
async function attempt(device, asked, shown, changed) {
  const path = `/api/devices/${segment(device.id)}`;
  const progress = el("p", { class: "soft", text: t("device.trying") });
  fill(shown, progress);
  const whole = await tried(path, asked, (done) => { progress.textContent = t("device.trying_at", { number: count(done) }); });
  fill(shown, effect(whole), el("div", { class: "actions" },
    working(t(whole.counts.changed ? "device.write" : "device.write_plain", { number: count(whole.counts.changed) }), async () => {
      if (whole.counts.changed && !(await ask(t("device.write_sure", { number: count(whole.counts.changed) }), t("device.write_more"), t("form.save"), "primary"))) return;
      const saved = await api.patch(path, asked);
      changed(saved);
    }, "primary", null, { data: { act: "write" } }), button(t("form.cancel"), () => fill(shown), "quiet")));
}

async function tried(path, asked, step) {
  let cursor = null, whole = null;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = await api.post(`${path}/preview`, asked, { params: { limit: 200, cursor } });
    if (!whole) whole = found;
    else {
      for (const name of Object.keys(whole.counts)) whole.counts[name] += found.counts[name];
      whole.items = [...whole.items, ...found.items].slice(0, 200);
      whole.events = [...whole.events, ...found.events];
    }
    cursor = found.next;
    if (!cursor) return { ...whole, unfinished: false };
    step(whole.counts.changed + whole.counts.same);
  }
  return { ...whole, unfinished: true };
}

function effect(whole) {
  const { counts, items, events } = whole;
  if (!counts.changed) return told("info", t("device.effect_none"), whole.from ? "" : t("device.effect_future"));
  const sample = items.length > 12 ? [...items.slice(0, 6), ...items.slice(-6)] : items;
  return el("div", { class: "effect", data: { changed: counts.changed } },
    told(counts.kept ? "warn" : "info", t("device.effect", { changed: count(counts.changed), same: count(counts.same) }), counts.kept ? t("device.effect_kept", { kept: count(counts.kept) }) : ""),
    events.length > 0 && el("div", {}, el("h3", { text: t("device.effect_events", { number: events.length }) }), el("ul", { class: "hints" }, events.slice(0, 10).map((each) => el("li", { text: `${t(`device.event_${each.change}`)}: ${kindName(each.kind)} · ${moment(each.start)} · ${t(`severity.${each.severity}`)}` })))),
    el("div", { class: "table-wrap" }, el("table", {}, el("thead", {}, el("tr", {}, ["column.time", "column.property", "column.old", "column.new"].map((key, place) => el("th", { scope: "col", class: place > 1 ? "num" : null, text: t(key) })))),
      el("tbody", {}, sample.map((each) => el("tr", {}, el("td", { text: moment(each.time, { year: true, seconds: true }) }), el("td", { text: propertyName(each.property) }),
        el("td", { class: "num", text: `${number(each.old, each.unit)} ${unit(each.unit)}` }), el("td", { class: "num", text: `${number(each.new, each.unit)} ${unit(each.unit)}` })))))),
    whole.unfinished && told("warn", t("device.effect_part")));
}

