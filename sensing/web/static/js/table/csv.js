// Rows as a CSV that Excel opens rightly: a byte order mark for the Chinese, quotes where needed, and no cell that it would run as a formula.

import { t } from "../words.js";

const RISKY = /^[=+\-@\t\r]/;

/** The text. columns: as of a Grid; `csv(item)` gives the machine's value where the page shows another. */
export function csvOf(columns, items) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value !== "number" && RISKY.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [columns.map((column) => cell(t(column.head))), ...items.map((item) => columns.map((column) => cell((column.csv ?? column.text)(item))))];
  return `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

/** Have the browser keep it under a name. */
export function keep(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
