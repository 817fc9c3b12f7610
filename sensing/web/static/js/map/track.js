// A storm on the map: where it came from, where it is, how far its winds reach, and where its script takes it.
//
// GET /api/places/track gives {storm, name, simulated, points: [{time, lon, lat, wind, pressure, r7, r10, r12}]}: time in ms, wind m/s, radii km.

import { alpha } from "./palette.js";
import { worldX, worldY } from "./view.js";

const EARTH_KM = 40075.017;
const RINGS = [["r7", 0.045], ["r10", 0.07], ["r12", 0.12]]; // how much of its colour each disc has, over the one around it
const HOUR = 3600e3;
const LABEL_FROM = 900; // pixels of a sheet; on a phone the card says it

export class Track {
  constructor(told) {
    this.name = told.name;
    this.points = told.points.map((point) => ({ ...point, x: worldX(point.lon), y: worldY(point.lat) }));
    this.begin = this.points[0].time;
    this.end = this.points.at(-1).time;
  }

  // The storm at an instant, or null before its first and after its last point.
  at(time) {
    if (!(time >= this.begin && time <= this.end)) return null;
    let high = this.points.findIndex((point) => point.time > time);
    if (high < 0) high = this.points.length - 1;
    const [one, two] = [this.points[high - 1], this.points[high]];
    const part = Math.max(0, Math.min(1, (time - one.time) / (two.time - one.time)));
    const mix = (name) => one[name] + (two[name] - one[name]) * part;
    const found = { index: high, time };
    for (const name of ["x", "y", "lon", "lat", "wind", "pressure", "r7", "r10", "r12"]) found[name] = mix(name);
    return found;
  }

  draw(pen, view, colours, clock, { labels, ink, name, size = 1, clockText }) {
    const now = this.at(clock);
    const px = (point) => [(point.x - view.left) * view.scale, (point.y - view.top) * view.scale];
    const past = this.points.filter((point) => point.time <= clock);
    const coming = this.points.filter((point) => point.time > clock);
    const here = now ? [now] : [];
    this.#cone(pen, view, colours, [...here, ...coming.filter((point) => point.time <= clock + 24 * HOUR)]);
    if (now) this.#rings(pen, view, colours, now, px(now));
    line(pen, [...past, ...here].map(px), colours.storm, 2.4 * size, []);
    line(pen, [...here, ...coming].map(px), colours.storm, 1.8 * size, [7 * size, 6 * size]);
    this.#dots(pen, [...past, ...coming], px, colours, clock, size);
    if (now) eye(pen, ...px(now), colours, 11 * size);
    if (now && labels && view.width > LABEL_FROM) labels.put(pen, name, ...px(now), 16 * size, ink, colours.halo, true);
    if (labels && clockText)
      for (const point of coming)
        if (point.time % (6 * HOUR) === 0) labels.put(pen, clockText(point.time), ...px(point), 6 * size, colours.storm, colours.halo);
  }

  // Where winds of force 10 will have been within a day, as one shape.
  #cone(pen, view, colours, points) {
    const path = new Path2D();
    for (const point of points) {
      const r = this.#pixels(view, point, point.r10);
      if (r < 1) continue;
      const [x, y] = [(point.x - view.left) * view.scale, (point.y - view.top) * view.scale];
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 6.2832);
    }
    pen.fillStyle = alpha(colours.storm, 0.045);
    pen.fill(path);
  }

  #rings(pen, view, colours, now, [x, y]) {
    for (const [name, part] of RINGS) {
      const r = this.#pixels(view, now, now[name]);
      if (r < 2) continue;
      pen.beginPath();
      pen.arc(x, y, r, 0, 6.2832);
      pen.fillStyle = alpha(colours.wind, part);
      pen.fill();
      pen.strokeStyle = alpha(colours.wind, 0.75);
      pen.lineWidth = 1.2;
      pen.setLineDash(name === "r7" ? [6, 5] : []);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  #pixels(view, point, km) {
    return ((km || 0) / (EARTH_KM * Math.cos((point.lat * Math.PI) / 180))) * view.scale;
  }

  #dots(pen, points, px, colours, clock, size) {
    for (const point of points) {
      if (point.time % (6 * HOUR)) continue;
      const [x, y] = px(point);
      pen.beginPath();
      pen.arc(x, y, 3.2 * size, 0, 6.2832);
      pen.fillStyle = point.time <= clock ? colours.storm : colours.halo;
      pen.fill();
      pen.strokeStyle = colours.storm;
      pen.lineWidth = 1.5;
      pen.stroke();
    }
  }
}

function line(pen, points, colour, width, dash) {
  if (points.length < 2) return;
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points.slice(1)) pen.lineTo(...point);
  pen.setLineDash(dash);
  pen.lineCap = "round";
  pen.lineJoin = "round";
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
}

// The sign of a typhoon in the northern hemisphere: an eye and two arms, turning to the left.
function eye(pen, x, y, colours, r) {
  pen.save();
  pen.translate(x, y);
  for (const [colour, width] of [[colours.halo, r * 0.85], [colours.storm, r * 0.42]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.lineCap = "round";
    pen.beginPath();
    pen.arc(0, 0, r * 0.55, 0, 6.2832);
    for (const turn of [0, Math.PI]) {
      const at = (angle, far) => [Math.cos(turn + angle) * r * far, Math.sin(turn + angle) * r * far];
      pen.moveTo(...at(-0.1, 0.55));
      pen.quadraticCurveTo(...at(-0.5, 1.25), ...at(-1.2, 1.5));
    }
    pen.stroke();
  }
  pen.restore();
}
