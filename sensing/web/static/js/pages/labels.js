// Blank labels: made in batches, printed as sheets, revoked; what each batch was stuck on.

import { api, segment } from "../api.js";
import { chrome, notice } from "../chrome.js";
import { $, el, fill } from "../dom.js";
import { time } from "../format.js";
import { t } from "../words.js";
import { ask, bound, field, problem, working } from "../register/fields.js";

const STATES = ["free", "used", "revoked", "over"];
const MOST = 1_200; // labels that are looked at: fifty sheets
const me = await chrome({ title: "labels.title", here: "/labels", needs: "engineer" });
const wanted = { count: "24", lasts: "365", note: "" };
const parts = { shown: el("div", { "aria-live": "polite" }), list: el("div", {}) };

const sheetOf = (batch) => `/api/labels/sheet?batch=${segment(batch)}`;

async function make() {
  const made = await api.post("/api/labels", { count: Number(wanted.count), lasts: `${Number(wanted.lasts)}d`, note: wanted.note.trim() });
  notice(t("labels.made", { n: made.items.length }), "good");
  await load();
  $(`[data-batch="${CSS.escape(made.batch)}"] a`)?.focus();
}

function form() {
  return el("form", { class: "tools", on: { submit: (event) => event.preventDefault() } },
    field(t("labels.count"), bound(wanted, "count", () => {}, { type: "number", min: 1, max: MOST, required: true })),
    field(t("labels.lasts"), bound(wanted, "lasts", () => {}, { type: "number", min: 1, max: 7300, required: true })),
    field(t("labels.note"), bound(wanted, "note", () => {}, { maxlength: 200 })),
    el("div", { class: "field" }, working(t("labels.make"), make, "primary", parts.shown, { data: { act: "make" } })));
}

async function load() {
  try {
    const { items } = await api.get("/api/labels", { limit: MOST });
    const batches = new Map();
    for (const each of items) batches.set(each.batch, [...(batches.get(each.batch) ?? []), each]);
    fill(parts.list, batches.size ? table(batches) : el("p", { class: "empty", text: t("labels.none") }));
  } catch (error) { fill(parts.list, problem(error)); }
}

function table(batches) {
  const heads = ["labels.batch", "labels.by", "labels.ends", ...STATES.map((state) => `labels.state_${state}`), "labels.devices"];
  return el("div", { class: "table-wrap", tabIndex: 0, role: "region", "aria-label": t("labels.title") }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col", text: t(key) })), el("th", {}))),
    el("tbody", {}, [...batches].map(([batch, labels]) => row(batch, labels)))));
}

function row(batch, labels) {
  const [first] = labels, many = Object.fromEntries(STATES.map((state) => [state, labels.filter((each) => each.state === state).length]));
  const devices = labels.filter((each) => each.device).map((each) => [el("a", { class: "mono", href: `/device?id=${segment(each.device)}`, text: each.device }), " "]);
  const revoke = async () => {
    if (!await ask(t("labels.revoke"), t("labels.sure", { n: many.free, batch }), t("labels.revoke"))) return;
    const done = await api.post("/api/labels/revoke", { which: batch });
    notice(t("labels.revoked", { n: done.revoked }));
    await load();
  };
  return el("tr", { data: { batch } }, el("th", { scope: "row" }, el("span", { class: "mono", text: batch }), first.note && el("span", { class: "soft", text: ` ${first.note}` })),
    el("td", {}, time(first.made), ` ${first.by}`), el("td", {}, time(first.ends, { year: true })),
    STATES.map((state) => el("td", { class: "num", data: { state }, text: String(many[state]) })), el("td", {}, devices),
    el("td", {}, many.free > 0 && el("span", { class: "row" }, el("a", { class: "button small", href: sheetOf(batch), target: "_blank", rel: "noopener", text: t("labels.print") }),
      working(t("labels.revoke"), revoke, "small danger", parts.shown))));
}

function draw() {
  fill($("#main"), el("div", { class: "page" }, el("h1", { text: t("labels.title") }), el("p", { class: "soft", text: t("labels.about") }), form(), parts.shown, parts.list));
  load();
}

if (me) {
  addEventListener("language", draw);
  draw();
}
