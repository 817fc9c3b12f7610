// Ships in port, by port: who lies at which berth, who at anchor, since when, and what they carry; and which berths are free.
//
//   list = mount(element, {live, select})   list.show(open calls, {names, berths} of known.js)   list.words()

import { el, fill } from "../dom.js";
import { both, t } from "../words.js";
import { ago, stamp } from "./telling.js";

export function mount(element, { live, select }) {
  let told = null;
  const draw = () => {
    if (!told) return;
    const [open, { names, berths }] = told;
    const ports = [...new Set([...open.map((call) => call.port), ...berths.keys()])].sort((one, other) => count(open, other) - count(open, one));
    fill(element, ports.length ? ports.map((port) => section(port, open.filter((call) => call.port === port), names, berths.get(port) ?? [])) : el("p", { class: "board-empty", text: t("port.nobody") }));
  };

  function section(port, open, names, berths) {
    const now = open.map((call) => ({ call, stay: call.stays.findLast((stay) => !stay.end) ?? null }));
    const rank = ({ stay }) => (stay?.kind === "berth" ? 0 : stay?.kind === "anchor" ? 1 : 2);
    now.sort((one, other) => rank(one) - rank(other) || String(one.stay?.place ?? "").localeCompare(String(other.stay?.place ?? ""), undefined, { numeric: true }));
    const taken = new Set(now.filter((one) => rank(one) === 0).map((one) => one.stay.place));
    const free = berths.filter((berth) => !taken.has(berth)).map((berth) => both(names.get(berth)) || berth);
    return el("section", { class: "port" }, el("h3", { class: "port-name" }, both(names.get(port)) || port, el("span", { class: "soft", text: ` ${t("port.count", { alongside: taken.size, berths: berths.length, anchored: now.filter((one) => rank(one) === 1).length, all: open.length })}` })), el("ul", { class: "port-ships" }, now.map((one) => ship(one, names))), free.length ? el("p", { class: "port-free", text: t("port.free", { n: free.length, names: free.join(t("telling.comma")) }) }) : null);
  }

  function ship({ call, stay }, names) {
    const goods = call.cargo.filter((one) => one.un);
    return el(
      "li", { class: "port-ship", data: { call: call.id, lies: stay?.kind ?? "under_way" } },
      el("span", { class: "port-place" }, stay?.place ? both(names.get(stay.kind === "anchor" ? `anchor/${stay.place}` : stay.place)) || stay.place : t(stay ? "port.at_anchor" : "port.under_way")),
      el("button", { class: "ev-name", type: "button", text: call.name || call.vessel, on: { click: () => select(call.vessel) } }),
      el("span", { class: "ev-age tabular", title: stamp(stay?.begin ?? call.arrived, live.clock), text: stay || call.arrived ? ago(stay?.begin ?? call.arrived, live.clock) : t("port.before") }),
      goods.length ? el("span", { class: "chip chip-late", text: goods.map((one) => `UN ${one.un} ${one.goods ?? ""} ${one.tonnes ?? "?"} t`).join(t("telling.comma")) }) : null,
    );
  }

  return {
    show(open, known) {
      told = [open, known];
      draw();
    },
    words: draw,
  };
}

const count = (open, port) => open.filter((call) => call.port === port).length;
