// Switches for what is shown: types by domain with how many there are and how many are in an event, and what lies over the map.

import { el, fill, on, throttled } from "../dom.js";
import { OVERLAYS } from "../map/faces.js";
import { language, t } from "../words.js";

const REDRAW_MS = 2000;

/** mount(element, {live, layers}); layers: a Layers of map/layers.js. */
export function mount(element, { live, layers }) {
  const body = el("div", { class: "layers" });
  element.append(body);
  const open = new Set(); // domains whose types are listed
  let drawn = "";
  const draw = () => {
    const found = layers.counts(live.things);
    const told = JSON.stringify([found, [...layers.over], layers.face, language()]);
    if (told === drawn) return;
    drawn = told;
    const focus = document.activeElement?.dataset?.layer;
    fill(body, el("h2", { text: t("map.layers") }), found.map(domain), over());
    if (focus) body.querySelector(`[data-layer="${CSS.escape(focus)}"]`)?.focus();
  };
  const folded = (name) => folding(el("button", { type: "button", class: "quiet fold", "aria-expanded": String(open.has(name)), "aria-label": t("map.types_of", { name: t(`domain.${name}`) }), data: { layer: `fold-${name}` }, text: open.has(name) ? "▾" : "▸" }), name);
  const folding = (button, name) => {
    button.addEventListener("click", () => {
      if (!open.delete(name)) open.add(name);
      drawn = "";
      draw();
    });
    return button;
  };
  const domain = ({ domain: name, types, total, bad, on: shown }) => el(
    "fieldset", {}, el("legend", { class: "sr-only", text: t(`domain.${name}`) }),
    el("div", { class: "domain" }, folded(name), tick(`domain-${name}`, t(`domain.${name}`), shown, (wanted) => types.forEach((each) => layers.set(each.type, wanted))), count(total, bad)),
    open.has(name) && types.map((each) => el("div", { class: "layer" }, tick(each.type, typeName(layers, each.type), each.on, (wanted) => layers.set(each.type, wanted)), count(each.total, each.bad))),
  );
  const over = () => el(
    "fieldset", {}, el("legend", { class: "sr-only", text: t("map.over") }), el("div", { class: "domain soft", text: t("map.over") }),
    OVERLAYS.map((name) => el("div", { class: "layer" }, tick(`over-${name}`, t(`map.over_${name}`), layers.over.has(name), (wanted) => layers.setOver(name, wanted)))),
  );
  const slow = throttled(draw, REDRAW_MS);
  const off = [on(live, "snapshot", draw), on(live, "batch", slow), on(layers, "change", draw), on(window, "language", draw)];
  draw();
  return { update: draw, destroy: () => off.forEach((stop) => stop()) };
}

export function typeName(layers, type) {
  const kind = layers.kinds.get(type);
  return kind ? (language() === "en" ? kind.name_en : kind.name_zh) : type;
}

function tick(name, text, checked, change) {
  return el("label", {}, el("input", { type: "checkbox", checked, data: { layer: name }, on: { change: (event) => change(event.target.checked) } }), el("span", { title: text, text }));
}

function count(total, bad) {
  return el("span", { class: ["n", bad && "bad"], text: bad ? `${bad} / ${total}` : String(total), title: t("map.count", { bad, total }) });
}
