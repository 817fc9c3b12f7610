// Everything the map shows, as tables: devices, vessels, port calls, worklist, events, dead letters, quarantine. The address says what one sees.

import { api } from "../api.js";
import { chrome, notice } from "../chrome.js";
import { $, el, fill, on, settled, throttled } from "../dom.js";
import { Live } from "../live.js";
import { csvOf, keep } from "../table/csv.js";
import { Grid } from "../table/grid.js";
import TABS, { STATES } from "../table/tabs.js";
import { write } from "../panels/keyed.js";
import { known, places } from "../panels/known.js";
import { domainName, rank, SEVERITIES } from "../panels/telling.js";
import { t } from "../words.js";

const REDRAW_MS = 1000;
const FILTERS = { state: STATES, severity: SEVERITIES, domain: ["people", "city", "environment", "industry", "safety"], event_state: ["open", "closed"] };
const CHOOSE = {
  state: (item, word) => item.state === word, severity: (item, word) => rank(item.severity) >= rank(word),
  domain: (item, word) => item.domain === word, event_state: (item, word) => item.state === word,
};

const live = new Live({ run: new URLSearchParams(location.search).get("run") || undefined });
const context = { api, live, types: new Map(), begun: null, places: null };
const address = new URLSearchParams(location.search);
const asked = Object.fromEntries(address);
let tab = asked.tab in TABS ? asked.tab : "devices";
let chosen = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, FILTERS[name].includes(asked[name]) ? asked[name] : ""]));
if (tab === "events" && ["open", "closed"].includes(asked.state)) chosen.event_state = asked.state;
let grid = null;
let items = [];
let timer = 0;

const me = await chrome({ title: "table.title", here: "/table" });
if (me) await begin();

async function begin() {
  build();
  const started = live.start();
  context.types = await known(api).types().catch(() => new Map());
  context.places = await places(api).catch(() => new Map());
  await started?.catch?.((error) => notice(error.message, "bad"));
  await open(tab, asked.q ?? "", asked.sort ?? "");
  const redraw = throttled(() => TABS[tab].live && look({ calm: true }), REDRAW_MS);
  on(live, "snapshot", redraw);
  on(live, "batch", redraw);
  on(window, "language", () => {
    words();
    grid?.words();
    look();
  });
}

function build() {
  const heading = el("h1", { data: { t: "table.title" }, text: t("table.title") });
  const strip = el("div", { class: "tab-strip table-tabs", role: "tablist", id: "table-tabs" }, Object.keys(TABS).map((name) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "table-body", data: { tab: name }, on: { click: () => open(name) } })));
  on(strip, "keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(TABS);
    const next = names[(names.indexOf(tab) + step + names.length) % names.length];
    open(next);
    $(`#tab-${next}`).focus();
    event.preventDefault();
  });
  const find = el("input", { type: "search", id: "table-find", on: { input: settled(() => { grid.find($("#table-find").value); remember(); }, 200) } });
  const filters = el("div", { class: "row", id: "table-filters" });
  const csv = el("button", { type: "button", id: "table-csv", on: { click: () => keep(`${tab}-${new Date().toISOString().slice(0, 10)}.csv`, csvOf(grid.columns, grid.rows())) } });
  fill($("#main"), el("div", { class: "table-page" }, heading, strip, el("div", { class: "table-tools" }, find, filters, csv), el("p", { class: "bad", id: "table-problem", role: "alert" }), el("div", { id: "table-body", role: "tabpanel" }, el("p", { class: "board-empty busy", data: { t: "chrome.loading" }, text: t("chrome.loading") }))));
  words();
}

function words() {
  for (const button of $("#table-tabs").children) write(button, t(TABS[button.dataset.tab].head));
  $("#table-find").placeholder = t("table.find");
  $("#table-find").setAttribute("aria-label", t("table.find"));
  write($("#table-csv"), t("table.csv"));
  fill($("#table-filters"), TABS[tab].filters.map((name) => el(
    "select", { "aria-label": t(`table.by_${name}`), data: { filter: name }, on: { change: (event) => choose(name, event.target.value) } },
    el("option", { value: "", text: t(`table.any_${name}`) }), FILTERS[name].map((word) => el("option", { value: word, text: said(name, word), selected: chosen[name] === word })),
  )));
}

function said(name, word) {
  if (name === "domain") return domainName(word);
  if (name === "severity") return t("events.least", { severity: t(`severity.${word}`) });
  return t(`${name}.${word}`);
}

async function open(name, text = "", sort = "") {
  clearInterval(timer);
  tab = name;
  grid?.destroy();
  context.begun = null;
  for (const button of $("#table-tabs").children) {
    button.setAttribute("aria-selected", String(button.dataset.tab === name));
    button.tabIndex = button.dataset.tab === name ? 0 : -1;
  }
  $("#table-body").setAttribute("aria-labelledby", `tab-${name}`);
  words();
  const told = TABS[name];
  $("#table-body .busy")?.remove();
  grid = new Grid($("#table-body"), { name: told.head, columns: told.columns(context), keyOf: told.keyOf, empty: told.empty });
  on(grid, "sorted", remember);
  $("#table-find").value = text;
  if (text) grid.find(text);
  const order = sort || told.order;
  if (order) grid.sort(order.replace(/^-/, ""), order.startsWith("-"));
  remember();
  if (told.begin) told.begin(context).then((found) => { if (tab === name) { context.begun = found; look(); } }, problem);
  await look();
  if (told.every) timer = setInterval(() => document.hidden || look({ calm: true }), told.every);
}

async function look(how = {}) {
  const name = tab;
  try {
    items = await TABS[name].items(context);
    if (tab !== name) return;
    write($("#table-problem"), "");
    grid.show(items.filter((item) => TABS[name].filters.every((each) => !chosen[each] || CHOOSE[each](item, chosen[each]))), how);
  } catch (error) {
    if (tab === name) problem(error);
  }
}

function problem(error) {
  write($("#table-problem"), error.status === 404 ? t("table.not_here") : error.message);
}

function choose(name, word) {
  chosen = { ...chosen, [name]: word };
  remember();
  look();
}

function remember() {
  const told = new URLSearchParams({ tab });
  if ($("#table-find").value.trim()) told.set("q", $("#table-find").value.trim());
  for (const name of TABS[tab].filters) if (chosen[name]) told.set(name, chosen[name]);
  if (grid?.order) told.set("sort", (grid.down ? "-" : "") + grid.order);
  if (address.get("run")) told.set("run", address.get("run"));
  history.replaceState(null, "", `${location.pathname}?${told}`);
}
