// Reading the OpenAPI document: what a schema says in a few words, its fields, and a value that fits.

/** The schema itself, for one that is a reference. */
export function resolved(schema, doc) {
  const found = schema?.$ref ? doc.components.schemas[schema.$ref.split("/").pop()] : schema;
  return found ?? {};
}

/** Its type in words: `string · watch | warning | danger`, `integer 1–1000`. */
export function typeOf(schema, doc) {
  const found = resolved(schema, doc);
  if (found.enum) return found.enum.map((each) => JSON.stringify(each).replaceAll('"', "")).join(" | ");
  if (found.anyOf) return [...new Set(found.anyOf.map((each) => typeOf(each, doc)))].join(" | ");
  const type = Array.isArray(found.type) ? found.type.join(" | ") : found.type ?? "any";
  if (type === "array") return `${typeOf(found.items, doc)}[]`;
  const range = found.minimum !== undefined || found.maximum !== undefined ? ` ${found.minimum ?? "…"}–${found.maximum ?? "…"}` : "";
  return type + range;
}

/** Fields of a body: [{name, schema, required}]. */
export function fieldsOf(body, doc) {
  const found = resolved(body, doc), required = new Set(found.required ?? []);
  return Object.entries(found.properties ?? {}).map(([name, schema]) => ({ name, schema, required: required.has(name) }));
}

/** A value that fits well enough for an example. */
export function example(schema, name, doc) {
  const found = resolved(schema, doc);
  if (found.examples?.length) return found.examples[0];
  if (found.default !== undefined && found.default !== null && found.default !== "") return found.default;
  if (found.enum) return found.enum[0];
  if (found.anyOf) return example(found.anyOf[0], name, doc);
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (type === "integer" || type === "number") return found.minimum > 0 ? found.minimum : 1;
  if (type === "boolean") return true;
  if (type === "array") return [];
  if (type === "object") return {};
  return name.toUpperCase();
}
