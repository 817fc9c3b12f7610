// Registering a device from a phone: what it is, where it stands, and the proof that its data are stored.

import { ApiError, api } from "../api.js";
import { chrome } from "../chrome.js";
import { $, el, fill } from "../dom.js";
import { moment } from "../format.js";
import { t, words } from "../words.js";
import { drafts, drop, fresh, keep, title, worth } from "../register/drafts.js";
import { button, problem, told } from "../register/fields.js";
import { lookAfter } from "../register/offline.js";
import { prove } from "../register/prove.js";
import { lacksWhat, what } from "../register/what.js";
import { lacksWhere, where } from "../register/where.js";

const SCREENS = [null, what, where, prove];
const TYPES = "sensing.types";
const main = $("#main");

const page = {
  draft: fresh(), types: [], adapters: [], secret: null, leave: null, lookUp: null, left: false,
  save() { if (worth(page.draft)) page.kept = keep(page.draft); },
  go(step) { page.draft.step = step; page.save(); draw(); main.scrollTo?.(0, 0); scrollTo(0, 0); $("#screen-title")?.focus({ preventScroll: true }); },
  restart() { drop(page.draft.key); page.draft = fresh(); page.secret = null; draw(); },
  later() { page.save(); page.draft = fresh(); page.secret = null; draw(); },
  next() { const before = page.draft; drop(before.key); page.draft = fresh(before); page.secret = null; page.go(1); },
  undone() { drop(page.draft.key); page.draft = { ...page.draft, made: null, device: null, since: null, green_ms: null, waiting: false, step: 1 }; page.secret = null; page.go(1); },
};

async function begin() {
  lookAfter();
  let me = null;
  try {
    me = await chrome({ title: "register.title", here: "/m/register", needs: "engineer" });
    if (!me) return;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
    await words(); // no network: what was begun can go on
  }
  await loadTypes();
  const asked = new URLSearchParams(location.search).get("code");
  const last = drafts()[0];
  if (asked) { page.draft.code = asked; history.replaceState(null, "", "/m/register"); }
  else if (last && sessionStorage.getItem("sensing.draft") === last.key) page.draft = last;
  draw();
  if (asked) page.lookUp?.();
}

async function loadTypes() {
  try {
    const found = await api.get("/api/types");
    Object.assign(page, { types: found.items, adapters: found.adapters });
    const small = found.items.map(({ id, name_zh, name_en, adapter, properties, datum, wiring }) => ({ id, name_zh, name_en, adapter, properties, datum, wiring }));
    localStorage.setItem(TYPES, JSON.stringify({ items: small, adapters: found.adapters }));
  } catch {
    const kept = JSON.parse(localStorage.getItem(TYPES) || '{"items":[],"adapters":[]}');
    Object.assign(page, { types: kept.items, adapters: kept.adapters });
  }
}

function draw() {
  page.leave?.();
  page.leave = page.lookUp = null;
  try { sessionStorage.setItem("sensing.draft", page.draft.key); } catch { /* a reload begins anew then */ }
  const { draft } = page;
  const screen = SCREENS[draft.step](page);
  fill(main, el("div", { class: "phone", data: { step: draft.step } }, stepper(), offline(), draft.step === 1 && unfinished(), screen, draft.step < 3 && bar()));
  $("#screen-title").tabIndex = -1;
}

function stepper() {
  const { step, made } = page.draft;
  return el("ol", { class: "stepper", "aria-label": t("register.progress") }, ["what", "where", "prove"].map((name, place) => {
    const state = place + 1 === step ? "now" : place + 1 < step ? "past" : "ahead";
    const open = state === "past" && !(made && place === 0);
    return el("li", { class: state, "aria-current": state === "now" ? "step" : null },
      el(open ? "button" : "span", { class: "stepper-name", type: open ? "button" : null, on: open ? { click: () => page.go(place + 1) } : {} },
        el("span", { class: "stepper-mark", text: state === "past" ? "✔" : String(place + 1) }), t(`register.step_${name}`)));
  }));
}

const offline = () => !navigator.onLine && told("info", t("register.offline"), t("register.offline_hint"));

function unfinished() {
  const others = drafts().filter((each) => each.key !== page.draft.key);
  if (!others.length) return null;
  return el("details", { class: "more drafts", open: !worth(page.draft) }, el("summary", { text: t("register.unfinished", { number: others.length }) }),
    el("ul", { class: "choices" }, others.map((each) => el("li", { class: "row" },
      button(`${title(each)} · ${moment(each.at)}${each.green_ms ? " ✔" : ""}`, () => { page.draft = each; draw(); }, "grow", { data: { draft: each.key } }),
      button("×", () => { drop(each.key); draw(); }, "quiet icon", { "aria-label": t("register.forget", { name: title(each) }) })))));
}

function bar() {
  const { draft } = page;
  const shown = el("p", { class: "error", role: "alert" });
  const on = () => {
    const lack = draft.step === 1 ? lacksWhat(draft) : lacksWhere(draft);
    if (lack) { shown.textContent = t(lack); return; }
    page.go(draft.made && draft.step === 2 ? 3 : draft.step + 1);
  };
  return el("div", { class: "thumb" }, shown, el("div", { class: "thumb-row" },
    draft.step > 1 ? button(t("register.back"), () => page.go(1), "big") : button(t("register.later"), page.later, "big", { data: { act: "later" } }),
    button(t(draft.step === 1 ? "register.on" : draft.known ? "register.place_it" : "register.register_it"), on, "primary big", { data: { act: "on" } })));
}

addEventListener("language", () => { if (page.types.length) draw(); });
for (const kind of ["online", "offline"]) addEventListener(kind, () => { if (page.draft.step < 3) draw(); });
begin().catch((error) => fill(main, el("div", { class: "phone" }, problem(error))));
