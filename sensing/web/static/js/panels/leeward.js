// Who is downwind of a berth: choose one, see its ships and cargo, the wind there, and the gases measured in the sector that the map draws.
//
//   panel = mount(element, {api, select, harbours: () => Harbours | null, show(told | null)})   panel.choose(berth id)   panel.destroy()

import { api as _api, segment } from "../api.js";
import { el, fill, on } from "../dom.js";
import { moment, number, unit } from "../format.js";
import { language, propertyName, t } from "../words.js";
import { write } from "./keyed.js";

const EVERY_MS = 10_000;
const GOODS = ["chemical", "oil", "gas"];
const MOST = 8;

export function mount(element, { api = _api, select, harbours, show }) {
  const title = el("h2", {});
  const choice = el("select", { on: { change: () => choose(choice.value) } });
  const body = el("div", { role: "status" });
  element.append(el("section", { class: "leeward" }, el("header", {}, title, choice), body));
  let chosen = "";
  let told = null;

  function words() {
    write(title, t("map.leeward"));
    choice.setAttribute("aria-label", t("map.leeward_choose"));
    const berths = (harbours()?.berths ?? []).filter((berth) => berth.goods.some((each) => GOODS.includes(each)));
    fill(choice, el("option", { value: "", text: t("map.leeward_none") }), berths.map((berth) => el("option", { value: berth.id, text: berth.name[language()] })));
    choice.value = chosen;
    draw();
  }

  async function choose(id) {
    chosen = id;
    choice.value = id;
    told = null;
    if (!id) {
      show(null);
      draw();
      return;
    }
    await look();
  }

  async function look() {
    if (!chosen || document.hidden) return;
    const asked = chosen;
    try {
      const found = await api.get(`/api/berths/${segment(asked)}/downwind`);
      if (asked !== chosen) return;
      told = found;
      show(found);
      draw();
    } catch (error) {
      fill(body, el("p", { class: "soft", text: error.status === 403 ? t("port.house") : error.message }));
    }
  }

  function draw() {
    if (!chosen) fill(body, el("p", { class: "soft", text: t("map.leeward_hint") }));
    if (!chosen || !told) return;
    const { wind, ships, gases } = told;
    const bad = gases.filter((gas) => gas.downwind);
    fill(
      body,
      el("p", { text: wind ? t("map.leeward_wind", { from: Math.round(wind.from), speed: wind.speed.toFixed(1), at: moment(wind.time) }) : t("map.leeward_calm") }),
      ships.map((ship) => el("p", {}, el("button", { type: "button", class: "quiet small", text: ship.name || ship.vessel, on: { click: () => select(ship.vessel) } }))),
      bad.length
        ? el("ul", { class: "gases" }, bad.slice(0, MOST).map(gasRow))
        : el("p", { class: "soft", text: t("map.leeward_no_gas", { n: told.devices.length }) }),
    );
  }

  const gasRow = (gas) => el(
    "li", { class: gas.exceeded ? "exceeded" : "" },
    el("button", { type: "button", class: "quiet small", text: propertyName(gas.property), on: { click: () => select(gas.device) } }),
    el("span", { class: "num", text: `${number(gas.result)} ${unit(gas.unit)}${gas.exceeded ? ` ＞ ${number(gas.limit)}` : ""}` }), el("span", { class: "soft num", text: `${gas.away_m} m` }),
  );

  const timer = setInterval(look, EVERY_MS);
  const off = on(window, "language", words);
  words();
  return { choose, update: words, get chosen() { return chosen; }, destroy: () => { clearInterval(timer); off(); } };
}
