// What a chart has besides what it shows: a grid of degrees, a scale, where the coast is from.

import { alpha } from "./palette.js";

const STEPS = [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
const NOTICE_FROM = 700; // pixels of a map that has room for it
const LENGTHS = [1, 2, 5];
const SMALL = '11px "Noto Sans CJK SC",system-ui,sans-serif';

export function graticule(pen, view, colours) {
  const [west, south, east, north] = view.bounds();
  const step = stepOf(east - west);
  pen.strokeStyle = alpha(colours.grid, 0.55);
  pen.lineWidth = 1;
  pen.beginPath();
  for (const [x] of meridians(west, east, step, view)) {
    pen.moveTo(x, 0);
    pen.lineTo(x, view.height);
  }
  for (const [y] of parallels(south, north, step, view)) {
    pen.moveTo(0, y);
    pen.lineTo(view.width, y);
  }
  pen.stroke();
}

// The degrees of the grid's lines, at the edges of the view; its step is that of a sheet of this width, pixels.
export function degrees(pen, view, colours, sheetWidth, notice) {
  const [west, south, east, north] = view.bounds();
  const step = stepOf(((east - west) * sheetWidth) / view.width);
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  pen.fillStyle = colours.faint;
  pen.font = SMALL;
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  const room = view.width - 250 - (view.width > NOTICE_FROM ? pen.measureText(notice).width : 0);
  for (const [x, lon] of meridians(west, east, step, view)) if (x < room) pen.fillText(`${lon.toFixed(digits)}°`, x + 4, view.height - 6);
  for (const [y, lat] of parallels(south, north, step, view)) if (y > 120) pen.fillText(`${lat.toFixed(digits)}°`, 6, y - 4);
}

const stepOf = (across) => STEPS.find((each) => across / each >= 4) ?? 0.01;

function* meridians(west, east, step, view) {
  for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) yield [Math.round(view.pixel(lon, 0)[0]) + 0.5, lon];
}

function* parallels(south, north, step, view) {
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) yield [Math.round(view.pixel(0, lat)[1]) + 0.5, lat];
}

// A bar of a round length at the lower right, and the source of the coast beside it.
export function scaleBar(pen, view, colours, notice) {
  const most = 130 * view.metresPerPixel;
  const ten = 10 ** Math.floor(Math.log10(most));
  const metres = ten * Math.max(...LENGTHS.filter((each) => each * ten <= most));
  const wide = metres / view.metresPerPixel;
  const text = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
  const x = view.width - wide - 14;
  const y = view.height - 14;
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, y - 5);
  pen.lineTo(x, y);
  pen.lineTo(x + wide, y);
  pen.lineTo(x + wide, y - 5);
  pen.stroke();
  pen.fillStyle = colours.ink;
  pen.font = SMALL;
  pen.textAlign = "right";
  pen.fillText(text, x - 6, y);
  pen.fillStyle = colours.faint;
  if (view.width > NOTICE_FROM) pen.fillText(notice, x - 16 - pen.measureText(text).width, y);
  pen.textAlign = "left";
}
