// How panels say things of the city: what a datastream, a kind of event or a value is called. Times and marks are those of format.js.

import { el } from "../dom.js";
import { age, brief, ms, number, offset, day, clock, qualityWord, reasonWord, severityMark, severityRank, unit, withUnit } from "../format.js";
import { has, language, propertyName, t } from "../words.js";

export { age as ago, severityMark, severityRank as rank, propertyName };
export const SEVERITIES = ["watch", "warning", "danger"];
const TURNS = ["high", "low", "rise", "rising", "fall", "forecast", "exceeded"];
const PERIOD = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const FLAGS = { 1: "●", 2: "○", 3: "△", 4: "✕", 9: "–" };

/** An instant as lists show it: the clock alone on the day of `now`. */
export const stamp = (at, now = Date.now()) => brief(at, now);

/** The whole instant, with its zone: for titles and readouts. */
export const whole = (at) => (ms(at) === null ? "—" : `${day(at)} ${clock(at)} ${offset()}`);

/** "3.27 m"; three decimals for levels, for a centimetre matters there. */
export const measured = (value, code, property = "") => withUnit(value, code, digitsOf(value, code, property));

/** The bare number of `measured`. */
export const amount = (value, code, property = "") => number(value, code, digitsOf(value, code, property));

function digitsOf(value, code, property) {
  if (code === "m" && /level/.test(property)) return 3;
  return code === "1" && Number.isInteger(value) ? 0 : undefined;
}
export { unit as sign };

/** A thing's name in the reader's language: names are often written in both, Chinese first. */
export function thingName(thing, id = thing?.id ?? "") {
  return inMine(thing?.facts?.name || thing?.name) || id;
}

/** "芗城 Xiangcheng" is 芗城 to one and Xiangcheng to the other; a name of one language stays as it is. */
export function inMine(text) {
  const found = /^(.*[㐀-鿿]\S*)\s+([A-Za-z][^㐀-鿿]*)$/.exec(text ?? "");
  if (!found) return text ?? "";
  return (language() === "en" ? found[2] : found[1]).trim();
}

/** "", "1 小时均值", "8 时起累计" of instant, mean/PT1H, sum/since-08. */
export function statisticName(statistic) {
  if (!statistic || statistic === "instant") return "";
  const [how, over = ""] = statistic.split("/");
  const period = PERIOD.exec(over);
  const parts = period ? ["day", "hour", "minute", "second"].flatMap((name, index) => (period[index + 1] ? [t(`telling.${name}`, { n: period[index + 1] })] : [])) : [];
  const stretch = parts.length ? parts.join(" ") : has(`telling.over_${over}`) ? t(`telling.over_${over}`) : over;
  return has(`telling.how_${how}`) ? t(`telling.how_${how}`, { over: stretch }).trim() : statistic;
}

/** "水位 · 5 分钟累计 · F5" of {property, statistic, channel}. */
export const seriesName = (row) => [propertyName(row.property), statisticName(row.statistic), row.channel].filter(Boolean).join(" · ");

/** What a kind of event is called; of one about a property, that property and which way. */
export function kindName(kind) {
  if (has(`kind.${kind}`)) return t(`kind.${kind}`);
  const cut = kind.lastIndexOf("_");
  const [property, turn] = [kind.slice(0, cut), kind.slice(cut + 1)];
  if (cut > 0 && TURNS.includes(turn) && has(`property.${property}`)) return t(`telling.turn_${turn}`, { property: propertyName(property) });
  return kind.replaceAll("_", " ");
}

/** What a vessel says of itself, in words where there are some: 液货船 of ship_type "tanker". */
export function factName(name, told) {
  const value = String((typeof told === "object" ? told?.value : told) ?? "");
  const key = `fact.${name}_${value.toLowerCase().replace(/[^a-z0-9]+/g, "_")}`;
  return has(key) ? t(key) : value;
}

/** 环境 of "environment". */
export const domainName = (domain) => (has(`domain.${domain}`) ? t(`domain.${domain}`) : domain);

/** A type as people call it. type: as GET /api/types tells it, or undefined. */
export const typeName = (type, id = "") => type?.[language() === "en" ? "name_en" : "name_zh"] || id;

/** A quality flag: mark and word, and why in words. */
export function qualityMark(quality, reason = "") {
  return el("span", { class: ["quality", `q-${quality}`] }, el("span", { class: "q-shape", "aria-hidden": "true", text: FLAGS[quality] ?? "?" }), qualityText(quality, reason));
}

/** "可疑：尖峰". */
export const qualityText = (quality, reason = "") => [qualityWord(quality), reasonWord(reason)].filter(Boolean).join(t("telling.colon"));

/** {zh, en} of another part of the service, or text. */
export { both } from "../words.js";
