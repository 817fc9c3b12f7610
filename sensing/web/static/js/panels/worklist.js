// Whom port state control looks at first, and why; "inspected", with a note, in place.
//
//   list = mount(element, {api, select, again})   list.show(items of GET /api/worklist, names of places)   list.words()

import { may, segment, session } from "../api.js";
import { notice } from "../chrome.js";
import { el, fill } from "../dom.js";
import { both, t } from "../words.js";
import { keyed, write } from "./keyed.js";
import { stamp } from "./telling.js";

export function mount(element, { api, select, again, live }) {
  const title = el("h3", { class: "port-name" });
  const list = el("ol", { class: "work" });
  const none = el("p", { class: "board-empty" });
  const keep = new Map();
  let items = [];
  let names = new Map();
  let me = null;
  element.append(title, list, none);
  session().then((found) => {
    me = found;
    draw(true);
  }, () => {});

  function entry() {
    let item = null;
    const name = el("button", { class: "ev-name", type: "button", on: { click: () => select(item.vessel) } });
    const score = el("span", { class: "work-score tabular" });
    const where = el("p", { class: "work-where" });
    const why = el("ul", { class: "work-why" });
    const form = el("div", { class: "ev-form", hidden: true });
    const done = el("button", { class: "small", type: "button", data: { deed: "inspect" }, on: { click: () => ask(form, () => item) } });
    const node = el("li", { class: "work-item" }, el("div", { class: "ev-top" }, score, name, done), where, why, form);
    return {
      node,
      update([told]) {
        item = told;
        write(name, [told.name || told.vessel, told.flag].filter(Boolean).join(" · "));
        write(score, String(told.score));
        score.title = t("table.score");
        write(where, [both(names.get(told.berth ?? told.port)) || told.port, told.inspected ? t("worklist.inspected", { at: stamp(told.inspected, live?.clock) }) : ""].filter(Boolean).join(" · "));
        fill(why, told.reasons.map((reason) => el("li", { text: both(reason) })));
        write(done, t("worklist.inspect"));
        const allowed = may(me, "operator");
        done.disabled = !allowed;
        done.title = allowed ? "" : t("events.viewer");
      },
    };
  }

  function ask(form, of) {
    form.hidden = !form.hidden;
    if (form.hidden) return;
    const note = el("textarea", { rows: "2", maxlength: "2000", required: true, "aria-label": t("worklist.note"), placeholder: t("worklist.note") });
    const send = el("button", { class: "small primary", type: "submit", text: t("worklist.save") });
    const write_ = async (event) => {
      event.preventDefault();
      send.classList.add("busy");
      try {
        await api.post(`/api/vessels/${segment(of().vessel)}/inspections`, { note: note.value.trim() });
        form.hidden = true;
        notice(t("worklist.saved", { name: of().name || of().vessel }), "good");
        again();
      } catch (error) {
        notice(error.message, "bad");
      } finally {
        send.classList.remove("busy");
      }
    };
    fill(form, el("form", { on: { submit: write_ } }, note, el("div", { class: "ev-deeds" }, send, el("button", { class: "small", type: "button", text: t("events.cancel"), on: { click: () => (form.hidden = true) } }))));
    note.focus();
  }

  function draw() {
    write(title, t("worklist.title", { n: items.length }));
    write(none, t("table.no_worklist"));
    none.hidden = items.length > 0;
    keyed(list, keep, items.map((item) => [item]), ([item]) => item.vessel, entry);
  }

  return {
    show(told, places) {
      items = told;
      names = places;
      draw();
    },
    words: draw,
    destroy() {
      element.replaceChildren();
    },
  };
}
