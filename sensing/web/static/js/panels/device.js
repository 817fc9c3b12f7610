// The selected thing: name, state, newest values, chart, and behind tabs the story of a value, raw frames, and what is known of it.
//
//   panel = mount(element, {live, api, select, overlay})   panel.show(id or null)   panel.update()   panel.destroy()
//   overlay("track", [[lon, lat, ms] ...] or null): a vessel's way, for the map to draw

import { el, fill, on, throttled } from "../dom.js";
import { t } from "../words.js";
import * as about from "./about.js";
import * as chartOf from "./datachart.js";
import * as explain from "./explain.js";
import * as frames from "./frames.js";
import { exact } from "./history.js";
import { write } from "./keyed.js";
import { known } from "./known.js";
import { ago, domainName, inMine, rank, severityMark, thingName, typeName, whole } from "./telling.js";
import { track } from "./way.js";
import * as values from "./values.js";

const REDRAW_MS = 400;
const AGES_MS = 10_000;
const TABS = ["explain", "frames", "about"];

export function mount(element, given) {
  return new DevicePanel(element, given);
}

class DevicePanel {
  constructor(element, { live, api, select, overlay = () => {} }) {
    Object.assign(this, { live, api, select, overlay, id: null, key: null, device: null, type: undefined, tab: "explain", shownTab: "" });
    this.#build(element);
    this.redraw = throttled(() => this.update(), REDRAW_MS);
    this.off = [
      on(live, "snapshot", () => this.id && this.redraw()), on(live, "batch", (event) => this.#batch(event.detail)),
      on(live, "state", () => this.id && this.chart.reload()), on(window, "language", () => this.#words()),
    ];
    this.timer = setInterval(() => this.id && this.update(), AGES_MS);
    this.#words();
  }

  /** Show a thing by id; null shows nothing. Resolves when its parts were asked for. */
  async show(id) {
    if (id === this.id) return;
    Object.assign(this, { id, key: null, device: null, type: undefined, shownTab: "" });
    this.node.hidden = !id;
    this.overlay("track", null);
    this.story.clear();
    if (!id) {
      this.chart.show(null);
      return;
    }
    this.node.dataset.thing = id;
    this.update();
    this.node.scrollTop = 0;
    try {
      const from = known(this.api);
      const [device, types] = await Promise.all([this.#thing()?.mover ? null : from.device(id), from.types()]);
      if (this.id !== id) return;
      Object.assign(this, { device, type: types.get(this.#thing()?.type ?? device?.type) });
      write(this.problem, "");
    } catch (error) {
      if (this.id === id) write(this.problem, error.message);
    }
    if (this.id !== id) return;
    this.shownTab = "";
    if (this.#row()) this.chart.show(this.#row(), { type: this.type, device: this.device });
    this.update();
    if (this.#thing()?.mover) track(this.api, this.live, id).then((way) => this.id === id && this.overlay("track", way), () => {});
  }

  /** Look again at what live knows of the thing. */
  update() {
    if (!this.id) return;
    const thing = this.#thing();
    const severity = thing?.severity ?? -1;
    const state = thing?.state ?? this.device?.state ?? "";
    write(this.name, thingName(thing ?? this.device, this.id));
    const marked = `${severity}|${state}|${document.documentElement.lang}`;
    if (marked !== this.marked) {
      this.marked = marked;
      const silent = state === "silent" || state === "new";
      fill(this.mark, severityMark(rank(severity), { silent, text: severity < 0 && silent ? t(`state.${state}`) : undefined }), state && !(silent && severity < 0) ? el("span", { class: `state state-${state}`, text: t(`state.${state}`) }) : null);
    }
    write(this.line, [typeName(this.type, thing?.type), inMine(thing?.area ?? this.device?.area), domainName(thing?.domain ?? this.device?.domain ?? "")].filter(Boolean).join(" · "));
    write(this.heard, thing?.time ? t("thing.heard", { age: ago(thing.time, this.live.clock) }) : t("thing.never"));
    this.heard.title = whole(thing?.time);
    const items = values.ordered(thing);
    if (!items.some(([key]) => key === this.key)) this.#choose(this.#first(items));
    this.list.show(thing, this.key);
    this.chart.update(thing?.values?.[this.key]);
    this.#tab();
  }

  destroy() {
    clearInterval(this.timer);
    this.off.forEach((stop) => stop());
    for (const part of [this.list, this.chart, this.story, this.frames, this.about]) part.destroy();
    this.overlay("track", null);
    this.node.remove();
  }

  #build(element) {
    this.mark = el("div", { class: "thing-mark" });
    this.name = el("h2", { class: "thing-name", tabindex: "-1" });
    this.line = el("p", { class: "thing-line" });
    this.heard = el("p", { class: "thing-heard tabular" });
    this.shut = el("button", { class: "quiet icon thing-close", type: "button", text: "×", on: { click: () => this.select(null) } });
    this.problem = el("p", { class: "bad" });
    const [list, chart] = [el("div", { class: "thing-values" }), el("div", { class: "thing-chart" })];
    this.bodies = Object.fromEntries(TABS.map((name) => [name, el("div", { class: "thing-tab", role: "tabpanel", id: `thing-${name}`, "aria-labelledby": `tab-${name}` })]));
    this.tabs = TABS.map((name) => el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `thing-${name}`, on: { click: () => this.#open(name) } }));
    this.strip = el("div", { class: "tab-strip", role: "tablist" }, this.tabs);
    on(this.strip, "keydown", (event) => this.#arrows(event));
    this.node = el("section", { class: "board board-thing", hidden: true }, el("header", { class: "thing-head" }, this.mark, this.name, this.shut, this.line, this.heard), this.problem, list, chart, this.strip, Object.values(this.bodies));
    element.append(this.node);
    this.list = values.mount(list, { live: this.live, pick: (key) => this.#choose(key, true) });
    this.chart = chartOf.mount(chart, { live: this.live, api: this.api, pick: (point) => this.#explain(point), loaded: () => this.#loaded() });
    this.story = explain.mount(this.bodies.explain, { api: this.api });
    this.frames = frames.mount(this.bodies.frames, { api: this.api });
    this.about = about.mount(this.bodies.about, { api: this.api, live: this.live });
  }

  #words() {
    this.shut.setAttribute("aria-label", t("chrome.close"));
    this.node.setAttribute("aria-label", t("thing.title"));
    this.tabs.forEach((tab, index) => write(tab, t(`thing.tab_${TABS[index]}`)));
    this.#marks();
    this.shownTab = "";
    this.chart.words();
    this.update();
    if (this.id) this.story.again();
  }

  #thing() {
    return this.live.things.get(this.id);
  }

  /** What to chart first: what an event is about, else what has thresholds, else the first. */
  #first(items) {
    const open = [...this.live.events.values()].find((event) => event.device === this.id && event.state === "open");
    const watched = new Set((this.device?.levels ?? []).map((each) => each.property));
    const found = items.find(([, each]) => open && each.property === open.property && each.statistic === open.statistic && each.channel === open.channel) ?? items.find(([, each]) => watched.has(each.property));
    return (found ?? items[0])?.[0] ?? null;
  }

  #row() {
    const each = this.#thing()?.values?.[this.key];
    return each ? { ...each, device: this.id, run: this.#thing().run || undefined } : null;
  }

  #choose(key, told = false) {
    this.key = key;
    const row = this.#row();
    this.chart.show(row, { type: this.type, device: this.device });
    this.shownTab = "";
    if (told) this.update();
  }

  /** The chart has its points: the story is of the newest, until somebody picks another. */
  #loaded() {
    this.shownTab = "";
    this.#tab();
  }

  async #explain(point) {
    const row = this.#row();
    if (!row || !point) return;
    this.#open("explain", false);
    this.shownTab = "explain";
    const time = point[7] ?? (await exact(this.api, row, point[0]).catch(() => null));
    if (time && this.id === row.device) this.story.show({ ...row, time });
  }

  #open(name, draw = true) {
    this.tab = name;
    this.#marks();
    if (draw) {
      this.shownTab = "";
      this.#tab();
    }
  }

  #marks() {
    this.tabs.forEach((tab, index) => {
      const chosen = TABS[index] === this.tab;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      this.bodies[TABS[index]].hidden = !chosen;
    });
  }

  #tab() {
    if (!this.id || this.shownTab === this.tab) return;
    const points = this.chart.points();
    if (this.tab === "about") this.about.show(this.#thing(), this.device, this.type);
    else if (!points.length) return;
    else if (this.tab === "frames") this.frames.show(this.#row(), points);
    else this.#newest(points);
    this.shownTab = this.tab;
  }

  #newest(points) {
    const point = points.findLast((each) => each[7]);
    if (point) this.story.show({ ...this.#row(), time: point[7] });
  }

  #batch({ things, events } = {}) {
    if (!this.id) return;
    if (things?.has(this.id)) this.redraw();
    if (events?.size) this.chart.redraw();
  }

  #arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#open(TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]);
    this.tabs[TABS.indexOf(this.tab)].focus();
  }
}
