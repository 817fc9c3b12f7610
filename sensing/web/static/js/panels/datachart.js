// The chart of one datastream of a thing: how far back, its levels, the events that stood, and what comes in while one looks.
//
//   chart = mount(element, {live, api, pick, loaded})   chart.show(row, {type, device})   chart.update(newest value)   chart.points()

import { Chart } from "../chart.js";
import { el, on, settled } from "../dom.js";
import { clock, day, moment, offset, zone } from "../format.js";
import { t } from "../words.js";
import { gapOf } from "../chart/scale.js";
import { past } from "./history.js";
import { write } from "./keyed.js";
import { levelsOf } from "./known.js";
import { amount, measured, qualityText, rank, seriesName, sign, whole } from "./telling.js";

const HOUR = 3600_000;
const SPANS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR };
const AHEAD = 0.01;
const MOVED_MS = 60_000; // of a playback's clock, before the chart is asked anew
const SETTLED_MS = 500;

export function mount(element, given) {
  return new DataChart(element, given);
}

class DataChart {
  constructor(element, { live, api, pick, loaded = () => {} }) {
    Object.assign(this, { live, api, loaded, row: null, about: {}, span: "24h", own: null, found: null, levels: [] });
    this.title = el("h3", { class: "chart-title" });
    this.buttons = Object.keys(SPANS).map((name) => el("button", { class: "small", type: "button", data: { span: name }, on: { click: () => this.#reach(name) } }));
    this.custom = el("button", { class: "small", type: "button", data: { span: "own" }, on: { click: () => this.#ask() } });
    this.from = el("input", { type: "datetime-local" });
    this.to = el("input", { type: "datetime-local" });
    this.go = el("button", { class: "small", type: "submit" });
    this.form = el("form", { class: "chart-own", hidden: true, on: { submit: (event) => this.#own(event) } }, this.from, el("span", { text: "–" }), this.to, this.go);
    this.frame = el("div", { class: "chart" });
    this.note = el("p", { class: "chart-note", role: "status" });
    this.node = el("div", {}, el("div", { class: "chart-head" }, this.title, el("div", { class: "segmented" }, this.buttons, this.custom)), this.form, this.frame, this.note);
    element.append(this.node);
    this.chart = new Chart(this.frame, this.#say());
    this.off = [on(this.chart, "pick", (event) => pick(event.detail))];
    this.follow = settled(() => this.reload(), SETTLED_MS);
    this.words();
  }

  /** Another datastream, or none: {device, property, statistic, channel, unit, run}. about: {type, device} as the API tells them. */
  show(row, about = {}) {
    const same = row && this.row && ["device", "property", "statistic", "channel"].every((name) => row[name] === this.row[name]);
    this.node.hidden = !row;
    Object.assign(this, { row, about });
    if (!row) {
      this.found = null;
      this.controller?.abort();
      return;
    }
    write(this.title, `${seriesName(row)}${sign(row.unit) ? ` (${sign(row.unit)})` : ""}`);
    if (!same) this.reload();
    else this.#limits();
  }

  /** The newest value, as live has it: it goes on the line when it is newer than what is there. */
  update(value) {
    if (!value || !this.found || this.own) return;
    if (this.live.state === "playback") {
      if (Math.abs(this.live.clock - this.until) > MOVED_MS) this.follow();
      return;
    }
    const last = this.found.points.at(-1);
    if (last && value.time <= last[0]) return;
    const begin = this.found.kind === "bars" && last ? Math.max(last[0], value.time - (this.about.type?.cadence_s ?? 300) * 1000) : null;
    if (!this.found.every_s) this.found.points.push([value.time, value.value, value.quality, value.reason, undefined, undefined, begin, null, null]);
    this.redraw();
  }

  points() {
    return this.found?.points ?? [];
  }

  /** Ask again for what is shown. */
  async reload() {
    if (!this.row) return;
    this.controller?.abort();
    const controller = (this.controller = new AbortController());
    const [from, to] = this.#reachOf();
    this.found = null;
    this.until = this.live.clock;
    this.frame.setAttribute("aria-busy", "true");
    write(this.note, t("chrome.loading"));
    try {
      const found = await past(this.api, this.row, from, to, { cadence_s: this.about.type?.cadence_s ?? this.live.things.get(this.row.device)?.cadence, run: this.row.run, signal: controller.signal });
      if (this.controller !== controller) return;
      this.found = found;
      this.#limits();
      this.loaded();
    } catch (error) {
      if (error.name !== "AbortError") write(this.note, error.message);
    } finally {
      if (this.controller === controller) this.frame.removeAttribute("aria-busy");
    }
  }

  /** Draw what there is: events may have come, the clock has moved on. */
  redraw() {
    if (!this.found || !this.row) return;
    const [from, to] = this.#reachOf();
    const { points, kind, every_s, cut } = this.found;
    const gap = every_s ? this.found.gap : gapOf(points, this.about.type?.cadence_s);
    const first = points.findIndex((point) => point[0] >= from);
    const shown = first > 0 ? points.slice(first) : points;
    const levels = this.levels.map((level) => ({ ...level, label: `${level.label} ${amount(level.value, this.row.unit, this.row.property)}` }));
    this.chart.draw({ series: [{ points: shown, unit: this.row.unit, name: seriesName(this.row), kind, gap, circular: kind === "points" && this.row.unit === "deg" }], levels, events: this.#events(), from, to, label: this.#label(shown) });
    const doubted = shown.filter((point) => point[2] >= 3).length;
    write(this.note, [
      points.length ? t(every_s ? "chart.means" : "chart.rows", { n: shown.length, minutes: Math.round(every_s / 60) }) : t("chart.none"),
      doubted ? t("chart.doubted", { n: doubted }) : "", cut ? t("chart.cut") : "",
    ].filter(Boolean).join(" · "));
  }

  words() {
    this.buttons.forEach((button) => write(button, t(`chart.span_${button.dataset.span}`)));
    write(this.custom, t("chart.own"));
    write(this.go, t("chart.show"));
    this.from.setAttribute("aria-label", t("chart.from"));
    this.to.setAttribute("aria-label", t("chart.to"));
    this.#pressed();
    if (this.row) this.show(this.row, this.about);
  }

  destroy() {
    this.controller?.abort();
    this.off.forEach((stop) => stop());
    this.chart.destroy();
    this.node.remove();
  }

  #limits() {
    this.levels = levelsOf(this.about.device, this.row);
    this.redraw();
  }

  #events() {
    const { device, property, statistic, channel } = this.row;
    return [...this.live.events.values()]
      .filter((event) => event.device === device && event.property === property && event.statistic === statistic && event.channel === channel && event.state !== "withdrawn")
      .map((event) => ({ from: Date.parse(event.start), to: event.end ? Date.parse(event.end) : null, severity: Math.max(0, rank(event.severity)) }));
  }

  #reachOf() {
    if (this.own) return this.own;
    const to = this.live.clock ?? Date.now();
    const span = SPANS[this.span];
    return [to - span, to + span * AHEAD];
  }

  #reach(name) {
    Object.assign(this, { span: name, own: null });
    this.form.hidden = true;
    this.#pressed();
    this.reload();
  }

  #ask() {
    this.form.hidden = !this.form.hidden;
    if (this.form.hidden) return;
    const [from, to] = this.#reachOf();
    this.from.value = `${day(from)}T${clock(from, { seconds: false })}`;
    this.to.value = `${day(to)}T${clock(to, { seconds: false })}`;
    this.from.focus();
  }

  #own(event) {
    event.preventDefault();
    const [from, to] = [this.from, this.to].map((field) => Date.parse(`${field.value}:00${offset()}`));
    if (!(from < to)) return write(this.note, t("chart.order"));
    this.own = [from, to];
    this.#pressed();
    this.reload();
  }

  #pressed() {
    for (const button of [...this.buttons, this.custom]) button.setAttribute("aria-pressed", String(this.own ? button.dataset.span === "own" : button.dataset.span === this.span));
  }

  #label(points) {
    const sound = points.filter((point) => point[1] !== null && point[2] < 3);
    if (!sound.length) return `${seriesName(this.row)}: ${t("chart.none")}`;
    const numbers = sound.map((point) => point[1]);
    const told = (value) => measured(value, this.row.unit, this.row.property);
    return t("chart.said", { name: seriesName(this.row), n: points.length, low: told(Math.min(...numbers)), high: told(Math.max(...numbers)), last: told(sound.at(-1)[1]), at: whole(sound.at(-1)[0]) });
  }

  #say() {
    return {
      get shift() {
        return zone() * 60_000;
      },
      number: (value, decimals) => value.toFixed(decimals),
      time: (at, step) => (step >= 24 * HOUR || (at + zone() * 60_000) % (24 * HOUR) === 0 ? day(at).slice(5) : step < 60_000 ? clock(at) : moment(at).slice(6)),
      point: (point) => [whole(point[7] ?? point[0]), measured(point[1], this.row.unit, this.row.property), point[4] === undefined ? "" : `${amount(point[4], this.row.unit)} – ${amount(point[5], this.row.unit)}`, qualityText(point[2], point[3])].filter(Boolean).join("  "),
    };
  }
}
