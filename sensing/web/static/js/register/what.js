// Screen 1: what it is. A code fills in what it can; a type is chosen by its picture; the native id is how frames will name it.

import { api } from "../api.js";
import { announce, el, fill, settled } from "../dom.js";
import { language, t } from "../words.js";
import { fits, idOf, nativeWord, readCode, spelled } from "./code.js";
import { bound, button, choice, field, plainHint, told, working } from "./fields.js";
import { formOf, identify } from "./identify.js";
import { picture } from "./pictures.js";
import { canScan, scan } from "./scan.js";

const SHOWN = 9;

/** The screen. page: {draft, types, adapters, save(), go(step), redraw()}. */
export function what(page) {
  const { draft } = page;
  const shown = el("div", { class: "shown", "aria-live": "polite" });
  const rest = el("div", {});
  const again = () => { page.save(); fill(rest, draft.known ? known(page) : about(page, again)); };
  again();
  return el("section", { class: "screen", "aria-labelledby": "screen-title" },
    el("h1", { id: "screen-title", text: t("register.what_title") }),
    codeField(page, shown, again), shown, rest);
}

function codeField(page, shown, again) {
  const { draft } = page;
  const look = async () => { await lookUp(page, shown, again); };
  const input = el("input", {
    class: "code-input", value: draft.code, name: "code", autocapitalize: "characters", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
    on: {
      input: () => { draft.code = input.value; page.save(); },
      keydown: (event) => { if (event.key === "Enter") { event.preventDefault(); find.click(); } },
      blur: () => { if (readCode(input.value).label && !input.value.includes("/")) input.value = spelled(input.value); },
    },
  });
  const find = working(t("register.look_up"), look, "primary", shown, { data: { act: "look" } });
  const eye = canScan() && working(t("register.scan"), async () => {
    const text = await scan();
    if (!text) return;
    draft.code = text;
    input.value = text;
    await look();
  }, "", shown);
  page.lookUp = () => find.click();
  return field(t("register.code"), input, { hint: t("register.code_hint"), more: el("div", { class: "code-actions" }, find, eye) });
}

async function lookUp(page, shown, again) {
  const { draft } = page;
  if (!draft.code.trim()) { fill(shown, told("warn", t("register.code_empty"))); return; }
  const said = readCode(draft.code);
  if (!navigator.onLine) { take(draft, said); again(); fill(shown, told("info", t("register.offline_code"))); return; }
  const found = await identify(draft.code);
  if (found.device) { claim(page, found.device, shown, again); return; }
  if (found.things.length) { fill(shown, several(page, found.things, shown, again)); return; }
  if (found.blank) { stuck(page, found.blank, shown, again); return; }
  if (said.label) { fill(shown, told("warn", t("register.label_unknown", { code: spelled(said.code) }), t("register.label_unknown_hint"))); return; }
  take(draft, said);
  const knock = found.knocking[0];
  if (knock) knocked(draft, knock);
  again();
  fill(shown, knock ? told("good", t("register.knocked", { frames: knock.frames, principal: knock.principal }), t("register.knocked_hint"))
    : told("info", t(said.adapter ? "register.code_looks" : "register.code_new", { adapter: said.adapter.toUpperCase() }), t("register.code_new_hint")));
  announce(shown.textContent);
}

// A label that was printed before there was a device: it will be this one's. Whatever else is known of the device stays.
function stuck(page, blank, shown, again) {
  const { draft } = page, free = blank.state === "free";
  if (free) draft.form.label = blank.code;
  again();
  fill(shown, free ? told("good", t("register.blank_free", { code: spelled(blank.code) }), t("register.blank_free_hint"))
    : told("warn", t(`register.blank_${blank.state}`, { code: spelled(blank.code), device: blank.device ?? "" }), t("register.blank_other")));
  announce(shown.textContent);
}

// What a code says of itself fills what is empty, never over what somebody typed.
function take(draft, said) {
  const form = draft.form;
  if (said.native) form.native = said.native;
  if (said.serial) form.serial ||= said.serial;
  if (said.label) form.label = said.code; // no network: the service says so if it is none
  if (said.adapter) form.adapter = said.adapter;
}

function knocked(draft, row) {
  Object.assign(draft.form, { adapter: row.adapter, native: row.native });
  const kind = row.guess?.types?.[0];
  if (kind && !draft.form.type) draft.form.type = kind.type;
  if (row.principal !== idOf(row.native)) { draft.form.principal = row.principal; draft.carried = true; }
  if (row.guess?.position && !draft.form.lat) [draft.form.lon, draft.form.lat] = row.guess.position.map(String);
}

function claim(page, device, shown, again) {
  const { draft } = page;
  Object.assign(draft, { known: true, device: device.id, form: formOf(device), state: device.state });
  again();
  fill(shown, device.state === "active" ? told("good", t("register.known")) : told("warn", t("register.known_retired"), t("register.known_retired_hint")));
  announce(shown.textContent);
}

function several(page, things, shown, again) {
  const pick = async (id) => claim(page, await api.get(`/api/devices/${id}`), shown, again);
  return el("div", {}, told("warn", t("register.several")),
    el("ul", { class: "choices" }, things.map((each) => el("li", {}, working(`${each.name || each.id} · ${each.id}`, () => pick(each.id), "", shown)))));
}

// A label that stands for a device which the desk has registered: it is shown, placed and proven, not registered again.
function known(page) {
  const { draft } = page;
  const form = draft.form, kind = page.types.find((each) => each.id === form.type);
  const facts = [["column.id", form.id], ["column.type", nameOf(kind) || form.type], ["register.serial", form.serial], [nativeWord(form.adapter), form.native], ["column.area", form.area]];
  return el("div", { class: "known" },
    el("div", { class: "known-head" }, kind && picture(kind), el("strong", { class: "known-name", text: form.name || form.id })),
    el("dl", { class: "facts" }, facts.filter(([, text]) => text).map(([key, text]) => [el("dt", { text: t(key) }), el("dd", { text })])),
    button(t("register.not_this"), () => { page.restart(); }, "quiet"));
}

function about(page, again) {
  const { draft } = page;
  const form = draft.form;
  const kind = page.types.find((each) => each.id === form.type);
  if (!kind) return typePicker(page, again);
  const adapter = kind.adapter || form.adapter || "";
  if (kind.adapter) form.adapter = kind.adapter;
  return el("div", {},
    el("div", { class: "chosen" }, picture(kind), el("div", { class: "grow" }, el("strong", { text: nameOf(kind) }), el("p", { class: "hint mono", text: adapter })),
      button(t("register.other_type"), () => { form.type = ""; again(); }, "quiet", { data: { act: "retype" } })),
    !kind.adapter && field(t("register.adapter"), choice([["", t("form.choose")], ...page.adapters.map((each) => [each, each.toUpperCase()])], form.adapter || "", (value) => { form.adapter = value; again(); }, { name: "adapter" }), { hint: t("register.adapter_hint") }),
    kind.wiring && el("details", { class: "more" }, el("summary", { text: t("register.wiring") }), el("p", { class: "soft", text: plainHint(kind.wiring) })),
    stuckOn(page, again), native(page, adapter), serial(page), identity(page), more(page));
}

const nameOf = (kind) => (kind ? (language() === "en" ? kind.name_en : kind.name_zh) : "");

function typePicker(page, again) {
  const { draft } = page;
  const grid = el("div", { class: "types", role: "group", "aria-label": t("column.type") });
  const search = el("input", { type: "search", name: "type-search", placeholder: t("register.type_search"), autocomplete: "off" });
  let all = false;
  const show = () => {
    const found = ranked(page.types, search.value, draft.form.adapter);
    const shown = all || search.value ? found : found.slice(0, SHOWN);
    fill(grid, shown.map((kind) => el("button", { class: "type", type: "button", data: { type: kind.id }, on: { click: () => { draft.form.type = kind.id; suggest(page, again); } } },
      picture(kind), el("span", { class: "type-name", text: nameOf(kind) }), el("span", { class: "type-adapter", text: kind.adapter || "…" }))),
    found.length > shown.length && button(t("register.all_types", { number: found.length }), () => { all = true; show(); }, "quiet all-types"),
    !found.length && el("p", { class: "empty", text: t("register.no_type") }));
  };
  search.addEventListener("input", settled(show, 80));
  show();
  return el("div", {}, field(t("column.type"), search), grid);
}

// Usual ones first when nothing was typed; those of the code's own protocol before all.
function ranked(types, text, adapter) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const said = (kind) => `${kind.id} ${kind.name_zh} ${kind.name_en} ${kind.adapter} ${kind.properties.join(" ")}`.toLowerCase();
  const usual = ["river-gauge", "tide-gauge", "rain-gauge", "ponding-gauge", "reservoir-gauge", "air-station", "water-station", "weather-station", "noise-monitor"];
  const rank = (kind) => (adapter && kind.adapter === adapter ? 0 : 100) + (usual.includes(kind.id) ? usual.indexOf(kind.id) : 50);
  return types.filter((kind) => words.every((word) => said(kind).includes(word))).sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

async function suggest(page, again) {
  const { draft } = page;
  const own = draft.form;
  again();
  if (own.id) return;
  try {
    own.id = (await api.get("/api/ids", { like: own.type })).id;
  } catch {
    own.id = `${own.type}-${Date.now().toString(36).slice(-4)}`; // no network: the service says so if somebody has it
  }
  again();
}

function native(page, adapter) {
  const form = page.draft.form;
  const wrong = el("p", { class: "error", role: "alert" });
  const check = () => { wrong.textContent = fits(adapter, form.native || "") ? "" : t("register.native_shape", { what: t(nativeWord(adapter)) }); };
  const input = bound(form, "native", () => { check(); page.save(); }, { inputmode: ["sl651", "ais"].includes(adapter) ? "numeric" : "text" });
  check();
  return field(t(nativeWord(adapter)), input, { hint: t("register.native_hint"), more: wrong });
}

// Which label sticks on it, and the way to take another.
function stuckOn(page, again) {
  const form = page.draft.form;
  return form.label && el("p", { class: "row", data: { label: form.label } }, el("span", { class: "grow" }, t("register.label"), " ", el("strong", { class: "mono", text: spelled(form.label) })),
    button(t("register.label_off"), () => { form.label = ""; again(); }, "quiet small"));
}

const serial = (page) => field(t("register.serial"), bound(page.draft.form, "serial", page.save));

function identity(page) {
  const form = page.draft.form;
  const input = bound(form, "id", page.save, { autocapitalize: "none", required: true });
  input.addEventListener("change", () => { form.id = idOf(input.value); input.value = form.id; page.save(); });
  return field(t("register.id"), input, { hint: t("register.id_hint") });
}

function more(page) {
  const form = page.draft.form;
  const list = el("datalist", { id: "principals" });
  const input = bound(form, "principal", page.save, { list: "principals", autocapitalize: "none", placeholder: t("register.own") });
  input.addEventListener("focus", async () => {
    const found = await api.get("/api/principals", { limit: 500 }).catch(() => ({ items: [] }));
    fill(list, found.items.filter((each) => !["sensor", "internal", "join"].includes(each.kind)).map((each) => el("option", { value: each.id, text: each.name || each.id })));
  }, { once: true });
  return el("details", { class: "more", open: Boolean(form.principal) }, el("summary", { text: t("register.more") }),
    field(t("register.principal"), input, { hint: t("register.principal_hint"), more: list }), field(t("column.note"), bound(form, "note", page.save)));
}

/** Why this screen is not finished: a word's key, or "". */
export function lacksWhat(draft) {
  if (draft.known) return draft.state === "retired" ? "register.lack_retired" : "";
  if (!draft.form.type) return "register.lack_type";
  if (!draft.form.adapter) return "register.lack_adapter";
  return draft.form.id ? "" : "register.lack_id";
}

