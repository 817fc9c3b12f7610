// A chart on a canvas of our own: one series with its levels, the events that stood, doubted values apart; read by mouse, touch or keys.
//
//   chart = new Chart(element, {say, label})
//   chart.draw({series: [{points, unit, name, kind, gap, circular}], levels: [{value, severity, label}], events: [{from, to, severity}], from, to})
//   points: [ms, value or null, quality, reason, least, most, begin ms, time as the API tells it, frame], ascending; kind: line, step, bars or points
//   fires "pick" {detail: point} on Enter or click

import { cross, doubted, events, grid, inkOf, levels, series } from "./chart/paint.js";
import { nearest, reach } from "./chart/scale.js";

const MARGIN = { left: 52, right: 10, top: 10, bottom: 24 };

export class Chart extends EventTarget {
  /** say: {number(value, decimals), time(ms, step), point(point, series) -> words, shift: zone ms}. */
  constructor(element, say) {
    super();
    this.element = element;
    this.say = say;
    this.told = null;
    this.at = -1;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "chart-canvas";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.readout = document.createElement("output");
    this.readout.className = "chart-readout tabular";
    this.readout.setAttribute("aria-live", "polite");
    element.append(this.canvas, this.readout);
    this.canvas.addEventListener("pointermove", (event) => this.#hover(event));
    this.canvas.addEventListener("pointerdown", (event) => this.#hover(event));
    this.canvas.addEventListener("pointerleave", () => document.activeElement !== this.canvas && this.#read(-1));
    this.canvas.addEventListener("click", () => this.#pick());
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("blur", () => this.#read(-1));
    this.sizes = new ResizeObserver(() => this.#paint());
    this.sizes.observe(this.canvas);
    this.repaint = () => this.#paint();
    addEventListener("theme", this.repaint);
  }

  /** Show another story; what was being read stays being read when its instant is still there. */
  draw(told) {
    const held = this.#points()[this.at]?.[0];
    this.told = told;
    this.at = held === undefined ? -1 : nearest(this.#points(), held);
    this.canvas.setAttribute("aria-label", told.label ?? told.series[0]?.name ?? "");
    this.#paint();
    if (this.at >= 0) this.#tell();
  }

  destroy() {
    this.sizes.disconnect();
    removeEventListener("theme", this.repaint);
    this.canvas.remove();
    this.readout.remove();
  }

  #points() {
    return this.told?.series[0]?.points ?? [];
  }

  #plot(width, height) {
    const { from, to, levels: lines = [] } = this.told;
    const first = this.told.series[0];
    const circular = Boolean(first?.circular);
    let [low, high] = reach(this.#points(), lines, circular ? [0, 360] : null);
    if (first?.kind === "bars") low = Math.min(0, low);
    const inner = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    return {
      ...inner, from, to, low, high, circular,
      x: (at) => inner.left + ((at - from) / (to - from)) * inner.width,
      y: (value) => inner.top + (1 - (value - low) / (high - low)) * inner.height,
    };
  }

  #paint() {
    if (!this.told) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width < 60 || height < 60) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const ink = inkOf(this.element);
    const plot = (this.plot = this.#plot(width, height));
    grid(pen, plot, ink, this.say);
    pen.save();
    pen.beginPath();
    pen.rect(plot.left, plot.top, plot.width, plot.height);
    pen.clip();
    events(pen, plot, ink, this.told.events ?? []);
    for (const one of this.told.series) {
      series(pen, plot, ink, one);
      doubted(pen, plot, ink, one.points);
    }
    pen.restore();
    levels(pen, plot, ink, this.told.levels ?? []);
    const point = this.#points()[this.at];
    if (point) cross(pen, plot, ink, point);
  }

  #read(index) {
    if (index === this.at) return;
    this.at = index;
    this.#paint();
    this.#tell();
  }

  #tell() {
    const point = this.#points()[this.at];
    this.readout.textContent = point ? this.say.point(point, this.told.series[0]) : "";
  }

  #hover(event) {
    if (!this.plot) return;
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    const at = this.plot.from + ((x - this.plot.left) / this.plot.width) * (this.plot.to - this.plot.from);
    this.#read(nearest(this.#points(), at));
  }

  #pick() {
    const point = this.#points()[this.at];
    if (point) this.dispatchEvent(new CustomEvent("pick", { detail: point }));
  }

  #key(event) {
    const last = this.#points().length - 1;
    if (last < 0) return;
    const here = this.at < 0 ? last : this.at;
    const page = Math.max(1, Math.round(last / 20));
    const moves = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last, PageUp: here - page, PageDown: here + page };
    if (event.key === "Enter" || event.key === " ") this.#pick();
    else if (event.key in moves) this.#read(Math.min(last, Math.max(0, this.at < 0 ? last : moves[event.key])));
    else return;
    event.preventDefault();
  }
}
