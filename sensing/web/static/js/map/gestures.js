// Hands on the map: mouse, wheel, touch with pinch, keys. It changes the view and calls back; it draws nothing.

const KEY_PAN = 96;
const TAP_PX = 6;
const FRICTION = 0.9;

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// calls: {moved(), tap(px, py), hover(px, py), leave(), key(name) -> true when it was taken}
export function gestures(element, view, calls) {
  const down = new Map();
  let start = null;
  let speed = [0, 0];
  let gliding = 0;

  const at = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const stop = () => {
    cancelAnimationFrame(gliding);
    gliding = 0;
  };
  const glide = () => {
    speed = [speed[0] * FRICTION, speed[1] * FRICTION];
    if (Math.hypot(...speed) < 0.4) return;
    view.pan(...speed);
    calls.moved();
    gliding = requestAnimationFrame(glide);
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    stop();
    element.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    start = down.size === 1 ? { at: at(event), moved: false } : { ...start, moved: true };
    speed = [0, 0];
  });
  element.addEventListener("pointermove", (event) => {
    const now = at(event);
    const was = down.get(event.pointerId);
    if (!was) return calls.hover(...now);
    if (down.size === 1) {
      if (!start.moved && Math.hypot(now[0] - start.at[0], now[1] - start.at[1]) < TAP_PX) return undefined;
      start.moved = true;
      view.pan(now[0] - was[0], now[1] - was[1]);
      speed = [(speed[0] + now[0] - was[0]) / 2, (speed[1] + now[1] - was[1]) / 2];
    } else {
      pinch(event.pointerId, was, now);
    }
    down.set(event.pointerId, now);
    return calls.moved();
  });
  function pinch(id, was, now) {
    const other = [...down].find(([key]) => key !== id)[1];
    const before = Math.hypot(was[0] - other[0], was[1] - other[1]);
    const after = Math.hypot(now[0] - other[0], now[1] - other[1]);
    view.pan((now[0] - was[0]) / 2, (now[1] - was[1]) / 2);
    if (before > 10 && after > 10) view.zoomBy(Math.log2(after / before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (down.size) return;
    if (start && !start.moved && event.type === "pointerup") calls.tap(...at(event));
    else if (!still() && Math.hypot(...speed) > 3) glide();
  };
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("pointerleave", () => calls.leave());
  element.addEventListener("dblclick", (event) => {
    view.zoomBy(event.shiftKey ? -1 : 1, ...at(event));
    calls.moved();
  });
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      stop();
      const lines = event.deltaMode === 1 ? 20 : 1;
      view.zoomBy(Math.max(-1, Math.min(1, (-event.deltaY * lines) / (event.ctrlKey ? 60 : 320))), ...at(event));
      calls.moved();
    },
    { passive: false },
  );
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!steer(event.key, event.shiftKey ? 3 : 1) && !calls.key(event.key)) return;
    event.preventDefault();
  });
  function steer(key, much) {
    const ways = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (ways[key]) view.pan(ways[key][0] * KEY_PAN * much, ways[key][1] * KEY_PAN * much);
    else if (key === "+" || key === "=") view.zoomBy(0.5);
    else if (key === "-" || key === "_") view.zoomBy(-0.5);
    else return false;
    calls.moved();
    return true;
  }
}
