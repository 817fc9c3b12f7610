// Registrations that are under way, kept on this phone: they survive a reload, a flat battery and a valley without a network.
// Passwords are never in here: what is not in the list of fields is not kept.

const KEY = "sensing.drafts";
const KEPT = [
  "key", "at", "step", "code", "device", "known", "made", "since", "accuracy", "source", "confirmed", "carried", "form", "waiting", "green_ms",
];
const FIELDS = [
  "id", "type", "adapter", "native", "serial", "name", "lat", "lon", "crs", "area", "datum", "zero", "mount_height", "principal", "note", "label",
];
const MOST = 50;
const OLD_MS = 30 * 86400e3;

/** An empty draft. from: one that the next device is like. */
export function fresh(from = null) {
  const kept = from ? pick(from.form, ["type", "adapter", "crs", "area", "datum", "principal"]) : {};
  const crs = kept.crs || "wgs84";
  return { key: `d-${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`, at: Date.now(), step: 1, code: "", form: { ...kept, crs } };
}

/** Every draft on this phone, the newest first. */
export function drafts() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "[]");
    return found.filter((each) => each?.key && each.form && Date.now() - each.at < OLD_MS).sort((a, b) => b.at - a.at);
  } catch {
    return [];
  }
}

/** Keep a draft as it is now. False when this browser keeps nothing (private window, storage full). */
export function keep(draft) {
  const told = { ...pick(draft, KEPT), form: pick(draft.form, FIELDS), at: Date.now() };
  return write([told, ...drafts().filter((each) => each.key !== draft.key)].slice(0, MOST));
}

/** Forget a draft. */
export const drop = (key) => write(drafts().filter((each) => each.key !== key));

/** Whether there is anything in a draft that would be missed. */
export const worth = (draft) => Boolean(draft.code || draft.form.type || draft.form.native || draft.form.lat || draft.made);

/** What a person would call it in a list. */
export const title = (draft) => draft.form.name || draft.form.id || draft.form.native || draft.code || draft.form.type || "…";

function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
    return true;
  } catch {
    return false;
  }
}

function pick(from, names) {
  return Object.fromEntries(names.filter((name) => from?.[name] !== undefined && from[name] !== "").map((name) => [name, from[name]]));
}
