// A spreadsheet of devices: columns matched, rows previewed, errors explained, taken in as a whole, and taken back.

import { api, segment } from "../api.js";
import { chrome, notice } from "../chrome.js";
import { $, announce, el, fill } from "../dom.js";
import { count, time } from "../format.js";
import { language, t } from "../words.js";
import { ask, button, choice, csv, field, problem, save, told, working } from "../register/fields.js";
import { matched, matching } from "../register/match.js";
import { causeList, changeList, counts } from "../register/outcomes.js";

const PATH = "/api/devices/import";
const MOST_KEPT = 200_000;
const state = { file: null, seen: null, chosen: {}, onExists: "update", preview: null, done: null };
const parts = { file: el("div", {}), match: el("div", {}), preview: el("div", {}), done: el("div", {}), past: el("div", {}) };

async function begin() {
  const me = await chrome({ title: "import.title", here: "/import", needs: "engineer" });
  if (!me) return;
  fill($("#main"), el("div", { class: "page" }, el("h1", { data: { t: "import.title" }, text: t("import.title") }), parts.file, parts.match, parts.preview, parts.done, parts.past));
  draw();
}

function draw() {
  fill(parts.file, drop());
  if (state.seen) match();
  if (state.preview) preview();
  if (state.done) done();
  past();
}

function drop() {
  const input = el("input", { type: "file", class: "sr-only", id: "file", accept: ".csv,.xlsx,.txt,.tsv,text/csv", on: { change: () => input.files[0] && take(input.files[0]) } });
  const zone = el("label", { class: "drop", for: "file" }, el("strong", { text: state.file ? state.file.name : t("import.drop") }), el("span", { class: "soft", text: state.file ? t("import.drop_other") : t("import.drop_hint") }));
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.remove("over"); });
  zone.addEventListener("drop", (event) => event.dataTransfer.files[0] && take(event.dataTransfer.files[0]));
  const empty = !state.file && button(t("import.template"), template, "", { data: { act: "template" } });
  return el("div", { class: "drop-wrap" }, input, zone, el("div", { class: "actions" }, empty));
}

/** The heads that people fill in, in their own language: both are understood. */
const HEADS = {
  zh: ["编号", "类型", "协议", "站码", "名称", "纬度", "经度", "坐标系", "区域", "基面", "零点", "单位", "网关", "设置", "备注"],
  en: ["id", "type", "adapter", "native", "name", "lat", "lon", "crs", "area", "datum", "zero", "unit", "principal", "settings", "note"],
};
const template = () => save(`${t("import.template_name")}.csv`, csv(HEADS[language()], []));

async function take(file) {
  Object.assign(state, { file, seen: null, chosen: {}, preview: null, done: null });
  for (const part of [parts.match, parts.preview, parts.done]) fill(part);
  fill(parts.file, drop());
  try {
    const head = file.size > 2 << 20 && !/\.xlsx$/i.test(file.name) ? file.slice(0, 1 << 20) : file; // its head says enough of a long text file
    state.seen = await (await api.upload(`${PATH}/look`, head)).json();
    match();
    if (matched(state.seen, state.chosen)) await look();
  } catch (error) {
    fill(parts.match, problem(error));
  }
}

function match() {
  const changed = () => { state.preview = null; fill(parts.preview); match(); };
  const ready = matched(state.seen, state.chosen);
  fill(parts.match, el("section", { class: "panel" }, el("h2", { text: t("import.match") }), el("p", { class: "soft", text: t("import.match_hint") }),
    matching(state.seen, state.chosen, changed),
    el("div", { class: "actions" },
      field(t("import.on_exists"), choice(["update", "skip", "error"].map((each) => [each, t(`import.on_${each}`)]), state.onExists, (value) => { state.onExists = value; changed(); }, { name: "on-exists" })),
      working(t("import.preview_it"), look, ready && !state.preview ? "primary" : "", null, { disabled: !ready, data: { act: "preview" } }))));
}

async function run(dry, part) {
  const bar = el("progress", { class: "progress", "aria-label": t("import.working") });
  const said = el("p", { class: "soft", text: t("import.working") });
  fill(part, el("section", { class: "panel" }, bar, said));
  const found = { rows: [], credentials: [], told: null, began: performance.now() };
  const columns = Object.keys(state.chosen).length ? JSON.stringify(state.chosen) : "";
  const answer = await api.upload(PATH, state.file, { dry_run: dry ? 1 : null, on_exists: state.onExists, name: state.file.name, columns });
  for await (const line of api.lines(answer)) {
    if (line.error) throw Object.assign(new Error(line.error), { what: line.error, hint: line.hint });
    if (line.import) { found.told = line.import; continue; }
    said.textContent = t("import.read", { number: count(line.done) });
    if (found.rows.length < MOST_KEPT) found.rows.push(...line.rows);
    found.credentials.push(...line.credentials);
  }
  if (!found.told) throw Object.assign(new Error(t("import.broken")), { what: t("import.broken"), hint: t("import.broken_hint") });
  found.seconds = (performance.now() - found.began) / 1000;
  return found;
}

async function look() {
  state.done = null;
  fill(parts.done);
  try {
    state.preview = await run(true, parts.preview);
    match();
    preview();
    announce(t("import.previewed", state.preview.told));
  } catch (error) {
    fill(parts.preview, problem(error));
  }
}

function preview() {
  const { told: whole, rows, seconds } = state.preview;
  const bad = rows.filter((row) => row.verdict === "bad"), moved = rows.filter((row) => row.verdict === "changed");
  const good = whole.new + whole.changed;
  fill(parts.preview, el("section", { class: "panel", data: { part: "preview", seconds: seconds.toFixed(2) } },
    el("h2", { text: t("import.preview") }), counts(whole),
    bad.length > 0 && el("div", {}, causeList(bad), el("div", { class: "actions" }, button(t("import.bad_file"), () => save("bad-rows.csv", badFile(bad)), "", { data: { act: "bad" } }), el("span", { class: "hint", text: t("import.bad_hint") }))),
    moved.length > 0 && el("details", { class: "more" }, el("summary", { text: t("import.changes", { number: count(moved.length) }) }), changeList(moved)),
    el("div", { class: "actions" },
      working(t("import.apply", { number: count(good) }), apply, "primary", null, { disabled: !good, data: { act: "apply" } }),
      !good && el("span", { class: "soft", text: t(bad.length ? "import.nothing_good" : "import.nothing_new") }),
      good > 0 && bad.length > 0 && el("span", { class: "hint", text: t("import.bad_left", { number: count(bad.length) }) }))));
}

function badFile(bad) {
  const columns = [...new Set(bad.flatMap((row) => Object.keys(row.cells)))];
  return csv([...columns, "row", "reason", "hint"], bad.map((row) => ({ ...row.cells, row: row.row, reason: row.what, hint: row.hint })));
}

async function apply() {
  try {
    state.done = await run(false, parts.done);
    state.preview = null;
    fill(parts.preview);
    done();
    notice(t("import.applied", state.done.told), "good");
    past();
  } catch (error) {
    fill(parts.done, problem(error));
  }
}

function done() {
  const { told: whole, credentials, seconds } = state.done;
  fill(parts.done, el("section", { class: "panel", data: { part: "done", seconds: seconds.toFixed(2) } },
    el("h2", { text: t("import.done", { id: whole.id }) }), counts(whole),
    whole.quarantine && told("good", t("import.claimed", { frames: whole.quarantine.frames })),
    credentials.length > 0 && secrets(credentials),
    el("div", { class: "actions" }, whole.new + whole.changed > 0 && undoButton(whole), el("a", { class: "button", href: "/devices", text: t("nav.devices") }))));
}

// Offered once: the page holds them until they are taken or left behind.
function secrets(credentials) {
  const node = el("div", {});
  fill(node, told("warn", t("import.secrets", { number: count(credentials.length) }), t("import.secrets_hint"),
    el("div", { class: "actions" }, button(t("import.secrets_file"), () => {
      save("credentials.csv", csv(["id", "username", "password", "broker"], credentials));
      state.done.credentials = [];
      fill(node, told("good", t("import.secrets_taken")));
    }, "primary", { data: { act: "secrets" } }))));
  return node;
}

const undoButton = (each) => working(t("import.undo"), () => undo(each, false), "danger", null, { data: { undo: each.id } });

async function undo(each, force) {
  const what = { id: each.id, new: count(each.new), changed: count(each.changed) };
  if (!force && !(await ask(t("import.undo_sure", what), t("import.undo_more", what), t("import.undo")))) return;
  try {
    await api.post(`/api/imports/${segment(each.id)}/undo`, force ? { force: true } : {});
    notice(t("import.undone", what), "good");
    if (state.done?.told.id === each.id) { state.done = null; fill(parts.done); }
    past();
  } catch (error) {
    if (error.status === 409 && !force && /changed since/.test(error.what) && (await ask(error.what, t("import.force_more"), t("import.force")))) { await undo(each, true); return; }
    fill(parts.done, problem(error));
  }
}

async function past() {
  try {
    const found = await api.get("/api/imports", { limit: 20 });
    if (!found.items.length) { fill(parts.past); return; }
    fill(parts.past, el("section", { class: "panel" }, el("h2", { text: t("import.past") }), el("div", { class: "table-wrap" }, el("table", { class: "past" },
      el("thead", {}, el("tr", {}, [...["at", "by", "name"].map((name) => `column.${name}`), ...["new", "changed", "bad"].map((name) => `import.${name}`), "column.state"].map((key) => el("th", { scope: "col", class: /^import/.test(key) ? "num" : null, text: t(key) })), el("th", {}, el("span", { class: "sr-only", text: t("import.undo") })))),
      el("tbody", {}, found.items.map((each) => el("tr", { data: { import: each.id } },
        el("td", {}, time(each.at)), el("td", { text: each.by }), el("td", { text: each.name }),
        ["new", "changed", "bad"].map((name) => el("td", { class: "num", text: count(each[name] ?? 0) })),
        el("td", { text: t(`import.state_${each.state}`) }), el("td", {}, each.state === "done" && each.new + each.changed > 0 && undoButton(each)))))))));
  } catch (error) {
    fill(parts.past, problem(error));
  }
}

addEventListener("language", draw);
addEventListener("beforeunload", (event) => { if (state.done?.credentials.length) event.preventDefault(); });
begin().catch((error) => fill($("#main"), el("div", { class: "page" }, problem(error))));
