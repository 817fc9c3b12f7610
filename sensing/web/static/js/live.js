// The city as it is (docs/live.md): things, events and figures, kept up to date by the feed, or as it was at an instant of the past.
// Knows nothing of the page: it is an EventTarget. Fires "snapshot" (all anew), "batch" {things: Set, events: Set, joined (whether incidents changed), at}, "state", "drill".

import { api, query } from "./api.js";
import { Line, newer } from "./live/line.js";
import { Stretch } from "./live/stretch.js";

const HIDDEN_MS = 5_000; // how long a tab may be hidden before it leaves the stream

export class Live extends EventTarget {
  #params = {};
  #line = null;
  #stretch = null;
  #within = false; // what is shown was played from the stretch
  #cursor = null;
  #turn = 0;
  #started = false;
  #offset = 0; // our clock less the server's, ms
  #heard = 0;
  #played = null;
  #hiding = 0;

  /** run: "" is live and the demo. bbox: [w, s, e, n] or null. types, domains: arrays; empty is all. */
  constructor(filter = {}) {
    super();
    this.filter = {};
    this.things = new Map();
    this.events = new Map();
    this.incidents = new Map();
    this.kpi = null;
    this.drill = null;
    this.run = "";
    this.lag = null;
    this.state = "snapshot";
    this.#clock = 0;
    this.#setFilter(filter);
  }

  #clock;

  /** What time it is in the run that is shown, ms: the instant while playing back. */
  get clock() {
    const goesOn = !this.run && this.#played === null && this.#clock;
    return goesOn ? Date.now() - this.#offset : this.#clock;
  }

  /** Take a snapshot and follow. Resolves when the snapshot is there. */
  start() {
    if (!this.#started) {
      this.#started = true;
      document.addEventListener("visibilitychange", this.#seen);
      addEventListener("online", this.#again);
      addEventListener("offline", this.#lost);
      addEventListener("pagehide", this.#leave);
      addEventListener("pageshow", this.#seen);
    }
    return this.#begin();
  }

  /** Leave the stream; what is shown stays. */
  stop() {
    this.#started = false;
    this.#turn++;
    this.#close();
    clearTimeout(this.#hiding);
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("online", this.#again);
    removeEventListener("offline", this.#lost);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("pageshow", this.#seen);
  }

  /** Another choice of run, bbox, types or domains; what is not named stays. */
  async setFilter(filter) {
    this.#setFilter(filter);
    this.#stretch = null;
    if (this.#played !== null) await this.at(this.#played);
    else if (this.#started) await this.#begin();
  }

  #setFilter(filter) {
    this.filter = { run: "", bbox: null, types: [], domains: [], ...this.filter, ...filter };
    const { run, bbox, types, domains } = this.filter;
    this.#params = { run, bbox, type: types, domain: domains };
  }

  /** The city at an instant (ms, Date or RFC 3339); null is live again. */
  async at(instant) {
    if (instant === null) {
      if (this.#played !== null) await this.#begin();
      return;
    }
    const ms = typeof instant === "string" ? Date.parse(instant) : Number(instant);
    const before = this.#within ? this.#played : null;
    this.#played = ms;
    this.#close();
    const turn = ++this.#turn;
    if (this.#stretch?.covers(ms)) {
      const moves = this.#stretch.moves(before, ms);
      this.#within = true;
      if (moves.anew) this.#show(this.#stretch.snapshot, false);
      const told = this.#apply(moves.frames);
      this.#clock = ms;
      this.#tell("playback");
      this.dispatchEvent(moves.anew ? new Event("snapshot") : new CustomEvent("batch", { detail: { ...told, at: ms } }));
      return;
    }
    const found = await api.get("/api/map", { ...this.#params, at: new Date(ms).toISOString() });
    if (turn !== this.#turn) return;
    this.#within = false;
    this.#tell("playback");
    this.#show(found);
  }

  /** Load a stretch (ms), so that `at` within it asks nobody. every: ms. Resolves to the instants of its frames. */
  async frames(from, to, every) {
    const iso = (ms) => new Date(ms).toISOString();
    const params = { ...this.#params, from: iso(from), to: iso(to), every: `${Math.max(1, Math.round(every / 1000))}s` };
    this.#stretch = new Stretch(await api.get("/api/map", params));
    return this.#stretch.instants;
  }

  async #begin() {
    this.#played = null;
    this.#within = false;
    this.#close();
    const turn = ++this.#turn;
    const held = []; // what comes between joining the line and the snapshot
    let hold = true;
    const line = (this.#line = new Line(query(this.#params), {
      message: (data) => (hold ? held.push(data) : this.#hear(data)),
      reset: () => turn === this.#turn && this.#begin(),
      state: (word) => turn === this.#turn && !hold && this.#tell(word),
    }));
    try {
      const asked = Date.now();
      const found = await api.get("/api/map", this.#params);
      if (turn !== this.#turn) return;
      this.#offset = (asked + Date.now()) / 2 - found.at;
      this.#show(found);
      hold = false;
      for (const data of held) this.#hear(data);
      if (this.#started) line.open(() => this.#cursor);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#tell("offline");
      setTimeout(() => turn === this.#turn && this.#started && this.#begin(), 2_000 + Math.random() * 2_000);
      if (error.status && error.status < 500 && error.status !== 429) throw error;
    }
  }

  #close() {
    this.#line?.close();
    this.#line = null;
  }

  #hear(batch) {
    if (this.#played !== null || !newer(batch.to, this.#cursor)) return;
    this.#cursor = batch.to;
    this.#clock = batch.clock;
    this.#heard = Date.now();
    this.lag = Math.max(0, Math.round(this.#heard - this.#offset - batch.at));
    const told = this.#apply([batch]);
    this.#tell("live");
    this.dispatchEvent(new CustomEvent("batch", { detail: { ...told, at: batch.at } }));
  }

  /** Everything anew. */
  #show(found, fire = true) {
    this.things.clear();
    this.events.clear();
    this.incidents.clear();
    this.#cursor = found.cursor;
    this.#clock = found.clock;
    this.run = found.run;
    this.#apply([found]);
    const drill = found.drill?.run ?? null;
    if (drill !== (this.drill?.run ?? null)) {
      this.drill = found.drill;
      this.dispatchEvent(new CustomEvent("drill", { detail: this.drill }));
    }
    if (fire) this.dispatchEvent(new Event("snapshot"));
  }

  #apply(batches) {
    const things = new Set(), events = new Set();
    let joined = false;
    for (const batch of batches) {
      for (const told of batch.things) {
        things.add(told.id);
        if (told.gone) this.things.delete(told.id);
        else merge(this.things, told);
      }
      for (const event of batch.events) {
        events.add(event.id);
        if (event.state === "withdrawn") this.events.delete(event.id);
        else this.events.set(event.id, event);
      }
      if (batch.incidents_whole) this.incidents.clear();
      for (const told of batch.incidents ?? []) {
        if (told.gone) this.incidents.delete(told.id);
        else this.incidents.set(told.id, told);
      }
      joined ||= Boolean(batch.incidents);
      if (batch.kpi) this.kpi = batch.kpi;
    }
    return { things, events, joined };
  }

  #tell(word) {
    if (word === this.state) return;
    this.state = word;
    this.dispatchEvent(new CustomEvent("state", { detail: word }));
  }

  #seen = () => {
    clearTimeout(this.#hiding);
    if (this.#played !== null) return;
    if (!document.hidden && !this.#line) this.#begin().catch(() => {});
    else if (document.hidden && this.#line) this.#hiding = setTimeout(this.#leave, HIDDEN_MS);
  };

  #leave = () => {
    this.#turn++;
    this.#close();
    this.#tell(this.#played === null ? "snapshot" : "playback");
  };

  #again = () => this.#played === null && !document.hidden && this.#begin().catch(() => {});

  #lost = () => this.#played === null && this.#tell("offline");
}

/** Things of an answer of GET /api/map, by id: for who looks once and does not follow. */
export function thingsOf(found) {
  const things = new Map();
  for (const told of found.things) merge(things, told);
  return things;
}

function merge(things, told) {
  let thing = told.whole ? null : things.get(told.id);
  if (!thing) {
    thing = { id: told.id, name: "", type: "", domain: "", area: "", lon: null, lat: null, mover: false, severity: -1, state: "new", time: null, values: {} };
    things.set(told.id, thing);
  }
  const { values, whole, ...fields } = told;
  Object.assign(thing, fields);
  for (const [key, each] of Object.entries(values || {})) thing.values[key] = value(key, each);
}

function value(key, [found, time, quality, reason, unit, good, goodTime]) {
  const [property, statistic = "instant", channel = ""] = key.split("|");
  const believed = quality <= 2 && found !== null ? { value: found, time } : goodTime === undefined ? null : { value: good, time: goodTime };
  return { property, statistic, channel, unit, value: found, time, quality, reason, good: believed };
}
