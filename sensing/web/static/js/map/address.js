// Where one is on the map, in the address: #z=10.2&c=118.01,24.40&sel=ID&at=INSTANT&off=a,b&on=rain - so that a link shows the same.

export function readAddress(hash = location.hash) {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name) => (told.has(name) && Number.isFinite(Number(told.get(name))) ? Number(told.get(name)) : null);
  const list = (name) => (told.get(name) ?? "").split(",").filter((each) => /^[\w.:-]{1,80}$/.test(each));
  const centre = (told.get("c") ?? "").split(",").map(Number);
  const at = Date.parse(told.get("at") ?? "");
  return {
    zoom: number("z"), centre: centre.length === 2 && centre.every(Number.isFinite) ? centre : null, selected: told.get("sel") || null,
    at: Number.isFinite(at) ? at : null, off: list("off"), on: list("on"), over: told.has("over") ? list("over") : null,
  };
}

export function writeAddress({ zoom, centre, selected, at, off, on, over }) {
  const told = [];
  if (zoom !== undefined) told.push(`z=${zoom.toFixed(2)}`, `c=${centre.lon.toFixed(4)},${centre.lat.toFixed(4)}`);
  if (selected) told.push(`sel=${encodeURIComponent(selected)}`);
  if (at) told.push(`at=${new Date(at).toISOString().replace(/\.\d+Z$/, "Z")}`);
  if (off?.length) told.push(`off=${off.join(",")}`);
  if (on?.length) told.push(`on=${on.join(",")}`);
  if (over) told.push(`over=${over.join(",")}`);
  const hash = told.length ? `#${told.join("&")}` : "";
  if (hash !== location.hash) history.replaceState(null, "", location.pathname + location.search + hash);
}
