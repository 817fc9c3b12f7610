// Keeps the phone's page for places without a network: the newest shell, its files, words and coast. Nothing of the API but the coast is kept.

const SHELF = "sensing-phone-1";
const SHELL = "/m/register";
const KEPT = [/^\/static\//, /^\/words\.json$/, /^\/api\/places\/coast$/];
const MOST = 200;

self.addEventListener("install", (event) => { event.waitUntil(self.skipWaiting()); });
self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith("sensing-phone") && name !== SHELF) await caches.delete(name);
    await self.clients.claim();
    await take();
  };
  event.waitUntil(tidy());
});

// The page that is open was loaded before anybody looked after it: its shell and files are fetched once more, from the browser's own store.
async function take() {
  const shelf = await caches.open(SHELF);
  const answer = await fetch(SHELL, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  await shelf.put(SHELL, answer.clone());
  const text = await answer.text();
  await follow(shelf, ["/words.json", "/api/places/coast", ...[...text.matchAll(/"(\/static\/[^"]+)"/g)].map((found) => found[1])]);
}

// Files, and the modules that they import.
async function follow(shelf, first) {
  const seen = new Set(first), left = [...first];
  while (left.length && seen.size < MOST) {
    const path = left.pop();
    const answer = await fetch(path, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) continue;
    await shelf.put(path, answer.clone());
    if (!path.endsWith(".js")) continue;
    for (const [, name] of (await answer.text()).matchAll(/(?:from|import)\s*"(\.[^"]+)"/g)) {
      const found = new URL(name, new URL(path, location.origin)).pathname;
      if (!seen.has(found)) { seen.add(found); left.push(found); }
    }
  }
}

self.addEventListener("fetch", (event) => {
  const asked = new URL(event.request.url);
  if (event.request.method !== "GET" || asked.origin !== location.origin) return;
  const shell = event.request.mode === "navigate" && asked.pathname === SHELL;
  if (shell || KEPT.some((shape) => shape.test(asked.pathname))) event.respondWith(fetched(event.request, shell ? SHELL : asked.pathname));
});

// The network first, always: what is kept is for when there is none.
async function fetched(request, name) {
  const shelf = await caches.open(SHELF);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await shelf.put(name, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shelf.match(name);
    if (kept) return kept;
    throw error;
  }
}
