// Who is signed in, how the pages look, another password, and where else one is signed in.

import { ApiError, adopt, api, segment, session } from "../api.js";
import { chrome, notice, setTheme, signOut, tellError } from "../chrome.js";
import { $, el, fill } from "../dom.js";
import { time } from "../format.js";
import { language, setLanguage, t } from "../words.js";

const LEAST = 10;
let me = await chrome({ title: "account.title", here: "/account" });
let sessions = [];

function field(id, key, autocomplete, hint = "") {
  return el("div", { class: "field" },
    el("label", { htmlFor: id, for: id, text: t(key) }),
    el("input", { id, name: id, type: "password", autocomplete, maxlength: 256, required: true, "aria-describedby": hint ? `${id}-hint` : null }),
    hint && el("span", { id: `${id}-hint`, class: "hint", text: t(hint) }));
}

function choice(name, label, options, chosen, choose) {
  return el("div", { class: "field" }, el("span", { class: "label", id: `${name}-label`, text: t(label) }),
    el("div", { class: "segmented", role: "group", "aria-labelledby": `${name}-label` },
      options.map(([value, text]) => el("button", { type: "button", "aria-pressed": String(value === chosen), text, on: { click: () => choose(value) } }))));
}

const theme = () => document.documentElement.dataset.theme || "";

function draw() {
  const must = me.must_change;
  fill($("#main"), el("div", { class: "page account" },
    el("h1", { text: t("account.title") }),
    must && el("p", { class: "warn", role: "alert", text: t("account.must_change") }),
    el("section", {},
      el("dl", { class: "facts" },
        el("dt", { text: t("account.who") }), el("dd", { text: me.name }),
        el("dt", { text: t("account.role") }), el("dd", { text: t(`role.${me.role}`) }),
        el("dt", { text: t("account.areas") }), el("dd", { text: me.areas.length ? me.areas.join("、") : t("account.everywhere") }),
        me.ends && el("dt", { text: t("account.ends") }), me.ends && el("dd", {}, time(me.ends, { year: true })))),
    me.kind === "session" && el("section", {}, el("h2", { text: t("account.password") }),
      el("form", { novalidate: true, on: { submit: change } },
        el("input", { class: "sr-only", type: "text", autocomplete: "username", value: me.name, readOnly: true, tabIndex: -1, "aria-hidden": "true" }),
        field("old", "account.old", "current-password"), field("new", "account.new", "new-password", "account.rule"), field("again", "account.again", "new-password"),
        el("p", { id: "error", class: "error", role: "alert" }),
        el("button", { class: "primary", type: "submit", text: t("account.change") }))),
    !must && sessions.length > 0 && el("section", {}, el("h2", { text: t("account.sessions") }), list()),
    el("section", {}, el("h2", { text: t("account.look") }),
      el("div", { class: "choices" },
        choice("language", "account.language", [["zh", "中文"], ["en", "English"]], language(), setLanguage),
        choice("theme", "account.theme", [["", t("account.theme_auto")], ["dark", t("account.theme_dark")], ["light", t("account.theme_light")]], theme(), (value) => { setTheme(value); draw(); }))),
    !must && el("section", {}, el("h2", { text: t("account.programs") }), el("p", {}, t("account.programs_about"), " ", el("a", { href: "/api/docs", text: t("apidocs.title") }))),
    me.kind === "session" && el("section", {}, el("button", { type: "button", text: t("account.sign_out"), on: { click: signOut } }))));
}

function list() {
  const heads = ["account.sessions_began", "account.sessions_seen", "account.sessions_address"];
  return el("div", { class: "table-wrap", tabIndex: 0, role: "region", "aria-label": t("account.sessions") }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col", text: t(key) })), el("th", {}))),
    el("tbody", {}, sessions.map((each) => el("tr", {},
      el("td", {}, time(each.began)), el("td", {}, time(each.seen)), el("td", { class: "mono", text: each.address }),
      el("td", { class: "num" }, each.current
        ? el("span", { class: "soft", text: t("account.sessions_this") })
        : el("button", { class: "small", type: "button", text: t("account.sessions_end"), on: { click: () => end(each.id) } })))))));
}

async function end(id) {
  try {
    await api.delete(`/api/sessions/${segment(id)}`);
  } catch (problem) {
    tellError(problem);
  }
  await load();
}

async function load() {
  if (me.kind === "session" && !me.must_change) sessions = (await api.get("/api/sessions").catch(() => ({ items: [] }))).items;
  draw();
}

async function change(event) {
  event.preventDefault();
  const [old, fresh, again] = ["#old", "#new", "#again"].map((name) => $(name));
  const refuse = (input, text) => { $("#error").textContent = text; input.setAttribute("aria-invalid", "true"); input.focus(); };
  for (const each of [old, fresh, again]) each.removeAttribute("aria-invalid");
  if (!old.value) return refuse(old, t("account.old"));
  if (fresh.value.length < LEAST) return refuse(fresh, t("account.rule"));
  if (fresh.value !== again.value) return refuse(again, t("account.differ"));
  const button = $("button[type=submit]", event.currentTarget);
  button.classList.add("busy");
  try {
    const must = me.must_change;
    adopt(await api.post("/api/session/password", { old: old.value, new: fresh.value }));
    if (must) { location.replace("/"); return undefined; }
    me = await session();
    notice(t("account.changed"), "good");
    await load();
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    refuse(old, [problem.what, problem.hint].filter(Boolean).join(" · "));
  } finally {
    button.classList.remove("busy");
  }
  return undefined;
}

if (me) {
  addEventListener("language", draw);
  await load();
}
