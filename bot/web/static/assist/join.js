// Nobody is signed in here: whatever a former visit left on this phone goes.
"use strict";
for (const key of Object.keys(localStorage)) if (key.startsWith("assist:")) localStorage.removeItem(key);
if (window.caches) caches.keys().then((names) => names.forEach((name) => name.startsWith("assist-") && caches.delete(name)));
