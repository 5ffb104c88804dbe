/* Keeps the page for no connection, and nothing else: what pages are made of stays in the browser's own cache for a year. */
const CACHE = "masteria-VERSION";
const OFFLINE = "/assets/static/offline.html";
const FILES = [OFFLINE, "/assets/static/offline.js", "/assets/static/icon-192.png"];

self.addEventListener("install", (event) => {
  // where the browser knows routes, it asks this worker for nothing but pages and the files above
  const past = (pathname) => ({ condition: { urlPattern: { pathname } }, source: "network" });
  event.addRoutes?.(["/_nicegui/*", "/assets/theme-*", "/assets/app-*"].map(past)).catch(() => {});
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.registration.navigationPreload?.enable()) // the page is asked for while this worker still starts
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    const page = Promise.resolve(event.preloadResponse).then((early) => early || fetch(request));
    event.respondWith(page.catch(() => caches.match(OFFLINE)));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  }
});

/* A notification, unless the person looks at what it is about. `tag`: a later one takes the earlier one's place. */
self.addEventListener("push", (event) => {
  const said = event.data?.json();
  if (!said) return;
  if (said.count !== undefined) navigator.setAppBadge?.(said.count).catch(() => {});
  const show = (open) => {
    if (open.some((page) => page.focused && new URL(page.url).pathname === said.url)) return;
    const { title, body, tag } = said;
    return registration.showNotification(title, { body, tag, renotify: true, icon: FILES[2], badge: FILES[2], data: said.url });
  };
  event.waitUntil(clients.matchAll({ type: "window" }).then(show));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data;
  const lead = (open) => { // never away from what is being filled in
    const page = open.find((one) => new URL(one.url).pathname.startsWith("/inbox"));
    return page ? page.focus().then((front) => front.navigate(url)) : clients.openWindow(url);
  };
  event.waitUntil(clients.matchAll({ type: "window" }).then(lead));
});
