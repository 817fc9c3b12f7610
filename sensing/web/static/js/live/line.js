// One stream for all tabs of a browser: whoever holds the lock has it, and tells the others. Without locks or channels each tab has its own.

import { api } from "../api.js";

const SILENT_MS = 40_000; // the server says something every 15 s
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

export class Line {
  #asked;
  #on;
  #cursor = () => null;
  #source = null;
  #channel = null;
  #release = null;
  #waiting = null;
  #timer = 0;
  #tries = 0;
  #closed = false;

  /** asked: the query of the filter. on: {message(batch), reset(), state(word)} */
  constructor(asked, on) {
    this.#asked = asked;
    this.#on = on;
    if (!("BroadcastChannel" in globalThis) || !navigator.locks) return;
    this.#channel = new BroadcastChannel(`sensing-live${asked}`);
    this.#channel.onmessage = ({ data }) => this.#take(data);
  }

  /** Follow; cursor() is asked where to go on whenever a stream is opened. */
  open(cursor) {
    this.#cursor = cursor;
    if (!this.#channel) return this.#connect();
    this.#waiting = new AbortController();
    const leading = () => this.#closed ? null : new Promise((release) => {
      this.#release = release;
      this.#connect();
    });
    navigator.locks.request(`sensing-live${this.#asked}`, { signal: this.#waiting.signal }, leading).catch(() => {});
  }

  /** Leave; another tab takes over. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#waiting?.abort();
    this.#release?.();
    this.#channel?.close();
  }

  #connect = () => {
    if (this.#closed) return;
    this.#source?.close();
    const cursor = this.#cursor();
    const asked = new URLSearchParams(this.#asked);
    if (cursor) asked.set("cursor", cursor);
    const source = (this.#source = new EventSource(`/api/live?${asked}`));
    source.onopen = () => { this.#tries = 0; this.#share({ state: "live" }); this.#watch(); };
    source.onmessage = ({ data }) => { this.#share({ data }); this.#watch(); };
    source.addEventListener("reset", () => this.#share({ reset: true }));
    source.onerror = () => {
      this.#share({ state: "offline" });
      if (source.readyState === EventSource.CLOSED) this.#retry(); // refused; a break it mends by itself
    };
  };

  /** A connection may die without a word. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout?.(5_000) });
        this.#connect();
      } catch {
        this.#share({ state: "offline" });
        this.#retry();
      }
    }, SILENT_MS);
  }

  #retry() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        await api.get("/api/session"); // a session that is over leads to the sign-in page
      } catch { /* the service does not answer: try again */ }
      this.#connect();
    }, RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
  }

  #share(said) {
    if (this.#closed) return;
    this.#channel?.postMessage(said);
    this.#take(said);
  }

  #take({ data, reset, state }) {
    if (this.#closed) return;
    if (reset) this.#on.reset();
    else if (data) this.#on.message(JSON.parse(data));
    else if (state) this.#on.state(state);
  }
}

/** Whether a cursor tells of anything that another does not. */
export function newer(one, other) {
  if (!other) return true;
  const [a, b] = [one, other].map((text) => text.split("."));
  return a[0] > b[0] || a.slice(1, 4).some((part, place) => Number(part) > Number(b[place + 1]));
}
