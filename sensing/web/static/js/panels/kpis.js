// The strip of figures that are true: each a button that leads to the list behind it.
//
//   strip = mount(element, {live, api, go})   go(where, filter): "devices" {state}, "events" {severity}, "ledger"; without it /table opens

import { el, on, throttled } from "../dom.js";
import { t } from "../words.js";
import { count, duration } from "../format.js";
import { write } from "./keyed.js";
import { openLedger } from "./ledger.js";
import { SEVERITIES, severityMark } from "./telling.js";

const REDRAW_MS = 500;

export function mount(element, { live, api, go = leave }) {
  const node = el("div", { class: "kpis", role: "group" });
  const parts = new Map();
  const part = (name, run, mark = null) => {
    const [value, label] = [el("strong", { class: "kpi-value tabular" }), el("span", { class: "kpi-label" })];
    const button = el("button", { class: "kpi", type: "button", data: { kpi: name }, on: { click: run } }, value, mark, label);
    parts.set(name, { button, value, label, mark });
    node.append(button);
  };
  part("online", () => go("devices", { state: "online" }));
  part("silent", () => go("devices", { state: "silent" }));
  [...SEVERITIES].reverse().forEach((severity) => part(severity, () => go("events", { severity, state: "open" }), el("span", { class: "kpi-mark" })));
  part("ledger", () => openLedger(api));
  part("rate", () => go("devices", {}));
  part("lag", () => openLedger(api));
  element.append(node);

  const put = (name, value, label, state = "") => {
    const each = parts.get(name);
    write(each.value, value);
    write(each.label, label);
    each.button.dataset.state = state;
    each.button.setAttribute("aria-label", `${label} ${value}`);
  };

  function update() {
    const kpi = live.kpi ?? {};
    node.setAttribute("aria-label", t("kpi.title"));
    put("online", count(kpi.online), t("kpi.online"));
    put("silent", count(kpi.silent), t("kpi.silent"), kpi.silent ? "some" : "");
    for (const severity of SEVERITIES) {
      const each = parts.get(severity);
      if (!each.mark.firstChild) each.mark.append(severityMark(severity, { word: false }));
      put(severity, count(kpi.by_severity?.[severity] ?? 0), t(`severity.${severity}`), kpi.by_severity?.[severity] ? severity : "");
    }
    put("ledger", kpi.ledger === "balanced" ? "✔" : kpi.ledger === "unbalanced" ? "✖" : "?", t(kpi.ledger ? `kpi.ledger_${kpi.ledger}` : "kpi.ledger_unknown"), kpi.ledger === "unbalanced" ? "danger" : "");
    put("rate", kpi.rate === undefined || kpi.rate === null ? "—" : kpi.rate < 10 ? kpi.rate.toFixed(1) : count(Math.round(kpi.rate)), t("kpi.rate"));
    put("lag", kpi.lag_ms === undefined || kpi.lag_ms === null ? "—" : kpi.lag_ms < 1000 ? `${Math.round(kpi.lag_ms)} ms` : duration(kpi.lag_ms), t("kpi.lag"), kpi.lag_ms > 10_000 ? "some" : "");
  }

  const redraw = throttled(update, REDRAW_MS);
  const off = [on(live, "snapshot", redraw), on(live, "batch", redraw), on(window, "language", update)];
  update();
  return {
    update,
    destroy() {
      off.forEach((stop) => stop());
      node.remove();
    },
  };
}

function leave(where, filter) {
  location.assign(`/table?${new URLSearchParams({ tab: where, ...filter })}`);
}
