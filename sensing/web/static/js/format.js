// How times, numbers and severities are shown: the one place for it.

import { el, svg } from "./dom.js";
import { has, locale, t } from "./words.js";

export const NONE = -1, WATCH = 0, WARNING = 1, DANGER = 2;
const NAMES = new Map([[NONE, "none"], [WATCH, "watch"], [WARNING, "warning"], [DANGER, "danger"]]);
const RANK = { none: NONE, watch: WATCH, warning: WARNING, danger: DANGER };

let zoneMinutes = 480;

/** The zone that people see, such as "+08:00" (GET /api/session tells it); not the browser's own. */
export function setZone(text) {
  const found = /^([+-])(\d\d):(\d\d)$/.exec(text || "");
  if (found) zoneMinutes = (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]));
}

/** Minutes east of Greenwich. */
export const zone = () => zoneMinutes;

/** Milliseconds of an RFC 3339 text, a number (already that), a Date, or null. */
export function ms(at) {
  if (at === null || at === undefined || at === "") return null;
  const found = typeof at === "number" ? at : at instanceof Date ? at.getTime() : Date.parse(at);
  return Number.isFinite(found) ? found : null;
}

const two = (n) => String(n).padStart(2, "0");
const shifted = (at) => new Date(at + zoneMinutes * 60000);

/** "14:05:09", in the zone of the service; "14:05" with {seconds: false}. */
export function clock(at, { seconds = true } = {}) {
  const found = ms(at);
  if (found === null) return "—";
  const d = shifted(found);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? `:${two(d.getUTCSeconds())}` : ""}`;
}

/** "2016-09-15". */
export function day(at) {
  const found = ms(at);
  if (found === null) return "—";
  const d = shifted(found);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** "09-15 14:05", "2016-09-15 14:05:09" with {year: true, seconds: true}. */
export function moment(at, { year = false, seconds = false } = {}) {
  const found = ms(at);
  if (found === null) return "—";
  return `${year ? day(found) : day(found).slice(5)} ${clock(found, { seconds })}`;
}

/** "09-15 14:05" for one that is not of the day of `now`, "14:05:09" else. */
export function brief(at, now = Date.now()) {
  return day(at) === day(now) ? clock(at) : moment(at);
}

/** <time> with the whole instant as title; options as `moment`, or {brief: now}. */
export function time(at, options = {}) {
  const found = ms(at);
  if (found === null) return el("span", { text: "—" });
  const text = "brief" in options ? brief(found, options.brief) : moment(found, options);
  return el("time", { datetime: new Date(found).toISOString(), title: `${day(found)} ${clock(found)} ${offset()}`, text });
}

/** "+08:00" */
export function offset() {
  const n = Math.abs(zoneMinutes);
  return `${zoneMinutes < 0 ? "-" : "+"}${two(Math.floor(n / 60))}:${two(n % 60)}`;
}

/** "3 分钟前": how long an instant lies before `now` (the run's clock, not the wall's, in a drill). */
export function age(at, now = Date.now()) {
  const found = ms(at);
  if (found === null) return "—";
  const s = (now - found) / 1000;
  if (s < -60) return t("age.future");
  if (s < 5) return t("age.now");
  if (s < 90) return t("age.seconds", { n: Math.round(s) });
  if (s < 5400) return t("age.minutes", { n: Math.round(s / 60) });
  if (s < 48 * 3600) return t("age.hours", { n: Math.round(s / 3600) });
  return t("age.days", { n: Math.round(s / 86400) });
}

/** "1 h 20 min", of milliseconds. */
export function duration(span) {
  const s = Math.max(0, Math.round(span / 1000));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 48 * 3600) { const m = Math.round((s % 3600) / 60); return `${Math.floor(s / 3600)} h${m ? ` ${m} min` : ""}`; }
  return `${Math.round(s / 86400)} d`;
}

const UNITS = {
  Cel: "°C", deg: "°", "m/s": "m/s", "m3/s": "m³/s", m3: "m³", "ug/m3": "µg/m³", "mg/m3": "mg/m³", m2: "m²", "1": "", "{count}": "", "[ppm]": "ppm",
  "[ppb]": "ppb", "[kn_i]": "kn", "[nmi_i]": "nmi", "[pH]": "pH", "W/m2": "W/m²", Ohm: "Ω", uSv: "µSv", "uS/cm": "µS/cm", "[degF]": "°F",
};
/** A UCUM code as people write it. */
export const unit = (code) => (code === null || code === undefined ? "" : UNITS[code] ?? code.replace(/[[\]{}]/g, ""));

const DIGITS = { m: 2, mm: 1, "m/s": 1, Cel: 1, hPa: 1, "%": 0, deg: 0, "m3/s": 1, V: 2, "1": 3 };

/** A number as it is read on a screen: by its unit's digits, or `digits`; large ones with their own precision. "—" for none. */
export function number(value, code = "", digits = undefined) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return value.toPrecision(4);
  const most = digits ?? (Number.isInteger(value) && !(code in DIGITS) ? 0 : DIGITS[code] ?? (size >= 100 ? 1 : size >= 1 ? 2 : 4));
  return value.toLocaleString("en-US", { minimumFractionDigits: code in DIGITS || digits !== undefined ? most : 0, maximumFractionDigits: most, useGrouping: size >= 1e4 });
}

/** "3.27 m". */
export function withUnit(value, code, digits) {
  const shown = number(value, code, digits), sign = unit(code);
  return sign && shown !== "—" ? `${shown}${sign === "°" || sign === "%" ? "" : " "}${sign}` : shown;
}

/** A count in the reader's grouping: "12,480". */
export const count = (n) => (n === null || n === undefined ? "—" : Number(n).toLocaleString(locale()));

/** "1.2 MB". */
export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let k = 0;
  while (n >= 1000 && k < units.length - 1) { n /= 1000; k += 1; }
  return `${k ? n.toPrecision(3) : n} ${units[k]}`;
}

/** -1..2 of a number or a word ("warning"); -1 for anything else. */
export function severityRank(severity) {
  if (typeof severity === "number") return NAMES.has(severity) ? severity : NONE;
  return RANK[severity] ?? NONE;
}

/** "none", "watch", "warning", "danger": for classes and words. */
export const severityName = (severity) => NAMES.get(severityRank(severity));

/** What a severity is called: 警戒. */
export const severityWord = (severity) => t(`severity.${severityName(severity)}`);

// Each a path in a box of 16: the same shapes that the map draws.
const SHAPES = {
  none: "M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8Z",
  watch: "M8 1.6L15 14H1Z",
  warning: "M8 .8L15.2 8L8 15.2L.8 8Z",
  danger: "M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Z",
};

/**
 * The mark of a severity, colour and shape; with the word beside it unless {word: false} (then it is its label). {silent: true} is hollow, says so;
 * {text} takes the place of the word.
 */
export function severityMark(severity, { word = true, silent = false, text = undefined } = {}) {
  const name = severityName(severity);
  const said = text ?? (silent && name === "none" ? t("state.silent") : severityWord(severity));
  const shape = svg("svg", { class: "mark-shape", viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, svg("path", { d: SHAPES[name] }));
  return el("span", { class: ["mark", `sev-${name}`, silent && "silent"], role: word ? null : "img", "aria-label": word ? null : said }, shape, word && el("span", { class: "mark-word", text: said }));
}

/** What a quality flag is called, and its class: quality 3 is "可疑". */
export const qualityWord = (flag) => (has(`quality.${flag}`) ? t(`quality.${flag}`) : String(flag));

/** Why a value was flagged: 尖峰. */
export const reasonWord = (reason) => (reason ? (has(`reason.${reason}`) ? t(`reason.${reason}`) : reason) : "");
