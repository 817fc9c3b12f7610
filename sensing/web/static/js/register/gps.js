// Where the phone is: the best fix of a few seconds, with its accuracy. Browsers tell it over TLS and on localhost only.

export const GOOD_M = 15;
export const DOUBTFUL_M = 50;
const PATIENCE_MS = 12000;

/** Why this page cannot ask for a position: "insecure", "absent", or "" when it can. */
export function gpsLack() {
  if (!window.isSecureContext) return "insecure";
  return "geolocation" in navigator ? "" : "absent";
}

/**
 * The best position within a few seconds: {lat, lon, accuracy} in WGS 84 degrees and metres. better(fix): each better one as it comes.
 * Rejects with "denied", "unavailable" or "timeout" when there is none at all.
 */
export function position(better = () => {}) {
  return new Promise((resolve, reject) => {
    let best = null, watch = 0, why = "timeout";
    const end = () => {
      clearTimeout(timer);
      navigator.geolocation.clearWatch(watch);
      if (best) resolve(best);
      else reject(new Error(why));
    };
    const timer = setTimeout(end, PATIENCE_MS);
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        const fix = { lat: round(coords.latitude), lon: round(coords.longitude), accuracy: Math.ceil(coords.accuracy) };
        if (!best || fix.accuracy < best.accuracy) { best = fix; better(fix); }
        if (fix.accuracy <= GOOD_M) end();
      },
      (error) => {
        why = { 1: "denied", 2: "unavailable", 3: "timeout" }[error.code] || "unavailable";
        if (error.code === 1 || !best) end();
      },
      { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE_MS },
    );
  });
}

const round = (degrees) => Math.round(degrees * 1e7) / 1e7;
