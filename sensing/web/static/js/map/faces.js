// The faces of the one map: which types each shows, what lies over it, where it looks. Types are chosen by what they measure, not by name.

const WATER = ["water_level", "water_level_upstream", "water_level_downstream", "distance_to_surface", "rainfall", "flow_rate", "wave_height", "ponding_depth"];
const AIR = ["nmhc", "benzene", "h2s", "nh3", "hcl", "so2", "co", "no2", "pm2_5", "wind_direction"];
const COAST = [117.28, 23.55, 118.5, 24.85];
const GULEI = [117.5, 23.68, 117.72, 23.9];

const measures = (kind, wanted) => wanted.some((name) => kind?.properties?.includes(name));
const ship = (thing) => thing.mover;

// path: its address. shows(thing, kind): whether a type is on at first. over: overlays that are on. box: where it looks. words: key of its title.
export const FACES = {
  all: { path: "/", words: "map.face_all", box: COAST, over: ["storm", "harbours"], shows: () => true },
  flood: {
    path: "/map/flood", words: "map.face_flood", box: [116.9, 23.3, 118.9, 25.1], over: ["storm", "rain", "levels"],
    shows: (thing, kind) => !ship(thing) && (measures(kind, WATER) || measures(kind, ["wind_speed"])),
  },
  safety: {
    path: "/map/safety", words: "map.face_safety", box: GULEI, over: ["plume", "harbours", "storm"],
    shows: (thing, kind) => (ship(thing) ? dangerous(thing) : thing.domain === "safety" || measures(kind, AIR)),
  },
  port: {
    path: "/map/port", words: "map.face_port", box: [117.5, 23.7, 117.66, 23.84], over: ["harbours", "storm"],
    shows: (thing, kind) => ship(thing) || thing.domain === "industry" || measures(kind, ["wave_height", "wind_speed"]),
  },
};
export const OVERLAYS = ["storm", "rain", "levels", "harbours", "plume"];

export function faceOf(path) {
  return Object.keys(FACES).find((name) => FACES[name].path === path) ?? "all";
}

// Whether a ship says that it carries dangerous goods: a tanker with a hazard category, or any ship of category A to D (ITU-R M.1371, table 53).
export function dangerous(thing) {
  const kind = thing.facts?.ship_type;
  if (thing.facts?.dangerous_goods || thing.facts?.hazard) return true;
  if (typeof kind === "number" || /^\d+$/.test(kind ?? "")) return (kind >= 80 && kind < 90) || (kind >= 20 && kind % 10 >= 1 && kind % 10 <= 4);
  return /tanker|hazard|dangerous/i.test(kind ?? "");
}
