// Ports on the map: limits, fairways, anchorages and berths, from GET /api/places/harbours (GeoJSON, `kind` in each feature's properties).

import { alpha } from "./palette.js";
import { worldX, worldY } from "./view.js";

const BERTH_ZOOM = 11.5;
const LABEL_ZOOM = 12.8;
const LYING_KN = 0.8;
const ORDER = ["limits", "harbour", "anchorage", "fairway", "pilot", "berth"];

export class Harbours {
  constructor(told) {
    this.features = (told.features ?? []).map(read).filter(Boolean);
    this.features.sort((one, two) => ORDER.indexOf(one.kind) - ORDER.indexOf(two.kind));
    this.berths = this.features.filter((feature) => feature.kind === "berth");
    this.busy = new Map(); // berth id -> ship that lies there
  }

  // Takes berths as taken where a ship lies still within them; true when that changed.
  occupy(things) {
    const busy = new Map();
    for (const thing of things.values()) {
      if (!thing.mover || !(thing.speed === undefined || thing.speed === null || thing.speed < LYING_KN)) continue;
      const berth = this.berths.find((each) => within(each, thing.lon, thing.lat));
      if (berth) busy.set(berth.id, thing.id);
    }
    const same = busy.size === this.busy.size && [...busy.keys()].every((id) => this.busy.has(id));
    this.busy = busy;
    return !same;
  }

  // The berth at a place, or null.
  at(lon, lat) {
    return this.berths.find((each) => within(each, lon, lat)) ?? null;
  }

  box(id) {
    const found = this.features.filter((feature) => (id ? feature.harbour === id || feature.id === id : true));
    if (!found.length) return null;
    return [
      Math.min(...found.map((f) => f.box[0])), Math.min(...found.map((f) => f.box[1])),
      Math.max(...found.map((f) => f.box[2])), Math.max(...found.map((f) => f.box[3])),
    ];
  }

  // The still part: everything but which berths are taken. strong: on the port's own face.
  draw(pen, view, colours, strong) {
    for (const feature of this.features) {
      if (feature.kind === "berth" && view.zoom < BERTH_ZOOM) continue;
      if (!strong && view.zoom < 10 && feature.kind !== "limits" && feature.kind !== "harbour") continue;
      this.#one(pen, view, colours, feature, strong ? 1 : 0.6);
    }
  }

  #one(pen, view, colours, feature, strength) {
    const path = feature.path(view);
    pen.setLineDash([]);
    if (feature.kind === "fairway") {
      pen.strokeStyle = alpha(colours.fairway, 0.28 * strength);
      pen.lineWidth = Math.max(2, Math.min(60, feature.width / view.metresPerPixel));
      pen.lineCap = "round";
      pen.lineJoin = "round";
      pen.stroke(path);
      return;
    }
    if (feature.kind === "berth") {
      pen.fillStyle = alpha(colours.berth, 0.35);
      pen.fill(path);
      pen.strokeStyle = colours.berth;
      pen.lineWidth = 1.2;
      pen.stroke(path);
      return;
    }
    const anchorage = feature.kind === "anchorage";
    pen.strokeStyle = alpha(anchorage ? colours.anchorage : colours.harbour, 0.8 * strength);
    pen.lineWidth = 1.1;
    pen.setLineDash(anchorage ? [3, 4] : [9, 5]);
    pen.stroke(path);
    pen.setLineDash([]);
  }

  // The part that changes: berths with a ship, and names when there is room.
  drawBusy(pen, view, colours, labels, language) {
    if (view.zoom < BERTH_ZOOM) return;
    for (const berth of this.berths) {
      if (this.busy.get(berth.id)) {
        pen.fillStyle = colours.busy;
        pen.fill(berth.path(view));
      }
    }
    if (view.zoom < LABEL_ZOOM || !labels) return;
    for (const feature of this.features) {
      if ((feature.kind !== "berth" && feature.kind !== "anchorage") || this.busy.has(feature.id)) continue; // a ship's own name stands there
      const x = (feature.x - view.left) * view.scale;
      const y = (feature.y - view.top) * view.scale;
      if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
      labels.put(pen, feature.name[language] ?? feature.name.zh, x, y, 12, feature.kind === "berth" ? colours.berth : colours.anchorage, colours.halo);
    }
  }
}

function read(feature) {
  const about = feature.properties ?? {};
  const shape = feature.geometry;
  if (!shape) return null;
  const kind = about.kind ?? "harbour";
  const lines = { Polygon: () => shape.coordinates, LineString: () => [shape.coordinates], MultiLineString: () => shape.coordinates };
  const rings = lines[shape.type]?.();
  if (!rings) return null;
  const points = rings.flat();
  const lons = points.map((point) => point[0]);
  const lats = points.map((point) => point[1]);
  const box = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
  const world = rings.map((each) => each.map(([lon, lat]) => [worldX(lon), worldY(lat)]));
  const closed = shape.type === "Polygon";
  return {
    id: about.id ?? feature.id ?? "", harbour: about.port ?? about.id ?? feature.id ?? "", kind, box, width: about.width_m ?? 300,
    name: { zh: about.name?.zh ?? about.name_zh ?? "", en: about.name?.en ?? about.name_en ?? "" }, goods: about.goods ?? [], port: about.port ?? "",
    x: worldX((box[0] + box[2]) / 2), y: worldY((box[1] + box[3]) / 2),
    rings, path: (view) => trace(world, closed, view),
  };
}

function within(feature, lon, lat) {
  const [west, south, east, north] = feature.box;
  if (!(lon >= west && lon <= east && lat >= south && lat <= north)) return false;
  let inside = false;
  const ring = feature.rings[0];
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
    const [[x1, y1], [x2, y2]] = [ring[at], ring[before]];
    if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
  }
  return inside;
}

function trace(rings, closed, view) {
  const path = new Path2D();
  for (const each of rings) {
    each.forEach(([x, y], at) => path[at ? "lineTo" : "moveTo"]((x - view.left) * view.scale, (y - view.top) * view.scale));
    if (closed) path.closePath();
  }
  return path;
}
