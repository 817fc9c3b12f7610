// What the map shows beside things: coast, harbours, the storm, rain, levels, who is downwind. Fetched once, drawn when their layer is on.

import { api } from "../api.js";
import { throttled } from "../dom.js";
import { clock } from "../format.js";
import { both, language } from "../words.js";
import { Coast } from "./coast.js";
import { Harbours } from "./harbours.js";
import { drawLevels, drawPlume, drawRain } from "./over.js";
import { Track } from "./track.js";
import { worldX, worldY } from "./view.js";

const BUSY_MS = 1000;
const STEP_PX = 0.4;

export class Scene extends EventTarget {
  // map: CityMap; live: Live; layers: Layers. Fires "track" when a storm was found.
  constructor(map, live, layers) {
    super();
    Object.assign(this, { map, live, layers, coast: null, harbours: null, track: null, levels: new Map(), plume: null, way: null });
    this.instant = null; // where the timeline stands; the storm does not wait for the data of then
    map.ground.parts.push((pen, view, colours) => this.#ground(pen, view, colours));
    map.overlays.under.push((pen, view, colours, labels) => this.#under(pen, view, colours, labels));
    map.overlays.fixed.push((pen, view, colours) => layers.over.has("levels") && drawLevels(pen, map.marks, view, colours, this.levels, map.size));
    map.overlays.over.push((pen, view, colours) => this.#over(pen, view, colours));
    live.addEventListener("batch", () => this.#storm());
    live.addEventListener("snapshot", () => this.#storm());
    layers.addEventListener("change", () => this.#switched());
    const berths = throttled(() => this.#berths(), BUSY_MS);
    live.addEventListener("batch", berths);
    live.addEventListener("snapshot", berths);
  }

  // Asks for what lies still. coast: a promise of it that may have been asked for before.
  async load(coast = api.get("/api/places/coast")) {
    const take = async (wanted, put) => {
      try {
        put(await wanted);
        this.map.ground.stale = true;
        this.map.redraw();
      } catch (error) {
        this.failed = error; // a map without it is still a map
      }
    };
    await Promise.all([
      take(coast, (told) => {
        this.coast = new Coast(told);
        this.map.notice = both(told.notice);
      }),
      take(api.get("/api/places/harbours"), (told) => (this.harbours = new Harbours(told))),
      this.loadTrack(),
    ]);
  }

  async loadTrack() {
    const told = await api.get("/api/places/track", { run: this.live.run || undefined }).catch(() => null);
    this.track = told?.points?.length ? new Track(told) : null;
    this.map.redraw("fixed");
    this.dispatchEvent(new CustomEvent("track"));
  }

  // Warning levels of what measures water: {watch, warning, danger} by id. types: Map of id to type.
  async loadLevels(types) {
    const wet = new Set([...this.live.things.values()].map((thing) => thing.type).filter((type) => types.get(type)?.properties?.includes("water_level")));
    for (const type of wet) {
      for await (const device of api.items("/api/devices", { type, limit: 1000 })) {
        const rule = (device.settings?.thresholds ?? types.get(type)?.settings?.thresholds)?.water_level;
        if (rule) this.levels.set(device.id, rule);
      }
    }
    this.map.redraw("fixed");
  }

  get clock() {
    return this.instant ?? this.live.clock;
  }

  // Stands at an instant, null is live.
  at(instant) {
    this.instant = instant;
    this.map.redraw("fixed");
  }

  language() {
    if (this.coast) this.map.notice = both(this.coast.notice);
    this.map.ground.stale = true;
    this.map.redraw();
  }

  // What is downwind of a berth, as GET /api/berths/{id}/downwind tells it; null for none.
  setPlume(told) {
    this.plume = told?.sector ?? null;
    this.map.redraw("fixed");
  }

  // A ship's way: [[lon, lat, ms]] or null.
  setWay(way) {
    this.way = way;
    this.map.redraw("moving");
  }

  get strong() {
    return this.layers.face === "port" || this.layers.face === "safety";
  }

  #ground(pen, view, colours) {
    this.coast?.draw(pen, view, colours);
    if (this.layers.over.has("harbours")) this.harbours?.draw(pen, view, colours, this.strong);
  }

  #under(pen, view, colours, labels) {
    const { over } = this.layers;
    if (over.has("harbours")) this.harbours?.drawBusy(pen, view, colours, labels, language());
    if (over.has("rain")) drawRain(pen, this.map.marks, view, colours, this.clock);
    if (over.has("plume")) drawPlume(pen, view, colours, this.plume);
    if (over.has("storm")) this.track?.draw(pen, view, colours, this.clock, { labels, ink: colours.ink, size: this.map.size, name: both(this.track.name), clockText: (at) => clock(at, { seconds: false }) });
  }

  #over(pen, view, colours) {
    if (this.way?.length > 1) {
      pen.beginPath();
      this.way.forEach(([lon, lat], at) => pen[at ? "lineTo" : "moveTo"]((worldX(lon) - view.left) * view.scale, (worldY(lat) - view.top) * view.scale));
      pen.strokeStyle = colours.busy;
      pen.lineWidth = 1.8;
      pen.lineJoin = "round";
      pen.stroke();
    }
  }

  // Which berths a ship lies at, as the map shows them now: on it, and not under way.
  #berths() {
    if (this.harbours?.occupy(this.live.things)) this.map.redraw("fixed");
  }

  // The storm moves with the run's clock: drawn anew when that is to be seen.
  #storm() {
    const { map, live, layers } = this;
    const now = layers.over.has("storm") ? this.track?.at(this.clock) : null;
    const place = now ? [now.x * map.view.scale, now.y * map.view.scale] : null;
    const far = !place !== !this.last || (place && Math.hypot(place[0] - this.last[0], place[1] - this.last[1]) > STEP_PX);
    const rained = layers.over.has("rain") && Math.abs(live.clock - (this.rained ?? 0)) > 60_000;
    if (!far && !rained) return;
    this.last = place;
    this.rained = live.clock;
    map.redraw("fixed");
  }

  #switched() {
    this.map.ground.stale = true;
    this.map.filter((thing) => this.layers.shown(thing));
    this.map.redraw();
  }
}
