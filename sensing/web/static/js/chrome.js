// What stands on every page: title, links by role, language, theme, who is signed in, the DRILL banner, and short notices.
//
//   const me = await chrome({ title: "table.title", here: "/table" });            // needs: "engineer" shows why not, and gives null
//
// The shell has <header id="chrome"></header> first in <body>, and <main id="main">.

import { api, may, session, toSignIn } from "./api.js";
import { $, el, fill, on } from "./dom.js";
import { setZone } from "./format.js";
import { language, setLanguage, t, translate, words } from "./words.js";

const LINKS = [
  ["/", "nav.map", "viewer"], ["/map/flood", "nav.flood", "viewer"], ["/map/safety", "nav.safety", "viewer"], ["/map/port", "nav.port", "viewer"],
  ["/table", "nav.table", "viewer"], ["/devices", "nav.devices", "viewer"], ["/m/register", "nav.register", "engineer"],
  ["/import", "nav.import", "engineer"], ["/quarantine", "nav.quarantine", "viewer"],
];
const STATUS_EVERY_MS = 30000;

/** Words, session and header. title: a key. here: the link that is this page. needs: the least role. Gives the session, null when it lacks the role. */
export async function chrome({ title, here = location.pathname, needs = "viewer" } = {}) {
  const [, me] = await Promise.all([words(), session()]);
  setZone(me.timezone);
  const retitle = () => { document.title = title ? `${t(title)} · ${t("app")}` : t("app"); };
  const show = () => { retitle(); draw(me, here); };
  show();
  addEventListener("language", show);
  if (me.must_change && here !== "/account") { location.replace("/account"); return null; }
  if (!me.must_change) watchStatus();
  if (may(me, needs)) return me;
  forbid(me, needs);
  return null;
}

function draw(me, here) {
  const header = $("#chrome");
  if (!header) return;
  const links = me.must_change ? [] : LINKS.filter(([, , role]) => may(me, role));
  fill(header,
    el("a", { class: "brand", href: "/", "aria-label": t("app") }, mark(), el("span", { class: "brand-name", text: t("app") })),
    el("button", { class: "quiet menu-button", type: "button", "aria-expanded": "false", "aria-controls": "chrome-menu", "aria-label": t("nav.menu"), on: { click: toggle } }, bars()),
    el("div", { id: "chrome-menu", class: "chrome-menu" },
      el("nav", { class: "chrome-nav", "aria-label": t("nav.label") },
        links.map(([path, key]) => el("a", { href: path, "aria-current": path === here ? "page" : null, text: t(key) }))),
      el("div", { class: "chrome-tools" },
        el("button", { class: "quiet", type: "button", "aria-label": t("chrome.language_label"), title: t("chrome.language_label"), text: t("chrome.language"), on: { click: () => setLanguage(language() === "zh" ? "en" : "zh") } }),
        el("button", { class: "quiet icon", type: "button", "aria-label": t("chrome.theme"), title: t("chrome.theme"), on: { click: () => setTheme(dark() ? "light" : "dark") } }, halfMoon()),
        el("a", { class: "who", href: "/account", "aria-current": here === "/account" ? "page" : null, title: t(`role.${me.role}`) }, el("span", { class: "who-name", text: me.name })),
        me.kind === "session" && el("button", { class: "quiet", type: "button", text: t("chrome.sign_out"), on: { click: signOut } }))));
}

function toggle(event) {
  const open = $("#chrome").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
}
on(document, "keydown", (event) => {
  const header = $("#chrome.open");
  if (event.key !== "Escape" || !header) return;
  header.classList.remove("open");
  $(".menu-button", header)?.setAttribute("aria-expanded", "false");
  $(".menu-button", header)?.focus();
});

const vector = (box, d) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  node.setAttribute("viewBox", box);
  node.setAttribute("aria-hidden", "true");
  const path = node.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  path.setAttribute("d", d);
  return node;
};
const mark = () => vector("0 0 24 24", "M2 16c2.5 0 2.5-2 5-2s2.5 2 5 2 2.5-2 5-2 2.5 2 5 2v2c-2.5 0-2.5-2-5-2s-2.5 2-5 2-2.5-2-5-2-2.5 2-5 2zM12 3a4.5 4.5 0 0 1 4.5 4.5c0 2.5-4.5 5.5-4.5 5.5s-4.5-3-4.5-5.5A4.5 4.5 0 0 1 12 3zm0 3a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z");
const bars = () => vector("0 0 24 24", "M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z");
const halfMoon = () => vector("0 0 24 24", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2v14a7 7 0 0 1 0-14z");

/** Whether the page is dark now. */
export function dark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : !matchMedia("(prefers-color-scheme: light)").matches;
}

/** "dark", "light", or "" for the system's. "theme" is fired on window: canvases read their colours anew. */
export function setTheme(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  try { if (theme) localStorage.setItem("theme", theme); else localStorage.removeItem("theme"); } catch { /* it holds for this page then */ }
  window.dispatchEvent(new CustomEvent("theme", { detail: theme }));
}
matchMedia("(prefers-color-scheme: light)").addEventListener?.("change", () => window.dispatchEvent(new CustomEvent("theme", { detail: "" })));

/** A colour, or any other token of base.css, as it is now: token("--danger"). */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export async function signOut() {
  await api.delete("/api/session").catch(() => {});
  toSignIn("left");
}

/** The banner that no simulated data goes without. origin: "simulated", "replayed" or null. */
export function setDrill(origin, run = "") {
  let banner = $("#drill");
  if (!origin) { banner?.remove(); return; }
  if (!banner) {
    banner = el("div", { id: "drill", class: "drill", role: "note" });
    $("#chrome").after(banner);
  }
  const key = origin === "replayed" ? "chrome.replay" : "chrome.drill";
  fill(banner, el("strong", { data: { t: key } }), run && el("span", { class: "drill-run", text: run }));
  translate(banner);
}

let watching = false;
function watchStatus() {
  if (watching) return;
  watching = true;
  const look = async () => {
    if (document.hidden) return;
    try {
      const found = await api.get("/api/status");
      setDrill(found.run ? "simulated" : null, found.run || "");
      window.dispatchEvent(new CustomEvent("status", { detail: found }));
    } catch { /* the page's own requests say what is wrong */ }
  };
  look();
  setInterval(look, STATUS_EVERY_MS);
}

function forbid(me, needs) {
  const main = $("#main");
  if (!main) return;
  const show = () => fill(main, el("div", { class: "notice-page" },
    el("h1", { text: t("chrome.forbidden", { role: t(`role.${needs}`), mine: t(`role.${me.role}`) }) }), el("p", { text: t("chrome.forbidden_hint") }), el("p", {}, el("a", { class: "button", href: "/", text: t("nav.map") }))));
  show();
  addEventListener("language", show);
}

const SHOWN_MS = 6000;
/** A short notice at the bottom, read out at once. kind: "info", "good" or "bad". */
export function notice(text, kind = "info") {
  let shelf = $("#notices");
  shelf ||= document.body.appendChild(el("div", { id: "notices", class: "notices", role: "status", "aria-live": "polite" }));
  const node = el("div", { class: `notice ${kind}` }, el("span", { text }), el("button", { class: "quiet icon", type: "button", "aria-label": t("chrome.close"), text: "×", on: { click: () => node.remove() } }));
  shelf.append(node);
  setTimeout(() => node.remove(), kind === "bad" ? 3 * SHOWN_MS : SHOWN_MS);
}

/** Tell an error of the API as a notice. */
export function tellError(error) {
  const offline = error?.status === 0;
  notice(offline ? t("chrome.offline") : [error?.what || error?.message || String(error), error?.hint].filter(Boolean).join(" · "), "bad");
}
