// The way that a mover went in the last hours: its stored positions, thinned to what a line needs.

const BACK_MS = 6 * 3600_000;
const MOST = 600;

/** [[lon, lat, ms] ...], ascending in time, of good positions only. */
export async function track(api, live, id) {
  const to = live.clock;
  const page = await api.get("/api/observations", { device: id, property: "position", from: new Date(to - BACK_MS).toISOString(), to: new Date(to + 1000).toISOString(), run: live.things.get(id)?.run || undefined, limit: 10_000 });
  const points = page.items.filter((row) => row.quality < 3 && Number.isFinite(row.lon)).map((row) => [row.lon, row.lat, Date.parse(row.time)]);
  const step = Math.max(1, Math.ceil(points.length / MOST));
  return points.filter((_point, index) => index % step === 0 || index === points.length - 1);
}
