// One operation of the API: what it is, who may, what it takes, what it answers, and how to ask it from a shell.

import { el } from "../dom.js";
import { language, t } from "../words.js";
import { curl } from "./curl.js";
import { fieldsOf, typeOf } from "./schema.js";

/** What an operation does, in the language in use. */
export const summary = (operation) => (language() === "zh" && operation["x-summary-zh"]) || operation.summary || "";

/** A <details> of an operation {method, path, operation}. open: whether it is unfolded. doc: the whole document. */
export function shown({ method, path, operation }, doc, { open, copy }) {
  return el("details", { class: "op", id: operation.operationId, open },
    el("summary", {},
      el("span", { class: `op-method op-${method.toLowerCase()}`, text: method }),
      el("code", { class: "op-path", text: path }),
      el("span", { class: "op-role", text: role(operation) }),
      el("span", { class: "op-summary" }, marked(summary(operation)))),
    el("div", { class: "op-body" }, told({ method, path, operation }, doc, copy)));
}

// What stands between backticks is code.
const marked = (text) => text.split("`").map((part, at) => (at % 2 ? el("code", { text: part }) : part));

const role = (operation) => (operation["x-role"] ? t(`role.${operation["x-role"]}`) : t("apidocs.open"));

function told({ method, path, operation }, doc, copy) {
  const content = operation.requestBody?.content ?? {};
  const body = Object.values(content)[0]?.schema ?? null;
  const command = curl({ method, path, operation, body, doc, origin: location.origin });
  const errors = Object.keys(operation.responses).filter((code) => /^\d/.test(code) && code !== "2XX");
  return [
    language() === "zh" && operation.summary && el("p", { class: "soft", lang: "en" }, marked(`${operation.summary}.`)),
    operation.description && el("p", { class: "soft", lang: "en" }, marked(operation.description)),
    el("p", { class: "op-areas", text: t(`apidocs.areas_${operation["x-areas"]}`) }),
    operation.parameters.length > 0 && table("apidocs.parameters", operation.parameters.map((each) => [
      each.name, t(`apidocs.in_${each.in}`), typeOf(each.schema, doc), each.required, each.description ?? each.schema.description ?? ""])),
    body && bodyOf(body, Object.keys(content)[0], doc),
    el("h4", { text: t("apidocs.answers") }),
    el("p", {}, Object.keys(operation.responses["2XX"].content).map((kind) => [el("code", { text: kind || "*/*" }), " "]),
      el("span", { class: "soft" }, t("apidocs.errors_of"), " ", errors.map((code) => [el("a", { href: `#error-${code}`, text: code }), " "]))),
    el("h4", { text: t("apidocs.example") }),
    el("div", { class: "op-curl" }, el("pre", { tabIndex: 0, role: "region", "aria-label": t("apidocs.example"), text: command }),
      el("button", { class: "small", type: "button", text: t("apidocs.copy"), on: { click: () => copy(command) } })),
  ];
}

function bodyOf(body, kind, doc) {
  if (body.format === "binary") return [el("h4", { text: t("apidocs.body") }), el("p", { text: t("apidocs.file") })];
  const fields = fieldsOf(body, doc);
  if (!fields.length) return [el("h4", { text: t("apidocs.body") }), el("p", {}, el("code", { text: kind }))];
  return table("apidocs.body", fields.map(({ name, schema, required }) => [name, "JSON", typeOf(schema, doc), required, schema.description ?? ""]));
}

function table(key, rows) {
  const heads = ["apidocs.name", "apidocs.where", "apidocs.type", "apidocs.about"];
  return [el("h4", { text: t(key) }), el("div", { class: "table-wrap", tabIndex: 0, role: "region", "aria-label": t(key) }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col", text: t(head) })))),
    el("tbody", {}, rows.map(([name, where, type, required, about]) => el("tr", {},
      el("th", { scope: "row" }, el("code", { text: name }), required && el("span", { class: "op-must", text: ` ${t("apidocs.required")}` })),
      el("td", { text: where }), el("td", { class: "mono", text: type }), el("td", { lang: "en" }, marked(about)))))))];
}
