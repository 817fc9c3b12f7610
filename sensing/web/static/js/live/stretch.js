// A stretch of the past: the city at its first instant, and what changed until each of the others.

export class Stretch {
  #played = 0;

  /** found: {snapshot, frames} of GET /api/map with from, to and every. */
  constructor({ snapshot, frames }) {
    this.snapshot = snapshot;
    this.frames = frames;
    this.instants = [snapshot.clock, ...frames.map((frame) => frame.clock)];
  }

  covers(ms) {
    const step = this.instants.length > 1 ? this.instants[1] - this.instants[0] : 0;
    return ms >= this.instants[0] && ms < this.instants.at(-1) + Math.max(step, 1);
  }

  /** How to get from one instant to another: frames to apply, on what is shown, or anew. */
  moves(before, ms) {
    const end = this.instants.findLastIndex((each) => each <= ms);
    const on = before !== null && this.#played > 0 && this.covers(before) && end >= this.#played - 1;
    const from = on ? this.#played - 1 : 0;
    this.#played = end + 1;
    return { anew: !on, frames: this.frames.slice(from, end) };
  }
}
