// What a code stands for: a device that is registered, several, one that knocks in quarantine, or nothing yet.

import { ApiError, api, segment } from "../api.js";
import { readCode } from "./code.js";

/**
 * {said, device, things, knocking}: said is what the code looks like (code.js); device: the one it stands for; things: several to choose from;
 * knocking: rows of the quarantine with a guess. Raises ApiError when the service does not answer.
 */
export async function identify(text) {
  const said = readCode(text);
  const found = { said, device: null, blank: null, things: [], knocking: [] };
  const answer = await fetch(`/id/${said.code.split("/").map(segment).join("/")}?maybe=1`, { headers: { accept: "application/json" }, credentials: "same-origin" })
    .catch(() => { throw new ApiError(0, "the service does not answer"); });
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 300) return { ...found, things: told.things };
  if (!answer.ok) throw new ApiError(answer.status, told.error || answer.statusText, told.hint);
  if (told.device) return { ...found, device: told.device };
  if (told.blank) return { ...found, blank: told.blank };
  if (!said.label) found.knocking = await knocking(said);
  return found;
}

async function knocking(said) {
  try {
    const native = said.native || said.code;
    return (await api.get("/api/quarantine", { match: native, guess: 1, lines: 3, limit: 5 })).items;
  } catch (error) {
    if (error.status === 0) throw error;
    return []; // nothing was ever stored, or not ours to see
  }
}

/** The fields of a draft's form, from a device that is registered. */
export function formOf(device) {
  const text = (value) => (value === null || value === undefined ? "" : String(value));
  return {
    id: device.id, type: device.type, adapter: device.adapter, native: device.native, serial: device.serial, name: device.name,
    lat: text(device.raw_lat ?? device.lat), lon: text(device.raw_lon ?? device.lon), crs: device.crs, area: device.area, datum: device.datum,
    zero: text(device.zero), mount_height: text(device.mount_height), principal: device.principal === device.id ? "" : device.principal, note: device.note,
  };
}

/** What a draft says, as POST /api/devices takes it. names: only these. */
export function bodyOf(form, names = null) {
  const body = {};
  for (const [name, value] of Object.entries(form)) {
    if (value === "" || value === null || value === undefined || (names && !names.includes(name))) continue;
    const number = ["lat", "lon", "zero", "mount_height"].includes(name);
    body[name] = number && Number.isFinite(Number(value)) ? Number(value) : typeof value === "string" ? value.trim() : value;
  }
  return body;
}
