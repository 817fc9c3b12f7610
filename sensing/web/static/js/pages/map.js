// The one map and its faces: the address says which. Everything on it comes from Live, which has what is stored.

import { api, session } from "../api.js";
import { chrome, setDrill } from "../chrome.js";
import { announce, on, throttled } from "../dom.js";
import { moment } from "../format.js";
import { Live } from "../live.js";
import { readAddress, writeAddress } from "../map/address.js";
import { dangerous, faceOf, FACES } from "../map/faces.js";
import { Layers } from "../map/layers.js";
import { CityMap } from "../map/map.js";
import { Scene } from "../map/scene.js";
import { nothing, note, shell, stormCard, tip } from "../map/shell.js";
import { label, story, summary } from "../map/telling.js";
import * as devicePanel from "../panels/device.js";
import * as eventsPanel from "../panels/events.js";
import * as kpisPanel from "../panels/kpis.js";
import * as layersPanel from "../panels/layers.js";
import * as leewardPanel from "../panels/leeward.js";
import * as legendPanel from "../panels/legend.js";
import * as portPanel from "../panels/port.js";
import { thingName } from "../panels/telling.js";
import * as timelinePanel from "../panels/timeline.js";
import { both, t, words } from "../words.js";
import { wall } from "./wall.js";

const onWall = location.pathname === "/wall";
const coast = fetch("/api/places/coast").then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status))); // the browser keeps it for a day
const types = api.get("/api/types");
types.catch(() => {}); // faces show what they can without
const live = new Live({ run: new URLSearchParams(location.search).get("run") ?? "" });
const begun = live.start();
if (onWall) document.body.classList.add("wall");

const ready = Promise.all([words(), session()]);
const address = readAddress();
const layers = new Layers(onWall ? "all" : faceOf(location.pathname));
layers.restore(address);
const parts = shell();
const map = new CityMap(parts.map, live, { shown: (thing) => layers.shown(thing), carries: dangerous, labelOf: label, size: onWall ? 1.45 : 1 });
const scene = new Scene(map, live, layers);
const room = () => (innerWidth <= 860 ? 20 : 36);
if (address.zoom && address.centre) map.look(...address.centre, address.zoom);
else map.fit(FACES[layers.face].box, room());
const loaded = scene.load(coast);

await ready;
await chrome({ title: onWall ? "nav.wall" : FACES[layers.face].words });
const select = (id) => (id && live.things.has(id) && !inView(id) ? map.show(id) : map.select(id));
const given = { live, api, select };
const events = eventsPanel.mount(parts.panes.events, { ...given, canAssign: !onWall });
kpisPanel.mount(parts.panes.kpis, { ...given, go: goTo });
const legend = legendPanel.mount(parts.legend, { face: layers.face });
const device = devicePanel.mount(parts.panes.device, { ...given, overlay: (kind, way) => kind === "track" && scene.setWay(way) });
layersPanel.mount(parts.layers, { live, layers });
const timeline = timelinePanel.mount(parts.panes.time, { live, track: () => scene.track, changed: (at) => { scene.at(at); tellState(); look(); remember(); } });
if (layers.face === "port") portPanel.mount(parts.panes.port, given);
const leeward = layers.face === "safety" ? leewardPanel.mount(parts.panes.port, { ...given, harbours: () => scene.harbours, show: (told) => scene.setPlume(told) }) : null;
parts.panes.port.hidden = parts.tabs.port.hidden = !["port", "safety"].includes(layers.face);
loaded.then(() => {
  leeward?.update();
  const busy = scene.harbours?.berths.find((berth) => berth.port === "gulei" && berth.goods.includes("chemical"));
  if (busy && !leeward?.chosen) leeward?.choose(busy.id);
});
on(map, "tap", ({ detail }) => {
  const berth = leeward && scene.harbours?.at(detail.lon, detail.lat);
  if (berth) leeward.choose(berth.id);
});

types.then(async (page) => {
  layers.setKinds(new Map(page.items.map((each) => [each.id, each])));
  await begun;
  if (layers.over.has("levels") || onWall) await scene.loadLevels(layers.kinds);
}).catch((error) => { scene.failed = error; });

function inView(id) {
  const thing = live.things.get(id);
  const [west, south, east, north] = map.view.bounds(-30);
  return thing.lon > west && thing.lon < east && thing.lat > south && thing.lat < north;
}

function goTo(where, filter) {
  if (where === "events") {
    events.filter(filter);
    parts.tab("events");
  } else if (where === "devices") {
    location.href = `/table?${new URLSearchParams(filter)}`;
  }
}

const remember = throttled(() => {
  if (onWall) return;
  const face = FACES[layers.face];
  const over = [...layers.over].sort().join() === [...face.over].sort().join() ? null : [...layers.over];
  writeAddress({ zoom: map.view.zoom, centre: map.view.centre, selected: map.selected, at: timeline.instant, off: [...layers.off], on: [...layers.on], over });
}, 300);

on(map, "select", ({ detail: id }) => {
  device.show(id);
  parts.panes.device.hidden = !id;
  if (innerWidth <= 860) parts.tab(id ? "device" : null);
  const thing = id && live.things.get(id);
  if (thing) announce(story(thing, live.clock).join("，"));
  remember();
});
on(map, "hover", ({ detail: found }) => tip(parts, found, found ? story(live.things.get(found.id), live.clock) : []));
on(map, "moved", () => { remember(); look(); });
on(layers, "change", () => { remember(); look(); });
on(parts.zoom_in, "click", () => map.zoom(1));
on(parts.zoom_out, "click", () => map.zoom(-1));
on(parts.home, "click", () => map.fit(FACES[layers.face].box, room()));
on(live, "drill", () => tellDrill());
on(live, "state", () => { tellState(); tellDrill(); });
on(live, "snapshot", () => { tellDrill(); look(); });
on(live, "batch", throttled(look, 1000));
on(scene, "track", look);
on(window, "language", () => { scene.language(); look(); tellState(); });

function tellDrill() {
  const run = live.drill?.run ?? "";
  setDrill(live.drill ? live.drill.origin || "simulated" : null, run);
  if (run !== tellDrill.run) scene.loadTrack();
  tellDrill.run = run;
}

function tellState() {
  if (live.state === "offline") note(parts, t("map.offline"), "offline");
  else if (timeline.instant !== null && Math.abs(live.clock - timeline.instant) > 1000) note(parts, t("map.past_coming", { at: moment(timeline.instant, { seconds: true }) }));
  else if (timeline.instant !== null) note(parts, t("map.past_at", { at: moment(timeline.instant, { seconds: true }) }));
  else note(parts, "");
}

// What is said in words: title, time, storm, how many of what; to screen readers as well.
const say = throttled((text) => { parts.text.textContent = text; }, 5000);
function look() {
  parts.title.textContent = t(FACES[layers.face].words);
  parts.when.textContent = scene.clock ? moment(scene.clock, { year: true, seconds: false }) : "";
  const now = layers.over.has("storm") ? scene.track?.at(scene.clock) : null;
  stormCard(parts, now, now ? both(scene.track.name) : "", now ? [
    t("map.storm_strength", { pressure: now.pressure.toFixed(0), wind: now.wind.toFixed(0) }),
    now.r7 >= 1 && t(now.r10 >= 1 ? "map.storm_radii" : "map.storm_radius", { r7: Math.round(now.r7), r10: Math.round(now.r10) }),
    t("map.storm_place", { lon: now.lon.toFixed(1), lat: now.lat.toFixed(1) }),
  ].filter(Boolean) : []);
  const any = map.marks.byRank(map.view.bounds()).length;
  parts.empty.hidden = Boolean(any) || !live.clock;
  if (!any) parts.empty.textContent = live.things.size ? nothing(layers.face) : t("map.empty");
  tellState();
  say(summary(live, map, thingName));
}

await begun;
parts.panes.device.hidden = true;
tellDrill();
look();
if (address.selected) map.select(address.selected);
if (address.at) timeline.at(address.at);
if (onWall) wall({ map, layers, legend, scene, look, room });
// For the console, and for tests.
window.city = { map, live, scene, layers, timeline };
