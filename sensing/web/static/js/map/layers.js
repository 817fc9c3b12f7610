// Which things are shown: by type, within domains; what a face shows at first, what somebody switched since, and how many there are of each.

import { FACES, OVERLAYS } from "./faces.js";

export class Layers extends EventTarget {
  // kinds: Map of type id to type (GET /api/types). Fires "change" when something was switched.
  constructor(face, kinds = new Map()) {
    super();
    this.kinds = kinds;
    this.turn(face);
  }

  // Takes on a face: its own types and overlays.
  turn(face) {
    this.face = face;
    this.off = new Set(); // types that were switched off, or on, against the face
    this.on = new Set();
    this.over = new Set(FACES[face].over);
    this.known = new Map();
  }

  restore({ off, on, over }) {
    this.off = new Set(off);
    this.on = new Set(on);
    if (over) this.over = new Set(over.filter((each) => OVERLAYS.includes(each)));
  }

  shown(thing) {
    if (thing.state === "retired") return false;
    if (this.off.has(thing.type)) return false;
    return this.on.has(thing.type) || this.usual(thing);
  }

  usual(thing) {
    if (thing.mover) return FACES[this.face].shows(thing, this.kinds.get(thing.type));
    let usual = this.known.get(thing.type);
    if (usual === undefined) this.known.set(thing.type, (usual = FACES[this.face].shows(thing, this.kinds.get(thing.type))));
    return usual;
  }

  set(type, wanted) {
    this.off.delete(type);
    this.on.delete(type);
    (wanted ? this.on : this.off).add(type);
    this.#tell();
  }

  setOver(name, wanted) {
    if (wanted) this.over.add(name);
    else this.over.delete(name);
    this.#tell();
  }

  setKinds(kinds) {
    this.kinds = kinds;
    this.known.clear();
    this.#tell();
  }

  // [{domain, total, bad, types: [{type, total, bad, on}]}] of what there is, in the usual order of domains. bad: in an event, or silent.
  counts(things) {
    const domains = new Map(["environment", "city", "industry", "safety", "people"].map((each) => [each, new Map()]));
    for (const thing of things.values()) {
      if (thing.state === "retired") continue;
      const types = domains.get(thing.domain);
      if (!types) continue;
      let row = types.get(thing.type);
      if (!row) types.set(thing.type, (row = { type: thing.type, total: 0, bad: 0, on: false }));
      row.total += 1;
      if (thing.severity >= 0) row.bad += 1;
      row.on ||= this.shown(thing);
    }
    return [...domains].filter(([, types]) => types.size).map(([domain, types]) => {
      const rows = [...types.values()].sort((one, two) => two.total - one.total);
      const sum = (name) => rows.reduce((all, row) => all + row[name], 0);
      return { domain, types: rows, total: sum("total"), bad: sum("bad"), on: rows.some((row) => row.on) };
    });
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
