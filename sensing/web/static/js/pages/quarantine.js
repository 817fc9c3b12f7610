// The quarantine inbox: who knocks and is not registered, what they say, what they may be; one press takes one in with all it has sent.

import { api, may, segment } from "../api.js";
import { chrome, notice } from "../chrome.js";
import { $, el, fill } from "../dom.js";
import { count } from "../format.js";
import { t } from "../words.js";
import { ask, bound, button, choice, field, problem, told, working } from "../register/fields.js";
import { typeName } from "../panels/telling.js";
import { card } from "../register/knocking.js";

const PAGE = 20;
const EVERY_MS = 15000;
const state = { dropped: false, match: "", types: [], me: null, cursor: null, shown: "", failed: 0 };
const parts = { list: el("div", { class: "knocks", "aria-live": "off" }), head: el("div", {}), fresh: el("div", {}) };

async function begin() {
  state.me = await chrome({ title: "quarantine.title", here: "/quarantine" });
  if (!state.me) return;
  state.types = (await api.get("/api/types")).items;
  const areas = el("datalist", { id: "areas" });
  api.get("/api/areas").then((found) => fill(areas, found.items.map((each) => el("option", { value: each.area })))).catch(() => {});
  draw(areas);
  addEventListener("language", () => draw(areas));
  setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
}

function draw(areas) {
  fill($("#main"), el("div", { class: "page" }, el("h1", { text: t("quarantine.title") }), el("p", { class: "soft", text: t("quarantine.about") }), tools(), parts.fresh, parts.head, parts.list, areas));
  load();
}

function tools() {
  const filter = { match: state.match };
  const input = bound(filter, "match", () => {}, { type: "search", placeholder: "0012*" });
  input.addEventListener("change", () => { state.match = filter.match.trim(); load(); });
  const tab = (dropped, key) => button(t(key), () => { state.dropped = dropped; draw($("#areas")); }, "", { "aria-pressed": String(state.dropped === dropped) });
  return el("div", { class: "tools" }, el("div", { class: "segmented", role: "group", "aria-label": t("column.state") }, tab(false, "quarantine.open"), tab(true, "quarantine.dropped")), field(t("quarantine.filter"), input));
}

const query = (more) => ({ match: state.match, state: state.dropped ? "dropped" : "open", ...more });

async function load(cursor = null) {
  if (!cursor) { fill(parts.list, el("p", { class: "empty", text: t("chrome.loading") })); fill(parts.fresh); }
  try {
    const found = await api.get("/api/quarantine", query({ guess: 1, lines: 6, limit: PAGE, cursor }));
    if (!cursor) { fill(parts.list); state.shown = stamp(found); }
    if (!found.total) fill(parts.list, el("p", { class: "empty", text: t(state.dropped ? "quarantine.none_dropped" : "quarantine.none") }));
    fill(parts.head, groups(found.items));
    parts.list.append(...found.items.map((row) => card(row, state.types, calls(), state.dropped, may(state.me, "engineer"))));
    if (found.next) parts.list.append(working(t("form.more"), async (node) => { await load(found.next); node.remove(); }, "big"));
  } catch (error) {
    fill(parts.list, problem(error));
  }
}

const stamp = (found) => `${found.total}`;

// New senders are told, not thrown under somebody's finger.
async function look() {
  try {
    const found = await api.get("/api/quarantine", query({ limit: 1 }));
    if (stamp(found) === state.shown) return;
    fill(parts.fresh, button(t("quarantine.fresh", { number: count(found.total) }), () => load(), "primary big"));
  } catch { /* the next look tells */ }
}

// Several ids by one sender and protocol: all of them at once, under a pattern.
function groups(rows) {
  if (state.dropped || !may(state.me, "engineer")) return null;
  const found = new Map();
  for (const row of rows) {
    const key = `${row.adapter} ${row.principal}`;
    found.set(key, [...(found.get(key) || []), row]);
  }
  return [...found.values()].filter((each) => each.length > 1).map((each) => group(each));
}

function group(rows) {
  const [{ adapter, principal }] = rows;
  const shown = el("div", { class: "shown" });
  const best = rows.map((row) => row.guess?.types?.[0]?.type).find(Boolean) || "";
  const form = { type: best, match: state.match || "*", id_pattern: "{native}", area: "" };
  const fitting = state.types.filter((kind) => !kind.adapter || kind.adapter === adapter);
  const take = async () => {
    const body = { adapter, principal, match: form.match, type: form.type, id_pattern: form.id_pattern, area: form.area || undefined };
    const seen = await api.post("/api/quarantine/accept", { ...body, dry_run: true });
    const bad = seen.items.filter((each) => each.problem);
    if (bad.length) { fill(shown, told("bad", `${bad[0].native}: ${bad[0].problem}`, t("quarantine.group_bad", { number: bad.length }))); return; }
    const sure = { number: count(seen.items.length), frames: count(seen.frames) };
    if (!(await ask(t("quarantine.group_sure", sure), el("ul", { class: "hints" }, seen.items.slice(0, 12).map((each) => el("li", { class: "mono", text: `${each.native} → ${each.id}` }))), t("quarantine.group_accept", sure), "primary"))) return;
    await api.post("/api/quarantine/accept", body);
    notice(t("quarantine.group_done", sure), "good");
    load();
  };
  return el("details", { class: "panel group more" }, el("summary", { text: t("quarantine.group", { number: rows.length, principal, adapter }) }),
    el("div", { class: "pair" }, field(t("column.type"), choice([["", t("form.choose")], ...fitting.map((kind) => [kind.id, typeName(kind, kind.id)])], form.type, (value) => { form.type = value; })),
      field(t("quarantine.pattern"), bound(form, "match", () => {}), { hint: t("quarantine.pattern_hint") }), field(t("quarantine.id_pattern"), bound(form, "id_pattern", () => {})), field(t("column.area"), bound(form, "area", () => {}, { list: "areas" }))),
    working(t("quarantine.group_try"), take, "primary", shown), shown);
}

const calls = () => ({ accept, drop, retake });

async function accept(row, form, shown) {
  if (!form.type) { fill(shown, told("warn", t("register.lack_type"))); return; }
  const body = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  const done = await api.post("/api/quarantine/accept", body);
  const id = done.device?.id || done.device?.device?.id || form.id;
  const taken = done.result?.accepted || {};
  const frames = Object.values(taken).reduce((sum, each) => sum + (Number(each) || 0), 0) || row.frames;
  notice(t("quarantine.accepted", { id, frames: count(frames) }), "good");
  gone(shown, told("good", t("quarantine.accepted", { id, frames: count(frames) }), "", el("div", { class: "actions" }, el("a", { class: "button", href: `/device?id=${segment(id)}`, text: t("register.open_device") }))));
}

async function drop(row, shown) {
  const form = { why: "" };
  if (!(await ask(t("quarantine.drop_sure", { native: row.native, frames: count(row.frames) }), el("div", {}, el("p", { text: t("quarantine.drop_more") }), field(t("quarantine.why"), bound(form, "why", () => {}))), t("quarantine.drop")))) return;
  await api.post("/api/commands", { op: "release", args: { adapter: row.adapter, native: row.native, principal: row.principal, why: form.why.trim() || t("quarantine.why_none") } });
  gone(shown, told("info", t("quarantine.dropped_one", { native: row.native }), "", el("div", { class: "actions" }, working(t("form.undo"), async () => { await retake(row, shown); }, "", null, { data: { act: "undo" } }))));
}

async function retake(row) {
  await api.post("/api/commands", { op: "retake", args: { adapter: row.adapter, native: row.native, principal: row.principal } });
  notice(t("quarantine.retaken", { native: row.native }), "good");
  load();
}

// The card says what became of it and stays where it was: nothing jumps under the next press.
function gone(shown, said) {
  const node = shown.closest(".knock");
  node.classList.add("gone");
  fill(node, said);
}

begin().catch((error) => fill($("#main"), el("div", { class: "page" }, problem(error))));
