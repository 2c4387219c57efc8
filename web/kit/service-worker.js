// Lets a page be opened without network. Its files never change under their address, so they are
// kept; the page itself is asked for first and taken from here only when nobody answers. Nothing
// below /api/ is ever kept.

/** @type {any} What is `self` here; TypeScript takes it for a window. */
const worker = self;

const SHELL = '{{scope}}';
const KEPT = 'yunjian{{scope}}{{digest}}';
const FILES = JSON.parse('{{files}}');
const PATIENCE_MS = 4000;

worker.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

async function fill() {
  const kept = await caches.open(KEPT);
  await kept.addAll([SHELL, ...FILES].map((path) => new Request(path, { cache: 'no-cache' })));
}

worker.addEventListener('activate', (event) => {
  event.waitUntil(tidy().then(() => worker.clients.claim()));
});

/** Earlier releases of this page go; the caches of other pages are not ours. */
async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(`yunjian${SHELL}`) && name !== KEPT);
  await Promise.all(old.map((name) => caches.delete(name)));
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) {
    return;
  }
  if (request.mode === 'navigate' && url.pathname === SHELL) {
    event.respondWith(page(request));
  } else if (url.pathname.startsWith('/s/')) {
    event.respondWith(file(request));
  }
});

async function page(request) {
  const kept = await caches.open(KEPT);
  try {
    const fresh = await fetch(request.url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return fresh.ok ? fresh : ((await kept.match(SHELL)) ?? fresh);
  } catch (error) {
    const found = await kept.match(SHELL);
    if (found) {
      return found;
    }
    throw error;
  }
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}
