// Which header of the file is which of our columns: shown with a few rows of the file, and corrected where we are wrong.

import { el } from "../dom.js";
import { t } from "../words.js";
import { choice, told, word } from "./fields.js";

/** The table. seen: the answer of POST /api/devices/import/look; chosen: header to column, written into; changed(): after each correction. */
export function matching(seen, chosen, changed) {
  const columns = seen.headers.map((header, place) => chosen[header] ?? seen.columns[place] ?? "");
  const options = (own) => [["", t("import.not_read")], ...seen.known.map((name) => [name, `${word("column", name)}${columns.includes(name) && name !== own ? " ✓" : ""}`])];
  const lacking = ["id", "type"].filter((name) => !columns.includes(name));
  const twice = columns.filter((name, place) => name && columns.indexOf(name) !== place);
  return el("div", {},
    lacking.length ? told("bad", t("import.lacking", { columns: lacking.map((name) => t(`column.${name}`)).join("、") }), t("import.lacking_hint")) : null,
    twice.length ? told("bad", t("import.twice", { columns: twice.map((name) => word("column", name)).join("、") })) : null,
    el("div", { class: "table-wrap match" }, el("table", {},
      el("thead", {}, el("tr", {}, seen.headers.map((header, place) => el("th", { scope: "col", class: columns[place] ? "read" : "unread" },
        el("div", { class: "match-header", text: header || "—" }),
        choice(options(columns[place]), columns[place], (value) => { chosen[header] = value; changed(); }, { "aria-label": t("import.column_of", { header: header || place + 1 }), data: { header } }))))),
      el("tbody", {}, seen.samples.map((row) => el("tr", {}, seen.headers.map((_, place) => el("td", { class: columns[place] ? "" : "faint", text: row[place] ?? "" }))))))));
}

/** Whether enough columns are known, each once. */
export function matched(seen, chosen) {
  const columns = seen.headers.map((header, place) => chosen[header] ?? seen.columns[place] ?? "").filter(Boolean);
  return columns.includes("id") && columns.includes("type") && new Set(columns).size === columns.length;
}
