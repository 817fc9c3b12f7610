// The parts of which these pages' forms are made: a field with its label and hint, errors that say what to do, text to be copied, a question.

import { ApiError } from "../api.js";
import { el, fill } from "../dom.js";
import { has, t } from "../words.js";
import { inWords } from "./causes.js";

let number = 0;

/** A label over an input. input: made with `el`; hint: below it. wide: over the whole line. */
export function field(label, input, { hint = "", wide = false, more = null } = {}) {
  input.id ||= `f-${(number += 1)}`;
  const about = hint ? el("p", { class: "field-hint", id: `${input.id}-hint`, text: hint }) : null;
  if (about) input.setAttribute("aria-describedby", about.id);
  return el("div", { class: ["field", wide && "wide"] }, el("label", { for: input.id, text: label }), input, more, about);
}

/** An input that writes into `target[name]` and says so. */
export function bound(target, name, changed, props = {}) {
  const input = el("input", { value: target[name] ?? "", autocomplete: "off", spellcheck: "false", name, ...props });
  input.addEventListener("input", () => { target[name] = input.value; changed(name); });
  return input;
}

/** A choice: options are [value, text]. */
export function choice(options, value, chosen, props = {}) {
  const list = el("select", { ...props }, options.map(([each, text]) => el("option", { value: each, text })));
  list.value = value;
  list.addEventListener("change", () => chosen(list.value));
  return list;
}

/** A button. kind: "", "primary", "danger", "quiet". */
export function button(text, pressed, kind = "", props = {}) {
  return el("button", { class: ["button", kind], type: "button", text, on: { click: pressed }, ...props });
}

/** A button that is busy for as long as what it does. shown: where an error is told. */
export function working(text, act, kind = "", shown = null, props = {}) {
  const node = button(text, async () => {
    if (node.getAttribute("aria-busy") === "true") return;
    node.setAttribute("aria-busy", "true");
    if (shown) fill(shown);
    try {
      await act(node);
    } catch (error) {
      if (!shown || error.name === "AbortError") throw error;
      fill(shown, problem(error));
      shown.scrollIntoView({ block: "nearest" });
    } finally {
      node.removeAttribute("aria-busy");
    }
  }, kind, props);
  return node;
}

/** An error as a person needs it: what is wrong, where, what to do. */
export function problem(error) {
  const gone = error instanceof ApiError && error.status === 0;
  if (gone) return told("bad", t("form.no_network"), t("form.no_network_hint"));
  const { what, hint } = inWords(error.what || error.message || String(error), error.hint || "");
  return told("bad", what, plainHint(hint));
}

/** A sentence with a mark, and what to do about it. kind: good, warn, bad, info. */
export function told(kind, what, hint = "", ...more) {
  const mark = { good: "✔", warn: "▲", bad: "✖", info: "ⓘ" }[kind];
  return el("div", { class: ["told", `is-${kind}`], role: kind === "bad" ? "alert" : null },
    el("span", { class: "told-mark", "aria-hidden": "true", text: mark }),
    el("div", { class: "told-said" }, el("p", { class: "told-what", text: what }), hint ? el("p", { class: "told-hint", text: hint }) : null, more));
}

/** Hints of the API name commands for who sits at a terminal: on a page they only confuse. */
export const plainHint = (hint) => hint.replace(/\s*\((?:`sensing[^`]*`|--[^)]*)\)/g, "").replace(/`sensing[^`]*`\s*/g, "").trim();

/** A word for a code of ours when there is one, else the code. */
export const word = (key, code) => (has(`${key}.${code}`) ? t(`${key}.${code}`) : code);

/** Text to be typed elsewhere, with a button that copies it. */
export function copyable(label, text, { secret = false } = {}) {
  const done = button(t("form.copy"), async () => {
    await copy(text);
    done.textContent = t("form.copied");
    setTimeout(() => { done.textContent = t("form.copy"); }, 2000);
  }, "quiet", { "aria-label": `${t("form.copy")} ${label}` });
  return el("div", { class: "copyable" }, el("span", { class: "copyable-label", text: label }),
    el("code", { class: ["copyable-text", secret && "secret"], text }), done);
}

/** Into the clipboard, also where the newer way is closed to pages without TLS. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const held = el("textarea", { class: "sr-only", value: text });
    document.body.append(held);
    held.select();
    document.execCommand("copy");
    held.remove();
  }
}

/** A question before what cannot be taken back lightly; true when it is answered with yes. */
export function ask(what, more, yes, kind = "danger") {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "question" },
      el("h2", { text: what }), typeof more === "string" ? el("p", { text: more }) : more,
      el("div", { class: "actions" },
        button(t("form.cancel"), () => dialog.close("no"), "quiet", { autofocus: true }), button(yes, () => dialog.close("yes"), kind)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A file made here, handed to the browser. */
export function save(name, text, kind = "text/csv;charset=utf-8") {
  const address = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Rows as CSV that a spreadsheet opens with its Chinese whole; texts that it would run as a formula get a quote before them. */
export function csv(columns, rows) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `\ufeff${[columns, ...rows.map((row) => columns.map((name) => row[name]))].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** An error of ours, told like one of the API's. */
export const notNow = (what, hint = "") => Object.assign(new Error(what), { what, hint });
