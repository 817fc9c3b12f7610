// What an import makes of a file's rows: counts, and the bad ones grouped by cause, each with row, column, value and what to do. Pure but for el.

import { el } from "../dom.js";
import { count } from "../format.js";
import { t } from "../words.js";
import { inWords } from "./causes.js";
import { plainHint, word } from "./fields.js";

const SHOWN = 20;
const ABOUT = /^(type|id|native|principal) /;
const TOLD = /^([a-z_]+) (?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^:]*)): (.*)$/s;

/** One row's mistake taken apart: {column, value, what, says: whether `what` names the column itself}. */
export function mistake(row) {
  const found = TOLD.exec(row.what);
  if (!found) return { column: ABOUT.exec(row.what)?.[1] ?? "", value: "", what: row.what, says: true };
  return { column: found[1], value: found[2] ?? found[3] ?? found[4] ?? "", what: found[5], says: false };
}

/** Bad rows by cause, the most frequent first: [{what, hint, rows: [{row, id, column, value}]}]. */
export function causes(rows) {
  const found = new Map();
  for (const row of rows) {
    const { column, value, what, says } = mistake(row);
    const key = `${column} ${what.replace(/'[^']*'|"[^"]*"/g, "…").replace(/[\w-]*\d[\w-]*/g, "#")}`;
    const cause = found.get(key) || { column, what, says, hint: row.hint, rows: [] };
    cause.rows.push({ row: row.row, id: row.id, column, value: value || row.cells?.[column] || row.id });
    found.set(key, cause);
  }
  return [...found.values()].sort((a, b) => b.rows.length - a.rows.length);
}

/** The figures of an import or its preview. */
export function counts(told) {
  return el("ul", { class: "counts" }, ["new", "changed", "same", "skipped", "bad"].map((name) =>
    el("li", { class: ["count", name, told[name] ? "some" : "none"] }, el("strong", { class: "figure", text: count(told[name] ?? 0) }), el("span", { text: t(`import.${name}`) }))));
}

/** Causes with the first rows of each. */
export function causeList(rows) {
  const said = causes(rows).slice(0, 50).map((cause) => ({ ...cause, ...inWords(cause.what, cause.hint) }));
  return el("div", { class: "causes" }, said.map((cause) =>
    el("details", { class: "cause", open: true },
      el("summary", {}, el("span", { class: "told-mark bad", "aria-hidden": "true", text: "✖ " }),
        el("span", { class: "cause-what", text: `${cause.column && !cause.says ? `${word("column", cause.column)}: ` : ""}${cause.what}` }), el("span", { class: "tag", text: t("import.rows", { number: count(cause.rows.length) }) })),
      el("p", { class: "cause-hint", text: plainHint(cause.hint) || cause.hint }),
      el("div", { class: "table-wrap" }, el("table", {},
        el("thead", {}, el("tr", {}, ["row", "id", "column", "value"].map((name) => el("th", { scope: "col", class: name === "row" ? "num" : null, text: t(name === "column" ? "import.column" : `column.${name}`) })))),
        el("tbody", {}, cause.rows.slice(0, SHOWN).map((each) => el("tr", {}, el("td", { class: "num", text: each.row }), el("td", { class: "mono", text: each.id }), el("td", { text: each.column ? word("column", each.column) : "—" }), el("td", { class: "mono", text: each.value }))))),
      cause.rows.length > SHOWN && el("p", { class: "hint", text: t("import.more_rows", { number: count(cause.rows.length - SHOWN) }) })))));
}

/** Rows that would change, old beside new. */
export function changeList(rows) {
  return el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, ["row", "id", "changes"].map((name) => el("th", { scope: "col", class: name === "row" ? "num" : null, text: t(`column.${name}`) })))),
    el("tbody", {}, rows.slice(0, 200).map((row) => el("tr", {}, el("td", { class: "num", text: row.row }), el("td", { class: "mono", text: row.id }),
      el("td", {}, Object.entries(row.changes).map(([name, [before, after]]) => el("span", { class: "change" }, `${word("column", name)} `, el("del", { text: before || "—" }), " → ", el("ins", { text: after || "—" })))))))));
}
