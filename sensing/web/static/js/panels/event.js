// One event in the list: what stands where, since when, how far above its level, who looks after it, and what an operator may do in place.

import { el, fill } from "../dom.js";
import { has, t } from "../words.js";
import { write } from "./keyed.js";
import { known } from "./known.js";
import { ago, inMine, kindName, measured, rank, severityMark, stamp, thingName } from "./telling.js";

const SHIP = /^mmsi-\d+$/;

/** {node, update(event), open(form)}. shared: {api, live, select, deeds, me: {may, name, why}}. */
export function eventView(event, shared) {
  const view = new EventView(event, shared);
  return { node: view.node, update: (told) => view.update(told), ask: (form) => view.ask(form), ack: () => view.acknowledge() };
}

class EventView {
  constructor(event, shared) {
    this.shared = shared;
    this.event = event;
    this.level = null;
    this.mark = el("span", { class: "ev-mark" });
    this.name = el("button", { class: "ev-name", type: "button", on: { click: () => shared.select(this.event.device) } });
    this.age = el("span", { class: "ev-age tabular" });
    this.kind = el("span", { class: "ev-kind" });
    this.area = el("span", { class: "ev-area" });
    this.peak = el("span", { class: "ev-peak tabular" });
    this.chips = el("div", { class: "ev-chips" });
    this.deeds = el("div", { class: "ev-deeds" });
    this.form = el("div", { class: "ev-form", hidden: true });
    this.node = el(
      "li", { class: "ev", tabindex: "-1", data: { event: event.id } },
      el("div", { class: "ev-top" }, this.mark, this.name, this.age),
      el("div", { class: "ev-mid" }, this.area, this.kind, this.peak), this.chips, this.deeds, this.form,
    );
    this.#levels();
  }

  update(event) {
    this.event = event;
    const deed = this.shared.deeds.of(event.id);
    const told = [event.version, event.state, event.severity, JSON.stringify(deed && [deed.op, deed.state]), document.documentElement.lang, this.shared.me.may].join("|");
    write(this.age, ago(Date.parse(event.end ?? event.start), this.shared.live.clock));
    this.age.title = stamp(event.start);
    const name = thingName(this.shared.live.things.get(event.device), event.device);
    write(this.name, name);
    this.name.setAttribute("aria-label", t("events.select", { name }));
    if (told === this.told) return this.#late();
    this.told = told;
    fill(this.mark, severityMark(rank(event.severity)));
    this.node.dataset.severity = event.severity;
    this.node.dataset.state = event.state;
    write(this.kind, kindName(event.kind));
    write(this.area, inMine(this.shared.live.things.get(event.device)?.area));
    this.#peak();
    this.#chips(deed);
    this.#actions(deed);
  }

  /** Show the form for "assign" or "close", or put it away. */
  ask(form) {
    if (!this.shared.me.may || this.event.state !== "open") return;
    const same = !this.form.hidden && this.form.dataset.form === form;
    this.form.hidden = same;
    if (same) return;
    this.form.dataset.form = form;
    fill(this.form, form === "close" ? this.#closing() : this.#assigning());
    this.form.querySelector("input, textarea").focus();
  }

  acknowledge() {
    if (!this.shared.me.may || this.event.state !== "open" || this.event.acknowledged || this.shared.deeds.of(this.event.id)) return;
    this.shared.deeds.do("ack_event", { event: this.event.id });
  }

  async #levels() {
    if (SHIP.test(this.event.device) || this.shared.live.things.get(this.event.device)?.mover) return; // ships that enrolled themselves stand in no registry
    try {
      const device = await known(this.shared.api).device(this.event.device);
      const rule = device?.levels?.find((each) => each.kind === this.event.kind && each.property === this.event.property && each.statistic === this.event.statistic && each.channel === this.event.channel);
      this.level = rule?.levels.findLast((each) => rank(each.severity) <= rank(this.event.severity)) ?? rule?.levels[0] ?? null;
      this.#peak();
    } catch { /* the peak alone is shown then */ }
  }

  #peak() {
    const { peak, unit, property, forecast } = this.event;
    if (forecast?.at) return write(this.peak, t("events.forecast", { at: stamp(forecast.at), from: stamp(forecast.earliest ?? forecast.at), to: forecast.latest ? stamp(forecast.latest) : "…", level: measured(forecast.value, "m", property) }));
    const value = peak?.value ?? peak;
    const level = this.level?.value;
    if (value === null || value === undefined) return write(this.peak, "");
    const worst = measured(value, unit, property);
    write(this.peak, level === undefined ? t("events.peak", { value: worst }) : t("events.peak_of", { value: worst, level: measured(level, unit, property) }));
  }

  #chips(deed) {
    const { acknowledged, assigned, escalated, closed, due, state, origin, colour } = this.event;
    const chips = [];
    if (colour) chips.push([t(`level.${colour}`), "plain"]);
    if (this.event.level) chips.push([has(`level.${this.event.level}`) ? t(`level.${this.event.level}`) : this.event.level, "plain"]);
    if (state === "closed") chips.push([t("event_state.closed"), "done"]);
    if (acknowledged) chips.push([t("events.acked_by", { by: acknowledged.by ?? "" }), "done", stamp(acknowledged.at)]);
    if (assigned) chips.push([t("events.assigned_to", { to: assigned.to ?? assigned.assignee ?? assigned.by ?? "" }), "plain", assigned.note]);
    const until = due ?? assigned?.due;
    if (until) chips.push([t(Date.parse(until) < this.shared.live.clock ? "events.overdue" : "events.due", { at: stamp(until) }), Date.parse(until) < this.shared.live.clock ? "late" : "plain"]);
    if (escalated) chips.push([t("events.escalated", { by: escalated.by === "clock" ? t("events.by_clock") : escalated.by ?? "", level: escalated.level ?? "" }), "late", escalated.note]);
    if (closed?.note) chips.push([t("events.closed_by", { by: closed.by ?? "", note: closed.note }), "plain"]);
    if (origin === "replayed") chips.push([t("origin.replayed"), "plain"]);
    if (deed) chips.push([t(`events.deed_${deed.state}`, { what: t(`events.op_${deed.op}`), why: deed.error?.what ?? "" }), deed.state === "failed" ? "late" : "busy"]);
    fill(this.chips, chips.map(([text, kind, title]) => el("span", { class: `chip chip-${kind}`, text, title })));
    this.chips.hidden = !chips.length;
  }

  #late() {
    const until = this.event.due ?? this.event.assigned?.due;
    if (until && Date.parse(until) < this.shared.live.clock && !this.saidLate) {
      this.saidLate = true;
      this.#chips(this.shared.deeds.of(this.event.id));
    }
  }

  #actions(deed) {
    const { id, state, acknowledged } = this.event;
    const button = (key, run, props = {}) => el("button", { class: "button small", type: "button", text: t(key), on: { click: run }, ...props });
    const { deeds, me } = this.shared;
    if (deed?.state === "waiting") return fill(this.deeds, button("events.undo", () => deeds.undo(id)));
    if (deed?.state === "failed") return fill(this.deeds, button("chrome.retry", () => deeds.again(id)), button("events.dismiss", () => deeds.undo(id)));
    if (deed || state !== "open") return fill(this.deeds);
    const off = me.may ? {} : { disabled: true, title: me.why() };
    fill(
      this.deeds,
      acknowledged ? null : button("events.ack", () => this.acknowledge(), { ...off, data: { deed: "ack" } }),
      this.shared.canAssign ? button("events.assign", () => this.ask("assign"), { ...off, data: { deed: "assign" } }) : null,
      acknowledged && this.shared.canAssign ? button("events.escalate", () => deeds.do("escalate_event", { event: id }), { ...off, data: { deed: "escalate" } }) : null,
      button("events.close", () => this.ask("close"), { ...off, data: { deed: "close" } }),
      me.may ? null : el("span", { class: "ev-why", text: me.why() }),
    );
  }

  #closing() {
    const note = el("textarea", { rows: "2", maxlength: "500", required: true, "aria-label": t("events.note"), placeholder: t("events.note_hint") });
    return this.#asked("events.close", note, () => this.shared.deeds.do("close_event", { event: this.event.id, note: note.value.trim() }));
  }

  #assigning() {
    const to = el("input", { type: "text", maxlength: "64", required: true, "aria-label": t("events.person"), placeholder: t("events.person"), value: this.shared.me.name, list: "event-people" });
    const due = el("select", { "aria-label": t("events.due_in") }, [30, 60, 120, 240, 480, 1440].map((minutes) =>
      el("option", { value: String(minutes), text: t("events.within", { n: minutes < 60 ? minutes : minutes / 60, unit: t(minutes < 60 ? "unit.minutes" : "unit.hours") }), selected: minutes === 60 })));
    const note = el("input", { type: "text", maxlength: "500", "aria-label": t("events.note_free"), placeholder: t("events.note_free") });
    return this.#asked("events.assign", [to, due, note], () => {
      const args = { event: this.event.id, to: to.value.trim(), due: new Date(this.shared.live.clock + Number(due.value) * 60_000).toISOString() };
      this.shared.deeds.do("assign_event", note.value.trim() ? { ...args, note: note.value.trim() } : args);
    });
  }

  #asked(key, fields, run) {
    const away = () => {
      this.form.hidden = true;
      this.node.focus();
    };
    return el(
      "form", {
        on: {
          submit: (submit) => {
            submit.preventDefault();
            away();
            run();
          },
          keydown: (key_) => {
            key_.stopPropagation();
            if (key_.key === "Escape") away();
          },
        },
      },
      fields, el("div", { class: "ev-deeds" }, el("button", { class: "button small primary", type: "submit", text: t(key) }), el("button", { class: "button small", type: "button", text: t("events.cancel"), on: { click: away } })),
    );
  }
}
