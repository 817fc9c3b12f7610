// The colours that the canvas takes from the style sheet, read once and again when the theme changes.

const NAMES = {
  water: "--map-water", deep: "--map-deep", unknown: "--map-unknown", land: "--map-land", shore: "--map-shore", grid: "--map-grid",
  ink: "--map-ink", faint: "--map-faint", halo: "--map-halo", harbour: "--map-harbour", fairway: "--map-fairway", berth: "--map-berth",
  busy: "--map-busy", anchorage: "--map-anchorage", vessel: "--map-vessel", goods: "--map-goods", accent: "--map-accent", storm: "--map-storm",
  wind: "--map-wind", plume: "--map-plume", rain: "--map-rain", none: "--map-none", watch: "--map-watch", warning: "--map-warning",
  danger: "--map-danger", silent: "--map-silent",
};

export const SEVERITIES = ["none", "watch", "warning", "danger"];

// {water: "#0b1620", ...} as the document's theme has them now.
export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.entries(NAMES).map(([name, token]) => [name, style.getPropertyValue(token).trim() || "#888"]));
}

// Calls back whenever the theme changes, by the page's own switch or by the system's.
export function onTheme(call) {
  new MutationObserver(call).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", call);
}

export function alpha(colour, part) {
  return `color-mix(in srgb, ${colour} ${Math.round(part * 100)}%, transparent)`;
}
