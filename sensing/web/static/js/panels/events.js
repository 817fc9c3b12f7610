// The list of events: grouped by incident, else by area and kind; newest and worst first; acknowledged, assigned and closed in place.
//
//   panel = mount(element, {live, api, select, canAssign = true})   panel.update()   panel.filter({severity, domain, state})   panel.destroy()
// Keys while the list has the focus: j k to go, a acknowledge, s assign, c close, Enter selects the device, Space folds a group.

import { announce, el, fill, on, throttled } from "../dom.js";
import { may, session } from "../api.js";
import { t } from "../words.js";
import { Deeds } from "./deeds.js";
import { eventView } from "./event.js";
import { Incidents } from "./incidents.js";
import { keyed, write } from "./keyed.js";
import { ago, domainName, inMine, kindName, rank, SEVERITIES, severityMark } from "./telling.js";

const FOLD_FROM = 3;
const REDRAW_MS = 300;
const AGES_MS = 10_000;
const STATES = ["open", "closed", "all"];
const DOMAINS = ["people", "city", "environment", "industry", "safety"];

export function mount(element, given) {
  return new EventsPanel(element, given);
}

/** A group in words: where, and what; of several kinds it is an incident. */
function titleOf(group) {
  const one = group.events.every((event) => event.kind === group.kind);
  return group.incident?.title ?? [inMine(group.area), one ? kindName(group.kind) : t("events.incident")].filter(Boolean).join(" · ");
}

class EventsPanel {
  constructor(element, { live, api, select, canAssign = true }) {
    this.live = live;
    this.wanted = { severity: 0, domain: "", state: "open" };
    this.me = { may: false, name: "", why: () => t("events.viewer") };
    this.deeds = new Deeds(api, live);
    this.shared = { api, live, select, canAssign, deeds: this.deeds, me: this.me };
    this.groups = new Map();
    this.views = new Map();
    this.folds = new Map();
    this.seen = null;
    this.#build(element);
    this.redraw = throttled(() => this.update(), REDRAW_MS);
    this.incidents = new Incidents(live, api, this.redraw);
    this.off = [
      on(live, "snapshot", () => this.#arrived()), on(live, "batch", (event) => event.detail?.events?.size && this.#arrived()),
      on(this.deeds, "change", () => this.update()), on(window, "language", () => this.#words()),
    ];
    this.timer = setInterval(() => this.update(), AGES_MS);
    session().then((found) => {
      Object.assign(this.me, { may: may(found, "operator"), name: found.name });
      this.update();
    }, () => {});
    this.#words();
  }

  /** Look again at everything: cheap, what did not change is not touched. */
  update() {
    const shown = this.#chosen();
    const groups = this.#grouped(shown);
    keyed(this.list, this.groups, groups, (group) => group.key, (group) => this.#group(group));
    this.empty.hidden = shown.length > 0;
    write(this.empty, t(this.live.events.size ? "events.none_so" : "events.none"));
    write(this.count, String(shown.length));
  }

  /** severity: the least, as a word or 0..2; domain: "" is any; state: open, closed or all. */
  filter(wanted) {
    const least = typeof wanted.severity === "string" ? rank(wanted.severity) : wanted.severity;
    Object.assign(this.wanted, wanted, least === undefined ? {} : { severity: Math.max(0, least) });
    for (const [name, field] of Object.entries(this.fields)) field.value = String(this.wanted[name]);
    this.update();
  }

  destroy() {
    clearInterval(this.timer);
    this.off.forEach((stop) => stop());
    this.deeds.destroy();
    this.incidents.destroy();
    this.node.remove();
  }

  #build(element) {
    const field = (name) => el("select", { class: "small", data: { filter: name }, on: { change: (event) => this.filter({ [name]: name === "severity" ? Number(event.target.value) : event.target.value }) } });
    this.fields = { severity: field("severity"), domain: field("domain"), state: field("state") };
    this.title = el("h2", { class: "board-title" });
    this.count = el("span", { class: "board-count tabular" });
    this.list = el("ol", { class: "ev-groups", tabindex: "0" });
    this.empty = el("p", { class: "board-empty" });
    this.hint = el("p", { class: "board-hint" });
    this.node = el("section", { class: "board board-events" }, el("header", { class: "board-head" }, this.title, this.count, el("div", { class: "board-filters" }, Object.values(this.fields))), this.list, this.empty, this.hint);
    on(this.list, "keydown", (event) => this.#key(event));
    element.append(this.node);
  }

  #words() {
    write(this.title, t("events.title"));
    write(this.hint, t("events.keys"));
    this.node.setAttribute("aria-label", t("events.title"));
    const options = (field, pairs) => {
      fill(field, pairs.map(([value, text]) => el("option", { value, text })));
    };
    options(this.fields.severity, SEVERITIES.map((word, index) => [String(index), t("events.least", { severity: t(`severity.${word}`) })]));
    options(this.fields.domain, [["", t("events.any_domain")], ...DOMAINS.map((domain) => [domain, domainName(domain)])]);
    options(this.fields.state, STATES.map((state) => [state, state === "all" ? t("events.any_state") : t(`event_state.${state}`)]));
    for (const [name, select] of Object.entries(this.fields)) {
      select.setAttribute("aria-label", t(`events.by_${name}`));
      select.value = String(this.wanted[name]);
    }
    this.update();
  }

  #chosen() {
    const { severity, domain, state } = this.wanted;
    return [...this.live.events.values()].filter((event) =>
      event.state !== "withdrawn" && (state === "all" || event.state === state || this.deeds.of(event.id)) && rank(event.severity) >= severity && (!domain || event.domain === domain));
  }

  /** Groups of events, the worst and newest first; what nobody looks after stands before what somebody does. */
  #grouped(events) {
    const groups = new Map();
    for (const event of events) {
      const area = this.live.things.get(event.device)?.area ?? event.area ?? "";
      const incident = this.incidents.of(event) ?? event.group ?? null;
      const key = incident ? `incident|${incident.id ?? incident}` : `${area}|${event.kind}`;
      if (!groups.has(key)) groups.set(key, { key, area, incident, kind: event.kind, events: [], worst: -1, newest: 0, waiting: 0 });
      const group = groups.get(key);
      group.events.push(event);
      group.worst = Math.max(group.worst, event.state === "open" ? rank(event.severity) : -1);
      group.newest = Math.max(group.newest, Date.parse(event.start));
      group.waiting += event.state === "open" && !event.acknowledged ? 1 : 0;
    }
    for (const group of groups.values()) group.events.sort((one, other) => rank(other.severity) - rank(one.severity) || Date.parse(other.start) - Date.parse(one.start));
    return [...groups.values()].sort((one, other) => other.worst - one.worst || Boolean(other.waiting) - Boolean(one.waiting) || other.newest - one.newest || (one.key < other.key ? -1 : 1));
  }

  #group(first) {
    const mark = el("span", { class: "ev-mark" });
    const name = el("span", { class: "ev-group-name" });
    const count = el("span", { class: "ev-group-count tabular" });
    const age = el("span", { class: "ev-age tabular" });
    const head = el("button", { class: "ev-group-head", type: "button", on: { click: () => this.#fold(first.key) } }, el("span", { class: "ev-fold", "aria-hidden": "true" }), mark, name, count, age);
    const members = el("ol", { class: "ev-members" });
    const node = el("li", { class: "ev-group", data: { group: first.key } }, head, members);
    const keep = new Map();
    const update = (group) => {
      const several = group.events.length > 1;
      const folded = several && (this.folds.get(group.key) ?? group.events.length > FOLD_FROM);
      head.hidden = !several;
      head.setAttribute("aria-expanded", String(!folded));
      node.classList.toggle("folded", folded);
      node.dataset.worst = SEVERITIES[group.worst] ?? "none";
      if (several) {
        if (mark.dataset.worst !== String(group.worst) || mark.dataset.lang !== document.documentElement.lang) {
          Object.assign(mark.dataset, { worst: group.worst, lang: document.documentElement.lang });
          fill(mark, severityMark(group.worst));
        }
        write(name, titleOf(group));
        write(count, t(group.waiting ? "events.group_count" : "events.group_done", { n: group.events.length, waiting: group.waiting }));
        write(age, ago(group.newest, this.live.clock));
      }
      members.hidden = folded;
      if (!folded) {
        keyed(members, keep, group.events, (event) => event.id, (event) => {
          const view = eventView(event, this.shared);
          this.views.set(event.id, view);
          return { ...view, destroy: () => this.views.delete(event.id) };
        });
      }
    };
    return { node, update };
  }

  #fold(key, folded) {
    const node = this.list.querySelector(`[data-group="${CSS.escape(key)}"]`);
    this.folds.set(key, folded ?? !node.classList.contains("folded"));
    this.update();
  }

  #arrived() {
    for (const event of this.live.events.values()) this.deeds.arrived(event);
    this.redraw();
    const open = [...this.live.events.values()].filter((event) => event.state === "open");
    const fresh = this.seen ? open.filter((event) => !this.seen.has(event.id)) : [];
    if (fresh.length) {
      const worst = fresh.reduce((one, other) => (rank(other.severity) > rank(one.severity) ? other : one));
      announce(t("events.said", { n: fresh.length, severity: t(`severity.${worst.severity}`), kind: kindName(worst.kind), open: open.length }));
    }
    this.seen = new Set(open.map((event) => event.id));
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, textarea, select")) return;
    const rows = [...this.list.querySelectorAll(".ev-group-head:not([hidden]), .ev-members:not([hidden]) > .ev")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const view = this.views.get(rows[here]?.dataset.event);
    const goes = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (goes) rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? 0 : here + goes))]?.focus();
    else if (event.key === "a") view?.ack();
    else if (event.key === "s" && this.shared.canAssign) view?.ask("assign");
    else if (event.key === "c") view?.ask("close");
    else if (event.key === "Enter" && rows[here] === document.activeElement && view) rows[here].querySelector(".ev-name").click();
    else return;
    event.preventDefault();
  }
}
