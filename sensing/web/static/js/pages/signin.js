// Signing in: by name and password, or by a one-time link (/signin#k=...). Afterwards on to ?next=, which is a path of ours or nothing.

import { ApiError, adopt, call } from "../api.js";
import { $ } from "../dom.js";
import { language, setLanguage, t, words } from "../words.js";

const form = $("#form"), error = $("#error"), told = $("#told"), go = $("#go");
let waiting = 0;
let say = () => "";

/** Where to go on to: a path on this host, whatever the address says. */
export function onward(asked, origin = location.origin) {
  if (!asked || !/^\/(?![/\\])/.test(asked)) return "/";
  try {
    const found = new URL(asked, origin);
    return found.origin === origin && found.pathname !== "/signin" ? found.pathname + found.search + found.hash : "/";
  } catch {
    return "/";
  }
}

const asked = new URLSearchParams(location.search);
const next = onward(asked.get("next"));

function leave(me) {
  adopt(me);
  location.replace(me.must_change ? "/account" : next);
}

function tell(make) { say = make; error.textContent = make(); }

function wait(seconds) {
  clearInterval(waiting);
  const until = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    go.disabled = left > 0;
    if (left > 0) { tell(() => t("signin.wait", { n: Math.ceil((until - Date.now()) / 1000) })); return; }
    clearInterval(waiting);
    tell(() => "");
  };
  waiting = setInterval(tick, 1000);
  tick();
}

function refused(problem) {
  if (!(problem instanceof ApiError)) throw problem;
  if (problem.status === 429) wait(problem.wait || 5);
  else if (problem.status === 0) tell(() => t("signin.offline"));
  else if (problem.status === 401 || problem.status === 422) tell(() => t("signin.wrong"));
  else tell(() => problem.message);
}

async function enter(event) {
  event.preventDefault();
  const user = $("#user"), password = $("#password");
  if (!user.value.trim()) { user.focus(); return; }
  if (!password.value) { password.focus(); return; }
  go.classList.add("busy");
  told.textContent = "";
  tell(() => "");
  try {
    leave(await call("POST", "/api/session", { body: { user: user.value.trim(), password: password.value }, signIn: false }));
  } catch (problem) {
    refused(problem);
    if (problem.status === 401) { password.select(); password.focus(); }
  } finally {
    go.classList.remove("busy");
  }
}

async function byLink(key) {
  history.replaceState(null, "", location.pathname + location.search); // the key is out of the address before anything else
  told.textContent = t("signin.link");
  try {
    leave(await call("POST", "/api/session/link", { body: { key }, signIn: false }));
  } catch (problem) {
    told.textContent = "";
    if (problem.status === 401 || problem.status === 422) tell(() => `${t("signin.link_over")} · ${t("signin.link_hint")}`);
    else refused(problem);
  }
}

await words();
const retitle = () => { document.title = `${t("signin.title")} · ${t("app")}`; };
retitle();
form.addEventListener("submit", enter);
$("#language").addEventListener("click", () => setLanguage(language() === "zh" ? "en" : "zh"));
addEventListener("language", () => { retitle(); error.textContent = say(); });
$("#show").addEventListener("click", (event) => {
  const shown = $("#password").type === "password";
  $("#password").type = shown ? "text" : "password";
  event.currentTarget.setAttribute("aria-pressed", String(shown));
});
const keyOf = () => new URLSearchParams(location.hash.slice(1)).get("k");
addEventListener("hashchange", () => { const late = keyOf(); if (late) byLink(late); }); // pasted where this page is open already
const key = keyOf();
if (key) {
  await byLink(key);
} else {
  const why = asked.get("why");
  if (why === "ended" || why === "left") told.textContent = t(`signin.${why}`);
  $("#user").focus({ preventScroll: true });
}
