// Words in Chinese and English, from GET /words.json (config/words.toml, table [page]; also severity.*, quality.*, reason.*, property.* ...).
// In HTML: data-t=KEY is the text, data-t-label the aria-label, data-t-title the title, data-t-placeholder the placeholder.

import { $$ } from "./dom.js";

const ATTRIBUTES = { tLabel: "aria-label", tTitle: "title", tPlaceholder: "placeholder" };
let table = {};
let loading = null;
let current = document.documentElement.dataset.language === "en" ? "en" : "zh";

/** Load the words, once, and write them into the page. Await it before the first `t`. */
export function words() {
  loading ||= fetch("/words.json", { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : {}))
    .catch(() => ({}))
    .then((found) => { table = found; translate(); });
  return loading;
}

/** "zh" or "en". */
export const language = () => current;

/** For `Intl`: "zh-CN" or "en-GB". */
export const locale = () => (current === "en" ? "en-GB" : "zh-CN");

/** Whether there is such a word. */
export const has = (key) => key in table;

/** A word in the language in use, `{name}` filled in from values; the key itself when there is none. */
export function t(key, values = {}) {
  const text = table[key]?.[current] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** `{zh, en}` as the API tells some things, or a plain string. */
export function both(text) {
  if (text === null || text === undefined) return "";
  return typeof text === "object" ? text[current] ?? text.zh ?? "" : String(text);
}

/** What a property is called: 水位. */
export const propertyName = (id) => (has(`property.${id}`) ? t(`property.${id}`) : id);

/** Put the other language on the page and remember it; "language" is fired on window for what scripts wrote themselves. */
export function setLanguage(wanted) {
  current = wanted === "en" ? "en" : "zh";
  const root = document.documentElement;
  root.lang = current === "en" ? "en" : "zh-CN";
  root.dataset.language = current;
  try { localStorage.setItem("language", current); } catch { /* it holds for this page then */ }
  translate();
  window.dispatchEvent(new CustomEvent("language", { detail: current }));
}

/** Write words into every [data-t...] within a node, itself included. */
export function translate(within = document) {
  const nodes = $$("[data-t],[data-t-label],[data-t-title],[data-t-placeholder]", within);
  if (within instanceof Element) nodes.push(within);
  for (const node of nodes) {
    if (node.dataset.t) node.textContent = t(node.dataset.t);
    for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
      if (node.dataset[name]) node.setAttribute(attribute, t(node.dataset[name]));
    }
  }
}
