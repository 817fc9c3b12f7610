// Where every frame and every reading went: the two equations, with their numbers, in a dialog.

import { el, fill } from "../dom.js";
import { count } from "../format.js";
import { t } from "../words.js";

const FRAMES = ["decoded", "silent", "pending", "dead_lettered", "quarantined"];
const READINGS = ["stored", "duplicate", "revised", "unmapped"];

/** Opens the dialog; gives it. Its numbers are asked now, and again by its button. */
export function openLedger(api) {
  const body = el("div", { class: "ledger", role: "status" }, el("p", { text: t("chrome.loading") }));
  const look = async () => {
    try {
      fill(body, equations(await api.get("/api/ledger")));
    } catch (error) {
      fill(body, el("p", { class: "bad", text: error.status === 403 ? t("ledger.house") : error.message }));
    }
  };
  const dialog = el(
    "dialog", { class: "ledger-dialog", "aria-labelledby": "ledger-title" }, el("h2", { id: "ledger-title", text: t("ledger.title") }), body,
    el("div", { class: "row" }, el("button", { type: "button", text: t("ledger.again"), on: { click: look } }), el("button", { class: "primary", type: "button", text: t("chrome.close"), on: { click: () => dialog.close() } })),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  look();
  return dialog;
}

/** The two equations of an answer of GET /api/ledger, as nodes; every number as it is, and whether the sums come out. */
export function equations(told) {
  return [
    el("p", { class: told.balanced ? "good" : "bad" }, el("strong", { text: t(told.balanced ? "ledger.balanced" : "ledger.unbalanced") })),
    equation("received", told.received, FRAMES, told), equation("readings", told.readings, READINGS, told),
    el("p", { class: "hint", text: t("ledger.refused", { n: count(told.refused) }) }),
  ];
}

function equation(name, total, terms, told) {
  const sum = terms.reduce((all, term) => all + told[term], 0);
  const line = (key, value, sign) => el("tr", {}, el("td", { class: "ledger-sign", text: sign }), el("th", { scope: "row", text: t(`ledger.${key}`) }), el("td", { class: "num tabular", text: count(value) }));
  return el(
    "table", { class: "ledger-table" }, el("caption", { text: t(`ledger.of_${name}`) }),
    el("tbody", {}, line(name, total, ""), terms.map((term, index) => line(term, told[term], index ? "+" : "="))),
    el("tfoot", {}, el("tr", { class: sum === total ? "good" : "bad" }, el("td"), el("th", { scope: "row", text: t("ledger.sum") }), el("td", { class: "num tabular", text: `${count(sum)} ${sum === total ? "✔" : `✖ ${count(total - sum)}`}` }))),
  );
}
