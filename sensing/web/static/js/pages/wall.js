// The wall: faces in turn, nobody at the keyboard, nothing that stands at one place for ever.

import { FACES } from "../map/faces.js";

const DRIFT_MS = 60_000;
const DRIFT_PX = [[0, 0], [2, 1], [3, 3], [1, 2], [-1, 3], [-3, 1], [-2, -1], [0, -2]];
const TURN_MS = 600;

/** Turns every `?rotate=` seconds (30; 0 stands still), and drifts by a few pixels a minute so that nothing burns in. */
export function wall({ map, layers, legend, scene, look, room }) {
  const every = Number(new URLSearchParams(location.search).get("rotate") ?? 30);
  const names = Object.keys(FACES);
  const main = document.getElementById("main");
  let at = 0;
  const turn = () => {
    at = (at + 1) % names.length;
    document.body.classList.add("turning");
    setTimeout(() => {
      layers.turn(names[at]);
      legend.turn(names[at]);
      layers.dispatchEvent(new CustomEvent("change"));
      map.fit(FACES[names[at]].box, room());
      scene.language();
      look();
      document.body.classList.remove("turning");
    }, TURN_MS);
  };
  if (every > 0) setInterval(turn, Math.max(5, every) * 1000);
  let drift = 0;
  setInterval(() => {
    drift = (drift + 1) % DRIFT_PX.length;
    main.style.transform = `translate(${DRIFT_PX[drift][0]}px, ${DRIFT_PX[drift][1]}px)`;
  }, DRIFT_MS);
}
