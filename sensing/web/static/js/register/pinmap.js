// The coast with one pin: where the device is to stand. Tap or drag the map, or steer by keys; Enter puts the pin into the middle.

import { el } from "../dom.js";
import { t } from "../words.js";
import { Coast } from "../map/coast.js";
import { gestures } from "../map/gestures.js";
import { onTheme, palette } from "../map/palette.js";
import { View } from "../map/view.js";
import { inMine } from "../panels/telling.js";

const CLOSE = 12;
let coast = null;

/** The coast, asked for once; null where none is to be had (the map is a grid then). */
function shore() {
  coast ||= fetch("/api/places/coast", { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((told) => (told ? new Coast(told) : null))
    .catch(() => { coast = null; return null; });
  return coast;
}

export class PinMap extends EventTarget {
  /** Fires "pin" {detail: {lon, lat}} when a person moves the pin. */
  constructor(element) {
    super();
    this.canvas = el("canvas", { class: "pinmap-canvas", tabindex: "0", role: "application", "aria-label": t("register.map_label") });
    element.append(this.canvas);
    this.view = new View();
    this.pin = null;
    this.accuracy = 0;
    this.near = [];
    this.coast = null;
    this.colours = palette();
    this.drawn = 0;
    gestures(this.canvas, this.view, {
      moved: () => this.draw(),
      tap: (x, y) => this.#put(this.view.place(x, y)),
      hover: () => {},
      leave: () => {},
      key: (name) => (name === "Enter" || name === " " ? (this.#put(this.view.centre), true) : false),
    });
    onTheme(() => { this.colours = palette(); this.draw(); });
    this.watching = new ResizeObserver(() => this.#fit());
    this.watching.observe(this.canvas);
    shore().then((found) => { this.coast = found; this.draw(); });
  }

  /** Show a place without saying that a person put it there. */
  show(lon, lat, accuracy = 0) {
    const first = !this.pin;
    this.pin = { lon, lat };
    this.accuracy = accuracy;
    if (first || !this.#seen()) this.view.look(lon, lat, Math.max(this.view.zoom, first ? CLOSE : this.view.zoom));
    this.draw();
  }

  /** Devices that stand around: [{id, lon, lat}]. */
  neighbours(found) {
    this.near = found;
    this.draw();
  }

  close() { this.watching.disconnect(); }

  #put(place) {
    this.pin = { lon: round(place.lon), lat: round(place.lat) };
    this.accuracy = 0;
    this.draw();
    this.dispatchEvent(new CustomEvent("pin", { detail: this.pin }));
  }

  #seen() {
    const [x, y] = this.view.pixel(this.pin.lon, this.pin.lat);
    return x > 20 && y > 20 && x < this.view.width - 20 && y < this.view.height - 20;
  }

  #fit() {
    const box = this.canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    this.view.resize(box.width, box.height);
    this.draw();
  }

  draw() {
    if (this.drawn) return;
    this.drawn = requestAnimationFrame(() => { this.drawn = 0; this.#paint(); });
  }

  #paint() {
    const pen = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.coast) this.coast.draw(pen, this.view, this.colours);
    else { pen.fillStyle = this.colours.water; pen.fillRect(0, 0, this.view.width, this.view.height); }
    this.written = [];
    for (const each of this.near) this.#dot(pen, each);
    if (this.pin) this.#needle(pen);
    this.#scale(pen);
  }

  #dot(pen, each) {
    const [x, y] = this.view.pixel(each.lon, each.lat);
    pen.beginPath();
    pen.arc(x, y, 4, 0, 2 * Math.PI);
    pen.fillStyle = this.colours.none;
    pen.fill();
    if (this.view.zoom < 12) return;
    const name = inMine(each.name) || each.id;
    pen.font = '11px "Noto Sans CJK SC", system-ui, sans-serif';
    const box = [x + 7, y - 7, x + 7 + pen.measureText(name).width, y + 7];
    if (this.written.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return; // one name where many stand
    this.written.push(box);
    pen.fillStyle = this.colours.ink;
    pen.fillText(name, x + 7, y + 4);
  }

  #needle(pen) {
    const [x, y] = this.view.pixel(this.pin.lon, this.pin.lat);
    if (this.accuracy) {
      pen.beginPath();
      pen.arc(x, y, Math.max(6, this.accuracy / this.view.metresPerPixel), 0, 2 * Math.PI);
      pen.fillStyle = `color-mix(in srgb, ${this.colours.accent} 18%, transparent)`;
      pen.fill();
      pen.strokeStyle = this.colours.accent;
      pen.lineWidth = 1;
      pen.stroke();
    }
    pen.beginPath();
    pen.moveTo(x, y);
    pen.bezierCurveTo(x - 4, y - 12, x - 11, y - 16, x - 11, y - 24);
    pen.arc(x, y - 24, 11, Math.PI, 0);
    pen.bezierCurveTo(x + 11, y - 16, x + 4, y - 12, x, y);
    pen.fillStyle = this.colours.accent;
    pen.fill();
    pen.strokeStyle = this.colours.halo;
    pen.lineWidth = 2;
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y - 24, 4, 0, 2 * Math.PI);
    pen.fillStyle = this.colours.halo;
    pen.fill();
  }

  #scale(pen) {
    const metres = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000].find((each) => each / this.view.metresPerPixel > 60) || 100000;
    const wide = metres / this.view.metresPerPixel;
    const y = this.view.height - 10;
    pen.strokeStyle = this.colours.ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(10, y - 4);
    pen.lineTo(10, y);
    pen.lineTo(10 + wide, y);
    pen.lineTo(10 + wide, y - 4);
    pen.stroke();
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = this.colours.ink;
    pen.fillText(metres < 1000 ? `${metres} m` : `${metres / 1000} km`, 14, y - 5);
  }
}

const round = (degrees) => Math.round(degrees * 1e6) / 1e6;
