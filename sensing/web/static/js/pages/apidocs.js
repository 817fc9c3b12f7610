// The API for people: what GET /api/openapi.json says, by tag, searched, and cut to what one's role may.

import { api, may } from "../api.js";
import { shown } from "../apidocs/operation.js";
import { chrome, notice } from "../chrome.js";
import { $, announce, el, fill, on, settled } from "../dom.js";
import { has, t } from "../words.js";

const ROLES = ["viewer", "operator", "engineer", "admin"];
const SEARCH_MS = 150;
const me = await chrome({ title: "apidocs.title", here: "/api/docs" });
const doc = me && await api.get("/api/openapi.json");
const state = { text: "", role: "" };

const all = () => Object.entries(doc.paths).flatMap(([path, found]) =>
  Object.entries(found).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })));

function wanted({ method, path, operation }) {
  if (state.role && operation["x-role"] && !may({ role: state.role }, operation["x-role"])) return false;
  const parts = [method, path, operation.summary, operation["x-summary-zh"], ...operation.parameters.map((each) => each.name)];
  const text = parts.join(" ").toLowerCase();
  return state.text.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const tagName = (tag) => (has(`apidocs.tag_${tag.replaceAll("-", "_")}`) ? t(`apidocs.tag_${tag.replaceAll("-", "_")}`) : tag);

function groups() {
  const found = new Map();
  for (const each of all().filter(wanted)) {
    const tag = each.operation.tags[0];
    if (!found.has(tag)) found.set(tag, []);
    found.get(tag).push(each);
  }
  return found;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(t("apidocs.copied"), "good");
  } catch { notice(t("apidocs.not_copied")); }
}

function list() {
  const open = location.hash.slice(1), found = groups();
  const count = [...found.values()].reduce((sum, each) => sum + each.length, 0);
  fill($("#tags"), [...found].map(([tag, each]) => el("a", { href: `#tag-${tag}` }, tagName(tag), el("span", { class: "faint", text: ` ${each.length}` }))));
  fill($("#operations"), [...found].map(([tag, each]) => el("section", { "aria-labelledby": `tag-${tag}` },
    el("h2", { id: `tag-${tag}`, text: tagName(tag) }),
    each.map((one) => shown(one, doc, { open: one.operation.operationId === open || count === 1, copy })))));
  $("#count").textContent = t("apidocs.count", { n: count });
  announce($("#count").textContent);
}

function errors() {
  const codes = Object.entries(doc.components.responses).map(([name, each]) => [name.slice(1), each.description]);
  return el("section", { "aria-labelledby": "errors" }, el("h2", { id: "errors", text: t("apidocs.errors") }),
    el("p", { text: t("apidocs.errors_about") }),
    el("pre", { tabIndex: 0, text: JSON.stringify({ error: t("apidocs.error_what"), hint: t("apidocs.error_hint"), code: 2 }, null, 2) }),
    el("dl", { class: "facts" }, codes.map(([code, about]) => [el("dt", { id: `error-${code}`, class: "mono", text: code }),
      el("dd", { text: has(`apidocs.error_${code}`) ? t(`apidocs.error_${code}`) : about })])));
}

function draw() {
  fill($("#main"), el("div", { class: "page apidocs" },
    el("h1", {}, t("apidocs.title"), " ", el("span", { class: "faint", text: doc.info.version })),
    el("p", {}, t("apidocs.lead"), " ", el("a", { href: "/api/openapi.json", text: "/api/openapi.json" })),
    el("pre", { class: "apidocs-begin", tabIndex: 0, text: `sensing token create docs --role viewer\nexport SENSING_TOKEN=...\ncurl -H "Authorization: Bearer $SENSING_TOKEN" "${location.origin}/api/latest"` }),
    el("form", { class: "apidocs-filter", role: "search", on: { submit: (event) => event.preventDefault() } },
      el("div", { class: "field grow" }, el("label", { for: "search", text: t("apidocs.search") }),
        el("input", { id: "search", type: "search", value: state.text, autocomplete: "off", spellcheck: "false", on: { input: settled((event) => { state.text = event.target.value.trim(); list(); }, SEARCH_MS) } })),
      el("div", { class: "field" }, el("label", { for: "role", text: t("apidocs.role") }),
        el("select", { id: "role", on: { change: (event) => { state.role = event.target.value; list(); } } },
          el("option", { value: "", text: t("apidocs.everybody") }),
          ROLES.map((each) => el("option", { value: each, selected: each === state.role, text: t(`role.${each}`) }))))),
    el("p", { id: "count", class: "soft" }),
    el("div", { class: "apidocs-body" },
      el("nav", { id: "tags", class: "apidocs-tags", "aria-label": t("apidocs.tags") }),
      el("div", {}, el("div", { id: "operations" }), errors()))));
  list();
}

function unfold() {
  const found = location.hash.startsWith("#") && document.getElementById(location.hash.slice(1));
  if (!found) return;
  if (found instanceof HTMLDetailsElement) found.open = true;
  found.scrollIntoView();
}

if (doc) {
  draw();
  unfold();
  addEventListener("language", draw);
  addEventListener("hashchange", unfold);
  on($("#main"), "toggle", "details.op", (event, details) => { if (details.open) history.replaceState(null, "", `#${details.id}`); }, true);
}

