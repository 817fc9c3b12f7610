// What operators do to events: shown as done at once, sent after a moment in which it can be taken back, and said when it failed.
// A page that closes sends what is still waiting.

const GRACE_MS = 3500;
const SHOWN_MS = 15_000;

export class Deeds extends EventTarget {
  /** Fires "change" {detail: event id}. live: whose events tell that it arrived. */
  constructor(api, live) {
    super();
    this.api = api;
    this.live = live;
    this.waiting = new Map();
    this.leave = () => {
      for (const id of this.waiting.keys()) this.#now(id);
    };
    addEventListener("pagehide", this.leave);
  }

  /** {op, args, state: "waiting" | "sending" | "sent" | "failed", error, until} of an event, or null. */
  of(id) {
    return this.waiting.get(id) ?? null;
  }

  /** Do it, unless taken back within the grace. args: of the command, `event` among them. */
  do(op, args) {
    const deed = { op, args, state: "waiting", until: Date.now() + GRACE_MS };
    deed.timer = setTimeout(() => this.#now(args.event), GRACE_MS);
    this.#set(args.event, deed);
  }

  /** Take it back while it waits, or put a failed one away. */
  undo(id) {
    clearTimeout(this.waiting.get(id)?.timer);
    this.#set(id, null);
  }

  /** Try a failed one again. */
  again(id) {
    const deed = this.waiting.get(id);
    if (deed) this.#send(id, deed);
  }

  /** An event came anew: what was sent is seen now. */
  arrived(event) {
    const deed = this.waiting.get(event.id);
    if (deed?.state === "sent" && event.version !== deed.version) this.#set(event.id, null);
  }

  destroy() {
    removeEventListener("pagehide", this.leave);
    this.leave();
  }

  #now(id) {
    const deed = this.waiting.get(id);
    if (deed?.state !== "waiting") return;
    clearTimeout(deed.timer);
    this.#send(id, deed);
  }

  async #send(id, deed) {
    this.#set(id, Object.assign(deed, { state: "sending", error: null, version: this.live?.events.get(id)?.version }));
    try {
      await this.api.post("/api/commands", { op: deed.op, args: deed.args });
      this.#set(id, Object.assign(deed, { state: "sent" }));
      setTimeout(() => this.waiting.get(id) === deed && this.#set(id, null), SHOWN_MS);
      const event = this.live?.events.get(id);
      if (event) this.arrived(event);
    } catch (error) {
      this.#set(id, Object.assign(deed, { state: "failed", error }));
    }
  }

  #set(id, deed) {
    if (deed) this.waiting.set(id, deed);
    else this.waiting.delete(id);
    this.dispatchEvent(new CustomEvent("change", { detail: id }));
  }
}
