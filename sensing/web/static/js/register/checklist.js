// The five steps of the proof, drawn anew as they turn: a mark, a word, and under a red one its reason and what to do.

import { el } from "../dom.js";
import { t } from "../words.js";
import { moment, number, unit } from "../format.js";
import { saying } from "./doubts.js";
import { button, word } from "./fields.js";

export const STEPS = ["connected", "arrived", "decoded", "plausible", "stored"];
const MARKS = { true: "✔", false: "✖", null: "…" };

/** The list. told: the answer of GET /api/devices/{id}/test, or null before the first; mend: {reason: (step) => [text, act]}. */
export function checklist(told, mend = {}) {
  const steps = told?.steps || STEPS.map((step) => ({ step, ok: null, reason: "waiting" }));
  return el("ol", { class: "steps" }, steps.map((step, place) => row(step, steps[place - 1], mend)));
}

function row(step, before, mend) {
  const state = step.ok === true ? "good" : step.ok === false ? "bad" : "wait";
  const current = state === "wait" && (!before || before.ok === true);
  return el("li", { class: ["step", `is-${state}`, current && "is-current"], "aria-current": current ? "step" : null },
    el("span", { class: "step-mark", "aria-hidden": "true", text: MARKS[step.ok] }),
    el("div", { class: "step-said" },
      el("p", { class: "step-name" }, t(`step.${step.step}`), el("span", { class: "step-state", text: t(`register.step_${state}`) })),
      step.ok === true ? detail(step) : told(step, mend),
      (step.warnings || []).map((each) => el("div", { class: "step-warning" }, el("span", { "aria-hidden": "true", text: "▲ " }), saying(each), touch(each, mend)))));
}

function told(step, mend) {
  if (step.ok === null && step.reason === "waiting") return null;
  const reason = step.reason ? el("p", { class: "step-reason", text: word("reason_word", step.reason) }) : null;
  return [reason, el("p", { class: "step-remedy", text: saying(step) }), step.detail ? el("code", { class: "step-detail", text: step.detail }) : null, touch(step, mend)];
}

function touch(step, mend) {
  const offered = mend[step.reason]?.(step);
  return offered ? button(offered[0], offered[1], "") : null;
}

function detail(step) {
  if (step.step === "stored" && step.last) {
    const last = step.last;
    return el("p", { class: "step-value" }, `${word("property", last.property)} `,
      el("strong", { class: "figure", text: number(last.result, last.unit) }), ` ${unit(last.unit)} · ${moment(last.time, { seconds: true })}`);
  }
  if (step.step === "connected" && step.last) return el("p", { class: "step-detail", text: moment(step.last, { seconds: true }) });
  if (step.step === "arrived" && step.frames) return el("p", { class: "step-detail", text: t("register.frames", { number: step.frames }) });
  return null;
}

/** Whether every step is green. */
export const passed = (told) => told?.passed === true;
