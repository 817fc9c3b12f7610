// A made-up city for the map: gauges and ships in a Live of its own, ten batches a second, and what the frames cost.

import { CityMap } from "/static/js/map/map.js";
import { Coast } from "/static/js/map/coast.js";

const asked = new URLSearchParams(location.search);
const gauges = Number(asked.get("gauges") ?? 2000);
const ships = Number(asked.get("ships") ?? 500);
const changed = Number(asked.get("changed") ?? 200); // gauges with a new value in each batch

let state = 7;
const chance = () => {
  state = (state * 1103515245 + 12345) & 0x7fffffff;
  return state / 0x7fffffff;
};

class Live extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { things: new Map(), events: new Map(), kpi: {}, clock: 1473870000000, state: "live", batches: 0 });
    for (let at = 0; at < gauges; at += 1) {
      const severity = at % 40 === 0 ? 2 : at % 25 === 0 ? 1 : at % 15 === 0 ? 0 : -1;
      const told = { property: "water_level", statistic: "instant", channel: "", unit: "m", value: chance() * 4, time: this.clock, quality: 1, reason: "" };
      this.things.set(`g${at}`, { id: `g${at}`, name: `测站 ${at}`, type: "river-gauge", domain: "environment", lon: 117.3 + chance() * 1.1, lat: 23.6 + chance() * 1.2, mover: false, severity, state: at % 30 ? "online" : "silent", time: this.clock, values: { water_level: told } });
    }
    for (let at = 0; at < ships; at += 1)
      this.things.set(`s${at}`, { id: `s${at}`, name: `SHIP ${at}`, type: "vessel", domain: "industry", lon: 117.5 + chance() * 1.2, lat: 23.5 + chance() * 0.9, mover: true, course: chance() * 360, speed: 12, severity: at % 50 ? -1 : 1, state: "online", time: this.clock, values: {} });
  }

  step() {
    const things = new Set();
    for (let at = 0; at < ships; at += 1) {
      const ship = this.things.get(`s${at}`);
      ship.course = (ship.course + (chance() - 0.5) * 4 + 360) % 360;
      ship.lon += Math.sin((ship.course * Math.PI) / 180) * 6e-5;
      ship.lat += Math.cos((ship.course * Math.PI) / 180) * 6e-5;
      things.add(ship.id);
    }
    for (let at = 0; at < Math.min(changed, gauges); at += 1) {
      const id = `g${Math.floor(chance() * gauges)}`;
      const gauge = this.things.get(id);
      gauge.values.water_level = { ...gauge.values.water_level, value: chance() * 4 };
      if (chance() < 0.02) gauge.severity = Math.floor(chance() * 4) - 1;
      things.add(id);
    }
    this.clock += 100;
    this.batches += 1;
    this.dispatchEvent(new CustomEvent("batch", { detail: { things, events: new Set(), at: this.clock } }));
  }
}

const live = new Live();
const map = new CityMap(document.getElementById("map"), live, {});
map.fit([117.3, 23.5, 118.6, 24.8]);
map.addEventListener("drawn", () => { window.drawn ??= performance.now(); });
fetch("/api/places/coast").then((answer) => answer.json()).then((told) => {
  const coast = new Coast(told);
  map.ground.parts.push((pen, view, colours) => coast.draw(pen, view, colours));
  map.ground.stale = true;
  map.redraw();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
});
setInterval(() => live.step(), 100);

// Frames of so many ms, of the page and of the map. pan: with the map moving all the time.
window.measure = (lasts, pan) => new Promise((done) => {
  const gaps = [];
  const [began, drawn, batches] = [performance.now(), map.frames, live.batches];
  let last = began;
  const frame = (now) => {
    gaps.push(now - last);
    last = now;
    if (pan) {
      map.view.pan(Math.sin(now / 700) * 6, Math.cos(now / 900) * 4);
      map.redraw("moving");
    }
    if (now - began < lasts) requestAnimationFrame(frame);
    else finish(now);
  };
  const finish = (now) => {
    gaps.sort((one, two) => one - two);
    const seconds = (now - began) / 1000;
    done({ fps: gaps.length / seconds, map_fps: (map.frames - drawn) / seconds, gap_p95_ms: gaps[Math.floor(gaps.length * 0.95)], batches_s: (live.batches - batches) / seconds, heap_mb: performance.memory.usedJSHeapSize / 1e6 });
  };
  requestAnimationFrame(frame);
});
window.map = map;
