// Every device at the desk: searched, filtered, with whether it reports; labels and the spreadsheet of what is chosen.

import { api, may, query, segment } from "../api.js";
import { chrome } from "../chrome.js";
import { $, el, fill, settled } from "../dom.js";
import { age, count, ms, withUnit } from "../format.js";
import { language, propertyName, t } from "../words.js";
import { bound, button, choice, field, problem } from "../register/fields.js";
import { picture } from "../register/pictures.js";

const PAGE = 50;
const SILENT_AFTER = 3, LEAST_MS = 15 * 60000;
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
    el("div", { class: "page-head" }, el("h1", { text: t("devices.title") }), may(state.me, "engineer") && el("div", { class: "row" }, el("a", { class: "button primary", href: "/m/register", text: t("nav.register") }), el("a", { class: "button", href: "/import", text: t("nav.import") }))),
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
    pick("type", kinds), pick("area", state.areas.map((each) => [each.area, `${each.area} (${each.devices})`])), pick("adapter", state.adapters.map((each) => [each, each])),
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
    el("td", { text: device.name }), el("td", {}, el("span", { class: "kind" }, kind && picture(kind), nameOf(kind) || device.type)),
    el("td", { class: "mono", text: `${device.adapter} ${device.native}` }), el("td", { text: device.area }),
    el("td", { class: "newest", text: "…" }), el("td", { class: "health" }, device.state === "retired" ? el("span", { class: "tag", text: t("devices.state_retired") }) : ""));
}

// Whether each reports: its newest row against how often its type does.
async function newest(devices) {
  const ids = devices.filter((device) => device.state === "active").map((device) => device.id);
  for (let at = 0; at < ids.length; at += 25) {
    const found = await api.get("/api/latest", { device: ids.slice(at, at + 25) }).catch(() => ({ items: [] }));
    const best = new Map();
    for (const each of found.items) if (!best.has(each.device) || each.time > best.get(each.device).time) best.set(each.device, each);
    for (const device of devices.slice(0)) if (ids.slice(at, at + 25).includes(device.id)) health(device, best.get(device.id));
  }
}

function health(device, last) {
  const node = parts.list.querySelector(`[data-device="${CSS.escape(device.id)}"]`);
  if (!node) return;
  const cadence = (state.types.get(device.type)?.cadence_s || 0) * 1000;
  const late = last && Date.now() - ms(last.time) > Math.max(LEAST_MS, SILENT_AFTER * cadence);
  const word = last ? (late ? "silent" : "online") : "never";
  node.querySelector(".newest").textContent = last ? `${propertyName(last.property)} ${withUnit(last.result, last.unit)} · ${age(last.time)}` : "—";
  fill(node.querySelector(".health"), el("span", { class: ["health-word", word] }, el("span", { "aria-hidden": "true", text: { online: "● ", silent: "○ ", never: "◌ " }[word] }), t(`devices.${word}`)));
}

function tools() {
  if (!may(state.me, "engineer")) return;
  const chosen = state.marked.size ? { id: [...state.marked] } : Object.fromEntries(["query", "type", "area", "adapter"].map((name) => [name, state.filter[name]]));
  fill(parts.tools,
    el("a", { class: "button", href: `/api/export/labels${query(chosen)}`, target: "_blank", rel: "noopener", text: t(state.marked.size ? "devices.labels_of" : "devices.labels", { number: state.marked.size }) }),
    el("a", { class: "button", href: `/api/export/devices${query({ ...state.filter, state: state.filter.state || "active" })}`, download: "devices.csv", text: t("devices.export") }));
}

begin().catch((error) => fill($("#main"), el("div", { class: "page" }, problem(error))));
