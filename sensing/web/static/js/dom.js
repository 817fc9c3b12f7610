// Elements, listeners, and what a screen reader is told. Text is always text: nothing here parses HTML.

/** The first element that matches, or null. */
export const $ = (selector, within = document) => within.querySelector(selector);

/** All elements that match, as an array. */
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "open", "indeterminate", "readOnly", "tabIndex", "htmlFor"]);

/**
 * An element. props: `class`, `text`, `data: {name: value}`, `style: {cssName or --var: value}`, `on: {event: handler}`, `ref: f(node)`,
 * properties such as value, checked, disabled, hidden; anything else is an attribute (null, undefined and false leave it out, true is "").
 * children: nodes, strings, numbers, arrays of them; null, undefined and false are left out.
 */
export function el(tag, props = {}, ...children) {
  return dress(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function dress(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined) continue;
    if (name === "class") node.setAttribute("class", Array.isArray(value) ? value.filter(Boolean).join(" ") : value);
    else if (name === "text") node.textContent = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) setStyle(node, key, each);
    else if (name === "on") for (const [type, handler] of Object.entries(value)) node.addEventListener(type, handler);
    else if (name === "ref") value(node);
    else if (PROPERTIES.has(name) && name in node) node[name] = value;
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  return append(node, ...children);
}

function setStyle(node, key, value) {
  if (key.startsWith("--")) node.style.setProperty(key, value);
  else node.style[key] = value;
}

/** Children as `el` takes them, after those that are there. Gives the node back. */
export function append(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Children as `el` takes them, instead of those that are there. Gives the node back. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, ...children);
}

/** Listen; gives the function that stops it. With a selector, for events from within what matches: handler(event, matched). */
export function on(target, type, ...rest) {
  const [selector, handler, options] = typeof rest[0] === "string" ? rest : [null, ...rest];
  const heard = selector
    ? (event) => {
      const found = event.target instanceof Element ? event.target.closest(selector) : null;
      if (found && target.contains(found)) handler(event, found);
    }
    : handler;
  target.addEventListener(type, heard, options);
  return () => target.removeEventListener(type, heard, options);
}

/** `f` at most once in `ms`, the last call always. */
export function throttled(f, ms) {
  let last = -Infinity, timer = 0, given = [];
  return (...args) => {
    given = args;
    const wait = last + ms - performance.now();
    if (wait <= 0) { last = performance.now(); f(...given); return; }
    timer ||= setTimeout(() => { timer = 0; last = performance.now(); f(...given); }, wait);
  };
}

/** `f` once nothing was asked of it for `ms`. */
export function settled(f, ms) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => f(...args), ms); };
}

const TELL_EVERY_MS = 5000;
let region = null;
const speak = throttled((text) => {
  region ||= document.body.appendChild(el("div", { class: "sr-only", "aria-live": "polite", role: "status" }));
  region.textContent = text;
}, TELL_EVERY_MS);

/** Tell a screen reader, politely, at most every 5 s: what is said in between is the newest only. */
export function announce(text) { speak(text); }

/** Whether somebody asked for less movement. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
