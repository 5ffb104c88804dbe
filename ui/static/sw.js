/* Keeps the shell (style, script, framework files, icons) and the page for no connection. Never a page with data. */
const CACHE = "masteria-VERSION";
const SHELL_FILES = ["SHELL", "/assets/static/offline.js", "/assets/static/icon-192.png"];
const OFFLINE = "/assets/static/offline.html";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...SHELL_FILES, OFFLINE])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
    return;
  }
  const fixed = url.pathname.startsWith("/assets/") || /^\/_nicegui\/[\d.]+\/(static|libraries|components|esm|resources)\//.test(url.pathname);
  if (!fixed) return;
  event.respondWith(
    caches.match(request).then(
      (hit) =>
        hit ||
        fetch(request).then((response) => {
          const copy = response.clone();
          if (response.ok) caches.open(CACHE).then((cache) => cache.put(request, copy));
          return response;
        }),
    ),
  );
});
