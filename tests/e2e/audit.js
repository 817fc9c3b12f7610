// What is wrong with a page that anybody can see or hear: run in the page, answers lines. wanted: {lang, prefixes: of keys of words, least: px of a touch target}
(wanted) => {
  const wrong = [];
  const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && node.getClientRects().length > 0;
  const named = (node) => `${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ""}${[...node.classList].map((name) => `.${name}`).join("")} "${(node.textContent || "").trim().slice(0, 30)}"`;

  const root = document.documentElement;
  if (root.lang !== wanted.lang) wrong.push(`lang is ${root.lang}`);
  if (!document.title || document.title.includes("undefined")) wrong.push(`title: ${document.title}`);
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  const heads = [...document.querySelectorAll("h1")].filter(shown);
  if (heads.length !== 1 || !heads[0].textContent.trim()) wrong.push(`h1: ${heads.map(named)}`);
  const navs = [...document.querySelectorAll("nav")].filter(shown);
  if (navs.some((nav) => !nav.getAttribute("aria-label"))) wrong.push("a nav without a label");

  const count = new Map();
  for (const node of document.querySelectorAll("[id]")) count.set(node.id, (count.get(node.id) || 0) + 1);
  for (const [id, times] of count) if (times > 1) wrong.push(`id ${id} ${times} times`);
  for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      for (const id of node.getAttribute(name).split(" ")) if (!document.getElementById(id)) wrong.push(`${named(node)}: ${name} ${id} is not there`);
    }
  }
  for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) wrong.push(`${named(image)}: no alt`);

  // Words: no key, nothing of a program
  const key = new RegExp(`(?:^|[^\\w/.-])((?:${wanted.prefixes.join("|")})\\.[a-z][a-z_0-9]*)(?![\\w.]|/)`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const written = [];
  while (texts.nextNode()) {
    const node = texts.currentNode, parent = node.parentElement;
    if (node.data.trim() && parent && !parent.closest("script, style, noscript, template, pre, code") && shown(parent)) written.push([parent, node]);
  }
  for (const [parent, { data }] of written) {
    if (key.test(data) && !/\.(toml|csv|json|md)\b/.test(data)) wrong.push(`a key: ${data.trim().slice(0, 60)}`);
    if (/\b(undefined|NaN|\[object \w+\]|null)\b/.test(data)) wrong.push(`${named(parent)} says ${data.trim().slice(0, 40)}`);
  }
  for (const node of document.querySelectorAll("[aria-label],[title],[placeholder]")) {
    for (const name of ["aria-label", "title", "placeholder"]) if (key.test(node.getAttribute(name) || "")) wrong.push(`a key as ${name}: ${node.getAttribute(name)}`);
  }

  // Contrast of what is written: WCAG 2.2, 1.4.3; what is disabled is exempt there
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const seen = new Map();
  const rgba = (colour) => {
    if (!seen.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      seen.set(colour, [r, g, b, a / 255]);
    }
    return seen.get(colour);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      layers.push(rgba(getComputedStyle(at).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [...rgba(getComputedStyle(root).backgroundColor).slice(0, 3), 1]);
  };
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => 0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
  const contrast = (one, other) => (Math.max(light(one), light(other)) + 0.05) / (Math.min(light(one), light(other)) + 0.05);
  for (const [parent] of written) {
    if (parent.closest(":disabled, [aria-disabled=true], .sr-only, .skip:not(:focus), [aria-hidden=true]")) continue;
    const style = getComputedStyle(parent);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const under = ground(parent);
    const found = contrast(over(rgba(style.color), under), under);
    if (found < (large ? 3 : 4.5) - 0.01) wrong.push(`${named(parent)}: contrast ${found.toFixed(2)}`);
  }
  const token = (name) => rgba(getComputedStyle(root).getPropertyValue(`--${name}`).trim());
  for (const surface of ["ground", "panel", "raised"]) {
    for (const text of ["text", "soft", "faint", "accent", "none", "watch", "warning", "danger", "silent", "good", "drill"]) {
      const found = contrast(token(text), token(surface));
      if (found < 4.5) wrong.push(`--${text} on --${surface}: contrast ${found.toFixed(2)}`);
    }
  }

  // Fingers: WCAG 2.2, 2.5.5; links within a sentence or a row are exempt
  if (wanted.least) {
    for (const node of document.querySelectorAll("button, select, input:not([type=hidden]), textarea, .button, nav a")) {
      if (!shown(node) || node.closest(".sr-only, .skip")) continue;
      const target = (node.matches("input[type=checkbox], input[type=radio], input[type=file]") && node.closest("label")) || node;
      const box = target.getBoundingClientRect();
      if (Math.max(box.height, 0) < wanted.least - 0.5) wrong.push(`${named(node)}: ${box.height.toFixed(0)} px high`);
    }
  }
  if (globalThis.hacked !== undefined || document.querySelector("img[src=x], main script, main svg[onload]")) wrong.push("a name has run");
  return [...new Set(wrong)];
}
