// Every device at the desk: searched, filtered, with whether it reports; labels and the spreadsheet of what is chosen.

import { api, may, query, segment } from "../api.js";
import { chrome } from "../chrome.js";
import { $, el, fill, settled } from "../dom.js";
import { age, count } from "../format.js";
import { thingsOf } from "../live.js";
import { language, propertyName, t } from "../words.js";
import { inMine, measured } from "../panels/telling.js";
import { ordered } from "../panels/values.js";
import { bound, button, choice, field, problem } from "../register/fields.js";
import { picture } from "../register/pictures.js";

const PAGE = 50;
const FILTERS = ["query", "type", "area", "adapter", "principal", "state"];
const state = { filter: {}, types: new Map(), adapters: [], areas: [], me: null, marked: new Set(), asked: 0 };
const parts = { list: el("tbody", {}), more: el("div", {}), said: el("p", { class: "soft", role: "status" }), tools: el("div", { class: "actions" }) };

async function begin() {
  state.me = await chrome({ title: "devices.title", here: "/devices" });
  if (!state.me) return;
  for (const [name, value] of new URLSearchParams(location.search)) if (FILTERS.includes(name)) state.filter[name] = value;
  const [types, areas] = await Promise.all([api.get("/api/types"), api.get("/api/areas").catch(() => ({ items: [] }))]);
  Object.assign(state, { types: new Map(types.items.map((kind) => [kind.id, kind])), adapters: types.adapters, areas: areas.items });
  draw();
  addEventListener("language", draw);
}

function draw() {
  const titles = ["column.id", "column.name", "column.type", "column.native", "column.area", "devices.newest", "column.state"];
  fill($("#main"), el("div", { class: "page" },
    el("div", { class: "page-head" }, el("h1", { text: t("devices.title") }), may(state.me, "engineer") && el("div", { class: "row" }, el("a", { class: "button primary", href: "/m/register", text: t("nav.register") }), el("a", { class: "button", href: "/import", text: t("nav.import") }), el("a", { class: "button", href: "/labels", text: t("labels.title") }))),
    filters(), parts.said,
    el("div", { class: "table-wrap" }, el("table", { class: "devices" }, el("thead", {}, el("tr", {}, el("th", {}, el("span", { class: "sr-only", text: t("devices.mark") })), titles.map((key) => el("th", { scope: "col", text: t(key) })))), parts.list)),
    parts.more, parts.tools));
  load();
}

function filters() {
  const filter = state.filter;
  const later = settled(() => load(), 250);
  const pick = (name, options) => field(t(`column.${name}`), choice([["", t("form.all")], ...options], filter[name] || "", (value) => { filter[name] = value; load(); }, { name }));
  const kinds = [...state.types.values()].map((kind) => [kind.id, nameOf(kind)]).sort((a, b) => a[1].localeCompare(b[1], language()));
  return el("form", { class: "tools", role: "search", on: { submit: (event) => event.preventDefault() } },
    field(t("devices.search"), bound(filter, "query", later, { type: "search", placeholder: t("devices.search_hint") })),
    pick("type", kinds), pick("area", state.areas.map((each) => [each.area, `${inMine(each.area)} (${each.devices})`])), pick("adapter", state.adapters.map((each) => [each, each])),
    field(t("column.state"), choice(["active", "retired", "all"].map((each) => [each, t(`devices.state_${each}`)]), filter.state || "active", (value) => { filter.state = value; load(); }, { name: "state" })));
}

const nameOf = (kind) => (kind ? (language() === "en" ? kind.name_en : kind.name_zh) : "");

async function load(cursor = null) {
  const asked = (state.asked += 1);
  history.replaceState(null, "", location.pathname + query(state.filter));
  try {
    const found = await api.get("/api/devices", { ...state.filter, limit: PAGE, cursor });
    if (asked !== state.asked) return;
    const rows = found.items.map((device) => row(device));
    if (cursor) parts.list.append(...rows);
    else { state.marked.clear(); fill(parts.list, rows); }
    const shown = parts.list.children.length;
    parts.said.textContent = found.items.length || cursor ? t(found.next ? "devices.shown_more" : "devices.shown", { number: count(shown) }) : t("devices.none");
    fill(parts.more, found.next && button(t("form.more"), () => load(found.next), "big"));
    tools();
    await newest(found.items);
  } catch (error) {
    fill(parts.more, problem(error));
  }
}

function row(device) {
  const kind = state.types.get(device.type);
  const box = el("input", { type: "checkbox", "aria-label": `${t("devices.mark")} ${device.id}` });
  box.addEventListener("change", () => { if (box.checked) state.marked.add(device.id); else state.marked.delete(device.id); tools(); });
  return el("tr", { data: { device: device.id } }, el("td", { class: "tick" }, el("label", {}, box)),
    el("th", { scope: "row" }, el("a", { class: "mono", href: `/device?id=${segment(device.id)}`, text: device.id })),
    el("td", { text: inMine(device.name), title: device.name }), el("td", {}, el("span", { class: "kind" }, kind && picture(kind), nameOf(kind) || device.type)),
    el("td", { class: "mono", text: `${device.adapter} ${device.native}` }), el("td", { text: inMine(device.area) }),
    el("td", { class: "newest", text: "…" }), el("td", { class: "health" }, device.state === "retired" ? el("span", { class: "tag", text: t("devices.state_retired") }) : ""));
}

// Whether each reports, and what: as the map has it, by the clock of the run that is shown.
async function newest(devices) {
  const type = [...new Set(devices.filter((device) => device.state === "active").map((device) => device.type))];
  if (!type.length) return;
  const found = await api.get("/api/map", { type }).catch(() => null);
  if (!found) return;
  const things = thingsOf(found);
  for (const device of devices) if (device.state === "active") health(device, things.get(device.id), found.clock);
}

function health(device, thing, clock) {
  const node = parts.list.querySelector(`[data-device="${CSS.escape(device.id)}"]`);
  if (!node) return;
  const word = thing?.state ?? "new";
  const [, first] = ordered(thing)[0] ?? [];
  node.querySelector(".newest").textContent = first ? `${propertyName(first.property)} ${measured(first.value, first.unit, first.property)} · ${age(first.time, clock)}` : "—";
  fill(node.querySelector(".health"), el("span", { class: ["health-word", word] }, el("span", { "aria-hidden": "true", text: { online: "● ", silent: "○ ", new: "◌ " }[word] }), t(`state.${word}`)));
}

function tools() {
  if (!may(state.me, "engineer")) return;
  const chosen = state.marked.size ? { id: [...state.marked] } : Object.fromEntries(["query", "type", "area", "adapter"].map((name) => [name, state.filter[name]]));
  fill(parts.tools,
    el("a", { class: "button", href: `/api/export/labels${query(chosen)}`, target: "_blank", rel: "noopener", text: t(state.marked.size ? "devices.labels_of" : "devices.labels", { number: state.marked.size }) }),
    el("a", { class: "button", href: `/api/export/devices${query({ ...state.filter, state: state.filter.state || "active" })}`, download: "devices.csv", text: t("devices.export") }));
}

begin().catch((error) => fill($("#main"), el("div", { class: "page" }, problem(error))));
