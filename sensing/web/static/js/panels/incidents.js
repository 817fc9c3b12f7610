// Which events belong together. Incidents move with every event, so they are asked for, some seconds after events have changed, and not in the feed.
//
//   incidents = new Incidents(live, api, changed)   incidents.of(event) -> {id, title} or null   incidents.destroy()

import { on, throttled } from "../dom.js";
import { both } from "../words.js";

const EVERY_MS = 5_000;

export class Incidents {
  constructor(live, api, changed) {
    this.live = live;
    this.api = api;
    this.changed = changed;
    this.found = new Map();
    const ask = throttled(() => this.#ask(), EVERY_MS);
    this.off = [on(live, "snapshot", ask), on(live, "batch", (event) => event.detail?.events?.size && ask())];
    ask();
  }

  of(event) {
    const found = event.incident ?? this.found.get(event.id);
    return found ? { id: found.id, title: both(found.title) } : null;
  }

  destroy() {
    this.off.forEach((stop) => stop());
    this.gone = true;
  }

  async #ask() {
    if (this.gone || !this.live.events.size) return;
    let items;
    try {
      ({ items } = await this.api.get("/api/incidents", { run: this.live.run || undefined, limit: 200 }));
    } catch {
      return; // groups by place and kind stand until the next answer
    }
    this.found = new Map(items.filter((item) => item.events.length > 1).flatMap((item) => item.events.map((id) => [id, item])));
    if (!this.gone) this.changed();
  }
}
