// The newest frames behind a datastream, with their bytes and what was decoded from them.
//
//   frames = mount(element, {api})   frames.show(row, points)   points: as history.js gives them, with the place of their frame

import { el, fill } from "../dom.js";
import { t } from "../words.js";
import { bytesOf } from "./hex.js";
import { measured, qualityMark, seriesName, stamp, whole } from "./telling.js";

const SHOWN = 5;
const TOGETHER_MS = 2 * 3600_000;

export function mount(element, { api }) {
  const list = el("ol", { class: "frames" });
  const none = el("p", { class: "board-empty" });
  let last = null;
  element.append(list, none);

  function show(row, points) {
    last = [row, points];
    const newest = [];
    for (let index = points.length - 1; index >= 0 && newest.length < SHOWN; index -= 1) {
      const point = points[index];
      if (point[8] && point[7] && !newest.some((each) => each[8] === point[8])) newest.push(point);
    }
    none.hidden = newest.length > 0;
    none.textContent = t("frames.none");
    fill(list, newest.map((point, index) => entry(row, point, index === 0)));
  }

  function entry(row, point, open) {
    const inside = el("div", { class: "frame-inside" });
    const details = el("details", { class: "frame", open }, el("summary", {}, el("span", { class: "tabular", text: stamp(point[7]) }), el("span", { class: "soft", text: ` ${t("frames.place", { place: point[8] })}` })), inside);
    let asked = false;
    const look = () => {
      if (asked || !details.open) return;
      asked = true;
      load(row, point, inside).catch((error) => fill(inside, el("p", { class: "bad", text: error.message })));
    };
    details.addEventListener("toggle", look);
    if (open) look();
    return el("li", {}, details);
  }

  async function load(row, point, inside) {
    fill(inside, el("p", { class: "board-empty", text: t("chrome.loading") }));
    const from = point[0];
    const [told, rows] = await Promise.all([
      api.get("/api/explain", { device: row.device, property: row.property, statistic: row.statistic, channel: row.channel || undefined, time: point[7], run: row.run }),
      api.get("/api/observations", { device: row.device, from: new Date(from - TOGETHER_MS).toISOString(), to: new Date(from + TOGETHER_MS).toISOString(), run: row.run, limit: 2000 }),
    ]);
    const frame = told.steps.find((step) => step.step === "frame");
    const decoded = rows.items.filter((item) => item.frame === point[8]);
    const facts = frame?.gone ? el("p", { text: t("explain.frame_gone") }) : el("p", { class: "soft", text: t("frames.head", { at: whole(frame.received), adapter: frame.adapter, principal: frame.principal, size: frame.size }) });
    fill(inside, facts, decodedList(decoded), frame?.hex === null ? el("p", { text: t("explain.hidden") }) : frame && !frame.gone ? bytesOf(frame) : null);
  }

  return {
    show,
    again: () => last && show(...last),
    destroy() {
      list.remove();
      none.remove();
    },
  };
}

function decodedList(rows) {
  if (!rows.length) return null;
  return el(
    "table", { class: "values tabular" }, el("caption", { text: t("frames.decoded", { n: rows.length }) }),
    el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row", text: seriesName(row) }), el("td", { class: "num", text: measured(row.result, row.unit, row.property) }), el("td", {}, qualityMark(row.quality, row.reason)), el("td", { class: "tabular", text: stamp(row.time) })))),
  );
}
