/* sw.js - the pages' files are kept so that they open without a network. Nothing of the service itself is: answers about a
 * person's skin are never cached. */

const VERSION = 'shell-1';

const SHELL = [
    '/', '/spot.html', '/about.html', '/privacy.html', '/integrators.html',
    '/style.css', '/icon.svg', '/icon-192.png', '/manifest.webmanifest',
    '/about.js', '/api.js', '/app.js', '/art.js', '/clinics.js', '/compare.js', '/crop.js', '/document-texts.js', '/dom.js', '/errors.js',
    '/files.js', '/i18n.js', '/integrators.js', '/joining.js', '/keep.js', '/letter.js', '/light.js', '/model-answers.js', '/page.js',
    '/photo.js', '/picture-steps.js', '/privacy.js', '/quality.js', '/questions.js', '/reminder.js', '/result-step.js', '/result.js',
    '/spot.js', '/start.js', '/step-buttons.js', '/texts.js', '/vendor/cropper/cropper.js',
];

const SLOW_MS = 4000; // then what is kept is shown

addEventListener('install', (event) => {
    event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(SHELL)).then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
    event.waitUntil(dropOthers().then(() => clients.claim()));
});

async function dropOthers()
{
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name)));
}

addEventListener('fetch', (event) => {
    const url = new URL(event.request.url);
    if (event.request.method !== 'GET' || url.origin !== location.origin) return;
    const path = url.pathname === '/index.html' ? '/' : url.pathname;
    if (SHELL.includes(path)) event.respondWith(fromNetwork(event.request, path));
});

/** The network's file, so that a new release is seen at once; the kept one where there is no network or it is slow. */
async function fromNetwork(request, path)
{
    const cache = await caches.open(VERSION);
    const kept = await cache.match(path);
    try {
        const response = await fetch(request, kept ? { signal: AbortSignal.timeout(SLOW_MS) } : {});
        if (response.ok) await cache.put(path, response.clone());
        return response;
    } catch (error) {
        if (kept) return kept;
        throw error;
    }
}
