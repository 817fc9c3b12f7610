// What is typed into the device: broker, topic, username, password. The password is shown once and kept nowhere; a lost one is replaced.

import { api, segment } from "../api.js";
import { el, fill } from "../dom.js";
import { t } from "../words.js";
import { button, copy, copyable, told, working } from "./fields.js";

/** The panel. page: {draft, secret}; page.secret: {username, password, topic, broker} while this page knows it. */
export function credentials(page) {
  const node = el("section", { class: "credentials", "aria-label": t("register.credentials") });
  draw(page, node);
  return node;
}

function draw(page, node) {
  const { secret, draft } = page;
  if (!secret) { fill(node, lost(page, node)); return; }
  if (secret.noted) { fill(node, folded(page, node)); return; }
  const lines = [["register.broker", secret.broker], ["register.topic", secret.topic], ["register.username", secret.username]];
  if (secret.password) lines.push(["register.password", secret.password]);
  const all = () => copy(lines.map(([key, text]) => `${t(key)}: ${text}`).join("\n"));
  fill(node,
    el("h2", { text: t("register.credentials") }),
    secret.password ? told("warn", t("register.once")) : told("info", t("register.carried_by", { principal: secret.principal }), t("register.carried_hint")),
    lines.map(([key, text]) => copyable(t(key), text, { secret: key === "register.password" })),
    el("div", { class: "actions" }, button(t("register.copy_all"), all), secret.password && button(t("register.noted"), () => { page.secret = { ...secret, password: null, noted: true }; fill(node, folded(page, node)); }, "", { data: { act: "noted" } })),
    waited(page, draft));
}

// Once it is in the device nobody needs to see it on the phone any more.
function folded(page, node) {
  return el("details", { class: "more" }, el("summary", { text: t("register.credentials") }),
    ["broker", "topic", "username"].map((name) => copyable(t(`register.${name}`), page.secret[name])), replace(page, node));
}

function lost(page, node) {
  return el("details", { class: "more" }, el("summary", { text: t("register.credentials") }), el("p", { class: "hint", text: t("register.lost") }), replace(page, node));
}

function replace(page, node) {
  const shown = el("div", { class: "shown" });
  return el("div", {}, working(t("register.new_password"), async () => {
    page.secret = await api.post(`/api/devices/${segment(page.draft.device)}/rotate`);
    draw(page, node);
  }, "", shown, { data: { act: "rotate" } }), shown);
}

function waited(page, draft) {
  const frames = page.waited?.frames;
  return frames ? told("good", t("register.backfilled", { frames, id: draft.device })) : null;
}
