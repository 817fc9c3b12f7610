// What is known of a thing: who carries it, where it stands, its datum and thresholds; of a vessel its facts and calls; its history.
//
//   about = mount(element, {api, live})   about.show(thing, device or null, type or undefined)

import { may, segment, session } from "../api.js";
import { el, fill } from "../dom.js";
import { both, has, t } from "../words.js";
import { places } from "./known.js";
import { amount, domainName, factName, inMine, seriesName, sign, stamp, typeName, whole } from "./telling.js";

const FACTS = ["name", "callsign", "mmsi", "imo", "flag", "ship_type", "dangerous_goods", "destination", "eta", "draught", "length_m", "beam_m"];

export function mount(element, { api, live }) {
  const facts = el("dl", { class: "facts" });
  const calls = el("div", { class: "about-calls" });
  const links = el("p", { class: "row" });
  const changes = el("details", { class: "about-history" });
  let shown = 0;
  element.append(facts, calls, links, changes);

  function show(thing, device, type) {
    const mine = (shown += 1);
    const pairs = thing?.mover ? vesselPairs(thing) : devicePairs(thing, device, type);
    fill(facts, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([key, value]) => [el("dt", { text: has(key) ? t(key) : key.split(".").at(-1).replaceAll("_", " ") }), el("dd", {}, value)]));
    fill(calls);
    fill(links);
    fill(changes);
    changes.hidden = true;
    if (thing?.mover) vesselCalls(thing, mine).catch(() => {});
    if (device) history(device, mine).catch(() => {});
  }

  async function history(device, mine) {
    const [me, told] = await Promise.all([session(), api.get(`/api/devices/${segment(device.id)}/history`)]);
    if (mine !== shown) return;
    if (may(me, "engineer")) fill(links, el("a", { class: "button small", href: `/device?id=${segment(device.id)}`, text: t("about.edit") }));
    const items = told.items ?? told.configs ?? [];
    changes.hidden = !items.length;
    fill(changes, el("summary", { text: t("about.history", { n: items.length }) }), el("ol", { class: "about-changes" }, items.map((each) => el("li", {}, el("span", { class: "tabular", text: each.at ? stamp(each.at) : t("explain.ever") }), ` ${each.by ?? ""} `, el("span", { class: "soft", text: changed(each) })))));
  }

  async function vesselCalls(thing, mine) {
    const [told, names] = await Promise.all([api.get(`/api/vessels/${segment(thing.id)}`), places(api)]);
    if (mine !== shown) return;
    const line = (call) => t("about.call", { place: both(names.get(call.berth ?? call.port)) || call.port, from: stamp(call.arrived ?? call.berthed ?? call.anchored, live.clock), to: call.departed ? stamp(call.departed, live.clock) : t("about.now") });
    const lists = [["about.calls", told.calls.slice(0, 3).map(line)], ["about.cargo", told.cargo.map((one) => [one.goods, one.un && `UN ${one.un}`, one.tonnes && `${one.tonnes} t`, one.last_port].filter(Boolean).join(" · "))], ["about.inspections", told.inspections.slice(0, 3).map((one) => `${stamp(one.time, live.clock)} ${one.by}${t("telling.colon")}${one.note}`)]];
    fill(calls, lists.filter(([, lines]) => lines.length).map(([key, lines]) => [el("h4", { text: t(key) }), el("ul", {}, lines.map((text) => el("li", { text })))]));
  }

  return {
    show,
    destroy() {
      for (const node of [facts, calls, links, changes]) node.remove();
    },
  };

  function vesselPairs(thing) {
    const told = thing.facts ?? {};
    const names = [...FACTS.filter((name) => name in told), ...Object.keys(told).filter((name) => !FACTS.includes(name))];
    return [
      ["about.id", mono(thing.id)], ...names.map((name) => [`about.${name}`, factName(name, told[name])]),
      ["about.course", thing.course === undefined || thing.course === null ? null : `${Math.round(thing.course)}°`],
      ["about.speed", thing.speed === undefined || thing.speed === null ? null : `${amount(thing.speed, "[kn_i]")} kn`],
      ["about.place", place(thing)], ["about.heard", whole(thing.time)], ["about.clock", live.drill ? live.drill.run : null],
    ];
  }
}

const mono = (text) => (text ? el("span", { class: "mono", text }) : null);
const place = (thing) => (Number.isFinite(thing?.lon) ? el("span", { class: "tabular", text: `${thing.lat.toFixed(5)}, ${thing.lon.toFixed(5)}` }) : null);

function devicePairs(thing, device, type) {
  const told = device ?? {};
  return [
    ["about.id", mono(told.id ?? thing?.id)], ["about.type", typeName(type, thing?.type)], ["about.domain", domainName(thing?.domain ?? told.domain ?? "")],
    ["about.area", inMine(thing?.area ?? told.area)], ["about.place", place(thing ?? told)], ["about.protocol", told.adapter], ["about.native", mono(told.native)],
    ["about.principal", mono(told.principal)], ["about.serial", mono(told.serial)], ["about.label", mono(told.label)], ["about.cadence", type?.cadence_s ? t("about.every", { n: type.cadence_s }) : null],
    ["about.datum", inMine(told.datum)], ["about.zero", told.zero === null || told.zero === undefined ? null : `${amount(told.zero, "m", "water_level")} m`], ["about.offset", told.offset ? String(told.offset) : null],
    ["about.thresholds", thresholds(told.levels ?? [])], ["about.note", told.note], ["about.created", told.created ? whole(told.created) : null],
  ];
}

function thresholds(rules) {
  const lines = rules.map((rule) => {
    const levels = rule.levels.map((level) => `${t(`severity.${level.severity}`)} ${amount(level.value, rule.unit, rule.property)}`);
    return el("div", { text: `${seriesName(rule)}${t("telling.colon")}${levels.join(" · ")} ${sign(rule.unit)}` });
  });
  return lines.length ? el("div", {}, lines) : null;
}

function changed(each) {
  const skip = new Set(["at", "by", "generation", "valid_from", "valid_to", "observed"]);
  const said = Object.entries(each).filter(([name, value]) => !skip.has(name) && value !== null && value !== "" && typeof value !== "object");
  return said.map(([name, value]) => `${has(`about.${name}`) ? t(`about.${name}`) : name} ${value}`).join(" · ");
}
