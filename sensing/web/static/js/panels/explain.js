// `explain` as a story: step by step from the bytes of a frame to the value that is served, in the reader's language.
//
//   story = mount(element, {api})   story.show({device, property, statistic, channel, time, run})   story.clear()

import { el, fill } from "../dom.js";
import { both, has, t } from "../words.js";
import { bytesOf } from "./hex.js";
import { inMine, measured, propertyName, qualityMark, qualityText, sign, stamp, statisticName, whole } from "./telling.js";

export function mount(element, { api }) {
  const list = el("ol", { class: "story" });
  const state = el("p", { class: "board-empty", role: "status" });
  let controller = null;
  let last = null;
  element.append(state, list);

  async function show(asked) {
    last = asked;
    controller?.abort();
    controller = new AbortController();
    state.hidden = false;
    state.textContent = t("chrome.loading");
    try {
      const told = await api.get("/api/explain", { device: asked.device, property: asked.property, statistic: asked.statistic, channel: asked.channel || undefined, time: asked.time, run: asked.run }, { signal: controller.signal });
      state.hidden = true;
      fill(list, told.steps.map((step) => el("li", { class: "story-step", data: { step: step.step } }, title(step), body(step, told))));
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(list);
      state.textContent = [error.what, error.hint].filter(Boolean).join(" · ");
    }
  }

  return {
    show,
    again: () => last && show(last),
    clear() {
      controller?.abort();
      last = null;
      fill(list);
      state.hidden = false;
      state.textContent = t("explain.pick");
    },
    destroy() {
      controller?.abort();
      list.remove();
      state.remove();
    },
  };
}

const title = (step) => el("h4", { class: "story-title", text: has(`explain.title_${step.step}`) ? t(`explain.title_${step.step}`) : both(step) || step.step });
const say = (key, values = {}) => el("p", { text: t(`explain.${key}`, values) });
const noted = (step) => (step.note ? el("p", { class: "story-note", text: typeof step.note === "string" ? t("explain.note_differs") : both(step.note), title: typeof step.note === "string" ? step.note : null }) : null);

/** What a step says, as paragraphs. told: the whole answer. */
function body(step, told) {
  const tell = STEPS[step.step] ?? other;
  return [tell(step, told), noted(step)];
}

const number = (value) => (typeof value === "number" ? String(value) : value ?? "—");

const STEPS = {
  frame(step) {
    if (step.gone) return say("frame_gone");
    return [
      say("frame", { place: step.place, at: whole(step.received), adapter: step.adapter, principal: step.principal, size: step.size }),
      step.parts?.length ? say("parts", { places: step.parts.join(", ") }) : null,
      step.duplicate ? say("duplicate") : null,
      step.hex === null ? say("hidden") : bytesOf(step),
    ];
  },
  decode: (step) => [
    say("decode", { adapter: step.adapter, readings: step.readings, mine: step.of_this_device }),
    step.hardware ? say(step.hardware.serial ? "hardware_serial" : "hardware", { native: step.hardware.native ?? "—", serial: step.hardware.serial ?? "" }) : null,
    ...(step.errors ?? []).map((error) => el("p", { class: "bad", text: `${error.reason}: ${error.detail ?? ""}` })),
  ],
  reading: (step) => say("reading", { code: step.code, value: number(step.value), unit: sign(step.unit ?? ""), property: propertyName(step.property ?? "") || "—", statistic: statisticName(step.statistic) || t("explain.instant"), time: step.wire_time ? whole(step.wire_time) : t("explain.no_time") }),
  unit: (step) => (step.unmapped ? say("unmapped") : say(step.from === step.to ? "unit_same" : "unit", { from: sign(step.from), to: sign(step.to), by: t(`explain.by_${step.by}`), value: measured(step.result, step.to) })),
  datum: (step) => say("datum", { rule: rule(step.rule), zero: number(step.zero), offset: number(step.offset), mount: number(step.mount_height), datum: inMine(step.datum) || t("explain.no_datum"), value: measured(step.result, "m", "water_level") }),
  flags: (step) => [
    el("p", {}, qualityMark(step.quality, step.reason)),
    step.limits ? say("limits", { low: number(step.limits[0]), high: number(step.limits[1]) }) : null,
  ],
  configuration: (step) => say(step.in_force ? "configuration" : "configuration_old", { generation: step.generation, by: step.by ?? "—", from: step.valid_from ? whole(step.valid_from) : t("explain.ever"), zero: number(step.zero), offset: number(step.offset) }),
  stored: (step, told) => [
    el("p", { class: "story-result" }, el("strong", { text: measured(step.result, step.unit, told.observation.property) }), " ", qualityMark(step.quality, step.reason)),
    say("stored", { time: whole(step.time), received: whole(step.received), revision: step.revision, origin: t(`origin.${step.origin}`) }),
    step.remedy ? el("p", { class: "story-remedy", text: both(step.remedy) }) : null,
    step.also_heard_by?.length ? say("witnesses", { who: step.also_heard_by.map((each) => each.principal ?? each).join(", ") }) : null,
  ],
  revisions(step) {
    if (step.revisions.length < 2) return say("one_revision");
    return [say("revisions", { n: step.revisions.length }), el("ul", { class: "story-revisions" }, step.revisions.map((each) => el("li", { class: each.served ? "served" : null, text: t(each.served ? "explain.revision_served" : "explain.revision", { revision: each.revision, value: number(each.result), at: stamp(each.received), quality: qualityText(each.quality, each.reason) }) })))];
  },
};

function rule(text) {
  const key = { "as measured": "measured", "zero + mount height - distance + offset": "distance", "zero + value + offset": "relative", "value + offset": "absolute" }[text];
  return key ? t(`explain.rule_${key}`) : text;
}

/** A step that this page does not know yet: its numbers by name. */
function other(step) {
  const known_ = new Set(["step", "zh", "en", "note"]);
  return el("dl", { class: "facts" }, Object.entries(step).filter(([name, value]) => !known_.has(name) && value !== null && typeof value !== "object").flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: String(value) })]));
}
