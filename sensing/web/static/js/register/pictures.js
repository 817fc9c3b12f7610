// A picture for each kind of device, so that wet fingers choose without reading: strokes on a 24 x 24 field, in the text's colour.

import { svg } from "../dom.js";

const DRAWN = {
  water: "M4 3v18M4 6h3M4 10h3M4 14h3M9 16c2-2 3-2 5 0s3 2 6 0M9 20c2-2 3-2 5 0s3 2 6 0",
  rain: "M7 14a4 4 0 1 1 1-7.8A5 5 0 0 1 17.5 8 3.5 3.5 0 0 1 17 14zM8 17l-1 3M12 17l-1 3M16 17l-1 3",
  wind: "M3 9h11a3 3 0 1 0-3-3M3 13h15a3 3 0 1 1-3 3M3 17h7a2 2 0 1 1-2 2",
  air: "M5 8h.01M10 5h.01M16 7h.01M20 11h.01M7 13h.01M13 11h.01M18 16h.01M4 18h.01M10 18h.01M14 20h.01M3 3l18 18",
  stack: "M6 21l1.5-12h4L13 21M3 21h18M16 21v-7h4v7M9 6c0-2 2-2 2-4M13 7c0-2 3-2 3-4",
  sound: "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M19 6a8 8 0 0 1 0 12",
  vessel: "M3 15h18l-3 5H6zM7 15V9h8l2 6M11 9V4M11 5h4",
  mast: "M12 21V9M8 21h8M12 9a1.5 1.5 0 1 0-.01-.01M7.5 4.5a6 6 0 0 0 0 8M16.5 4.5a6 6 0 0 1 0 8",
  people: "M9 8a3 3 0 1 0-.01 0M3 20c0-5 3-7 6-7s6 2 6 7M17 9a2.5 2.5 0 1 0-.01 0M17 13c3 0 4 3 4 6",
  camera: "M4 7h11v10H4zM15 11l5-3v8l-5-3M8 21h6M11 17v4",
  quality: "M10 3v6L5 19a1.5 1.5 0 0 0 1.5 2h11A1.5 1.5 0 0 0 19 19L14 9V3M8 3h8M7.5 15h9",
  warm: "M12 3a2 2 0 0 0-2 2v8.500a4 4 0 1 0 4 0V5a2 2 0 0 0-2-2zM12 8v8",
  soil: "M3 12h18M5 16h.01M9 18h.01M13 16h.01M17 18h.01M12 12V6M12 8c-3 0-4-2-4-4 3 0 4 2 4 4zM12 9c2 0 4-1 4-3-3 0-4 1-4 3z",
  leak: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z",
  goods: "M3 8h18v11H3zM3 8l2-4h14l2 4M9 8v11M15 8v11",
  box: "M4 6h16v12H4zM8 10h.01M12 10h.01M8 14h8M9 18v3M15 18v3",
};
const BY_PROPERTY = [
  ["position", "vessel"], ["so2", "air"], ["pm2_5", "air"], ["co2", "air"], ["nmhc", "stack"], ["sound_level", "sound"], ["ph", "quality"],
  ["water_leak", "leak"], ["people_in", "people"], ["crowd_count", "people"], ["ground_temperature", "soil"], ["container_move", "goods"],
  ["distance_to_surface", "water"], ["ponding_depth", "camera"],
];
const BY_ID = [
  [/stack|voc/, "stack"], [/camera/, "camera"], [/rain/, "rain"], [/receiver|base-station|gateway|beacon/, "mast"], [/weather|atm|s2120|wts/, "wind"],
  [/water-station|ctd/, "quality"], [/gauge|level|reservoir|udl|swl|rdl/, "water"], [/terminal|parking/, "goods"], [/citizen/, "people"],
];

/** The name of a type's picture. */
export function pictureOf(kind) {
  const byId = BY_ID.find(([shape]) => shape.test(kind.id));
  if (byId) return byId[1];
  const byProperty = BY_PROPERTY.find(([property]) => kind.properties.slice(0, 3).includes(property));
  if (byProperty) return byProperty[1];
  if (kind.properties[0] === "water_level") return "water";
  return kind.properties[0] === "air_temperature" ? "warm" : "box";
}

/** The picture itself; it says nothing to a screen reader, for the type's name stands beside it. */
export function picture(kind) {
  return svg("svg", { class: "picture", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: DRAWN[pictureOf(kind)] }));
}
