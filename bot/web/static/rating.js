// The tablet: looks whether a visit is over, and forgets a person who has gone. Pages work without this too.
"use strict";
const { home, page, ref, seconds } = document.body.dataset;
const leave = async () => {
  if (page === "form") {
    await fetch(`${home}/gone`, { method: "POST", body: new URLSearchParams({ ref }), redirect: "manual" }).catch(() => {});
  }
  location.replace(home);
};
// Back must not show what the person before has chosen.
addEventListener("pageshow", (event) => { if (event.persisted) location.replace(home); });
const typed = () => [...document.querySelectorAll("input, textarea")].some((field) => field.type !== "radio" && field.value);
let last = Date.now();
for (const sign of ["pointerdown", "keydown", "input"]) addEventListener(sign, () => { last = Date.now(); });
setInterval(async () => {
  const idle = Date.now() - last >= seconds * 1000;
  if (page !== "start") return idle && leave();
  if (typed()) return idle && location.replace(home);
  const answer = await fetch(`${home}/waiting`).then((got) => got.json(), () => ({ waiting: false }));
  if (answer.waiting && !typed()) location.replace(home);
}, 3000);
