// The API, as whoever is signed in. Paths are ours ("/api/devices"); errors are ApiError; a session that is over leads to /signin and back.

export class ApiError extends Error {
  /** status: of HTTP, 0 when the service did not answer. what, hint: as the API tells them. wait: seconds to wait (429), else 0. */
  constructor(status, what, hint = "", code = 0, wait = 0) {
    super(hint ? `${what}: ${hint}` : what);
    Object.assign(this, { status, what, hint, code, wait });
  }
}

let mine = null;

/** Who is signed in: {name, role, areas, kind, must_change, ends, csrf, timezone}. Asked once a page; `true` asks again. */
export function session(again = false) {
  if (!mine || again) mine = call("GET", "/api/session").catch((error) => { mine = null; throw error; });
  return mine;
}

/** An answer that tells of a session (sign-in, password, renewal) is the session from now on. */
export function adopt(found) { mine = Promise.resolve(found); return found; }

const ROLES = ["viewer", "operator", "engineer", "admin"];

/** Whether a session's role is this one or a higher one. */
export const may = (found, role) => ROLES.indexOf(found?.role) >= ROLES.indexOf(role);

/** Send somebody to the sign-in page, and back here afterwards. why: "ended", "left" or "". */
export function toSignIn(why = "") {
  const asked = new URLSearchParams();
  const here = location.pathname + location.search + location.hash;
  if (location.pathname !== "/signin" && here !== "/") asked.set("next", here);
  if (why) asked.set("why", why);
  location.replace("/signin" + (asked.size ? `?${asked}` : ""));
}

/**
 * One request. params: null, undefined and "" are left out, arrays are joined with commas. body: sent as JSON; a Blob, File or string as it is.
 * options: {signal, signIn: false (a 401 is an error then), raw: true (the Response itself), type}
 */
export async function call(method, path, { params, body, signal, signIn = true, raw = false, type } = {}) {
  const headers = {};
  const asIs = body instanceof Blob || body instanceof ArrayBuffer || typeof body === "string";
  if (body !== undefined) headers["content-type"] = type || (asIs ? body.type || "application/octet-stream" : "application/json");
  if (method !== "GET" && path !== "/api/session/link" && !(method === "POST" && path === "/api/session")) {
    headers["x-csrf-token"] = (await session()).csrf || "";
  }
  let answer;
  try {
    answer = await fetch(path + query(params), {
      method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : asIs ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the service does not answer", "");
  }
  if (answer.ok) {
    if (raw) return answer;
    return (answer.headers.get("content-type") || "").includes("json") ? answer.json() : answer.text();
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 && signIn) {
    toSignIn("ended");
    await new Promise(() => {}); // the page is leaving: nobody waits for this
  }
  throw new ApiError(answer.status, told.error || answer.statusText, told.hint, told.code, Number(answer.headers.get("retry-after")) || 0);
}

export const api = {
  get: (path, params, options) => call("GET", path, { params, ...options }),
  post: (path, body = {}, options) => call("POST", path, { body, ...options }),
  patch: (path, body = {}, options) => call("PATCH", path, { body, ...options }),
  put: (path, body = {}, options) => call("PUT", path, { body, ...options }),
  delete: (path, params, options) => call("DELETE", path, { params, ...options }),
  /** A file as the body; the Response itself, for answers that come in lines: `for await (const each of api.lines(response))`. */
  upload: (path, file, params, options) => call("POST", path, { params, body: file, raw: true, ...options }),
  /** Every item of a list, page after page. */
  async* items(path, params, options) {
    let cursor = null;
    do {
      const page = await call("GET", path, { params: { ...params, cursor }, ...options });
      yield* page.items;
      cursor = page.next;
    } while (cursor);
  },
  /** Lines of NDJSON as they come. */
  async* lines(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      const parts = (rest + (value || "")).split("\n");
      rest = done ? "" : parts.pop();
      for (const part of parts) if (part.trim()) yield JSON.parse(part);
      if (done) return;
    }
  },
};

/** "?a=1&b=2", or "". */
export function query(params) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(params || {})) {
    if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) continue;
    found.set(name, Array.isArray(value) ? value.join(",") : value === true ? "1" : value === false ? "0" : value);
  }
  return found.size ? `?${found}` : "";
}

/** A name as one segment of a path. */
export const segment = (name) => encodeURIComponent(name);
