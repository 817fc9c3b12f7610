// What the service says is wrong with a value, in the reader's language: the API speaks English, people on pages read theirs.

import { has, language, t } from "../words.js";

// [what the API says, the word's key, names of the groups]. The hint of a cause is `<key>_hint`.
const RULES = [
  [/latitude must be/, "cause.latitude"], [/longitude must be/, "cause.longitude"], [/lat and lon go together/, "cause.half_place"],
  [/the position is outside China/, "cause.outside"], [/is not an id$/, "cause.not_id"],
  [/^type "?([^"]*)"? does not exist/, "cause.type", ["value"]], [/fits any adapter/, "cause.adapter"], [/does not fit type (\S+)/, "cause.adapter_type", ["type"]],
  [/^id (\S+) stands in row (\d+) too/, "cause.twice", ["id", "row"]], [/^native (\S+) of (\S+) belongs to (.+)$/, "cause.native", ["native", "adapter", "holder"]],
  [/^device (\S+) exists already, active/, "cause.exists", ["id"]], [/^device (\S+) (?:is retired|exists already, retired)/, "cause.retired", ["id"]],
  [/is registered with other values: (.+)$/, "cause.differs", ["columns"]], [/^principal "?([^" ]+)"? does not exist/, "cause.principal", ["id"]],
  [/^principal (\S+) exists already/, "cause.principal_exists", ["id"]], [/valid number|unable to parse/, "cause.number"], [/Field required/, "cause.missing"],
  [/is not PROPERTY=UNIT|no unit|is not a unit|cannot become/, "cause.unit"], [/is not JSON/, "cause.json"], [/control characters/, "cause.control"], [/Input should be 'wgs84'/, "cause.crs"],
  [/cells more than the header has/, "cause.cells"], [/outside|is bound to/, "cause.area"], [/minutes ago/, "cause.too_late"], [/no header in the first/, "cause.no_header"],
  [/old \.xls file/, "cause.xls"], [/the workbook cannot be read/, "cause.workbook"],
];

/** {what, hint} of an error in the reader's language; as it came where we have no words for it. */
export function inWords(what, hint = "") {
  if (language() === "en") return { what, hint };
  for (const [shape, key, names = []] of RULES) {
    const found = shape.exec(what);
    if (!found) continue;
    const values = Object.fromEntries(names.map((name, place) => [name, found[place + 1]]));
    return { what: t(key, values), hint: has(`${key}_hint`) ? t(`${key}_hint`, values) : "" };
  }
  return { what, hint };
}
