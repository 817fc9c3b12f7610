// What /table shows, a list each: where its items come from, its columns, and the filters that suit it.
// A tab: {head, keyOf, columns(context), items(context) -> array or a promise of one, live (from Live: kept fresh), filters, empty}

import { el } from "../dom.js";
import { moment, number, unit } from "../format.js";
import { both, has, t } from "../words.js";
import { ordered } from "../panels/values.js";
import { amount, domainName, factName, inMine, kindName, qualityText, rank, seriesName, SEVERITIES, severityMark, thingName, typeName } from "../panels/telling.js";

export const STATES = ["online", "silent", "new"];
const MOST = 5_000;

const at = (key, head, value) => ({ key, head, text: (item) => (value(item) ? moment(value(item), { seconds: true, year: true }) : ""), sort: (item) => (value(item) ? Date.parse(value(item)) || value(item) : null), csv: (item) => (value(item) ? new Date(value(item)).toISOString() : "") });
const word = (key, head, value) => ({ key, head, text: (item) => value(item) ?? "" });
const digits = (key, head, value, code = "", places) => ({ key, head, num: true, text: (item) => (value(item) === null || value(item) === undefined ? "" : number(value(item), code, places)), sort: (item) => value(item) ?? null, csv: (item) => value(item) ?? "" });
const hollow = (item) => item.state === "silent" || item.state === "new";
const severity = (value) => ({ key: "severity", head: "column.severity", text: (item) => (value(item) < 0 && hollow(item) ? t(`state.${item.state}`) : t(`severity.${SEVERITIES[value(item)] ?? "none"}`)), node: (item) => severityMark(value(item), { silent: hollow(item), text: value(item) < 0 && hollow(item) ? t(`state.${item.state}`) : undefined }), sort: (item) => value(item) });
const onMap = (id, text) => el("a", { href: `/#sel=${encodeURIComponent(id)}`, text });
const named = (key, head, id, context) => ({ key, head, text: (item) => thingName(context.live.things.get(id(item)), id(item)), node: (item) => onMap(id(item), thingName(context.live.things.get(id(item)), id(item))) });

const ship = { key: "vessel", head: "table.vessel", text: (item) => item.name || item.vessel, node: (item) => onMap(item.vessel, item.name || item.vessel) };

/** The value that a row of the table shows: of what an event is about, else the first. */
const first = (thing) => ordered(thing)[0]?.[1] ?? null;

const value = { key: "value", head: "column.value", num: true, text: (item) => { const one = first(item); return one ? `${amount(one.value, one.unit, one.property)}${unit(one.unit) ? ` ${unit(one.unit)}` : ""}` : ""; }, sort: (item) => first(item)?.value ?? null, csv: (item) => first(item)?.value ?? "" };

const TABS = {
  devices: {
    head: "table.tab_devices", keyOf: (item) => item.id, live: true, order: "-severity", filters: ["state", "severity", "domain"],
    items: ({ live }) => [...live.things.values()].filter((thing) => !thing.mover),
    columns: (context) => [
      named("name", "column.name", (item) => item.id, context), severity((item) => rank(item.severity)), word("state", "column.state", (item) => t(`state.${item.state}`)),
      word("what", "column.property", (item) => (first(item) ? seriesName(first(item)) : "")), value, word("quality", "column.quality", (item) => (first(item) ? qualityText(first(item).quality, first(item).reason) : "")),
      at("time", "table.heard", (item) => item.time), word("type", "column.type", (item) => typeName(context.types.get(item.type), item.type)), word("area", "column.area", (item) => inMine(item.area)),
      word("domain", "table.domain", (item) => domainName(item.domain)), word("id", "column.id", (item) => item.id), digits("lat", "table.lat", (item) => item.lat, "", 5), digits("lon", "table.lon", (item) => item.lon, "", 5),
    ],
  },
  vessels: {
    head: "table.tab_vessels", keyOf: (item) => item.id, live: true, filters: ["state", "severity"],
    items: ({ live }) => [...live.things.values()].filter((thing) => thing.mover),
    columns: (context) => [
      named("name", "about.name", (item) => item.id, context), severity((item) => rank(item.severity)), word("state", "column.state", (item) => t(`state.${item.state}`)),
      word("callsign", "about.callsign", (item) => fact(item, "callsign")), word("flag", "about.flag", (item) => fact(item, "flag")), word("ship_type", "about.ship_type", (item) => fact(item, "ship_type")), word("destination", "about.destination", (item) => fact(item, "destination")),
      digits("speed", "about.speed", (item) => item.speed, "[kn_i]", 1), digits("course", "about.course", (item) => item.course, "deg"), digits("draught", "about.draught", (item) => item.values.draught?.value ?? (Number(fact(item, "draught")) || null), "", 1),
      at("time", "table.heard", (item) => item.time), word("id", "column.id", (item) => item.id), digits("lat", "table.lat", (item) => item.lat, "", 5), digits("lon", "table.lon", (item) => item.lon, "", 5),
    ],
  },
  events: {
    head: "table.tab_events", keyOf: (item) => item.id, live: true, order: "-start", filters: ["event_state", "severity", "domain"], empty: "events.none",
    begin: ({ api }) => all(api, "/api/events", { limit: 1000 }),
    items: ({ live, begun }) => [...new Map([...(begun ?? []), ...live.events.values()].map((event) => [event.id, event])).values()].filter((event) => event.state !== "withdrawn"),
    columns: (context) => [
      word("kind", "column.kind", (item) => kindName(item.kind)), severity((item) => rank(item.severity)), named("device", "column.device", (item) => item.device, context), word("state", "column.state", (item) => t(`event_state.${item.state}`)),
      at("start", "column.start", (item) => item.start), at("end", "column.end", (item) => item.end), { ...digits("peak", "column.peak", (item) => item.peak?.value), text: (item) => (item.peak?.value === null || item.peak?.value === undefined ? "" : `${amount(item.peak.value, item.unit, item.property)} ${unit(item.unit)}`) },
      word("acknowledged", "column.acknowledged", (item) => item.acknowledged?.by), word("assigned", "table.assigned", (item) => item.assigned?.to ?? item.assigned?.assignee), word("note", "table.note", (item) => item.closed?.note),
      word("area", "column.area", (item) => inMine(context.live.things.get(item.device)?.area)), word("id", "column.id", (item) => item.id),
    ],
  },
  calls: {
    head: "table.tab_calls", keyOf: (item) => item.id, filters: [], empty: "table.no_calls", every: 30_000,
    items: ({ api }) => all(api, "/api/calls", { limit: 1000 }),
    columns: (context) => [
      ship, word("port", "table.port", (item) => placeName(item, "port", context)), word("berth", "table.berth", (item) => placeName(item, "berth", context)),
      at("arrived", "table.arrived", (item) => item.arrived), at("anchored", "table.anchored", (item) => item.anchored), at("berthed", "table.berthed", (item) => item.berthed), at("unberthed", "table.unberthed", (item) => item.unberthed), at("departed", "table.departed", (item) => item.departed),
      word("id", "column.id", (item) => item.id),
    ],
  },
  worklist: {
    head: "table.tab_worklist", keyOf: (item) => item.vessel, filters: [], empty: "table.no_worklist", every: 30_000,
    items: ({ api }) => all(api, "/api/worklist", {}),
    columns: (context) => [
      ship, digits("score", "table.score", (item) => item.score), word("reasons", "table.reasons", (item) => reasonsOf(item).join(t("telling.comma"))),
      word("port", "table.port", (item) => placeName(item, "port", context)), word("berth", "table.berth", (item) => placeName(item, "berth", context)), at("arrived", "table.arrived", (item) => item.arrived), word("flag", "about.flag", (item) => item.flag), at("inspected", "table.inspected", (item) => item.inspected),
    ],
  },
  deadletters: {
    head: "table.tab_deadletters", keyOf: (item) => item.id, filters: [], empty: "table.no_deadletters", every: 15_000,
    items: ({ api }) => all(api, "/api/dead-letters", { limit: 1000 }),
    columns: () => [
      { ...word("reason", "column.reason", (item) => (has(`unread.${item.reason}`) ? t(`unread.${item.reason}`) : item.reason)), csv: (item) => item.reason }, word("detail", "column.detail", (item) => item.detail), word("adapter", "column.adapter", (item) => item.adapter), word("principal", "column.principal", (item) => item.principal),
      at("received", "table.received", (item) => item.received), digits("attempts", "column.attempts", (item) => item.attempts), word("id", "column.id", (item) => item.id),
    ],
  },
  quarantine: {
    head: "table.tab_quarantine", keyOf: (item) => `${item.adapter}/${item.principal}/${item.native}`, filters: [], empty: "table.no_quarantine", every: 15_000,
    items: ({ api }) => all(api, "/api/quarantine", { limit: 1000 }),
    columns: () => [
      { ...word("native", "column.native", (item) => item.native), node: (item) => el("a", { href: `/quarantine?match=${encodeURIComponent(item.native)}`, text: item.native }) }, word("adapter", "column.adapter", (item) => item.adapter), word("principal", "column.principal", (item) => item.principal),
      digits("frames", "column.frames", (item) => item.frames ?? item.count), at("first", "table.first", (item) => item.first_received), at("last", "table.last", (item) => item.last_received),
    ],
  },
};
export default TABS;

const fact = (thing, name) => factName(name, thing.facts?.[name]);

/** Why a ship is on the worklist, in words. */
export const reasonsOf = (item) => (item.reasons ?? []).map(both);

/** A port or berth by its name where the map of harbours has it, else its id. */
export function placeName(item, kind, context) {
  return item[kind] ? both(context.places?.get(item[kind])) || item[kind] : "";
}

async function all(api, path, params) {
  const items = [];
  for await (const item of api.items(path, params)) {
    items.push(item);
    if (items.length >= MOST) break;
  }
  return items;
}
