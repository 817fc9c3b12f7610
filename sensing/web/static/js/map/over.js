// What lies over and under the marks: rain as a disc, a level beside its warning and guarantee level, and what lies downwind of a berth.

import { alpha } from "./palette.js";
import { worldX, worldY } from "./view.js";

const LEVEL_ZOOM = 8.9;
const RAIN = ["rainfall|sum/PT1H", "rainfall|sum/PT30M", "rainfall|sum/PT10M", "rainfall|sum/PT5M"];
const HOURLY = { "sum/PT1H": 1, "sum/PT30M": 2, "sum/PT10M": 6, "sum/PT5M": 12 };
const FRESH_MS = 2 * 3600e3;
const MOST_MM_H = 200;

// mm an hour, of the longest sum that is fresh; null where it does not rain.
export function rainRate(thing, clock) {
  for (const key of RAIN) {
    const told = thing.values?.[key];
    if (!told || !(told.value > 0) || told.quality > 2 || clock - told.time > FRESH_MS) continue;
    return Math.min(MOST_MM_H, told.value * HOURLY[key.split("|")[1]]);
  }
  return null;
}

export function drawRain(pen, marks, view, colours, clock) {
  const path = new Path2D();
  const heavy = new Path2D();
  const grown = Math.max(0.5, Math.min(1.6, (view.zoom - 7) / 3));
  for (let at = 0; at < marks.size; at += 1) {
    if (!marks.seen[at]) continue;
    const rate = rainRate(marks.things[at], clock);
    if (rate === null || rate < 0.2) continue;
    const [x, y] = [(marks.x[at] - view.left) * view.scale, (marks.y[at] - view.top) * view.scale];
    if (x < -50 || y < -50 || x > view.width + 50 || y > view.height + 50) continue;
    const r = (3 + 3.4 * Math.sqrt(rate)) * grown;
    for (const each of rate >= 16 ? [path, heavy] : [path]) {
      each.moveTo(x + r, y);
      each.arc(x, y, r, 0, 6.2832);
    }
  }
  pen.fillStyle = alpha(colours.rain, 0.16);
  pen.fill(path);
  pen.strokeStyle = alpha(colours.rain, 0.55);
  pen.lineWidth = 1;
  pen.stroke(path);
  pen.fillStyle = alpha(colours.rain, 0.22);
  pen.fill(heavy);
}

// levels: Map of id to {watch, warning, danger} of water_level, metres. The bar ends at the highest level; lines stand at each.
export function drawLevels(pen, marks, view, colours, levels, size = 1) {
  if (view.zoom < LEVEL_ZOOM) return;
  const [wide, high] = [5 * size, 24 * size];
  for (const [id, rule] of levels) {
    const at = marks.slot.get(id);
    if (at === undefined || !marks.seen[at]) continue;
    const value = marks.things[at].values?.water_level?.value;
    const steps = ["watch", "warning", "danger"].filter((name) => typeof rule[name] === "number");
    if (typeof value !== "number" || !steps.length) continue;
    const [x, y] = [(marks.x[at] - view.left) * view.scale + 9 * size, (marks.y[at] - view.top) * view.scale + 6 * size];
    if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 40) continue;
    const top = Math.max(...steps.map((name) => rule[name]));
    const low = Math.min(...steps.map((name) => rule[name])) - Math.max(1, top - Math.min(...steps.map((name) => rule[name]))) * 2;
    const part = (number) => Math.max(0, Math.min(1.12, (number - low) / (top - low)));
    const worst = steps.filter((name) => value >= rule[name]).at(-1);
    pen.fillStyle = alpha(colours.halo, 0.75);
    pen.fillRect(x - 1, y - high * 1.12 - 1, wide + 2, high * 1.12 + 2);
    pen.fillStyle = worst ? colours[worst] : colours.none;
    pen.fillRect(x, y - high * part(value), wide, high * part(value));
    for (const name of steps) {
      pen.fillStyle = colours[name];
      pen.fillRect(x - 2, y - high * part(rule[name]) - 0.75, wide + 4, 1.5);
    }
  }
}

// A GeoJSON polygon (or a collection of them) of what lies downwind, as GET /api/berths/{id}/downwind gives it.
export function drawPlume(pen, view, colours, told) {
  for (const rings of polygons(told)) {
    pen.beginPath();
    for (const ring of rings) {
      ring.forEach(([lon, lat], at) => pen[at ? "lineTo" : "moveTo"]((worldX(lon) - view.left) * view.scale, (worldY(lat) - view.top) * view.scale));
      pen.closePath();
    }
    pen.fillStyle = alpha(colours.plume, 0.2);
    pen.fill("evenodd");
    pen.strokeStyle = alpha(colours.plume, 0.85);
    pen.lineWidth = 1.4;
    pen.setLineDash([6, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }
}

function polygons(told) {
  if (!told) return [];
  if (told.type === "FeatureCollection") return told.features.flatMap(polygons);
  if (told.type === "Feature") return polygons(told.geometry);
  if (told.type === "Polygon") return [told.coordinates];
  return told.type === "MultiPolygon" ? told.coordinates : polygons(told.sector ?? told.geometry ?? told.polygon);
}
