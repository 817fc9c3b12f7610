// Time: where the page stands, back to any past hour, playing it, and to live again. It always says whether this is now.
//
//   timeline = mount(element, {live, track: () => Track | null, changed(at | null)});  timeline.at(instant | null)
// Keys on the rail: arrows a step, Page keys an hour, Home the oldest, End live; Space plays. "Go to" takes any instant, however long ago.

import { el, fill, on, throttled } from "../dom.js";
import { clock, day, moment, severityRank, zone } from "../format.js";
import { palette } from "../map/palette.js";
import { t } from "../words.js";

const HOUR = 3600e3;
const SPANS = [1, 6, 24, 72];
const SPEEDS = [60, 300, 1200];
const STEPS = 720;
const TICK_MS = 200;
const BESIDE_NOW = 0.999;

export function mount(element, given) {
  return new Timeline(element, given);
}

class Timeline {
  constructor(element, { live, track = () => null, changed = () => {} }) {
    Object.assign(this, { element, live, track, changed });
    this.instant = null; // null is live
    this.edge = null; // where the rail ends while looking back
    this.span = 6 * HOUR;
    this.speed = SPEEDS[0];
    this.playing = 0;
    this.loaded = null;
    this.#build();
    this.slow = throttled(() => this.update(), 500);
    this.off = [
      on(live, "snapshot", () => this.update()), on(live, "batch", () => this.slow()), on(live, "state", () => this.update()),
      on(window, "language", () => this.#words()), on(window, "theme", () => this.update()),
    ];
    new ResizeObserver(() => this.update()).observe(this.canvas);
    this.#words();
  }

  #build() {
    this.play = el("button", { type: "button", class: "icon", on: { click: () => this.toggle() } });
    this.pace = el("button", { type: "button", class: "quiet small", on: { click: () => this.#faster() } });
    this.reach = el("button", { type: "button", class: "quiet small", on: { click: () => this.#wider() } });
    this.jump = el("button", { type: "button", class: "quiet small", "aria-expanded": "false", on: { click: () => this.#choosing(this.form.hidden) } });
    this.wanted = el("input", { type: "datetime-local", required: true, step: "60" });
    this.form = el("form", { class: "jump", hidden: true, on: { submit: (event) => this.#jumped(event), keydown: (event) => event.key === "Escape" && this.#choosing(false) } }, this.wanted, (this.leap = el("button", { type: "submit", class: "primary small" })));
    this.back = el("button", { type: "button", class: "primary small", hidden: true, on: { click: () => this.at(null) } });
    this.range = el("input", { type: "range", min: "0", max: String(STEPS), value: String(STEPS), on: { input: () => this.#dragged(), keydown: (event) => this.#key(event) } });
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.when = el("div", { class: "now", role: "status", "aria-live": "off" });
    this.root = el("div", { class: "timeline" }, el("div", { class: "buttons" }, this.play, this.pace, this.reach, this.jump, this.back), el("div", { class: "rail" }, this.canvas, this.range), this.when, this.form);
    fill(this.element, this.root);
  }

  #words() {
    this.range.setAttribute("aria-label", t("map.time"));
    this.back.textContent = t("map.back_to_live");
    this.jump.textContent = t("map.jump");
    this.leap.textContent = t("map.jump_go");
    this.wanted.setAttribute("aria-label", t("map.jump_when"));
    this.update();
  }

  get end() {
    return this.edge ?? this.live.clock;
  }

  get begin() {
    return this.end - this.span;
  }

  // Stands at an instant, ms; null is live.
  at(instant) {
    if (instant === null) {
      this.#pause();
      this.instant = null;
      this.edge = null;
      this.loaded = null;
    } else {
      if (this.instant === null) this.newest = this.live.clock;
      this.instant = Math.min(instant, this.newest);
      this.#reveal();
    }
    document.body.classList.toggle("playback", this.instant !== null);
    this.asked = this.#ask(this.instant);
    this.changed(this.instant);
    this.update();
  }

  // The rail goes along when an instant lies outside of it, and stays while one is dragged within.
  #reveal() {
    this.edge ??= this.newest;
    if (this.instant < this.begin || this.instant > this.edge) this.edge = Math.min(this.newest, this.instant + this.span / 2);
  }

  #choosing(open) {
    this.form.hidden = !open;
    this.jump.setAttribute("aria-expanded", String(open));
    if (!open) return this.jump.focus();
    const local = (at) => new Date(at + zone() * 60e3).toISOString().slice(0, 16);
    this.wanted.max = local(this.newest && this.instant !== null ? this.newest : this.live.clock);
    this.wanted.value = local(this.instant ?? this.live.clock - HOUR);
    this.wanted.focus();
  }

  #jumped(event) {
    event.preventDefault();
    const at = Date.parse(`${this.wanted.value}Z`) - zone() * 60e3;
    this.#choosing(false);
    if (Number.isFinite(at)) this.at(at);
  }

  // One question at a time: while it is on its way only the newest wish is kept.
  async #ask(instant) {
    this.wish = { instant };
    if (this.asking) return;
    this.asking = true;
    while (this.wish) {
      const wish = this.wish;
      this.wish = null;
      try {
        await this.live.at(wish.instant);
      } catch (error) {
        this.failed = error;
      }
    }
    this.asking = false;
  }

  #dragged() {
    const part = Number(this.range.value) / STEPS;
    if (part >= BESIDE_NOW && !this.playing && this.end >= (this.newest ?? 0)) this.at(null);
    else this.at(this.begin + part * this.span);
  }

  #key(event) {
    const step = { ArrowLeft: -this.span / 120, ArrowRight: this.span / 120, PageUp: HOUR, PageDown: -HOUR }[event.key];
    if (event.key === " ") this.toggle();
    else if (event.key === "End") this.at(null);
    else if (event.key === "Home") this.at(this.begin);
    else if (step) this.#go((this.instant ?? this.live.clock) + step);
    else return;
    event.preventDefault();
  }

  #go(instant) {
    this.at(instant >= (this.newest ?? this.live.clock) && this.instant !== null ? null : instant);
  }

  toggle() {
    if (this.playing) this.#pause();
    else this.#start();
    this.update();
  }

  #start() {
    if (this.instant === null) this.at(this.begin);
    this.ticked = performance.now();
    this.playing = setInterval(() => this.#tick(), TICK_MS);
  }

  #pause() {
    clearInterval(this.playing);
    this.playing = 0;
  }

  async #tick() {
    if (this.loading) return;
    const now = performance.now();
    const wanted = this.instant + (now - this.ticked) * this.speed;
    this.ticked = now;
    if (wanted >= this.newest) {
      this.at(null);
      return;
    }
    await this.#load(wanted);
    if (this.playing) this.at(wanted);
  }

  // Frames ahead of what is played, so that each step needs no question.
  async #load(instant) {
    if (!this.live.frames || (this.loaded && instant >= this.loaded.from && instant < this.loaded.to)) return;
    const every = Math.max(10_000, Math.round((this.speed * TICK_MS) / 10_000) * 10_000);
    const to = Math.min(this.newest, instant + 180 * every);
    this.loading = true;
    try {
      await this.live.frames(instant, to, every);
      this.loaded = { from: instant, to };
    } catch {
      this.loaded = null; // each step asks for itself then
    } finally {
      this.loading = false;
      this.ticked = performance.now();
    }
  }

  #faster() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    this.loaded = null;
    this.update();
  }

  #wider() {
    this.span = SPANS[(SPANS.indexOf(this.span / HOUR) + 1) % SPANS.length] * HOUR;
    if (this.instant !== null) this.#reveal();
    this.update();
  }

  update() {
    const past = this.instant !== null;
    const at = this.instant ?? this.live.clock;
    if (!at) return;
    this.range.value = String(Math.round(((at - this.begin) / this.span) * STEPS));
    this.range.setAttribute("aria-valuetext", past ? t("map.past_at", { at: moment(at) }) : t("map.live_at", { at: moment(at) }));
    this.play.textContent = this.playing ? "❚❚" : "▶";
    this.play.setAttribute("aria-label", t(this.playing ? "map.pause" : "map.play"));
    this.pace.textContent = `×${this.speed}`;
    this.pace.setAttribute("aria-label", t("map.speed", { n: this.speed }));
    this.reach.textContent = t("map.hours", { n: this.span / HOUR });
    this.reach.setAttribute("aria-label", t("map.reach", { n: this.span / HOUR }));
    this.back.hidden = !past;
    fill(this.when, el("strong", { text: moment(at, { year: false, seconds: true }) }), el("span", { class: past ? "past" : "live", text: past ? t("map.not_live") : this.#liveWord() }));
    this.#draw(at);
  }

  #liveWord() {
    const state = this.live.state ?? "live";
    return state === "offline" ? t("map.offline") : t("map.live");
  }

  #draw(at) {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const dpr = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * dpr);
    this.canvas.height = Math.round(height * dpr);
    const pen = this.canvas.getContext("2d");
    pen.scale(dpr, dpr);
    const colours = palette();
    const px = (instant) => ((instant - this.begin) / this.span) * (width - 2) + 1;
    const line = height - 15;
    ticks(pen, this, px, line, width, colours);
    for (const event of this.live.events.values()) mark(pen, event, px, line, colours, width);
    pen.fillStyle = this.instant === null ? colours.ink : colours.warning;
    pen.fillRect(px(at) - 1, 2, 2, line + 2);
    pen.beginPath();
    pen.arc(Math.min(width - 5, Math.max(5, px(at))), 5, 4.5, 0, 6.2832);
    pen.fill();
  }

  destroy() {
    this.#pause();
    this.off.forEach((stop) => stop());
  }
}

function ticks(pen, { begin, end, span }, px, line, width, colours) {
  const step = [5, 10, 30, 60, 180, 360, 720].map((minutes) => minutes * 60e3).find((each) => (span / each) * 62 < width) ?? 24 * HOUR;
  pen.strokeStyle = colours.faint;
  pen.fillStyle = colours.faint;
  pen.font = '11px "Noto Sans CJK SC",system-ui,sans-serif';
  pen.textAlign = "center";
  pen.beginPath();
  pen.moveTo(0, line + 0.5);
  pen.lineTo(width, line + 0.5);
  for (let at = Math.ceil(begin / step) * step; at <= end; at += step) {
    const x = Math.round(px(at)) + 0.5;
    pen.moveTo(x, line - 3);
    pen.lineTo(x, line + 3);
    if (x > 18 && x < width - 18) pen.fillText(clock(at) === "00:00:00" ? day(at).slice(5) : clock(at, { seconds: false }), x, line + 14);
  }
  pen.stroke();
}

// An event from its start to its end, the worse the higher.
function mark(pen, event, px, line, colours, width) {
  const rank = severityRank(event.severity);
  const from = px(Date.parse(event.start));
  const to = event.end ? px(Date.parse(event.end)) : width;
  if (rank < 0 || to < 0 || from > width || Number.isNaN(from)) return;
  pen.fillStyle = colours[["watch", "warning", "danger"][rank]];
  const high = 4;
  pen.globalAlpha = event.state === "open" ? 0.95 : 0.5;
  pen.fillRect(Math.max(0, from), line - 6 - rank * 6 - high, Math.max(2, Math.min(width, to) - Math.max(0, from)), high - 1);
  pen.globalAlpha = 1;
}
