// Keeps the empty page and its files for when there is no connection; cases are kept by the page itself.
"use strict";
const NAME = "assist-{{version}}";
const FILES = [
  "/static/console/pico.min.css?v={{version}}",
  "/static/assist/assist.css?v={{version}}",
  "/static/assist/assist.js?v={{version}}",
  "/static/star.svg",
];
addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(FILES);
    const page = await fetch("/assist", { redirect: "manual" });
    if (page.ok) await cache.put("/assist", page);
    await skipWaiting();
  })());
});
addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("assist-") && name !== NAME) await caches.delete(name);
    await clients.claim();
  })());
});
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === "/assist") {
    event.respondWith(fetch(event.request).catch(async () => (await caches.match("/assist")) || Response.error()));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(event.request).then((kept) => kept || fetch(event.request)));
  }
});
