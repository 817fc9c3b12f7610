// A list that is kept in step with data: what stays keeps its element, so focus, selection and half-typed text stay too.

/**
 * Children of `parent` for `items`, in their order. keep: a Map that lives as long as the list.
 * make(item) gives {node, update(item), destroy()?}; it is updated at once and on every later call.
 */
export function keyed(parent, keep, items, keyOf, make) {
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, view] of keep) {
    if (wanted.has(key)) continue;
    view.destroy?.();
    view.node.remove();
    keep.delete(key);
  }
  let before = parent.firstElementChild;
  for (const [key, item] of wanted) {
    let view = keep.get(key);
    if (!view) keep.set(key, (view = make(item)));
    view.update(item);
    if (view.node === before) before = before.nextElementSibling;
    else moved(parent, view.node, before);
  }
}

/** Moving an element takes the focus from what is in it: give it back. */
function moved(parent, node, before) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

/** Write text only when it differs: a screen reader is not told what did not change. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
