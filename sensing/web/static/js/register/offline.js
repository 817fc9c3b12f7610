// The page is kept on the phone (sw.js), so that a reload in a valley without a network opens it with its drafts.

/** Ask the browser to keep this page. Where it cannot (no TLS, private window), drafts still survive in an open page. */
export function lookAfter() {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.register("/static/sw.js", { scope: "/m/", updateViaCache: "none" }).catch(() => {});
}
