// What is odd about a place or a name, each with what to do about it; where one touch mends it, the touch.

import { el } from "../dom.js";
import { both, has, t } from "../words.js";
import { button, told, plainHint } from "./fields.js";

/** A list of doubts as the API tells them. mend: {reason: (doubt) => [text, act] or null}. */
export function doubtList(doubts, mend = {}) {
  return el("div", { class: "doubts", "aria-live": "polite" }, doubts.map((doubt) => {
    const offered = mend[doubt.reason]?.(doubt);
    return told(doubt.fails ? "bad" : "warn", saying(doubt), "", offered ? button(offered[0], offered[1], "primary") : null);
  }));
}

/** The remedy in a person's words: ours where the service's speaks of commands. */
export function saying(doubt) {
  const values = { ...doubt, metres: doubt.metres === undefined ? "" : Math.round(doubt.metres) };
  if (has(`doubt.${doubt.reason}`)) return t(`doubt.${doubt.reason}`, values);
  return plainHint(both(doubt.remedy)) || doubt.reason;
}
