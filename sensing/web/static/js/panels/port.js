// What a port watch looks at: berths and who lies there, ships in port, and whom to inspect first. Asked every half minute.
//
//   panel = mount(element, {live, api, select})   panel.update()   panel.destroy()

import { el, on } from "../dom.js";
import { t } from "../words.js";
import * as calls from "./calls.js";
import { write } from "./keyed.js";
import { harbours } from "./known.js";
import * as worklist from "./worklist.js";

const EVERY_MS = 30_000;

export function mount(element, { live, api, select }) {
  const title = el("h2", { class: "board-title" });
  const problem = el("p", { class: "bad", role: "status" });
  const [worst, lying] = [el("div"), el("div")];
  const node = el("section", { class: "board board-port" }, el("header", { class: "board-head" }, title), problem, worst, lying);
  element.append(node);
  const given = { live, api, select, again: () => update() };
  const list = worklist.mount(worst, given);
  const berths = calls.mount(lying, given);
  let known = null;

  async function update() {
    try {
      known ??= await harbours(api);
      const [open, listed] = await Promise.all([api.get("/api/calls", { state: "open", limit: 1000 }), api.get("/api/worklist")]);
      list.show(listed.items, known.names);
      berths.show(open.items, known);
      write(problem, "");
    } catch (error) {
      write(problem, error.status === 403 ? t("port.house") : error.message);
    }
  }
  const words = () => {
    write(title, t("port.title"));
    node.setAttribute("aria-label", t("port.title"));
    list.words();
    berths.words();
  };
  const off = [on(window, "language", words)];
  const timer = setInterval(() => document.hidden || update(), EVERY_MS);
  words();
  update();
  return {
    update,
    destroy() {
      clearInterval(timer);
      off.forEach((stop) => stop());
      list.destroy();
      node.remove();
    },
  };
}
