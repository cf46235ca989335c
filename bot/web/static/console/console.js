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
