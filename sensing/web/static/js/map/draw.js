// Draws marks in few strokes: one path for each shape and colour, however many things there are.

import { cross, dart, SHAPES, SIZES } from "./shapes.js";
import { SEVERITIES } from "./palette.js";

const MANY = 4000; // ships in view, above which a far map shows them as plain darts without an edge
const CELL = 13; // pixels within which lesser marks become dots, so that what is wrong stands out

// The marks that do not move. size: 1 on a desk, more on a wall. Returns how many are in view.
export function drawFixed(pen, marks, view, colours, size = 1) {
  const pad = 12;
  const { left, top, scale, width, height } = view;
  const paths = new Map();
  const taken = new Set();
  const order = ranked(marks);
  const closeUp = view.zoom >= 12.5;
  let count = 0;
  for (const at of order) {
    const x = (marks.x[at] - left) * scale;
    const y = (marks.y[at] - top) * scale;
    if (!(x > -pad && y > -pad && x < width + pad && y < height + pad)) continue;
    count += 1;
    const rank = marks.severity[at];
    const cell = Math.round(x / CELL / size) * 65536 + Math.round(y / CELL / size);
    const small = !closeUp && rank === 0 && taken.has(cell);
    taken.add(cell);
    const hollow = marks.state[at] > 0; // silent, or not heard yet: nobody knows how it is there
    const key = rank * 4 + (small ? 2 : 0) + (hollow ? 1 : 0);
    let path = paths.get(key);
    if (!path) paths.set(key, (path = { fill: new Path2D(), inner: new Path2D() }));
    const r = (small ? 1.8 : SIZES[rank] * (closeUp ? 1.25 : 1)) * size;
    SHAPES[rank](path.fill, x, y, r);
    if (rank === 3) cross(path.inner, x, y, r);
  }
  for (const key of [...paths.keys()].sort((one, two) => one - two)) paint(pen, paths.get(key), key >> 2, key & 1, colours, size);
  return count;
}

// Indices of shown, fixed things, the worst first to take their cells, drawn last to lie on top.
function ranked(marks) {
  const levels = [[], [], [], []];
  for (let at = 0; at < marks.size; at += 1) if (marks.seen[at] && !marks.mover[at]) levels[marks.severity[at]].push(at);
  return levels.reverse().flat();
}

function paint(pen, path, rank, hollow, colours, size) {
  const colour = colours[SEVERITIES[rank]];
  pen.lineJoin = "round";
  if (rank > 0 || hollow) {
    pen.strokeStyle = colours.halo;
    pen.lineWidth = (hollow ? 4 : 2.5) * size;
    pen.stroke(path.fill);
  }
  if (hollow) {
    pen.strokeStyle = rank ? colour : colours.silent;
    pen.lineWidth = 1.6 * size;
    pen.stroke(path.fill);
  } else {
    pen.fillStyle = colour;
    pen.fill(path.fill);
  }
  if (rank === 3) {
    pen.strokeStyle = hollow ? colour : colours.halo;
    pen.lineWidth = 1.8 * size;
    pen.stroke(path.inner);
  }
}

// Ships: darts along their heading. A ship that is part of an event has the severity's shape under it. Returns how many are in view.
export function drawMovers(pen, marks, view, colours, size = 1) {
  const pad = 12;
  const { left, top, scale, width, height } = view;
  const darts = [new Path2D(), new Path2D(), new Path2D()]; // sailing, carrying dangerous goods, silent
  const under = [null, new Path2D(), new Path2D(), new Path2D()];
  const onTop = new Path2D();
  const r = Math.max(3.4, Math.min(8, 4 + (view.zoom - 9) * 0.9)) * size;
  let count = 0;
  for (let at = 0; at < marks.size; at += 1) {
    if (!marks.seen[at] || !marks.mover[at]) continue;
    const x = (marks.x[at] - left) * scale;
    const y = (marks.y[at] - top) * scale;
    if (!(x > -pad && y > -pad && x < width + pad && y < height + pad)) continue;
    count += 1;
    const rank = marks.severity[at];
    if (rank) {
      SHAPES[rank](under[rank], x, y, SIZES[rank] * 1.25 * size);
      dart(onTop, x, y, SIZES[rank] * 0.55 * size, marks.heading[at]);
    } else {
      dart(darts[marks.state[at] > 0 ? 2 : marks.goods[at] ? 1 : 0], x, y, r, marks.heading[at]);
    }
  }
  const edged = count < MANY;
  pen.lineJoin = "round";
  pen.lineWidth = 1.4 * size;
  pen.strokeStyle = colours.halo;
  if (edged) pen.stroke(darts[0]);
  pen.fillStyle = colours.vessel;
  pen.fill(darts[0]);
  pen.stroke(darts[1]);
  pen.fillStyle = colours.goods;
  pen.fill(darts[1]);
  pen.strokeStyle = colours.silent;
  pen.stroke(darts[2]);
  for (let rank = 1; rank < 4; rank += 1) {
    pen.strokeStyle = colours.halo;
    pen.lineWidth = 2.5 * size;
    pen.stroke(under[rank]);
    pen.fillStyle = colours[SEVERITIES[rank]];
    pen.fill(under[rank]);
  }
  pen.fillStyle = colours.halo;
  pen.fill(onTop);
  return count;
}
