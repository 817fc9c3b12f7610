// The shapes: severity is a shape as well as a colour. Each adds itself to a path, so that one fill draws a thousand of them.
// They end where they began with a line: closePath walks the whole path in Chromium, and thousands of them take seconds.

const EIGHT = [...Array(8).keys()].map((at) => ((at + 0.5) * Math.PI) / 4);
const COS = EIGHT.map(Math.cos);
const SIN = EIGHT.map(Math.sin);

export const SIZES = [3.6, 7, 7.5, 8.5]; // radius in pixels of none, watch, warning, danger

const circle = (path, x, y, r) => {
  path.moveTo(x + r, y);
  path.arc(x, y, r, 0, 6.2832);
};
const triangle = (path, x, y, r) => {
  path.moveTo(x, y - r);
  path.lineTo(x + r * 0.95, y + r * 0.72);
  path.lineTo(x - r * 0.95, y + r * 0.72);
  path.lineTo(x, y - r);
};
const square = (path, x, y, half) => {
  path.moveTo(x - half, y - half);
  path.lineTo(x + half, y - half);
  path.lineTo(x + half, y + half);
  path.lineTo(x - half, y + half);
  path.lineTo(x - half, y - half);
};
const diamond = (path, x, y, r) => {
  path.moveTo(x, y - r);
  path.lineTo(x + r, y);
  path.lineTo(x, y + r);
  path.lineTo(x - r, y);
  path.lineTo(x, y - r);
};
const octagon = (path, x, y, r) => {
  path.moveTo(x + r * COS[0], y + r * SIN[0]);
  for (let at = 1; at < 9; at += 1) path.lineTo(x + r * COS[at & 7], y + r * SIN[at & 7]);
};

export const SHAPES = [circle, triangle, diamond, octagon];

// A ship: a dart with its bow along the heading (degrees from north); a small square when it does not say where it points.
export function dart(path, x, y, r, heading) {
  if (heading < 0) {
    square(path, x, y, r * 0.62);
    return;
  }
  const turn = (heading * Math.PI) / 180;
  const sine = Math.sin(turn) * r;
  const cosine = Math.cos(turn) * r;
  path.moveTo(x + sine * 1.45, y - cosine * 1.45);
  path.lineTo(x - sine * 0.85 + cosine * 0.68, y + cosine * 0.85 + sine * 0.68);
  path.lineTo(x - sine * 0.45, y + cosine * 0.45);
  path.lineTo(x - sine * 0.85 - cosine * 0.68, y + cosine * 0.85 - sine * 0.68);
  path.lineTo(x + sine * 1.45, y - cosine * 1.45);
}

// The mark inside an octagon, so that danger is told without its colour too.
export function cross(path, x, y, r) {
  const half = r * 0.42;
  path.moveTo(x - half, y - half);
  path.lineTo(x + half, y + half);
  path.moveTo(x + half, y - half);
  path.lineTo(x - half, y + half);
}

// A ring or an icon of its own, for legends: draws one mark of a severity in the middle of a small canvas.
export function icon(pen, size, severity, colour, { hollow = false, ship = false, ink = "#fff" } = {}) {
  const path = new Path2D();
  const middle = size / 2;
  const r = ship ? size * 0.32 : Math.min(SIZES[severity] * 1.05, size * 0.42);
  if (ship) dart(path, middle, middle, r, 45);
  else SHAPES[severity](path, middle, middle, r);
  pen.fillStyle = colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  if (hollow) pen.stroke(path);
  else pen.fill(path);
  if (severity === 3 && !ship) {
    const inner = new Path2D();
    cross(inner, middle, middle, r);
    pen.strokeStyle = hollow ? colour : ink;
    pen.stroke(inner);
  }
}
