// Names and values beside marks, the worst first, where they fit without covering one another.

const CELL = 64;
const HIGH = 15;
const MOST = 160;

export class Labels {
  constructor() {
    this.wide = new Map(); // text -> pixels at the font below
    this.size = 0;
  }

  begin(pen, size = 1) {
    if (size !== this.size) this.wide.clear();
    this.size = size;
    this.boxes = new Map();
    this.count = 0;
    pen.font = `${Math.round(12 * size)}px "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif`;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.lineJoin = "round";
  }

  // Keeps a place free, as for a mark.
  block(x, y, r) {
    this.#take([x - r, y - r, x + r, y + r]);
  }

  // Writes text beside (x, y) if there is room; true when it was written.
  put(pen, text, x, y, r, ink, halo, must = false) {
    if (!text || (this.count >= MOST && !must)) return false;
    const wide = this.#width(pen, text);
    const high = HIGH * this.size;
    const spots = [
      [x + r + 3, y - high / 2],
      [x - r - 3 - wide, y - high / 2],
      [x - wide / 2, y - r - high - 1],
      [x - wide / 2, y + r + 1],
    ];
    const spot = spots.find(([bx, by]) => this.#free([bx, by, bx + wide, by + high])) ?? (must ? spots[0] : null);
    if (!spot) return false;
    this.#take([spot[0], spot[1], spot[0] + wide, spot[1] + high]);
    this.count += 1;
    pen.lineWidth = 3 * this.size;
    pen.strokeStyle = halo;
    pen.strokeText(text, spot[0], spot[1] + high / 2);
    pen.fillStyle = ink;
    pen.fillText(text, spot[0], spot[1] + high / 2);
    return true;
  }

  #width(pen, text) {
    let wide = this.wide.get(text);
    if (wide === undefined) {
      if (this.wide.size > 2000) this.wide.clear();
      this.wide.set(text, (wide = pen.measureText(text).width));
    }
    return wide;
  }

  *#cells(box) {
    for (let x = Math.floor(box[0] / CELL); x <= Math.floor(box[2] / CELL); x += 1)
      for (let y = Math.floor(box[1] / CELL); y <= Math.floor(box[3] / CELL); y += 1) yield x * 4096 + y;
  }

  #free(box) {
    for (const key of this.#cells(box))
      for (const other of this.boxes.get(key) ?? [])
        if (box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]) return false;
    return true;
  }

  #take(box) {
    for (const key of this.#cells(box)) {
      const cell = this.boxes.get(key);
      if (cell) cell.push(box);
      else this.boxes.set(key, [box]);
    }
  }
}
