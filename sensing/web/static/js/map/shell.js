// The page around the map: panes at both sides on a desk and a wall, sheets over it on a phone.

import { $, append, el, fill } from "../dom.js";
import { t, translate } from "../words.js";

const PANES = { left: ["kpis", "layers"], right: ["device", "port", "events"] };
const TABS = ["events", "port", "kpis", "layers", "time"];

// {panes: {name: element}, layers, legend, map, text, tip, note, empty, title, when, storm, tabs: {name: button}, tab(name | null)}
export function shell() {
  const panes = {};
  const pane = (name) => (panes[name] = el("section", { class: "pane", id: `pane-${name}`, data: { pane: name, tLabel: `map.pane_${name}` } }));
  const side = (where) => el("aside", { class: `side ${where}` }, PANES[where].map(pane));
  const parts = {
    panes,
    map: el("div", { class: "city-map", id: "map", tabindex: "0", role: "application", "aria-describedby": "map-text map-keys", data: { tLabel: "map.label" } }),
    text: el("p", { class: "sr-only", id: "map-text" }),
    keys: el("p", { class: "sr-only", id: "map-keys", data: { t: "map.keys" } }),
    tip: el("div", { class: "map-tip", hidden: true, "aria-hidden": "true" }),
    note: el("div", { class: "map-note", hidden: true, role: "status" }),
    empty: el("div", { class: "map-empty", hidden: true }),
    title: el("h1", {}),
    when: el("div", { class: "when" }),
    storm: el("div", { class: "storm-card", hidden: true }),
  };
  const tool = (name, sign) => (parts[name] = el("button", { type: "button", class: "icon", data: { tLabel: `map.${name}`, tTitle: `map.${name}` } }, el("span", { "aria-hidden": "true", text: sign })));
  const area = el(
    "div", { class: "map-area" }, parts.map, parts.text, parts.keys, el("div", { class: "map-title" }, parts.title, parts.when), parts.storm,
    el("div", { class: "map-tools" }, tool("zoom_in", "＋"), tool("zoom_out", "－"), tool("home", "⌂")), parts.tip, parts.note, parts.empty,
  );
  const time = el("section", { class: "time" }, (panes.time = el("div", { class: "pane", id: "pane-time", data: { pane: "time", tLabel: "map.pane_time" } })));
  parts.tabs = Object.fromEntries(TABS.map((name) => [name, tabButton(name, parts)]));
  const tabs = el("nav", { class: "tabs", data: { tLabel: "map.panes" } }, Object.values(parts.tabs));
  parts.tab = (name) => {
    for (const [key, node] of Object.entries(panes)) node.classList.toggle("active", key === name);
    for (const button of tabs.children) button.setAttribute("aria-expanded", String(button.dataset.tab === name));
    parts.open = name;
  };
  parts.layers = el("div");
  parts.legend = el("div", { class: "legend-box" });
  const sides = [side("left"), side("right")];
  panes.layers.append(parts.layers, parts.legend);
  fill($("#main"), area, sides, time, tabs);
  translate($("#main"));
  return parts;
}

function tabButton(name, parts) {
  return el("button", { type: "button", "aria-expanded": "false", "aria-controls": `pane-${name}`, data: { tab: name, t: `map.pane_${name}` }, on: { click: () => parts.tab(parts.open === name ? null : name) } });
}

// Shows or hides a line over the map; kind: "", "offline".
export function note(parts, text, kind = "") {
  parts.note.hidden = !text;
  parts.note.className = `map-note ${kind}`;
  if (parts.note.textContent !== text) parts.note.textContent = text;
}

// The storm in words: name, pressure, wind, where it goes.
export function stormCard(parts, now, name, words) {
  parts.storm.hidden = !now;
  if (!now) return;
  const told = `${name}|${words.join("|")}`;
  if (parts.told === told) return;
  parts.told = told;
  fill(parts.storm, el("strong", { text: name }), words.map((line) => append(el("span", { class: "soft" }), line)));
}

// Beside the pointer: what is there.
export function tip(parts, found, lines) {
  parts.tip.hidden = !found;
  if (!found) return;
  fill(parts.tip, el("strong", { text: lines[0] }), lines.slice(1).map((line) => (line instanceof Node ? line : el("span", { class: "soft", text: line }))));
  const room = parts.map.getBoundingClientRect();
  const wide = parts.tip.offsetWidth;
  const high = parts.tip.offsetHeight;
  const x = found.x + 16 + wide > room.width ? found.x - 16 - wide : found.x + 16;
  parts.tip.style.transform = `translate(${Math.max(4, Math.round(x))}px, ${Math.round(Math.min(found.y + 12, room.height - high - 8))}px)`;
}

export const nothing = (face) => t(`map.empty_${face}`);
