// One device at the desk: what it says now, what is set of it and since when, how it connects, its label, its records, its life.

import { api, may, segment } from "../api.js";
import { chrome, notice } from "../chrome.js";
import { $, el, fill } from "../dom.js";
import { age, qualityWord, reasonWord, time } from "../format.js";
import { language, propertyName, t } from "../words.js";
import { inMine, measured, statisticName } from "../panels/telling.js";
import { ordered } from "../panels/values.js";
import { access } from "../register/access.js";
import { checklist } from "../register/checklist.js";
import { datedForm } from "../register/dated.js";
import { bound, choice, field, problem, told, working } from "../register/fields.js";
import { bodyOf, formOf } from "../register/identify.js";
import { picture } from "../register/pictures.js";
import { links, record } from "../register/record.js";
import { story } from "../register/story.js";

const EVERY_MS = 5000;
const PLAIN = ["name", "type", "native", "serial", "lat", "lon", "crs", "area", "principal", "note"];
const id = new URLSearchParams(location.search).get("id") || "";
const state = { me: null, device: null, types: [], records: [] };
const parts = { latest: el("div", {}), story: el("div", {}) };

async function begin() {
  state.me = await chrome({ title: "nav.devices", here: "/devices" });
  if (!state.me) return;
  state.types = (await api.get("/api/types")).items;
  await load();
  addEventListener("language", draw);
  setInterval(() => { if (!document.hidden) latest(); }, EVERY_MS);
}

const path = () => `/api/devices/${segment(id)}`;

async function load() {
  try {
    state.device = await api.get(path());
    state.records = may(state.me, "engineer") ? (await api.get(`${path()}/commissions`)).items : [];
    draw();
  } catch (error) {
    fill($("#main"), el("div", { class: "page" }, el("p", {}, el("a", { href: "/devices", text: `← ${t("devices.title")}` })), problem(error)));
  }
}

const panel = (key, ...children) => el("section", { class: "panel", "aria-labelledby": `h-${key}` }, el("h2", { id: `h-${key}`, text: t(`device.${key}`) }), children);

function draw() {
  const { device, me } = state;
  if (!device) return;
  document.title = `${inMine(device.name) || device.id} · ${t("app")}`;
  const engineer = may(me, "engineer");
  const kind = state.types.find((each) => each.id === device.type);
  fill($("#main"), el("div", { class: "page" }, head(device, kind),
    el("div", { class: "columns" },
      el("div", {}, panel("now", parts.latest, engineer && proof()), engineer ? panel("settings", datedForm(device, saved)) : null, engineer ? panel("about", plainForm()) : panel("about", facts(device))),
      el("div", {}, engineer ? panel("connects", access(device, load)) : null, label(device, engineer), engineer ? panel("records", records()) : null, panel("story", parts.story)))));
  drawLatest(device.latest);
  story(device, state.records).then((node) => fill(parts.story, node)).catch((error) => fill(parts.story, problem(error)));
}

function head(device, kind) {
  return el("div", { class: "device-head" }, kind && picture(kind),
    el("div", { class: "grow" }, el("p", { class: "crumb" }, el("a", { href: "/devices", text: t("devices.title") })), el("h1", { text: inMine(device.name) || device.id }),
      el("p", { class: "soft" }, el("span", { class: "mono", text: device.id }), ` · ${kind ? (language() === "en" ? kind.name_en : kind.name_zh) : device.type} · ${device.adapter} `, el("span", { class: "mono", text: device.native }), device.area && ` · ${inMine(device.area)}`)),
    device.state !== "active" && el("span", { class: "tag", text: t("devices.state_retired") }));
}

async function latest() {
  try { drawLatest((await api.get(path())).latest); } catch { /* the next look tells */ }
}

const inOrder = (rows) => ordered({ values: Object.fromEntries(rows.map((row) => [`${row.property}|${row.statistic}|${row.channel}`, row])) }).map(([, row]) => row);

function drawLatest(rows) {
  fill(parts.latest, rows.length ? el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, ["property", "value", "time", "quality"].map((name) => el("th", { scope: "col", class: name === "value" ? "num" : null, text: t(`column.${name}`) })))),
    el("tbody", {}, inOrder(rows).map((each) => el("tr", {}, el("td", {}, propertyName(each.property), el("span", { class: "faint", text: ` ${[statisticName(each.statistic), each.channel].filter(Boolean).join(" ")}` })),
      el("td", { class: "num", text: measured(each.result, each.unit, each.property) }), el("td", {}, time(each.time, { seconds: true }), el("span", { class: "faint", text: each.run ? "" : ` ${age(each.time)}` })),
      el("td", { text: [qualityWord(each.quality), reasonWord(each.reason)].filter(Boolean).join(" · ") })))))) : told("info", t("device.no_values")));
}

function proof() {
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  return el("div", { class: "actions tall" }, working(t("device.test"), async () => { fill(shown, checklist(await api.get(`${path()}/test`))); }, "", shown, { data: { act: "test" } }), shown);
}

function saved(device) {
  notice(device.reobserve ? t("device.saved_past") : t("device.saved"), "good");
  load();
}

function plainForm() {
  const first = formOf(state.device);
  first.principal = state.device.principal;
  const form = { ...first };
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const text = (name, props) => field(t(`column.${name}`), bound(form, name, () => {}, props));
  const fitting = state.types.filter((kind) => !kind.adapter || kind.adapter === state.device.adapter);
  return el("div", {},
    el("div", { class: "pair" }, text("name"), text("area"), field(t("column.type"), choice(fitting.map((kind) => [kind.id, language() === "en" ? kind.name_en : kind.name_zh]), form.type, (value) => { form.type = value; })), text("native"), text("serial"), text("principal")),
    el("div", { class: "pair" }, text("lat", { inputmode: "decimal" }), text("lon", { inputmode: "decimal" }), field(t("column.crs"), choice([["wgs84", "WGS 84"], ["gcj02", "GCJ-02"], ["bd09", "BD-09"]], form.crs, (value) => { form.crs = value; }))),
    text("note"),
    working(t("form.save"), async () => {
      const moved = PLAIN.filter((name) => (form[name] ?? "") !== (first[name] ?? ""));
      if (!moved.length) { fill(shown, told("info", t("device.nothing_changed"))); return; }
      const body = bodyOf(form, moved.some((name) => ["lat", "lon", "crs"].includes(name)) ? [...moved, "lat", "lon", "crs"] : moved);
      for (const name of moved) if (["name", "area", "note", "serial"].includes(name)) body[name] = form[name];
      saved(await api.patch(path(), body));
    }, "primary", shown, { data: { act: "save" } }), shown);
}

const facts = (device) => el("dl", { class: "facts" }, PLAIN.filter((name) => device[name] !== null && device[name] !== "").map((name) => [el("dt", { text: t(`column.${name}`) }), el("dd", { text: device[name] })]));

function label(device, engineer) {
  const spelled = `${device.label.slice(0, 4)} ${device.label.slice(4)}`.toUpperCase();
  const address = `/api/export/labels?id=${segment(device.id)}`;
  return panel("label", el("div", { class: "label" }, engineer && el("img", { class: "label-code", src: `${address}&format=svg`, alt: t("device.label_alt", { label: spelled }), width: 132, height: 132 }),
    el("div", {}, el("p", { class: "label-text mono", text: spelled }), el("p", { class: "hint mono", text: device.urn }), engineer && el("a", { class: "button", href: address, target: "_blank", rel: "noopener", text: t("device.print_label") }))));
}

function records() {
  const mine = el("div", {}, state.records.length ? state.records.map((each) => (each.whole ? links(id, each) : told("bad", `${each.id} ${t("record.broken")}`))) : el("p", { class: "soft", text: t("record.none") }));
  return el("div", {}, mine, state.device.state === "active" && record({ draft: { device: id, since: null } }));
}

begin().catch((error) => fill($("#main"), el("div", { class: "page" }, problem(error))));
