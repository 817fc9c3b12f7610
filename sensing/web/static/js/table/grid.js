// A table that people and screen readers can work with: sorted by its heads, filtered by a text, a page at a time, alive without jumping.
//
//   grid = new Grid(element, {name, columns, keyOf, empty})   grid.show(items)   grid.find(text)   grid.sort(key, down)   grid.rows()
// columns: [{key, head, text(item), node(item)?, sort(item)?, num?, csv?(item)}]. head: a key of the words. Fires "sorted", "shown".
// While somebody reads (focus or pointer in the rows) values change in place, and nothing changes its row.

import { el, fill, on } from "../dom.js";
import { t } from "../words.js";
import { count } from "../format.js";
import { keyed, write } from "../panels/keyed.js";

const SIZES = [50, 100, 250];

export class Grid extends EventTarget {
  constructor(element, { name, columns, keyOf, empty = "table.none" }) {
    super();
    Object.assign(this, { name, columns, keyOf, empty, items: [], ordered: [], order: null, down: false, text: "", page: 0, size: SIZES[1], keep: new Map(), reading: false });
    this.caption = el("caption", { class: "sr-only" });
    this.heads = columns.map((column) => this.#head(column));
    this.body = el("tbody");
    this.table = el("table", { class: "grid tabular" }, this.caption, el("thead", {}, el("tr", {}, this.heads)), this.body);
    this.none = el("p", { class: "empty", hidden: true });
    this.wrap = el("div", { class: "table-wrap grid-wrap", tabindex: "0", role: "region" }, this.table, this.none);
    this.said = el("p", { class: "grid-said tabular", role: "status" });
    this.back = el("button", { type: "button", on: { click: () => this.#turn(-1) } });
    this.ahead = el("button", { type: "button", on: { click: () => this.#turn(1) } });
    this.sizes = el("select", { on: { change: () => this.#resize(Number(this.sizes.value)) } }, SIZES.map((size) => el("option", { value: String(size), text: String(size), selected: size === this.size })));
    this.node = el("div", { class: "grid-box" }, this.wrap, el("div", { class: "grid-foot" }, this.said, el("div", { class: "row" }, this.back, this.ahead, this.sizes)));
    element.append(this.node);
    this.off = [on(this.body, "pointerenter", () => (this.reading = true)), on(this.body, "pointerleave", () => (this.reading = false))];
    this.words();
  }

  /** These items; calm: values may change now, the order waits while somebody reads. */
  show(items, { calm = false } = {}) {
    this.items = items;
    const busy = this.reading || this.body.contains(document.activeElement);
    if (calm && busy) this.#refresh();
    else this.#arrange();
  }

  /** Only rows in which every word of the text occurs. */
  find(text) {
    this.text = text.trim().toLowerCase();
    this.page = 0;
    this.#arrange();
  }

  sort(key, down = false) {
    Object.assign(this, { order: key, down, page: 0 });
    this.#arrange();
    this.dispatchEvent(new Event("sorted"));
  }

  /** All rows that fit, in their order: what a CSV holds. */
  rows() {
    return this.ordered;
  }

  words() {
    write(this.caption, t(this.name));
    this.wrap.setAttribute("aria-label", t(this.name));
    write(this.none, t(this.empty));
    write(this.back, t("table.back"));
    write(this.ahead, t("table.ahead"));
    this.sizes.setAttribute("aria-label", t("table.size"));
    this.columns.forEach((column, index) => write(this.heads[index].firstChild.firstChild, t(column.head)));
    for (const view of this.keep.values()) view.told = null;
    this.#arrange();
  }

  destroy() {
    this.off.forEach((stop) => stop());
    this.node.remove();
  }

  #head(column) {
    const button = el("button", { class: "grid-sort", type: "button", on: { click: () => this.sort(column.key, this.order === column.key && !this.down) } }, el("span"), el("span", { class: "grid-way", "aria-hidden": "true" }));
    return el("th", { scope: "col", class: column.num ? "num" : null, data: { column: column.key } }, button);
  }

  #arrange() {
    const words = this.text.split(/\s+/).filter(Boolean);
    const fits = (item) => {
      const all = this.columns.map((column) => column.text(item)).join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    };
    this.ordered = words.length ? this.items.filter(fits) : [...this.items];
    const column = this.columns.find((each) => each.key === this.order);
    if (column) {
      const value = column.sort ?? column.text;
      const sign = this.down ? -1 : 1;
      this.ordered.sort((one, other) => compare(value(one), value(other), sign));
    }
    this.page = Math.min(this.page, Math.max(0, Math.ceil(this.ordered.length / this.size) - 1));
    this.#draw();
  }

  /** The same rows in the same places, with what is true of them now. */
  #refresh() {
    const now = new Map(this.items.map((item) => [this.keyOf(item), item]));
    this.ordered = this.ordered.map((item) => now.get(this.keyOf(item)) ?? item);
    this.#draw();
  }

  #draw() {
    const first = this.page * this.size;
    const shown = this.ordered.slice(first, first + this.size).map((item, index) => [item, first + index]);
    keyed(this.body, this.keep, shown, ([item]) => this.keyOf(item), () => this.#row());
    this.table.setAttribute("aria-rowcount", String(this.ordered.length + 1));
    this.heads.forEach((head) => head.setAttribute("aria-sort", head.dataset.column !== this.order ? "none" : this.down ? "descending" : "ascending"));
    this.none.hidden = shown.length > 0;
    const last = first + shown.length;
    write(this.said, t(this.ordered.length === this.items.length ? "table.shown" : "table.shown_of", { first: count(shown.length ? first + 1 : 0), last: count(last), n: count(this.ordered.length), all: count(this.items.length) }));
    this.back.disabled = this.page === 0;
    this.ahead.disabled = last >= this.ordered.length;
    this.dispatchEvent(new Event("shown"));
  }

  #row() {
    const cells = this.columns.map((column, index) => el(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: column.num ? "num" : null }));
    const node = el("tr", {}, cells);
    const view = {
      node, told: null,
      update: ([item, index]) => {
        node.setAttribute("aria-rowindex", String(index + 2));
        const told = this.columns.map((column) => column.text(item));
        this.columns.forEach((column, at) => {
          if (view.told?.[at] === told[at]) return;
          if (column.node) fill(cells[at], column.node(item));
          else write(cells[at], told[at]);
        });
        view.told = told;
      },
    };
    return view;
  }

  #turn(step) {
    this.page += step;
    this.#arrange();
    this.wrap.scrollTop = 0;
    this.wrap.focus({ preventScroll: true });
  }

  #resize(size) {
    Object.assign(this, { size, page: 0 });
    this.#arrange();
  }
}

/** Numbers before words, and what is missing last whichever way. */
function compare(one, other, sign) {
  const [lack, lacks] = [one === null || one === undefined || one === "", other === null || other === undefined || other === ""];
  if (lack || lacks) return lack - lacks;
  if (typeof one === "number" && typeof other === "number") return sign * (one - other);
  return sign * String(one).localeCompare(String(other), undefined, { numeric: true });
}
