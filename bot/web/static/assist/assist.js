// Cases of a volunteer. Each tick is written to the phone first, then sent until the server has it.
// So is the closing of a case: the case is gone from the phone at once, and how it ended is sent until the server has it.
// localStorage: assist:case:ID what the server said of a case; assist:op:ID:LIST:PAPER a tick that is not sent yet;
// assist:closing:ID how a case was closed and when, not sent yet; assist:client this browser's name; assist:current the case in view; assist:me who, and the newest case's number.
"use strict";
const $ = (id) => document.getElementById(id);
const keep = (key, value) => localStorage.setItem(`assist:${key}`, JSON.stringify(value));
const kept = (key) => JSON.parse(localStorage.getItem(`assist:${key}`) || "null");
const drop = (key) => localStorage.removeItem(`assist:${key}`);
const keys = (start) => Object.keys(localStorage).filter((key) => key.startsWith(`assist:${start}`)).map((key) => key.slice(7));
const random = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
if (!kept("client")) keep("client", random(8));
let searching = false;
let opening = null; // the request for a new case that is not answered yet

class Refused extends Error {
  constructor(status, said) { super(said); this.status = status; }
}

async function ask(path, body = {}) {
  let answer;
  const control = window.AbortController ? new AbortController() : null;
  const late = setTimeout(() => control && control.abort(), 15000);
  try {
    answer = await fetch(`/assist/api/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...(control ? { signal: control.signal } : {}),
    });
  } catch (error) {
    throw new Refused(0, "Đang mất mạng. Dấu đã đánh vẫn được giữ trên máy.");
  } finally {
    clearTimeout(late);
  }
  const said = await answer.json().catch(() => ({}));
  online(answer.status < 500);
  if (answer.status === 401) await wipe();
  if (!answer.ok) throw new Refused(answer.status, said.said || "Hệ thống đang trục trặc. Bạn thử lại sau ít phút.");
  return said;
}

async function wipe() {
  for (const key of keys("")) drop(key);
  if (window.caches) for (const name of await caches.keys()) if (name.startsWith("assist-")) await caches.delete(name);
  const workers = navigator.serviceWorker ? await navigator.serviceWorker.getRegistrations() : [];
  for (const worker of workers) if (new URL(worker.scope).pathname.startsWith("/assist")) await worker.unregister();
  location.replace("/assist/join");
}

function online(is) { $("net").textContent = is ? "" : "Mất mạng: dấu được giữ trên máy"; }
function say(text) { $("said").textContent = text; $("said").hidden = !text; }
function tell(error) { if (error.status === 0) online(false); say(error.message); }

// --- what is known of a case: what the server said, with the ticks that it does not have yet on top ---

const cases = () => keys("case:").map(kept).sort((a, b) => a.number - b.number);
const current = () => kept(`case:${kept("current")}`);
const pending = (one) => keys(`op:${one.id}:${one.chosen}:`).map((key) => [key, kept(key)]);

function marks(one) {
  const found = new Map(one.marks.map(([paper, has, counter, client]) => [paper, { has, counter, client }]));
  for (const [, op] of pending(one)) {
    const before = found.get(op.paper);
    if (!before || before.counter < op.counter || (before.counter === op.counter && before.client <= kept("client"))) {
      found.set(op.paper, { has: op.has, counter: op.counter, client: kept("client") });
    }
  }
  return found;
}

const gone = new Set();
function forget(id) {
  gone.add(id);
  for (const key of keys(`op:${id}:`)) drop(key);
  drop(`case:${id}`);
  if (kept("current") === id) drop("current");
}

function store(one) {
  if (gone.has(one.id) || kept(`closing:${one.id}`)) return; // an answer from before it was closed
  const before = kept(`case:${one.id}`);
  if (before && before.chosen > one.chosen) return; // an answer that was overtaken
  if (before && before.chosen === one.chosen) { // what either knows, the newer mark of each paper
    const newest = new Map(before.marks.map((mark) => [mark[0], mark]));
    for (const mark of one.marks) {
      const other = newest.get(mark[0]);
      if (!other || other[2] < mark[2] || (other[2] === mark[2] && other[3] <= mark[3])) newest.set(mark[0], mark);
    }
    one.marks = [...newest.values()];
  }
  for (const key of keys(`op:${one.id}:`)) if (!key.startsWith(`op:${one.id}:${one.chosen}:`)) drop(key); // of another list
  keep(`case:${one.id}`, one);
}

// --- sending ---

const sending = new Set();
async function send(one) {
  if (sending.has(one.id)) return;
  sending.add(one.id);
  try {
    for (let ops = pending(one); ops.length; ops = pending(one)) {
      const answer = await ask(`cases/${one.id}/ticks`, { client: kept("client"), chosen: one.chosen, ops: ops.map(([, op]) => op) });
      if (!kept(`case:${one.id}`)) break; // closed meanwhile
      store(answer);
      for (const [key, op] of ops) { // ticked again meanwhile: the newer one is still to be sent
        const now = kept(key);
        if (now && now.counter === op.counter) drop(key);
      }
      if (answer.chosen !== one.chosen) break;
      show();
    }
  } catch (error) {
    if (error.status === 410) { forget(one.id); say(error.message); show(); }
    else if (error.status === 0) online(false);
    else if (error.status !== 401) say(error.message);
  } finally {
    sending.delete(one.id);
  }
  sync();
}
const flush = () => Promise.all([closeAll(), ...cases().filter((one) => pending(one).length).map(send)]);

let closing = false;
async function closeAll() {
  if (closing) return;
  closing = true;
  try {
    for (const key of keys("closing:")) {
      const { outcome, at } = kept(key);
      const ago = Math.min(86400, Math.max(0, Math.round((Date.now() - at) / 1000)));
      await ask(`cases/${key.slice(8)}/close`, { outcome, ago });
      drop(key);
    }
  } catch (error) {
    if (error.status === 0) online(false);
  } finally {
    closing = false;
  }
  waiting();
}

async function refresh() {
  let state;
  await closeAll();
  const asked = new Set(cases().map((one) => one.id));
  try { state = await ask("state"); } catch (error) { if (error.status === 0) online(false); return; }
  keep("me", { ...state.volunteer, last: Math.max(state.last, (kept("me") || {}).last || 0) });
  const open = new Set(state.cases.map((one) => one.id));
  for (const id of asked) if (!open.has(id)) forget(id);
  state.cases.forEach(store);
  show();
  await flush();
}

// --- the page ---

function element(name, text, values = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(values)) value === false || made.setAttribute(key, value);
  return made;
}

function fill(place, ...parts) { place.textContent = ""; place.append(...parts); }
function listed(list, items) { fill(list, ...items.map((one) => { const li = element("li", ""); li.append(one); return li; })); }

function sync() {
  const one = current();
  if (!one) return;
  const left = pending(one).length;
  const has = [...marks(one)].filter(([paper, mark]) => mark.has && paper < one.papers.length).length;
  $("progress").textContent = one.papers.length ? `Đã có ${has} trên ${one.papers.length} giấy tờ.` : "";
  $("sync").textContent = left ? `Còn ${left} dấu chưa gửi, có mạng sẽ gửi.` : one.papers.length ? "Đã lưu." : "";
}

function waiting() {
  const left = keys("closing:").length;
  $("closings").textContent = left ? `${left} ca đã đóng trên máy, có mạng sẽ báo về Trung tâm.` : "";
}

function show() {
  const all = cases(), me = kept("me");
  waiting();
  if (!current() && all.length) keep("current", all[0].id);
  const one = current();
  $("who").textContent = me ? `${me.nickname} · ${me.unit}` : "Tình nguyện viên";
  listed($("cases"), all.map((each) => {
    const button = element("button", `Ca ${each.number} · ${each.name || "chưa chọn"}`, { type: "button", class: one && each.id === one.id ? "" : "outline", "aria-current": Boolean(one) && each.id === one.id && "true" });
    button.onclick = () => { clear(); keep("current", each.id); show(); $("case").focus(); };
    return button;
  }));
  $("case").hidden = !one;
  if (!one) return;
  const chosen = one.chosen > 0 && !searching;
  $("title").textContent = `Ca ${one.number}${one.name ? `: ${one.name}` : ""}`;
  $("of").textContent = one.choices.length && chosen ? "Giấy tờ tùy trường hợp. Bà con thuộc trường hợp nào?" : one.of && `Trường hợp: ${one.of}`;
  $("find").hidden = chosen;
  $("work").hidden = !chosen;
  if (chosen && one.choices.length) {
    listed($("found"), one.choices.map(({ position, label }) => pick(label, "", one.procedure, position)));
  } else if (chosen) fill($("found"));
  $("hand").hidden = one.papers.length === 0;
  $("source").textContent = one.source;
  const ticked = marks(one), focused = document.activeElement && document.activeElement.dataset.paper;
  listed($("papers"), one.papers.map((text, paper) => {
    const label = element("label", ""), box = element("input", "", { type: "checkbox", "data-paper": paper });
    box.checked = (ticked.get(paper) || {}).has || false;
    box.onchange = () => tick(one.id, one.chosen, paper, box.checked);
    label.append(box, element("span", text));
    return label;
  }));
  const again = focused && document.querySelector(`[data-paper="${focused}"]`);
  if (again) again.focus();
  sync();
}

function tick(id, chosen, paper, has) {
  const one = kept(`case:${id}`);
  if (!one || one.chosen !== chosen) return show();
  const counter = Math.max(0, ...[...marks(one).values()].map((mark) => mark.counter)) + 1;
  keep(`op:${id}:${chosen}:${paper}`, { paper, has, counter });
  hideHanded();
  sync();
  send(one);
}

function pick(label, small, procedure, position = "") {
  const button = element("button", label, { type: "button", class: "outline" });
  if (small) button.append(element("small", small, { class: "block" }));
  button.onclick = async () => {
    const one = current();
    try {
      store(await ask(`cases/${one.id}/choose`, { chosen: one.chosen + 1, procedure, position }));
      clear();
      show();
      $("case").focus();
    } catch (error) { if (error.status === 410) { forget(one.id); show(); } tell(error); }
  };
  return button;
}

function hideHanded() { $("handed").hidden = true; $("qr").removeAttribute("src"); $("address").removeAttribute("href"); $("bot").removeAttribute("href"); $("address").textContent = ""; }

// What was typed or shown for one person is not there for the next.
function clear() {
  searching = false;
  say("");
  hideHanded();
  fill($("found"));
  fill($("told"));
  for (const form of document.forms) form.reset();
  for (const part of document.querySelectorAll("details")) part.open = false;
}

$("new").onclick = async () => {
  $("new").disabled = true;
  // the same request until it is answered: a lost answer opens no second case
  const request = opening = opening || { number: ((kept("me") || {}).last || 0) + 1, nonce: random(16) };
  try {
    const one = await ask("cases", request);
    opening = null;
    keep("me", { ...kept("me"), last: Math.max(request.number, (kept("me") || {}).last || 0) });
    clear();
    store(one);
    keep("current", one.id);
    show();
    $("text").focus();
  } catch (error) {
    if (error.status === 0) { online(false); say("Chưa mở được ca mới vì đang mất mạng. Có mạng bạn bấm lại; các ca đang mở vẫn đánh dấu và đóng được."); return; }
    opening = null;
    if (error.status === 409) { await refresh(); say("Chưa mở được ca mới. Bạn bấm lại, hoặc đóng bớt ca."); }
    else tell(error);
  } finally { $("new").disabled = false; }
};

$("find").onsubmit = async (event) => {
  event.preventDefault();
  const one = current();
  try {
    const { found } = await ask("find", { text: $("text").value });
    if ((current() || {}).id !== one.id) return;
    say(found.length ? "" : "Chưa tìm ra. Bạn gõ lại bằng lời khác giúp.");
    listed($("found"), found.map((each) => pick(each.name, `${each.name === each.official ? "" : `${each.official} · `}${each.agency}`, each.code)));
  } catch (error) { tell(error); }
};

$("other").onclick = () => { clear(); searching = true; show(); $("text").focus(); };

$("look").onsubmit = async (event) => {
  event.preventDefault();
  const id = kept("current");
  try {
    const { said } = await ask("dossier", { code: $("code").value, digits: $("digits").value });
    if (kept("current") !== id) return;
    say("");
    fill($("told"), ...said.map((text) => element("p", text)));
  } catch (error) { tell(error); }
  $("digits").value = "";
};

$("hand").onclick = async () => {
  const one = current();
  try {
    await flush();
    const { address, picture, bot, said } = await ask(`cases/${one.id}/link`);
    if ((current() || {}).id !== one.id) return;
    $("handed-said").textContent = said;
    $("qr").src = picture;
    $("address").href = $("address").textContent = address;
    $("bot-line").hidden = !bot;
    if (bot) $("bot").href = bot;
    $("handed").hidden = false;
    $("handed").scrollIntoView({ block: "nearest" });
  } catch (error) { tell(error); }
};

for (const button of document.querySelectorAll("[data-outcome]")) {
  button.onclick = async () => {
    const one = current();
    keep(`closing:${one.id}`, { outcome: button.dataset.outcome, at: Date.now() });
    forget(one.id);
    clear();
    show();
    $("new").focus();
    await closeAll();
  };
}

$("leave").onclick = async () => {
  if (cases().length && !confirm("Nghỉ thì mọi ca đang mở bị đóng và xóa. Bạn nghỉ chứ?")) return;
  await closeAll();
  try { await ask("leave"); await wipe(); } catch (error) { error.status === 0 ? say("Rời trang cần có mạng. Bạn thử lại khi có mạng.") : tell(error); }
};

addEventListener("online", () => { online(true); refresh(); });
addEventListener("offline", () => online(false));
addEventListener("storage", () => show()); // another window of this page
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(flush, 4000);
if (navigator.serviceWorker) navigator.serviceWorker.register("/assist/sw.js", { scope: "/assist" }).catch(() => {});
show();
refresh();
