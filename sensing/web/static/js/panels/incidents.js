// Which events belong together: as the feed tells it, and of the past as GET /api/incidents does.
//
//   incidents = new Incidents(live, api, changed)   incidents.of(event) -> {id, title} or null   incidents.destroy()

import { on, throttled } from "../dom.js";
import { both } from "../words.js";

const EVERY_MS = 5_000; // how often they are asked for while the past is played

export class Incidents {
  constructor(live, api, changed) {
    Object.assign(this, { live, api, changed, found: new Map() });
    this.ask = throttled(() => this.#ask(), EVERY_MS);
    this.off = [on(live, "snapshot", () => this.#look()), on(live, "batch", (event) => (event.detail.joined || live.state === "playback") && this.#look())];
    queueMicrotask(() => this.#look()); // whoever makes it has to have it before it says that something changed
  }

  of(event) {
    const found = event.incident ?? this.found.get(event.id);
    return found ? { id: found.id, title: both(found.title) } : null;
  }

  destroy() {
    this.off.forEach((stop) => stop());
    this.gone = true;
  }

  #look() {
    if (this.live.state === "playback") this.ask();
    else this.#show([...this.live.incidents.values()]);
  }

  #show(items) {
    this.found = new Map(items.filter((item) => item.events.length > 1).flatMap((item) => item.events.map((id) => [id, item])));
    this.changed();
  }

  async #ask() {
    if (this.gone || !this.live.events.size) return;
    const at = new Date(this.live.clock).toISOString();
    const told = await this.api.get("/api/incidents", { run: this.live.run || undefined, to: at, from: new Date(this.live.clock - 86_400_000).toISOString(), limit: 200 })
      .catch(() => null); // groups by place and kind stand until the next answer
    if (told && !this.gone && this.live.state === "playback") this.#show(told.items);
  }
}
