// What stands on the map, in columns: places in world units, severity, state, heading; and the glide of ships between two reports.
//
// A ship is drawn between its last two reports and never beyond the newest one: nothing here is guessed forward.

import { worldX, worldY } from "./view.js";

export const STATES = ["online", "silent", "new", "retired"];
const GLIDE_LEAST = 120;
const GLIDE_MOST = 2000;

export class Marks {
  constructor() {
    this.slot = new Map(); // id -> index
    this.things = [];
    this.shown = () => true;
    this.carries = () => false; // whether a ship has dangerous goods on board
    this.#grow(1024);
  }

  get size() {
    return this.things.length;
  }

  #grow(room) {
    const old = this.room ? this : null;
    const keep = (Kind, name) => {
      const made = new Kind(room);
      if (old) made.set(old[name]);
      this[name] = made;
    };
    for (const name of ["x", "y", "fromX", "fromY", "toX", "toY", "lastX", "lastY", "begin", "lasts"]) keep(Float64Array, name);
    keep(Float32Array, "heading");
    for (const name of ["severity", "state", "mover", "seen", "goods"]) keep(Int8Array, name);
    this.room = room;
  }

  // Takes everything anew. things: Map id -> thing, as Live has them.
  reset(things) {
    this.slot.clear();
    this.things.length = 0;
    for (const thing of things.values()) this.put(thing, 0);
  }

  // Takes one thing as it is now; now: milliseconds of the page's clock, 0 for no glide. Returns "moved", "glides", "changed" or "same".
  put(thing, now) {
    if (!Number.isFinite(thing.lon) || !Number.isFinite(thing.lat)) return "same";
    let at = this.slot.get(thing.id);
    const fresh = at === undefined;
    if (fresh) at = this.#add(thing.id);
    const before = fresh ? -9 : this.severity[at] * 16 + this.state[at] * 2 + this.seen[at];
    this.things[at] = thing;
    this.severity[at] = Math.max(0, (thing.severity ?? -1) + 1);
    this.state[at] = Math.max(0, STATES.indexOf(thing.state));
    this.mover[at] = thing.mover ? 1 : 0;
    this.goods[at] = thing.mover && this.carries(thing) ? 1 : 0;
    this.heading[at] = Number.isFinite(thing.heading) ? thing.heading : Number.isFinite(thing.course) ? thing.course : -1;
    this.seen[at] = this.shown(thing) ? 1 : 0;
    const moved = this.#move(at, worldX(thing.lon), worldY(thing.lat), fresh ? 0 : now);
    if (before !== this.severity[at] * 16 + this.state[at] * 2 + this.seen[at]) return "changed";
    return moved ? (this.lasts[at] ? "glides" : "moved") : "same";
  }

  #add(id) {
    const at = this.things.length;
    if (at === this.room) this.#grow(this.room * 2);
    this.slot.set(id, at);
    this.x[at] = NaN;
    this.toX[at] = NaN;
    this.begin[at] = 0;
    this.lasts[at] = 0;
    return at;
  }

  #move(at, x, y, now) {
    if (x === this.toX[at] && y === this.toY[at]) return false;
    const rest = this.begin[at] ? now - this.begin[at] : GLIDE_MOST;
    this.fromX[at] = this.x[at];
    this.fromY[at] = this.y[at];
    this.toX[at] = x;
    this.toY[at] = y;
    this.begin[at] = now;
    this.lasts[at] = now && this.mover[at] ? Math.max(GLIDE_LEAST, Math.min(GLIDE_MOST, rest)) : 0;
    if (!this.lasts[at]) {
      this.x[at] = x;
      this.y[at] = y;
    }
    return true;
  }

  drop(id) {
    const at = this.slot.get(id);
    if (at !== undefined) this.seen[at] = 0;
  }

  // Says anew what is shown, after layers were switched.
  filter(shown) {
    this.shown = shown;
    for (let at = 0; at < this.things.length; at += 1) this.seen[at] = shown(this.things[at]) ? 1 : 0;
  }

  // Moves every ship to where it is now. going: whether any is still on its way; far: pixels that one went since `drawn`.
  glide(now, scale) {
    let going = false;
    let far = 0;
    for (let at = 0; at < this.things.length; at += 1) {
      if (!this.lasts[at]) continue;
      const part = Math.min(1, (now - this.begin[at]) / this.lasts[at]);
      this.x[at] = this.fromX[at] + (this.toX[at] - this.fromX[at]) * part;
      this.y[at] = this.fromY[at] + (this.toY[at] - this.fromY[at]) * part;
      far = Math.max(far, Math.abs(this.x[at] - this.lastX[at]), Math.abs(this.y[at] - this.lastY[at]));
      if (part < 1) going = true;
      else this.lasts[at] = 0;
    }
    return { going, far: far * scale };
  }

  // Remembers where everything was drawn.
  drawn() {
    this.lastX.set(this.x.subarray(0, this.things.length));
    this.lastY.set(this.y.subarray(0, this.things.length));
  }

  // Ids of what is shown within [west, south, east, north], the worst first, then from north-west; for the keyboard and for readers.
  byRank(box) {
    const found = [];
    for (let at = 0; at < this.things.length; at += 1) {
      const thing = this.things[at];
      if (!this.seen[at] || thing.lon < box[0] || thing.lon > box[2] || thing.lat < box[1] || thing.lat > box[3]) continue;
      found.push(at);
    }
    const rank = (at) => this.severity[at] * 4 + (this.state[at] === 1 ? 2 : 0) + (this.mover[at] ? 0 : 1);
    found.sort((one, two) => rank(two) - rank(one) || (this.things[one].id < this.things[two].id ? -1 : 1));
    return found.map((at) => this.things[at].id);
  }
}
