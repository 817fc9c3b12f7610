// Screen 2: where it stands. GPS, typed degrees or a pin; what is odd about the place is told while it can still be mended.

import { api } from "../api.js";
import { announce, el, fill, settled } from "../dom.js";
import { t } from "../words.js";
import { doubtList } from "./doubts.js";
import { bound, button, choice, field, plainHint, problem, told, working } from "./fields.js";
import { DOUBTFUL_M, gpsLack, position } from "./gps.js";
import { PinMap } from "./pinmap.js";

const LEVELS = ["water_level", "distance_to_surface", "water_level_upstream", "water_level_downstream", "groundwater_depth", "ponding_depth"];
const SYSTEMS = [["wgs84", "WGS 84"], ["gcj02", "GCJ-02"], ["bd09", "BD-09"]];

/** The screen. page: {draft, types, save(), go(step)}. */
export function where(page) {
  const { draft } = page;
  const form = draft.form;
  const parts = { doubts: el("div", {}), gps: el("div", { class: "shown", "aria-live": "polite" }), areas: el("div", { class: "chips" }), confirm: el("div", {}) };
  parts.lat = bound(form, "lat", () => moved(page, parts, "typed"), { inputmode: "decimal", placeholder: "24.512" });
  parts.lon = bound(form, "lon", () => moved(page, parts, "typed"), { inputmode: "decimal", placeholder: "117.654" });
  parts.crs = choice(SYSTEMS, form.crs || "wgs84", (value) => { form.crs = value; moved(page, parts, "typed"); }, { name: "crs" });
  parts.area = bound(form, "area", page.save, { list: "areas" });
  for (const input of [parts.lat, parts.lon]) input.addEventListener("paste", (event) => pasted(event, page, parts));
  const box = el("div", { class: "pinmap" });
  parts.map = new PinMap(box);
  parts.map.addEventListener("pin", ({ detail }) => {
    Object.assign(form, { lat: String(detail.lat), lon: String(detail.lon), crs: "wgs84" });
    write(page, parts);
    moved(page, parts, "pin");
  });
  page.leave = () => parts.map.close();
  look(page, parts);
  return el("section", { class: "screen", "aria-labelledby": "screen-title" },
    el("h1", { id: "screen-title", text: t("register.where_title") }),
    gps(page, parts), parts.gps, parts.confirm,
    box, el("p", { class: "hint", text: t("register.map_hint") }),
    el("div", { class: "pair" }, field(t("column.lat"), parts.lat), field(t("column.lon"), parts.lon)),
    field(t("column.crs"), parts.crs, { hint: t("register.crs_hint") }),
    parts.doubts,
    field(t("column.name"), bound(form, "name", page.save), { hint: t("register.name_hint") }),
    field(t("column.area"), parts.area, { more: [parts.areas, datalist()] }),
    levels(page));
}

function gps(page, parts) {
  const lack = gpsLack();
  if (lack) return told("info", t(`register.gps_${lack}`), t(`register.gps_${lack}_hint`));
  return working(t("register.gps"), async () => {
    fill(parts.gps, told("info", t("register.gps_waiting")));
    try {
      const fix = await position((better) => accept(page, parts, better));
      accept(page, parts, fix);
      announce(t("register.gps_done", { metres: fix.accuracy }));
    } catch (error) {
      fill(parts.gps, told("bad", t(`register.gps_${error.message}`), t(`register.gps_${error.message}_hint`)));
    }
  }, "primary big", null, { data: { act: "gps" } });
}

function accept(page, parts, fix) {
  Object.assign(page.draft.form, { lat: String(fix.lat), lon: String(fix.lon), crs: "wgs84" });
  page.draft.accuracy = fix.accuracy;
  write(page, parts);
  const vague = fix.accuracy > DOUBTFUL_M;
  fill(parts.gps, told(vague ? "warn" : "good", t("register.gps_done", { metres: fix.accuracy }), vague ? t("register.gps_vague") : ""));
  moved(page, parts, "gps");
}

function write(page, parts) {
  const form = page.draft.form;
  Object.assign(parts.lat, { value: form.lat || "" });
  Object.assign(parts.lon, { value: form.lon || "" });
  parts.crs.value = form.crs || "wgs84";
}

function moved(page, parts, source) {
  const { draft } = page;
  if (source !== "gps") { delete draft.accuracy; fill(parts.gps); }
  if (draft.source !== source || source !== "gps") delete draft.confirmed;
  draft.source = source;
  page.save();
  if (numeric(draft.form.lat) && numeric(draft.form.lon) && (draft.form.crs || "wgs84") === "wgs84" && sane(draft.form)) parts.map.show(Number(draft.form.lon), Number(draft.form.lat), draft.accuracy || 0);
  soon(page, parts);
}

const soon = settled((page, parts) => look(page, parts), 250);

// "24.512, 117.654" into either field fills both.
function pasted(event, page, parts) {
  const found = /^\s*(-?\d+(?:\.\d+)?)\s*[,，;\s]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(event.clipboardData.getData("text"));
  if (!found) return;
  event.preventDefault();
  Object.assign(page.draft.form, { lat: found[1], lon: found[2] });
  write(page, parts);
  moved(page, parts, "typed");
}

const sane = (form) => Math.abs(Number(form.lat || 0)) <= 90 && Math.abs(Number(form.lon || 0)) <= 180;
const numeric = (text) => text !== undefined && text !== "" && Number.isFinite(Number(text));

async function look(page, parts) {
  const { draft } = page;
  const form = draft.form;
  confirming(page, parts);
  if (!numeric(form.lat) || !numeric(form.lon)) { fill(parts.doubts); return; }
  if (!sane(form)) { outside(page, parts); return; }
  const asked = { lat: form.lat, lon: form.lon, crs: form.crs, type: form.type, adapter: form.adapter, native: form.native, serial: form.serial, device: draft.device || form.id };
  try {
    const found = await api.get("/api/place", asked);
    if (asked.lat !== form.lat || asked.lon !== form.lon || asked.crs !== form.crs) return; // it was moved meanwhile
    draft.place = found;
    parts.map.show(found.lon, found.lat, draft.accuracy || 0);
    parts.map.neighbours(found.near);
    fill(parts.doubts, doubtList(found.doubts, mends(page, parts)));
    draft.grave = found.doubts.some((each) => each.fails);
    guess(page, parts, found.areas);
  } catch (error) {
    draft.grave = error.status === 422;
    if (error.status === 0) { parts.map.show(Number(form.lon), Number(form.lat), draft.accuracy || 0); fill(parts.doubts, told("info", t("register.offline_place"))); return; }
    fill(parts.doubts, problem(error));
  }
}

// Degrees that no place of the world has: mostly the two are swapped.
function outside(page, parts) {
  const form = page.draft.form;
  const north = Math.abs(Number(form.lat)) > 90;
  page.draft.grave = true;
  fill(parts.doubts, told("bad", t(north ? "cause.latitude" : "cause.longitude"), t(north ? "cause.latitude_hint" : "cause.longitude_hint"),
    north && Math.abs(Number(form.lon)) <= 90 && button(t("register.swap"), () => swap(page, parts), "primary", { data: { act: "swap" } })));
}

function swap(page, parts) {
  const form = page.draft.form;
  [form.lat, form.lon] = [form.lon, form.lat];
  write(page, parts);
  moved(page, parts, "typed");
}

function mends(page, parts) {
  const use = (crs) => () => { page.draft.form.crs = crs; write(page, parts); moved(page, parts, "typed"); };
  return {
    lat_lon_swapped: () => [t("register.swap"), () => swap(page, parts)],
    gcj02_suspected: () => [t("register.use_gcj02"), use("gcj02")],
  };
}

// A position of more than 50 m of doubt, or one that is grave, is taken only when a person says so.
function confirming(page, parts) {
  const { draft } = page;
  const vague = (draft.accuracy || 0) > DOUBTFUL_M;
  if (!vague) { fill(parts.confirm); return; }
  const box = el("input", { type: "checkbox", name: "confirmed", checked: Boolean(draft.confirmed) });
  box.addEventListener("change", () => { draft.confirmed = box.checked; page.save(); });
  fill(parts.confirm, el("label", { class: "check" }, box, t("register.confirm_vague", { metres: draft.accuracy })));
}

function guess(page, parts, areas) {
  const form = page.draft.form;
  if (!form.area && areas.length) { form.area = areas[0].area; parts.area.value = form.area; page.save(); }
  fill(parts.areas, areas.slice(0, 4).map((each) => button(each.area, () => { form.area = each.area; parts.area.value = each.area; page.save(); }, "small", { title: t("register.area_near", { metres: each.metres }) })));
}

function datalist() {
  const list = el("datalist", { id: "areas" });
  api.get("/api/areas").then((found) => fill(list, found.items.map((each) => el("option", { value: each.area })))).catch(() => {});
  return list;
}

// Zero and datum are asked of what measures water only.
function levels(page) {
  const form = page.draft.form;
  const kind = page.types.find((each) => each.id === form.type);
  if (!kind?.properties.some((each) => LEVELS.includes(each))) return null;
  const distance = kind.properties.includes("distance_to_surface");
  const number = { inputmode: "decimal" };
  return el("fieldset", { class: "levels" }, el("legend", { text: t("register.levels") }),
    kind.datum && el("p", { class: "hint", text: plainHint(kind.datum) }),
    el("div", { class: "pair" },
      field(t("register.zero"), bound(form, "zero", page.save, number)),
      distance ? field(t("register.mount_height"), bound(form, "mount_height", page.save, number)) : field(t("column.datum"), bound(form, "datum", page.save, { list: "datums" }))),
    distance && field(t("column.datum"), bound(form, "datum", page.save, { list: "datums" })),
    el("datalist", { id: "datums" }, ["1985国家高程基准", "黄海高程", "吴淞高程", "当地理论最低潮面"].map((value) => el("option", { value }))));
}

/** Why this screen is not finished: a word's key, or "". */
export function lacksWhere(draft) {
  const form = draft.form;
  if (!numeric(form.lat) !== !numeric(form.lon) || !sane(form)) return "register.lack_place";
  if ((draft.accuracy || 0) > DOUBTFUL_M && !draft.confirmed) return "register.lack_confirm";
  for (const name of ["zero", "mount_height"]) if (form[name] && !numeric(form[name])) return "register.lack_number";
  return "";
}
