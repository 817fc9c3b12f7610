// The past of one datastream, as the chart takes it: rows where they are few enough, else means with least and greatest of good values.

import { gapOf } from "../chart/scale.js";

const MOST_ROWS = 20_000;
const PAGE = 10_000;
const LINES = 720; // stretches of time over a long span: more than a screen has pixels helps nobody
const ROUND_S = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** How a datastream is drawn. */
export function kindOf(row) {
  if (row.unit === "deg") return "points";
  if (/^sum\/P(T|\d)/.test(row.statistic)) return "bars";
  return row.statistic.startsWith("sum/") || row.unit === "1" ? "step" : "line";
}

/**
 * {points, kind, gap, every_s (0: rows as they are), cut (whether there were more)} of a datastream between two instants, ms.
 * row: {device, property, statistic, channel, unit}. cadence_s: how often it reports, or null.
 */
export async function past(api, row, from, to, { cadence_s, run, signal } = {}) {
  const asked = { device: row.device, property: row.property, statistic: row.statistic, channel: row.channel || undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString(), run };
  const expected = (to - from) / 1000 / (cadence_s || 30);
  const every_s = expected > MOST_ROWS ? ROUND_S.find((each) => each >= (to - from) / 1000 / LINES) ?? 86_400 : 0;
  const kind = kindOf(row);
  const { items, cut } = await pages(api, every_s ? { ...asked, every: `${every_s}s`, agg: kind === "bars" ? "sum" : "mean,min,max" } : asked, signal);
  const same = items.filter((item) => item.channel === (row.channel ?? "") && item.statistic === row.statistic);
  const points = every_s ? same.map((item) => line(item, kind)) : same.map(point);
  points.sort((one, other) => one[0] - other[0]);
  return { points, kind, gap: gapOf(points, every_s || cadence_s), every_s, cut };
}

/** The time of a value as the API writes it, of one that live tells to the millisecond; null when it is not there. */
export async function exact(api, row, at) {
  const asked = { device: row.device, property: row.property, statistic: row.statistic, channel: row.channel || undefined, run: row.run };
  const page = await api.get("/api/observations", { ...asked, from: new Date(at).toISOString(), to: new Date(at + 1).toISOString(), limit: 1 });
  return page.items[0]?.time ?? null;
}

/** A row of the API as a point. */
export function point(item) {
  return [Date.parse(item.time), item.result, item.quality, item.reason, undefined, undefined, item.begin ? Date.parse(item.begin) : null, item.time, item.frame];
}

function line(item, kind) {
  const [begin, end] = [Date.parse(item.begin), Date.parse(item.time)];
  if (kind === "bars") return [end, item.sum, 1, "", undefined, undefined, begin];
  return [(begin + end) / 2, item.mean, 1, "", item.min ?? undefined, item.max ?? undefined, null];
}

async function pages(api, asked, signal) {
  const items = [];
  let cursor = null;
  do {
    const page = await api.get("/api/observations", { ...asked, limit: PAGE, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < MOST_ROWS);
  return { items, cut: Boolean(cursor) };
}
