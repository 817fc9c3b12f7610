// Screen 3: prove it. The device is registered, its credentials are shown once, and five steps turn green as its first data are stored.

import { api, segment } from "../api.js";
import { announce, el, fill } from "../dom.js";
import { t } from "../words.js";
import { checklist, passed } from "./checklist.js";
import { ask, button, problem, told, working } from "./fields.js";
import { bodyOf, identify } from "./identify.js";
import { credentials } from "./credentials.js";
import { record } from "./record.js";

const SOON_MS = 600, LATER_MS = 2000, SOON_FOR_MS = 90000;
const PATIENT_MS = 45000;
const UNDO_MS = 10 * 60000;
const OF_KNOWN = ["name", "lat", "lon", "crs", "area", "datum", "zero", "mount_height", "note"];

/** The screen. page: {draft, secret, save(), go(step), next(), later()}. page.secret lives in this page's memory and nowhere else. */
export function prove(page) {
  const parts = { secret: el("div", {}), steps: el("div", { class: "proof" }), shown: el("div", { class: "shown" }), after: el("div", { class: "after" }), end: el("div", { class: "ends" }) };
  let timer = 0, gone = false;
  page.leave = () => { gone = true; clearTimeout(timer); clearInterval(parts.clock); };
  const again = async () => {
    if (gone) return;
    const told = await look(page, parts);
    if (gone || passed(told)) return;
    timer = setTimeout(again, Date.now() - parts.began < SOON_FOR_MS && told ? SOON_MS : LATER_MS);
  };
  begin(page, parts).then((ready) => { if (ready) { parts.began = Date.now(); again(); } });
  parts.retry = () => { fill(parts.shown); begin(page, parts).then((ready) => { if (ready) { parts.began = Date.now(); again(); } }); };
  return el("section", { class: "screen", "aria-labelledby": "screen-title" },
    el("h1", { id: "screen-title", text: t("register.prove_title", { id: page.draft.form.name || page.draft.form.id || page.draft.device || "" }) }),
    parts.shown, parts.secret, parts.steps, parts.after, parts.end);
}

async function begin(page, parts) {
  const { draft } = page;
  if (!draft.made) {
    fill(parts.steps, el("p", { class: "soft", text: t("register.sending") }));
    try {
      await (draft.known ? placeKnown(draft) : register(page));
      Object.assign(draft, { made: Date.now(), waiting: false });
      page.save();
    } catch (error) {
      refused(page, parts, error);
      return false;
    }
  }
  fill(parts.secret, credentials(page));
  fill(parts.steps, checklist(null));
  undoing(page, parts);
  return true;
}

async function register(page) {
  const { draft } = page;
  try {
    const made = await api.post("/api/devices", bodyOf(draft.form));
    Object.assign(draft, { device: made.id, since: made.device.created });
    page.secret = { username: made.username, password: made.password, topic: made.topic, broker: made.broker, principal: made.principal, id: made.id };
    page.waited = made.quarantine;
  } catch (error) {
    if (error.status === 409 && draft.waiting && (await ours(draft))) return; // the answer of an earlier attempt was lost on its way
    throw error;
  }
}

async function ours(draft) {
  const { device } = await identify(draft.form.id);
  if (!device || device.type !== draft.form.type || (draft.form.native && device.native !== draft.form.native)) return false;
  Object.assign(draft, { device: device.id, since: device.created });
  return true;
}

async function placeKnown(draft) {
  const path = `/api/devices/${segment(draft.device)}`;
  await api.patch(path, bodyOf(draft.form, OF_KNOWN));
  const told = await api.get(`${path}/test`); // looks ten minutes back by the service's own clock
  draft.since = new Date(Date.parse(told.since) + 10 * 60000).toISOString();
}

function refused(page, parts, error) {
  const { draft } = page;
  fill(parts.steps);
  if (error.status === 0) {
    draft.waiting = true;
    page.save();
    fill(parts.shown, told("info", t("register.waiting"), t("register.waiting_hint")), button(t("chrome.retry"), parts.retry, "primary big"));
    addEventListener("online", parts.retry, { once: true });
    return;
  }
  fill(parts.shown, problem(error), button(t("register.mend"), () => page.go(/lat|lon|crs|area|zero|datum|name/.test(error.what) ? 2 : 1), "primary big"));
}

async function look(page, parts) {
  const { draft } = page;
  try {
    const told = awaited(page, await api.get(`/api/devices/${segment(draft.device)}/test`, { since: draft.since }));
    const before = parts.last;
    parts.last = JSON.stringify(told.steps);
    fill(parts.shown);
    if (parts.last !== before) show(page, parts, told);
    return told;
  } catch (error) {
    fill(parts.shown, problem(error));
    return null;
  }
}

// A device that was registered a moment ago is not silent, it is awaited.
function awaited(page, told) {
  const first = told.steps[0];
  if (first.ok !== false || first.reason !== "silent" || Date.now() - page.draft.made > PATIENT_MS) return told;
  return { ...told, steps: [{ ...first, ok: null, reason: "waiting" }, ...told.steps.slice(1)] };
}

function show(page, parts, told) {
  const { draft } = page;
  fill(parts.steps, checklist(told, mends(page, parts)));
  const done = told.steps.filter((step) => step.ok === true).map((step) => t(`step.${step.step}`));
  const red = told.steps.find((step) => step.ok === false);
  announce(red ? t("register.told_red", { step: t(`step.${red.step}`) }) : t("register.told_green", { steps: done.join(", ") || "0" }));
  if (!passed(told)) { fill(parts.after, waitingHint(page)); return; }
  draft.green_ms ||= Date.now() - draft.made;
  page.save();
  navigator.vibrate?.([80, 60, 80]);
  fill(parts.after, green(page), record(page), ends(page));
}

function waitingHint(page) {
  return el("div", { class: "after-wait" }, el("p", { class: "hint", text: t("register.wait_hint") }),
    button(t("register.later"), page.later, "big", { data: { act: "later" } }));
}

function green(page) {
  return el("div", { class: "green", role: "status", data: { state: "green", ms: page.draft.green_ms } }, el("span", { class: "green-mark", "aria-hidden": "true", text: "✔" }),
    el("div", {}, el("p", { class: "green-what", text: t("register.green") }), el("p", { class: "soft", text: t("register.green_in", { seconds: (page.draft.green_ms / 1000).toFixed(1) }) })));
}

function ends(page) {
  return el("div", { class: "actions tall" },
    button(t("register.next"), page.next, "primary big", { data: { act: "next" } }),
    el("a", { class: "button big", href: `/device?id=${segment(page.draft.device)}`, text: t("register.open_device") }));
}

// What one touch mends, from where the red step is told.
function mends(page, parts) {
  const { draft } = page;
  const to = (step) => () => page.go(step);
  const change = (body) => async () => {
    try {
      await api.patch(`/api/devices/${segment(draft.device)}`, body);
      parts.last = "";
    } catch (error) { fill(parts.shown, problem(error)); }
  };
  const place = { ...bodyOf(draft.form, ["lat", "lon"]), crs: "gcj02" };
  return {
    other_native: (step) => [t("register.use_native", { native: step.native }), change({ native: step.native })],
    gcj02_suspected: () => (place.lat ? [t("register.use_gcj02"), change(place)] : null),
    lat_lon_swapped: () => (place.lat ? [t("register.swap"), change({ lat: place.lon, lon: place.lat, crs: draft.form.crs || "wgs84" })] : null),
    unit_flip: (step) => (step.wire ? [t("register.use_unit", { unit: step.wire }), change({ unit: { [step.property]: step.wire } })] : null),
    in_sea: () => [t("register.to_place"), to(2)], near_sea: () => [t("register.to_place"), to(2)],
  };
}

function undoing(page, parts) {
  const { draft } = page;
  clearInterval(parts.clock);
  if (draft.known || !draft.made) return;
  const undo = working("", async () => {
    if (!(await ask(t("register.undo_sure", { id: draft.device }), t("register.undo_more"), t("register.undo")))) return;
    await api.post(`/api/devices/${segment(draft.device)}/undo`);
    page.undone();
  }, "danger big", parts.shown, { data: { act: "undo" } });
  const tick = () => {
    const left = draft.made + UNDO_MS - Date.now();
    if (left <= 0) { clearInterval(parts.clock); fill(parts.end); return; }
    undo.textContent = t("register.undo_for", { time: `${Math.floor(left / 60000)}:${String(Math.floor(left / 1000) % 60).padStart(2, "0")}` });
  };
  fill(parts.end, undo);
  tick();
  parts.clock = setInterval(tick, 1000);
}
