// What the shapes and colours mean, drawn with the same strokes as the map's.

import { el, fill, on } from "../dom.js";
import { alpha, palette } from "../map/palette.js";
import { icon } from "../map/shapes.js";
import { t } from "../words.js";

const SIZE = 20;
const COMMON = ["danger", "warning", "watch", "none", "silent"];
const EXTRA = { all: ["vessel", "goods"], flood: ["rain", "level", "storm"], safety: ["goods", "plume"], port: ["vessel", "goods", "berth", "busy"] };

/** legend = mount(element, {face}); legend.turn(face); legend.destroy() */
export function mount(element, { face }) {
  let shown = face;
  const draw = () => {
    const colours = palette();
    fill(element, el("div", { class: "legend" }, el("h2", { text: t("map.legend") }), el("ul", {}, [...COMMON, ...EXTRA[shown]].map((name) => item(name, colours)))));
  };
  draw();
  const off = [on(window, "language", draw), on(window, "theme", draw)];
  return { turn: (name) => { shown = name; draw(); }, destroy: () => off.forEach((stop) => stop()) };
}

function item(name, colours) {
  const canvas = el("canvas", { width: SIZE * 2, height: SIZE * 2, "aria-hidden": "true" });
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  sign(pen, name, colours);
  return el("li", { class: COMMON.includes(name) && name !== "silent" ? "" : "wide" }, canvas, el("span", { class: "clip", text: COMMON.includes(name) && name !== "silent" ? t(`severity.${name}`) : name === "silent" ? t("map.legend_silent") : t(`map.legend_${name}`) }));
}

function sign(pen, name, colours) {
  const rank = ["none", "watch", "warning", "danger"].indexOf(name);
  if (rank >= 0) icon(pen, SIZE, rank, colours[name], { ink: colours.halo });
  else if (name === "silent") icon(pen, SIZE, 0, colours.silent, { hollow: true });
  else if (name === "vessel" || name === "goods") icon(pen, SIZE, 0, colours[name], { ship: true });
  else SIGNS[name](pen, colours);
}

const SIGNS = {
  rain(pen, colours) {
    pen.fillStyle = alpha(colours.rain, 0.35);
    pen.strokeStyle = colours.rain;
    pen.beginPath();
    pen.arc(10, 10, 7.5, 0, 6.2832);
    pen.fill();
    pen.stroke();
  },
  level(pen, colours) {
    pen.fillStyle = colours.faint;
    pen.fillRect(7, 2, 6, 16);
    pen.fillStyle = colours.warning;
    pen.fillRect(7, 8, 6, 10);
    pen.fillStyle = colours.ink;
    pen.fillRect(4, 8, 12, 1.5);
  },
  storm(pen, colours) {
    pen.strokeStyle = colours.storm;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(1, 17);
    pen.lineTo(19, 3);
    pen.stroke();
    pen.fillStyle = colours.storm;
    pen.beginPath();
    pen.arc(10, 10, 3.4, 0, 6.2832);
    pen.fill();
  },
  plume(pen, colours) {
    pen.fillStyle = alpha(colours.plume, 0.45);
    pen.beginPath();
    pen.moveTo(2, 18);
    pen.lineTo(19, 9);
    pen.arc(2, 18, 19, -0.5, -1.1, true);
    pen.closePath();
    pen.fill();
  },
  berth(pen, colours) {
    pen.strokeStyle = colours.berth;
    pen.lineWidth = 1.5;
    pen.strokeRect(2, 7, 16, 6);
  },
  busy(pen, colours) {
    pen.fillStyle = colours.busy;
    pen.fillRect(2, 7, 16, 6);
  },
};
