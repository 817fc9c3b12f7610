// The newest value of every datastream of a thing, with its quality in words; a doubted one with the last good one beside it.
//
//   values = mount(element, {live, pick})   values.show(thing or null, chosen key)   pick(key) when a row is chosen

import { el, fill } from "../dom.js";
import { t } from "../words.js";
import { keyed, write } from "./keyed.js";
import { ago, measured, qualityMark, seriesName, whole } from "./telling.js";

const HEAD = ["values.what", "values.value", "values.quality", "values.heard"];

export function mount(element, { live, pick }) {
  const body = el("tbody");
  const head = el("tr");
  const caption = el("caption", { class: "sr-only" });
  const table = el("table", { class: "values tabular" }, caption, el("thead", {}, head), body);
  const none = el("p", { class: "board-empty" });
  const keep = new Map();
  let language = "";
  element.append(table, none);

  const row = ([key]) => {
    const name = el("button", { class: "values-name", type: "button", on: { click: () => pick(key) } });
    const value = el("td", { class: "num values-value" });
    const quality = el("td", { class: "values-quality" });
    const age = el("td", { class: "values-age" });
    const node = el("tr", { data: { key } }, el("th", { scope: "row" }, name), value, quality, age);
    let told = "";
    const update = ([, each, chosen]) => {
      node.classList.toggle("chosen", chosen);
      name.setAttribute("aria-pressed", String(chosen));
      write(age, ago(each.time, live.clock));
      const now = [each.value, each.time, each.quality, each.reason, each.good?.time, document.documentElement.lang].join("|");
      if (now === told) return;
      told = now;
      write(name, seriesName(each));
      write(value, measured(each.value, each.unit, each.property));
      node.dataset.quality = each.quality;
      age.title = whole(each.time);
      fill(quality, qualityMark(each.quality, each.reason), each.good && each.quality > 2 ? el("span", { class: "values-good", text: t("values.good", { value: measured(each.good.value, each.unit, each.property), age: ago(each.good.time, live.clock) }) }) : null);
    };
    return { node, update };
  };

  return {
    show(thing, chosen) {
      if (language !== document.documentElement.lang) {
        language = document.documentElement.lang;
        fill(head, HEAD.map((key, index) => el("th", { scope: "col", class: index === 1 ? "num" : null, text: t(key) })));
        write(caption, t("values.title"));
        write(none, t("values.none"));
      }
      const items = ordered(thing);
      keyed(body, keep, items.map(([key, each]) => [key, each, key === chosen]), ([key]) => key, row);
      table.hidden = !items.length;
      none.hidden = items.length > 0;
    },
    destroy() {
      table.remove();
      none.remove();
    },
  };
}

const FIRST = /^(water_level|ponding_depth|speed_over_ground|pm2_5|wind_speed|voc|nmhc)/;
const LAST = /voltage|battery|signal|status|snr|distance_to_surface/;
const HARDLY = /course|heading|rate_of_turn/;

/** [key, value] of a thing: what it measures first, what it says of itself last; instants before sums. */
export function ordered(thing) {
  const rank = ([, each]) => (FIRST.test(each.property) ? 0 : LAST.test(each.property) ? 6 : HARDLY.test(each.property) ? 4 : 2) + (each.statistic === "instant" ? 0 : 1);
  return Object.entries(thing?.values ?? {}).sort((one, other) => rank(one) - rank(other) || (one[0] < other[0] ? -1 : 1));
}
