/**
 * The service worker of the page on a host of its own: keeps all files of the page, so that it works without a network. The
 * build puts in the names of the files.
 */

/* global self, caches, clients */
const FILES = ['FILES'];
const CACHE = 'weir-VERSION';

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener('activate', (event) => {
  const tidy = async () => {
    const others = (await caches.keys()).filter((name) => name.startsWith('weir-') && name !== CACHE);
    await Promise.all(others.map((name) => caches.delete(name)));
    // Parts that are opened later come from here in this visit, too.
    await clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(request, { ignoreSearch: true });
    // Other files have names that change with what is in them; the page itself may be a new one.
    if (kept !== undefined && request.mode !== 'navigate') return kept;
    try {
      const response = await fetch(request);
      if (response.ok) await cache.put(request, response.clone());
      return response;
    } catch (error) {
      if (kept === undefined) throw error;
      return kept;
    }
  };
  event.respondWith(answer());
});
