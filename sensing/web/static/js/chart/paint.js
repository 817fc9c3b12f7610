// What a chart looks like: grid, levels, events, line or bars or dots, and doubted values apart from the line. Draws what it is given.

import { thin, ticks, timeTicks } from "./scale.js";

const SEVERITY = ["watch", "warning", "danger"];

/** Colours and type of the page, as its style sheet says them now. */
export function inkOf(element) {
  const style = getComputedStyle(element);
  const take = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const ink = { font: `11px ${style.fontFamily}`, text: style.color };
  for (const name of ["line", "fill", "grid", "axis", "doubt", "fail", "watch", "warning", "danger", "ground", "muted"]) {
    ink[name] = take(`--chart-${name}`, style.color);
  }
  return ink;
}

/** Axes and grid. plot: {left, top, width, height, x(ms), y(value), from, to, low, high}. */
export function grid(pen, plot, ink, say) {
  pen.font = ink.font;
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const { values, decimals } = plot.circular ? { values: [0, 90, 180, 270, 360], decimals: 0 } : ticks(plot.low, plot.high, plot.height / 34);
  for (const value of values) {
    const y = Math.round(plot.y(value)) + 0.5;
    stroke(pen, ink.grid, [plot.left, y], [plot.left + plot.width, y]);
    pen.fillStyle = ink.muted;
    pen.fillText(say.number(value, decimals), plot.left - 6, y);
  }
  const { values: times, step } = timeTicks(plot.from, plot.to, plot.width, 78, say.shift);
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const at of times) {
    const x = Math.round(plot.x(at)) + 0.5;
    stroke(pen, ink.grid, [x, plot.top], [x, plot.top + plot.height]);
    pen.fillStyle = ink.muted;
    const half = 18; // a label never runs out of the canvas
    pen.fillText(say.time(at, step), Math.min(Math.max(x, half), plot.left + plot.width - half + 10), plot.top + plot.height + 6);
  }
}

/** Spans in which an event stood, as a wash behind the line. events: [{from, to, severity 0..2}]. */
export function events(pen, plot, ink, spans) {
  for (const span of spans) {
    const left = plot.x(Math.max(plot.from, span.from));
    const right = plot.x(Math.min(plot.to, span.to ?? plot.to));
    if (right < plot.left || left > plot.left + plot.width) continue;
    pen.globalAlpha = 0.13;
    pen.fillStyle = ink[SEVERITY[span.severity]];
    pen.fillRect(left, plot.top, Math.max(2, right - left), plot.height);
    pen.globalAlpha = 0.9;
    pen.fillRect(left, plot.top, Math.max(2, right - left), 2);
    pen.globalAlpha = 1;
  }
}

/** Thresholds as lines with their names at the right; those beyond the axis are named at the left edge, with an arrow. */
export function levels(pen, plot, ink, given) {
  pen.font = ink.font;
  pen.textBaseline = "middle";
  const ends = { right: [], left: [] };
  for (const level of [...given].sort((one, other) => other.value - one.value)) {
    const above = level.value > plot.high;
    const inside = !above && level.value >= plot.low;
    const colour = ink[SEVERITY[level.severity]];
    const y = inside ? Math.round(plot.y(level.value)) + 0.5 : above ? plot.top + 8 : plot.top + plot.height - 8;
    if (inside) {
      pen.setLineDash([5, 4]);
      stroke(pen, colour, [plot.left, y], [plot.left + plot.width, y]);
      pen.setLineDash([]);
    }
    label(pen, plot, ink, colour, `${inside ? "" : above ? "↑ " : "↓ "}${level.label}`, inside ? y - 8 : y, inside ? "right" : "left", ends);
  }
}

function label(pen, plot, ink, colour, words, wanted, side, ends) {
  let y = wanted;
  while (ends[side].some((other) => Math.abs(other - y) < 13)) y += 13;
  ends[side].push(y);
  const width = pen.measureText(words).width;
  const left = side === "right" ? plot.left + plot.width - width - 5 : plot.left + 5;
  pen.globalAlpha = 0.8;
  pen.fillStyle = ink.ground;
  pen.fillRect(left - 2, y - 7, width + 4, 14);
  pen.globalAlpha = 1;
  pen.fillStyle = colour;
  pen.textAlign = "left";
  pen.fillText(words, left, y);
}

/** One series. kind: line, step, bars or points; good and unevaluated values only: doubted ones are drawn apart. */
export function series(pen, plot, ink, one) {
  const sound = one.points.filter((point) => point[2] < 3 || point[1] === null);
  const shown = one.kind === "bars" ? sound : thin(sound, plot.from, plot.to, plot.width);
  if (one.kind === "bars") return bars(pen, plot, ink, shown);
  if (one.kind === "points") return dots(pen, plot, ink, shown);
  band(pen, plot, ink, shown);
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1.6;
  pen.lineJoin = "round";
  pen.beginPath();
  let before = null;
  const alone = [];
  shown.forEach((point, index) => {
    if (point[1] === null) {
      before = null;
      return;
    }
    const [x, y] = [plot.x(point[0]), plot.y(point[1])];
    if (before && point[0] - before[0] <= one.gap) {
      if (one.kind === "step") pen.lineTo(x, plot.y(before[1]));
      pen.lineTo(x, y);
    } else {
      pen.moveTo(x, y);
      const next = shown[index + 1];
      if (!next || next[1] === null || next[0] - point[0] > one.gap) alone.push(point);
    }
    before = point;
  });
  pen.stroke();
  dots(pen, plot, ink, alone);
}

/** Suspect values as hollow triangles, failed ones as crosses (at the edge when beyond it), missing ones as ticks on the axis. */
export function doubted(pen, plot, ink, points) {
  pen.lineWidth = 1.4;
  for (const [at, value, quality] of points) {
    if (quality < 3) continue;
    const x = plot.x(at);
    if (value === null || quality === 9) {
      stroke(pen, ink.muted, [x, plot.top + plot.height - 5], [x, plot.top + plot.height]);
      continue;
    }
    const y = Math.min(plot.top + plot.height - 4, Math.max(plot.top + 4, plot.y(value)));
    pen.strokeStyle = quality === 3 ? ink.doubt : ink.fail;
    pen.beginPath();
    if (quality === 3) {
      pen.moveTo(x, y - 4);
      pen.lineTo(x + 4, y + 3);
      pen.lineTo(x - 4, y + 3);
      pen.closePath();
    } else {
      pen.moveTo(x - 3.5, y - 3.5);
      pen.lineTo(x + 3.5, y + 3.5);
      pen.moveTo(x + 3.5, y - 3.5);
      pen.lineTo(x - 3.5, y + 3.5);
    }
    pen.stroke();
  }
}

/** Where the readout stands. */
export function cross(pen, plot, ink, point) {
  const x = Math.round(plot.x(point[0])) + 0.5;
  stroke(pen, ink.axis, [x, plot.top], [x, plot.top + plot.height]);
  if (point[1] === null) return;
  pen.fillStyle = ink.ground;
  pen.strokeStyle = ink.text;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, Math.min(plot.top + plot.height, Math.max(plot.top, plot.y(point[1]))), 4, 0, 7);
  pen.fill();
  pen.stroke();
}

function band(pen, plot, ink, points) {
  const wide = points.filter((point) => point[4] !== undefined && point[1] !== null);
  if (!wide.length) return;
  pen.fillStyle = ink.fill;
  pen.beginPath();
  wide.forEach((point) => pen.lineTo(plot.x(point[0]), plot.y(point[5])));
  wide.reverse().forEach((point) => pen.lineTo(plot.x(point[0]), plot.y(point[4])));
  pen.fill();
}

function bars(pen, plot, ink, points) {
  pen.fillStyle = ink.line;
  const foot = plot.y(Math.max(0, plot.low));
  for (const [at, value, , , , , begin] of points) {
    if (!value) continue;
    const left = plot.x(begin ?? at);
    const width = Math.max(1, plot.x(at) - left - 0.5);
    pen.fillRect(left, plot.y(value), width, Math.max(1, foot - plot.y(value)));
  }
}

function dots(pen, plot, ink, points) {
  pen.fillStyle = ink.line;
  for (const [at, value] of points) {
    if (value === null) continue;
    pen.beginPath();
    pen.arc(plot.x(at), plot.y(value), points.length > 400 ? 1.2 : 2.2, 0, 7);
    pen.fill();
  }
}

function stroke(pen, colour, from, to) {
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}
