// A canvas larger than the view for what does not move by itself: drawn once, then only copied while the map is panned.

import { View } from "./view.js";

const REDRAW_MS = 110;

export class Sheet {
  // most: pixels that it is larger than the view at each side. again: called when it wants to be put anew, once a zoom has settled; a sheet
  // without it is drawn at each zoom.
  constructor(most, again = null) {
    this.most = most;
    this.canvas = document.createElement("canvas");
    this.view = new View();
    this.again = again;
    this.parts = []; // (pen, view, colours) => void, in order
    this.stale = true;
    this.timer = 0;
  }

  // Copies what is drawn to where the view is now; draws it anew when the view left it or its zoom has settled at another.
  put(pen, view, colours, dpr) {
    const pad = this.#pad(view);
    const apart = view.zoom !== this.view.zoom;
    const dx = (view.x - this.view.x) * view.scale;
    const dy = (view.y - this.view.y) * view.scale;
    const resized = this.view.width !== view.width + 2 * pad || this.view.height !== view.height + 2 * pad || this.dpr !== dpr;
    if (this.stale || resized || (apart && !this.again) || (!apart && (Math.abs(dx) > pad || Math.abs(dy) > pad)) || Math.abs(view.zoom - this.view.zoom) > 1.6) {
      this.#draw(view, colours, dpr, pad);
    } else if (apart) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.stale = true;
        this.again();
      }, REDRAW_MS);
    }
    const grown = view.scale / this.view.scale;
    const x = view.width / 2 - (view.x - this.view.x) * view.scale - (this.view.width / 2) * grown;
    const y = view.height / 2 - (view.y - this.view.y) * view.scale - (this.view.height / 2) * grown;
    if (grown !== 1) {
      pen.fillStyle = colours.water;
      pen.fillRect(0, 0, view.width, view.height);
    }
    pen.drawImage(this.canvas, x, y, this.view.width * grown, this.view.height * grown);
  }

  #pad(view) {
    return Math.round(Math.min(this.most, Math.max(view.width, view.height) / 5));
  }

  #draw(view, colours, dpr, pad) {
    this.view.zoom = view.zoom;
    this.view.x = view.x;
    this.view.y = view.y;
    this.view.resize(view.width + 2 * pad, view.height + 2 * pad);
    this.dpr = dpr;
    const [wide, high] = [Math.round(this.view.width * dpr), Math.round(this.view.height * dpr)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const pen = this.canvas.getContext("2d", { alpha: false });
    pen.setTransform(dpr, 0, 0, dpr, 0, 0);
    pen.fillStyle = colours.water;
    pen.fillRect(0, 0, this.view.width, this.view.height);
    clearTimeout(this.timer);
    for (const part of this.parts) part(pen, this.view, colours, dpr);
    this.stale = false;
  }
}
