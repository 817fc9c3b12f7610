// What panels ask of the registry, asked once: types, and devices with their levels. An answer is trusted for a minute.

import { segment } from "../api.js";
import { severityRank as rank } from "../format.js";
import { has, t } from "../words.js";

const FRESH_MS = 60_000;
const AT_ONCE = 4;

export class Known {
  constructor(api) {
    this.api = api;
    this.kept = new Map();
    this.waiting = [];
    this.busy = 0;
    this.kinds = null;
  }

  /** A device as GET /api/devices/{id} tells it; null when there is none. Rejects when the service does not answer. */
  device(id, fresh = false) {
    const found = this.kept.get(id);
    if (found && !fresh && performance.now() - found.at < FRESH_MS) return found.promise;
    const promise = this.#turn(() => this.api.get(`/api/devices/${segment(id)}`)).catch((error) => {
      this.kept.delete(id);
      if (error.status === 404) return null;
      throw error;
    });
    this.kept.set(id, { at: performance.now(), promise });
    return promise;
  }

  /** Thing types by id. */
  types() {
    this.kinds ??= this.api.get("/api/types").then((page) => new Map(page.items.map((each) => [each.id, each])), (error) => {
      this.kinds = null;
      throw error;
    });
    return this.kinds;
  }

  async #turn(ask) {
    if (this.busy >= AT_ONCE) await new Promise((go) => this.waiting.push(go));
    this.busy += 1;
    try {
      return await ask();
    } finally {
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }
}

/** {names: ports and berths by id, anchorages by "anchor/" and id (a port may have its own), each {zh, en}; berths: ids by port}. */
export async function harbours(api) {
  const told = await api.get("/api/places/harbours");
  const named = told.features.filter((each) => each.properties.name);
  const own = ({ id, properties }) => (properties.kind === "anchorage" ? `anchor/${id}` : id);
  const berths = new Map();
  for (const { id, properties } of named) if (properties.kind === "berth") berths.set(properties.port, [...(berths.get(properties.port) ?? []), id]);
  return { names: new Map(named.map((each) => [own(each), each.properties.name])), berths };
}

/** The names alone. */
export const places = async (api) => (await harbours(api)).names;

/** One for all panels of a page, by its api. */
const shared = new WeakMap();
export function known(api) {
  if (!shared.has(api)) shared.set(api, new Known(api));
  return shared.get(api);
}

/** Levels of a datastream as the chart takes them: [{value, severity 0..2, label}]. device: as the API tells it, or null. */
export function levelsOf(device, row) {
  const rules = (device?.levels ?? []).filter((each) => each.property === row.property && each.statistic === row.statistic && each.channel === row.channel);
  return rules.flatMap((rule) => rule.levels.map((level) => ({ value: level.value, severity: rank(level.severity), label: levelName(level, rule.over) })));
}

/** "警戒水位", "警戒（1h 均值）". */
function levelName(level, over) {
  const name = level.name && has(`level.${level.name}`) ? t(`level.${level.name}`) : t(`severity.${level.severity}`);
  return over ? t("chart.level_mean", { name, over }) : name;
}
