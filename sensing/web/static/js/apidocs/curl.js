// One call that works in a shell, made of what the document says of an operation.

import { example, fieldsOf } from "./schema.js";

const SHOWN = ["property", "since", "every", "agg", "limit"]; // what is worth an example, where nothing is required
const MOST = 3;

/** `curl ...` for an operation. method: in capitals. body: its schema or null. */
export function curl({ method, path, operation, body, doc, origin }) {
  const parts = ["curl"];
  const kinds = Object.keys(operation.responses["2XX"]?.content ?? {});
  if (kinds.includes("text/event-stream")) parts.push("-N");
  if (kinds.some((kind) => /parquet|pdf|png/.test(kind))) parts.push("-OJ");
  if (method !== "GET") parts.push("-X", method);
  if (operation.security.length) parts.push("-H", '"Authorization: Bearer $SENSING_TOKEN"');
  if (body?.format === "binary") parts.push("--data-binary", "@FILE");
  else if (body) parts.push("-H", "'Content-Type: application/json'", "-d", `'${JSON.stringify(sample(body, doc)).replaceAll("'", "'\\''")}'`);
  parts.push(`"${origin}${path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase())}${asked(operation, doc)}"`);
  return parts.join(" ");
}

function asked(operation, doc) {
  const known = operation.parameters.filter((each) => each.in === "query");
  const wanted = known.filter((each) => each.required || SHOWN.includes(each.name)).slice(0, MOST);
  const value = (each) => (each.name === "property" ? "water_level" : example(each.schema, each.name, doc));
  return wanted.length ? `?${wanted.map((each) => `${each.name}=${encodeURIComponent(value(each))}`).join("&")}` : "";
}

function sample(body, doc) {
  const fields = fieldsOf(body, doc), needed = fields.filter((each) => each.required);
  return Object.fromEntries((needed.length ? needed : fields.slice(0, MOST)).map((each) => [each.name, example(each.schema, each.name, doc)]));
}
