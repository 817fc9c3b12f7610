// The coast: rings in whole steps as GET /api/places/coast gives them, kept in world units, drawn only where the view is.
//
// The answer: {scale, box: [W, S, E, N], notice, rings: [[x0, y0, dx, dy, ...]]}, steps of `scale` degrees; land by the even-odd rule.

import { worldX, worldY } from "./view.js";

export class Coast {
  constructor(told) {
    this.notice = told.notice;
    this.box = told.box;
    this.rings = told.rings.map((steps) => ring(steps, told.scale));
    this.frame = [worldX(told.box[0]), worldY(told.box[3]), worldX(told.box[2]), worldY(told.box[1])];
  }

  // Fills what is known with water, land upon it, the shore as a line. `view` is what is drawn, canvas units are its pixels.
  draw(pen, view, colours) {
    const { left, top, scale, width, height } = view;
    const [x1, y1, x2, y2] = this.frame;
    pen.fillStyle = colours.unknown;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = colours.water;
    pen.fillRect((x1 - left) * scale, (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale);
    const right = left + width / scale;
    const bottom = top + height / scale;
    const path = new Path2D();
    for (const each of this.rings) {
      if (each.x2 < left || each.x1 > right || each.y2 < top || each.y1 > bottom) continue;
      if ((each.x2 - each.x1) * scale < 0.7 && (each.y2 - each.y1) * scale < 0.7) continue;
      trace(path, each.points, left, top, scale);
    }
    pen.save();
    pen.beginPath();
    pen.rect((x1 - left) * scale, (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale);
    pen.clip();
    pen.lineJoin = "round";
    pen.strokeStyle = colours.deep;
    pen.lineWidth = Math.max(3, Math.min(14, (view.zoom - 6) * 2.2));
    pen.stroke(path);
    pen.fillStyle = colours.land;
    pen.fill(path, "evenodd");
    pen.strokeStyle = colours.shore;
    pen.lineWidth = 1;
    pen.stroke(path);
    pen.restore();
  }
}

function ring(steps, size) {
  const points = new Float64Array(steps.length);
  const box = { points, x1: 1, y1: 1, x2: 0, y2: 0 };
  let lon = 0;
  let lat = 0;
  for (let at = 0; at < steps.length; at += 2) {
    lon += steps[at];
    lat += steps[at + 1];
    const x = worldX(lon * size);
    const y = worldY(lat * size);
    points[at] = x;
    points[at + 1] = y;
    box.x1 = Math.min(box.x1, x);
    box.x2 = Math.max(box.x2, x);
    box.y1 = Math.min(box.y1, y);
    box.y2 = Math.max(box.y2, y);
  }
  return box;
}

// Points closer than about a pixel to the one before are left out: at a far zoom most are.
function trace(path, points, left, top, scale) {
  let lastX = (points[0] - left) * scale;
  let lastY = (points[1] - top) * scale;
  path.moveTo(lastX, lastY);
  for (let at = 2; at < points.length; at += 2) {
    const x = (points[at] - left) * scale;
    const y = (points[at + 1] - top) * scale;
    if (Math.abs(x - lastX) + Math.abs(y - lastY) < 0.9) continue;
    path.lineTo(x, y);
    lastX = x;
    lastY = y;
  }
  path.closePath();
}
