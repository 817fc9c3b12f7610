// Where the map looks: Web Mercator, a centre and a zoom, and the way between degrees, world units and pixels.
//
// World units: the whole earth is a square of side 1, x to the east, y to the south. Pixels are CSS pixels of the map's element.
// A zoom of z shows the world 256 * 2^z pixels wide, as tiled maps have it, but z need not be whole.

const TILE = 256;
const MOST_LAT = 85.05112878;
const EARTH_M = 40075016.686;
export const LEAST_ZOOM = 4;
export const MOST_ZOOM = 18;

export function worldX(lon) {
  return lon / 360 + 0.5;
}

export function worldY(lat) {
  const sine = Math.sin((Math.max(-MOST_LAT, Math.min(MOST_LAT, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

export function lonOf(x) {
  return (x - 0.5) * 360;
}

export function latOf(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

export class View {
  // The centre in world units, the zoom, the element's size in pixels; `version` grows with every change.
  constructor(lon = 118, lat = 24.3, zoom = 9) {
    this.x = worldX(lon);
    this.y = worldY(lat);
    this.zoom = zoom;
    this.width = 1;
    this.height = 1;
    this.version = 0;
  }

  get scale() {
    return TILE * 2 ** this.zoom; // pixels of one world unit
  }

  get left() {
    return this.x - this.width / 2 / this.scale;
  }

  get top() {
    return this.y - this.height / 2 / this.scale;
  }

  get centre() {
    return { lon: lonOf(this.x), lat: latOf(this.y) };
  }

  get metresPerPixel() {
    return (EARTH_M * Math.cos((latOf(this.y) * Math.PI) / 180)) / this.scale;
  }

  // [west, south, east, north] in degrees, `pad` pixels beyond the edges.
  bounds(pad = 0) {
    const across = (this.width / 2 + pad) / this.scale;
    const down = (this.height / 2 + pad) / this.scale;
    return [lonOf(this.x - across), latOf(this.y + down), lonOf(this.x + across), latOf(this.y - down)];
  }

  pixel(lon, lat) {
    return [(worldX(lon) - this.left) * this.scale, (worldY(lat) - this.top) * this.scale];
  }

  place(px, py) {
    return { lon: lonOf(this.left + px / this.scale), lat: latOf(this.top + py / this.scale) };
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.version += 1;
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#settle();
  }

  // Zooms by `by` steps with the pixel (px, py) staying where it is; the middle without one.
  zoomBy(by, px = this.width / 2, py = this.height / 2) {
    this.zoomTo(this.zoom + by, px, py);
  }

  zoomTo(zoom, px = this.width / 2, py = this.height / 2) {
    const x = this.left + px / this.scale;
    const y = this.top + py / this.scale;
    this.zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom));
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
    this.#settle();
  }

  look(lon, lat, zoom = this.zoom) {
    this.x = worldX(lon);
    this.y = worldY(lat);
    this.zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom));
    this.#settle();
  }

  // Shows a box [west, south, east, north] whole, with room of `pad` pixels ({left, top, right, bottom} or a number) for panels.
  fit(box, pad = 24) {
    const room = typeof pad === "number" ? { left: pad, top: pad, right: pad, bottom: pad } : pad;
    const [x1, x2, y1, y2] = [worldX(box[0]), worldX(box[2]), worldY(box[3]), worldY(box[1])];
    const wide = Math.max(64, this.width - room.left - room.right);
    const high = Math.max(64, this.height - room.top - room.bottom);
    const scale = Math.min(wide / Math.max(1e-9, x2 - x1), high / Math.max(1e-9, y2 - y1));
    this.zoom = Math.max(LEAST_ZOOM, Math.min(15, Math.log2(scale / TILE)));
    this.x = (x1 + x2) / 2 + (room.right - room.left) / 2 / this.scale;
    this.y = (y1 + y2) / 2 + (room.bottom - room.top) / 2 / this.scale;
    this.#settle();
  }

  #settle() {
    this.x = Math.max(0, Math.min(1, this.x));
    this.y = Math.max(0.05, Math.min(0.95, this.y));
    this.version += 1;
  }
}
