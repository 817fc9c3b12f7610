// Things of the map in words: a label, what a pointer finds, and what a screen reader is told of the whole view.

import { ago, measured, propertyName, rank as severityRank, thingName } from "../panels/telling.js";
import { t } from "../words.js";

const FIRST = ["water_level", "rainfall", "nmhc", "pm2_5", "wind_speed", "wave_height", "speed_over_ground", "air_pressure", "sound_level"];

// The value that says most of a thing, {property, value, unit, time} or null.
export function mainValue(thing) {
  const rows = Object.values(thing.values ?? {}).filter((row) => row && row.value !== null && !/voltage|battery|signal|status/.test(row.property));
  const rank = (row) => (FIRST.includes(row.property) ? FIRST.indexOf(row.property) : FIRST.length);
  return rows.sort((one, two) => rank(one) - rank(two))[0] ?? null;
}

export function label(thing) {
  const row = thing.mover ? null : mainValue(thing);
  return row ? `${thingName(thing)} ${measured(row.value, row.unit, row.property)}` : thingName(thing);
}

// Lines: name, state and severity, the main values with their age.
export function story(thing, clock) {
  if (!thing) return [];
  const severity = severityRank(thing.severity);
  const state = t(`state.${thing.state}`);
  const first = severity >= 0 ? `${t(`severity.${["watch", "warning", "danger"][severity]}`)} · ${state}` : state;
  const values = Object.values(thing.values ?? {}).filter((row) => row && row.value !== null).sort((one, two) => weight(one) - weight(two)).slice(0, 3);
  return [thingName(thing), first, ...values.map((row) => `${propertyName(row.property)} ${measured(row.value, row.unit, row.property)} · ${ago(row.time, clock)}`)];
}

function weight(row) {
  const at = FIRST.indexOf(row.property);
  return at < 0 ? 50 : at;
}

// One sentence of what is in view: how many, how many of each severity, the worst by name.
export function summary(live, map) {
  const ids = map.marks.byRank(map.view.bounds());
  const things = ids.map((id) => live.things.get(id)).filter(Boolean);
  const of = (severity) => things.filter((thing) => thing.severity === severity).length;
  const worst = things.filter((thing) => thing.severity >= 0).slice(0, 3).map((thing) => thingName(thing));
  return t("map.summary", {
    n: things.length, danger: of(2), warning: of(1), watch: of(0), silent: things.filter((thing) => thing.state === "silent").length,
    worst: worst.join("、") || "—",
  });
}
