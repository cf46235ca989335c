// The chat with JavaScript: messages are sent in the background, answers come by server-sent events.
// Without it the same page works with plain forms, and so it does wherever something here fails: old telephones lack
// what new ones have (iOS 12, Chrome 75 and later are meant to work), so newer features are used only where tested for.
"use strict";

const SEARCHING = "Đang tìm…";
const RECONNECTING = "Đang kết nối lại…";
const ASK_BEFORE_ERASING = "Xóa toàn bộ cuộc trò chuyện này và bắt đầu lại?";
const GONE = "Cuộc trò chuyện cũ đã kết thúc. Bạn vui lòng tải lại trang.";
const LONGEST_WAIT = 15; // seconds
const PATIENCE = 30; // seconds

const { conversation } = document.body.dataset;
const log = document.getElementById("log");
const typing = document.getElementById("typing");
const notice = document.getElementById("notice");
const connection = document.getElementById("connection");
const input = document.getElementById("text");
const smooth = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";

// --- what must outlive a reload: messages that have no answer yet ---

const store = { // a browser may forbid it
  read(name) { try { return JSON.parse(sessionStorage.getItem(name)); } catch (error) { return null; } },
  write(name, value) { try { sessionStorage.setItem(name, JSON.stringify(value)); return true; } catch (error) { return false; } },
};
const outbox = store.read("outbox") || [];

const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

// --- showing ---

let last = Number(document.body.dataset.last); // everything up to this number is shown
const ahead = new Set(); // shown, but with something still missing before it

function show(exchange) {
  if (exchange.number <= last || ahead.has(exchange.number)) return;
  ahead.add(exchange.number);
  while (ahead.delete(last + 1)) last += 1;
  const holder = document.createElement("template");
  holder.innerHTML = exchange.html; // rendered and escaped by the server
  const turn = holder.content.querySelector(".turn");
  const own = outbox.some((message) => message.id === exchange.id);
  const place = log.querySelector(`[data-slot="${exchange.slot}"]`);
  if (place) {
    replace(place, turn);
    settle(exchange.id);
    return;
  }
  const active = document.activeElement;
  const pressed = active && active.closest && active.closest(".choices");
  settle(exchange.id);
  const before = [...log.querySelectorAll("[data-number]")].find((other) => Number(other.dataset.slot) > exchange.slot);
  log.insertBefore(turn, before || log.querySelector(".pending"));
  if (own) reveal(turn);
  else if (nearEnd(turn)) turn.scrollIntoView({ block: "end", behavior: smooth });
  // the pressed button is hidden now: go on reading at the answer to it
  if (own && pressed) focus(turn.querySelector(".answer"));
}

function replace(old, turn) {
  const position = [...old.querySelectorAll("button")].indexOf(document.activeElement);
  // a ticked list is not read out as a whole: the focused button tells what changed
  log.setAttribute("aria-live", "off");
  old.replaceWith(turn);
  focus(turn.querySelectorAll("button")[position]);
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
}

function focus(element) {
  if (element) element.focus({ preventScroll: true });
}

function reveal(turn) {
  const room = innerHeight - document.querySelector("footer").offsetHeight - 100;
  turn.scrollIntoView({ block: turn.offsetHeight > room ? "start" : "end", behavior: smooth });
}

function nearEnd(turn) {
  return document.documentElement.scrollHeight - scrollY - innerHeight < turn.offsetHeight + 200;
}

function showPending(message) {
  if (!message.text) return;
  const turn = document.createElement("div");
  const said = document.createElement("p");
  const spoken = document.createElement("span");
  turn.className = "turn pending";
  turn.dataset.id = message.id;
  said.className = "said";
  spoken.className = "spoken";
  spoken.textContent = "Bạn: ";
  said.append(spoken, message.text);
  turn.append(said);
  log.append(turn);
  turn.scrollIntoView({ block: "end", behavior: smooth });
}

// --- sending: one at a time, the same id again until it arrives ---

let sending = false;
let typingSoon;

function say(message) {
  const named = { id: newId(), ...message };
  notice.textContent = "";
  showPending(named);
  outbox.push(named);
  store.write("outbox", outbox);
  send();
}

function settle(id) {
  const position = outbox.findIndex((message) => message.id === id);
  if (position >= 0) outbox.splice(position, 1);
  store.write("outbox", outbox);
  const pending = [...log.querySelectorAll(".pending")].find((turn) => turn.dataset.id === id);
  if (pending) pending.remove();
  if (outbox.length) return;
  clearTimeout(typingSoon);
  typing.textContent = "";
  document.querySelectorAll(".waiting").forEach((button) => button.classList.remove("waiting"));
}

async function send() {
  if (sending) return;
  sending = true;
  let wait = 1;
  let failures = 0;
  while (outbox.length) {
    clearTimeout(typingSoon);
    typingSoon = setTimeout(() => { typing.textContent = SEARCHING; }, 300);
    const message = outbox[0];
    let body;
    try {
      const response = await post({ ...message, conversation });
      body = await response.json(); // a proxy that answers for a dead server sends no JSON
      if (response.status >= 500 && (failures += 1) < 5) throw new Error(response.status);
      works("send");
      wait = 1;
      failures = 0;
      if (response.status === 409 && renew()) return;
      if (response.ok) showAll(message, body.exchanges);
      else refuse(message, body.error);
      settle(message.id);
    } catch (error) {
      clearTimeout(typingSoon);
      typing.textContent = "";
      fails("send");
      await pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }
  sending = false;
}

async function post(message) {
  const control = window.AbortController ? new AbortController() : null; // without one the browser gives up by itself
  const late = setTimeout(() => { if (control) control.abort(); }, PATIENCE * 1000);
  try {
    return await fetch("/chat/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
      ...(control ? { signal: control.signal } : {}),
    });
  } finally {
    clearTimeout(late);
  }
}

// what was answered but cannot be shown here, the server shows
function showAll(message, exchanges) {
  try {
    exchanges.forEach(show);
  } catch (error) {
    settle(message.id);
    location.replace("/");
  }
}

function refuse(message, sentence) {
  notice.textContent = sentence;
  if (message.text && !input.value) input.value = message.text;
}

function pause(seconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    addEventListener("online", resolve, { once: true });
  });
}

// --- the connection ---

const failing = new Set();
let tellSoon;
let source;
let again;
let wait = 1;

function fails(what) {
  failing.add(what);
  if (tellSoon === undefined) tellSoon = setTimeout(() => { connection.textContent = RECONNECTING; }, 800);
}

function works(what) {
  failing.delete(what);
  if (failing.size) return;
  clearTimeout(tellSoon);
  tellSoon = undefined;
  connection.textContent = "";
}

function disconnect() {
  clearTimeout(again);
  if (source) source.close();
  works("events");
}

function connect() {
  disconnect();
  if (document.hidden) return; // browsers allow six connections per site: pages in the background need none
  source = new EventSource(`/chat/events?after=${last}&c=${conversation}`);
  source.onopen = () => { wait = 1; works("events"); };
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.addEventListener("gone", () => {
    disconnect();
    if (!renew()) notice.textContent = GONE;
  });
  source.onerror = () => {
    fails("events");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    again = setTimeout(connect, wait * 1000);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

// the conversation was erased or has ended: begin a new one, but never reload in circles
function renew() {
  const recently = Date.now() - (store.read("renewed") || 0) < 10000;
  if (recently || !navigator.cookieEnabled || !store.write("renewed", Date.now())) return false;
  store.write("outbox", outbox.map(({ on, ...message }) => message));
  location.replace("/");
  return true;
}

// --- what people do ---

let clicked; // the button that sends the form, where the browser does not say which
document.addEventListener("click", (event) => {
  if (event.target.closest) clicked = event.target.closest("button");
}, true);

document.addEventListener("submit", (event) => {
  if (event.target.id === "erase") {
    if (confirm(ASK_BEFORE_ERASING)) store.write("outbox", []);
    else event.preventDefault();
    return;
  }
  try {
    if (event.target.id === "ask") asked();
    else if (event.target.id === "press") pressed(event.submitter || clicked);
    else return;
  } catch (error) {
    return; // the form goes its own way to the server
  }
  event.preventDefault();
});

function asked() {
  const text = input.value.trim();
  if (text) say({ text });
  input.focus();
  input.value = "";
}

function pressed(button) {
  const [, on, link] = button.value.match(/^(\d+) ([^]*)$/);
  if (outbox.some((message) => message.pressed === link)) return;
  say({ pressed: link, on: Number(on) });
  button.classList.add("waiting");
}

if (conversation) {
  if (location.search) history.replaceState(null, "", "/"); // a reload shows the conversation, it opens nothing again
  outbox.forEach(showPending);
  const turns = log.querySelectorAll(".turn");
  if (turns.length > 1) turns[turns.length - 1].scrollIntoView({ block: "start" });
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  addEventListener("online", connect);
  connect();
  send();
}
