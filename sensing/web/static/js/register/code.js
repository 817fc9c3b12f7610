// What a code can be: a label of ours, the address on a label, a maker's QR, a serial number, an id of some protocol. Pure.

const LABEL = /^[0-9A-HJKMNP-TV-Z]{8}$/;
const OF_ADDRESS = /\/id\/([^/?#]+)/;
const LORA = /^LW:D\d:/i;

/** A label as it is printed: capitals in two groups; O is read as 0, I and L as 1. */
export function spelled(text) {
  const bare = plain(text);
  return bare.length > 4 ? `${bare.slice(0, 4)} ${bare.slice(4)}` : bare;
}

const plain = (text) => text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");

/** Whether a text is 8 characters of the label's alphabet (the check character is the service's to judge). */
export const isLabel = (text) => LABEL.test(plain(text));

/**
 * What a scanned or typed text says: {code, label, adapter, native, serial, join}. code: what to look up; label: whether it may be one of ours;
 * adapter and native: what the text looks like on the wire, "" when nothing is known.
 */
export function readCode(given) {
  const text = given.trim();
  const found = { code: text, label: false, adapter: "", native: "", serial: "", join: "" };
  const address = OF_ADDRESS.exec(text);
  if (address) return { ...found, code: decodeURIComponent(address[1]), label: true };
  if (LORA.test(text)) return lorawan(text, found);
  if (isLabel(text) && !/^\d{8}$/.test(text)) return { ...found, code: plain(text).toLowerCase(), label: true };
  return { ...found, ...wire(text) };
}

// LoRa Alliance TR005: LW:D0:<JoinEUI>:<DevEUI>:<ProfileID>[:O<owner>][:S<serial>]...
function lorawan(text, found) {
  const [, , join, device, , ...rest] = text.split(":");
  const serial = rest.find((part) => part.startsWith("S"))?.slice(1) || "";
  const native = (device || "").toLowerCase();
  return { ...found, code: native, adapter: "lorawan", native, join: (join || "").toLowerCase(), serial };
}

function wire(text) {
  const bare = text.replace(/[\s:-]/g, "");
  if (/^[0-9a-f]{16}$/i.test(bare) && /[a-f]/i.test(bare)) return { adapter: "lorawan", native: bare.toLowerCase() };
  if (/^\d{9}$/.test(bare)) return { adapter: "ais", native: bare };
  if (/^\d{10}$/.test(bare) || /^\d{8}$/.test(bare)) return { adapter: "sl651", native: bare };
  if (/^[0-9A-Z]{14,24}$/i.test(bare) && /\d{6}/.test(bare)) return { adapter: "hj212", native: bare };
  return { serial: text };
}

/** What a native id is called by those who know the protocol: a key of the words. */
export function nativeWord(adapter) {
  const known = ["sl651", "hj212", "lorawan", "ais", "nmea0183", "plainjson", "senml"];
  return `register.native.${known.includes(adapter) ? adapter : "other"}`;
}

const SHAPES = {
  sl651: /^[0-9a-f]{8}([0-9a-f]{2})?$/i, lorawan: /^([0-9a-f]{2}[:-]?){8}$/i, ais: /^\d{9}$/, hj212: /^[0-9A-Z]{14,24}$/i,
};

/** Whether a native id has the shape that its protocol wants; true where we know of none. */
export const fits = (adapter, native) => !native || !SHAPES[adapter] || SHAPES[adapter].test(native.trim());

/** An id for a device out of words: what remains of them as a-z, 0-9 and -. */
export const idOf = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 56);
