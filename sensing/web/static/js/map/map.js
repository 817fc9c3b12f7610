// The city on a canvas: still ground, what stands, what sails, what lies over it; hands and keys on it. It shows what Live has and nothing else.
//
//   const map = new CityMap(element, live, {shown, carries, labelOf, size});
//   map.show(id); map.fit([w, s, e, n]); map.select(id | null); map.filter(shown); map.overlays.under.push((pen, view, colours) => ...)
//   events: "select" {detail: id | null}, "hover" {detail: {id, x, y} | null}, "tap" {detail: {lon, lat}} where nothing stands, "moved" (the view came to rest), "drawn" (the first picture)

import { drawFixed, drawMovers } from "./draw.js";
import { degrees, graticule, scaleBar } from "./furniture.js";
import { gestures, still } from "./gestures.js";
import { Labels } from "./labels.js";
import { Marks } from "./marks.js";
import { onTheme, palette } from "./palette.js";
import { Picker } from "./pick.js";
import { Sheet } from "./sheet.js";
import { View } from "./view.js";

const LABEL_ZOOM = 12.2;
const REST_MS = 250;
const VISIBLE_PX = 0.3; // ships that went less than this since they were drawn need not be drawn again

export class CityMap extends EventTarget {
  constructor(element, live, { shown = () => true, carries = () => false, labelOf = (thing) => thing.name, size = 1 } = {}) {
    super();
    Object.assign(this, { element, live, labelOf, size });
    this.view = new View();
    this.marks = new Marks();
    this.marks.shown = shown;
    this.marks.carries = carries;
    this.picker = new Picker(this.marks);
    this.labels = new Labels();
    this.overlays = { under: [], fixed: [], over: [] }; // under the marks, over those that stand, over all: (pen, view, colours, labels) => void
    this.notice = "";
    this.selected = null;
    this.pen = canvas(element);
    this.ground = new Sheet(160);
    this.still = new Sheet(140, () => this.redraw("moving")); // ground and what stands on it
    this.still.parts.push((pen, view, colours, dpr) => this.#drawStill(pen, view, colours, dpr));
    this.colours = palette();
    this.dirty = new Set();
    this.frames = 0;
    this.#listen();
    this.#resize();
    this.#snapshot();
  }

  #listen() {
    new ResizeObserver(() => this.#resize()).observe(this.element);
    onTheme(() => {
      this.colours = palette();
      this.ground.stale = true;
      this.redraw();
    });
    gestures(this.element, this.view, {
      moved: () => this.#moved(),
      tap: (x, y) => this.#tap(x, y),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#tell("hover", null),
      key: (name) => this.#key(name),
    });
    this.live.addEventListener("snapshot", () => this.#snapshot());
    this.live.addEventListener("batch", (event) => this.#batch(event.detail));
  }

  #snapshot() {
    this.marks.reset(this.live.things);
    this.picker.stale = true;
    this.redraw();
  }

  #batch({ things }) {
    const now = still() ? 0 : performance.now();
    let fixed = false;
    let moving = false;
    let gliding = false;
    for (const id of things ?? []) {
      const thing = this.live.things.get(id);
      if (!thing) {
        this.marks.drop(id);
        fixed = moving = true;
        continue;
      }
      const what = this.marks.put(thing, now);
      if (what === "glides") gliding = true;
      else if (thing.mover) moving ||= what !== "same";
      else fixed ||= what !== "same" || this.view.zoom >= LABEL_ZOOM;
    }
    this.picker.stale = true;
    if (fixed) this.redraw("fixed");
    if (moving) this.redraw("moving");
    if (gliding) this.#later();
  }

  // Draws before the next frame: "fixed" what does not move by itself, "moving" the rest; both without a word.
  redraw(...layers) {
    for (const layer of layers.length ? layers : ["fixed", "moving"]) this.dirty.add(layer);
    this.#later();
  }

  #later() {
    this.frame ??= requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.frame = null;
    const dirty = this.dirty;
    this.dirty = new Set();
    const glide = this.marks.glide(now, this.view.scale);
    if (dirty.has("fixed")) this.still.stale = true;
    if (dirty.size || glide.far > VISIBLE_PX) this.#drawMoving();
    this.frames += 1;
    if (glide.going) this.#later();
    if (this.frames === 1) this.#tell("drawn", null);
  }

  #drawStill(pen, view, colours, dpr) {
    const { marks, size, labels } = this;
    this.ground.put(pen, view, colours, dpr);
    graticule(pen, view, colours);
    labels.begin(pen, size);
    for (const part of this.overlays.under) part(pen, view, colours, labels);
    drawFixed(pen, marks, view, colours, size);
    for (const part of this.overlays.fixed) part(pen, view, colours, labels);
    if (view.zoom >= LABEL_ZOOM) this.#write(pen, view, false);
  }

  #drawMoving() {
    const { pen, marks, view, colours, size } = this;
    marks.drawn();
    this.still.put(pen, view, colours, this.dpr);
    degrees(pen, view, colours, this.still.view.width, this.notice);
    scaleBar(pen, view, colours, this.notice);
    drawMovers(pen, marks, view, colours, size);
    this.labels.begin(pen, size);
    for (const part of this.overlays.over) part(pen, view, colours, this.labels);
    const at = this.selected === null ? undefined : marks.slot.get(this.selected);
    if (at !== undefined && marks.seen[at]) this.#ring(pen, at);
    if (view.zoom >= LABEL_ZOOM + 0.6) this.#write(pen, view, true);
  }

  #ring(pen, at) {
    const [x, y] = this.pixel(at);
    for (const [colour, width] of [[this.colours.halo, 5], [this.colours.accent, 2.4]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width * this.size;
      pen.beginPath();
      pen.arc(x, y, 14 * this.size, 0, 6.2832);
      pen.stroke();
    }
    this.labels.put(pen, this.labelOf(this.marks.things[at]), x, y, 17 * this.size, this.colours.ink, this.colours.halo, true);
  }

  #write(pen, view, movers) {
    const { marks, colours } = this;
    const found = [];
    for (let at = 0; at < marks.size; at += 1) {
      if (!marks.seen[at] || Boolean(marks.mover[at]) !== movers) continue;
      const [x, y] = this.pixel(at, view);
      if (x > 0 && y > 0 && x < view.width && y < view.height) found.push([marks.severity[at], at, x, y]);
    }
    for (const [, , x, y] of found) this.labels.block(x, y, 7 * this.size);
    found.sort((one, two) => two[0] - one[0]);
    for (const [, at, x, y] of found.slice(0, 220))
      if (marks.things[at].id !== this.selected) this.labels.put(pen, this.labelOf(marks.things[at]), x, y, 9 * this.size, colours.ink, colours.halo);
  }

  // Where a mark is drawn, in pixels.
  pixel(at, view = this.view) {
    return [(this.marks.x[at] - view.left) * view.scale, (this.marks.y[at] - view.top) * view.scale];
  }

  filter(shown) {
    this.marks.filter(shown);
    this.picker.stale = true;
    this.redraw("fixed", "moving");
  }

  fit(box, pad) {
    this.view.fit(box, pad);
    this.#moved();
  }

  look(lon, lat, zoom) {
    this.view.look(lon, lat, zoom);
    this.#moved();
  }

  // Selects and brings into view.
  show(id, zoom = Math.max(this.view.zoom, 12)) {
    const thing = this.live.things.get(id);
    if (thing && Number.isFinite(thing.lon)) this.look(thing.lon, thing.lat, zoom);
    this.select(id);
  }

  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.redraw("fixed", "moving");
    this.#tell("select", id);
  }

  zoom(by) {
    this.view.zoomBy(by);
    this.#moved();
  }

  #moved() {
    this.picker.stale = true;
    this.redraw("moving");
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#tell("moved", null), REST_MS);
  }

  #tap(x, y) {
    const at = this.picker.at(this.view, x, y, matchMedia("(pointer: coarse)").matches ? 24 : 14);
    if (at < 0) this.#tell("tap", this.view.place(x, y));
    this.select(at < 0 ? null : this.marks.things[at].id);
  }

  #hover(x, y) {
    const at = this.picker.at(this.view, x, y, 10);
    this.element.classList.toggle("over", at >= 0);
    this.#tell("hover", at < 0 ? null : { id: this.marks.things[at].id, x, y });
  }

  // n and p go through what is in view by severity, Escape lets go.
  #key(name) {
    if (name === "Escape" && this.selected !== null) this.select(null);
    else if (name === "n" || name === "p") this.step(name === "n" ? 1 : -1);
    else return false;
    return true;
  }

  step(by) {
    const ids = this.marks.byRank(this.view.bounds());
    if (!ids.length) return;
    const at = ids.indexOf(this.selected);
    this.select(ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]);
  }

  #resize() {
    const { width, height } = this.element.getBoundingClientRect();
    if (!width || !height) return;
    this.dpr = Math.min(3, window.devicePixelRatio || 1);
    this.view.resize(Math.round(width), Math.round(height));
    this.pen.canvas.width = Math.round(this.view.width * this.dpr);
    this.pen.canvas.height = Math.round(this.view.height * this.dpr);
    this.pen.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
    this.#moved();
    this.#tell("resized", null);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function canvas(element) {
  const made = document.createElement("canvas");
  made.setAttribute("aria-hidden", "true");
  element.append(made);
  return made.getContext("2d", { alpha: false });
}
