// What is under a finger: a grid over the view, made when it is asked for and kept until something moved.

const CELL = 32;

export class Picker {
  constructor(marks) {
    this.marks = marks;
    this.grid = new Map();
    this.stale = true;
  }

  // The index of the nearest mark within `reach` pixels of (px, py), a worse one before a nearer one when both are close; -1 for none.
  at(view, px, py, reach = 14) {
    if (this.stale) this.#fill(view);
    const { left, top, scale } = view;
    let best = -1;
    let bestScore = Infinity;
    for (let cx = Math.floor((px - reach) / CELL); cx <= Math.floor((px + reach) / CELL); cx += 1) {
      for (let cy = Math.floor((py - reach) / CELL); cy <= Math.floor((py + reach) / CELL); cy += 1) {
        for (const at of this.grid.get(cx * 4096 + cy) ?? []) {
          const far = Math.hypot((this.marks.x[at] - left) * scale - px, (this.marks.y[at] - top) * scale - py);
          const score = far - this.marks.severity[at] * 4;
          if (far <= reach && score < bestScore) [best, bestScore] = [at, score];
        }
      }
    }
    return best;
  }

  #fill(view) {
    const { left, top, scale, width, height } = view;
    this.grid.clear();
    for (let at = 0; at < this.marks.size; at += 1) {
      if (!this.marks.seen[at]) continue;
      const x = (this.marks.x[at] - left) * scale;
      const y = (this.marks.y[at] - top) * scale;
      if (!(x > -CELL && y > -CELL && x < width + CELL && y < height + CELL)) continue;
      const key = Math.floor(x / CELL) * 4096 + Math.floor(y / CELL);
      const cell = this.grid.get(key);
      if (cell) cell.push(at);
      else this.grid.set(key, [at]);
    }
    this.stale = false;
  }
}
