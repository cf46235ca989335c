// A question before what can't be undone. Without scripts the button acts at once, and the server still checks.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
});

// On a small screen the list of pages is folded until it is asked for.
const pages = document.querySelector("details.pages");
if (pages && window.matchMedia("(max-width: 767px)").matches) {
  pages.open = false;
}

// Who waits for an officer is counted in the title and beside the menu, on every page.
document.addEventListener("htmx:afterSettle", () => {
  const waiting = document.getElementById("waiting");
  if (waiting) {
    const count = Number(waiting.dataset.count);
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = count ? `(${count}) ${title}` : title;
    document.querySelector("[data-waiting]").textContent = count || "";
  }
});

// A page that outlived its session: once the same person has signed in again in another tab, its forms get the new
// session's token and it asks for news again, with everything that was typed.
const renew = async () => {
  const notice = document.querySelector("[data-expired]");
  if (!notice) {
    return;
  }
  const answer = await fetch("/staff/token", { headers: { "HX-Request": "true" } });
  if (answer.status !== 200) {
    return;
  }
  const { csrf, login } = await answer.json();
  if (login !== document.body.dataset.login) {
    return;
  }
  document.querySelectorAll('input[name="csrf"]').forEach((input) => { input.value = csrf; });
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": csrf }));
  notice.remove();
  document.querySelectorAll('[hx-trigger^="every"]').forEach((part) => {
    window.htmx.ajax("GET", part.getAttribute("hx-get"), { source: part, target: part, swap: "outerHTML" });
  });
};
window.addEventListener("focus", renew);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { renew(); } });
