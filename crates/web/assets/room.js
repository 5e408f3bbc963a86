// The conversation of a room: sends what is typed, shows what others say as they say it, and comes back by itself when the
// connection breaks. Every message arrives as the list item that the page itself would draw.

const room = document.querySelector(".live-room");
const $ = (selector, within = room) => within.querySelector(selector);
const list = $("[data-messages]");
const questions = $("[data-questions]");
const log = $(".log");
const form = $("[data-say]");
const stateLine = $("[data-state]");
const { me, name, room: path, zone } = room.dataset;
const outbox = `plenary:${path}:unsent`;
const draft = `plenary:${path}:draft`;
const lastSeen = `plenary:${path}:seen`;
let seq = Number(room.dataset.head);

const memory = {
  get(key, fallback) {
    try { return JSON.parse(localStorage.getItem(key)) ?? fallback; } catch { return fallback; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* Storage is off or full: this tab remembers. */ }
  },
};

const say = (text) => { if (stateLine.textContent !== text) stateLine.textContent = text; };

// --- How messages look ------------------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "long", day: "numeric", month: "long" });

function dress(item) {
  for (const time of item.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = clock.format(at);
    time.title = day.format(at);
  }
  item.classList.toggle("mine", Boolean(me) && item.dataset.who === me);
  for (const link of item.querySelectorAll("[data-emoji]")) {
    link.toggleAttribute("data-given", Boolean(me) && link.dataset.whose.split(" ").includes(me));
  }
  const text = $(".said", item)?.textContent ?? "";
  const mentioned = name && text.toLowerCase().includes(`@${name.toLowerCase()}`) && item.dataset.who !== me;
  item.classList.toggle("mentioned", Boolean(mentioned));
  return Boolean(mentioned);
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** Headings between the days, so that one sees that yesterday was yesterday. */
function days() {
  list.querySelectorAll(".day-line").forEach((line) => line.remove());
  const today = day.format(new Date());
  let before = "";
  for (const item of [...list.children]) {
    const time = $("time", item);
    const here = time ? day.format(new Date(time.dateTime)) : before;
    if (here !== before && (before || here !== today)) {
      const line = document.createElement("li");
      line.className = "day-line";
      line.textContent = here;
      item.before(line);
    }
    before = here;
  }
}

function sortQuestions() {
  const items = [...questions.children];
  const rank = (item) => [item.classList.contains("answered") ? 1 : 0, -Number(item.dataset.votes || 0), Number(item.dataset.seq)];
  items.sort((a, b) => rank(a).reduce((sum, part, at) => sum || part - rank(b)[at], 0));
  questions.append(...items);
  $("[data-no-questions]").hidden = items.length > 0;
}

/** A question stands in its own list too, under another name. */
function keepQuestion(item) {
  const number = item.id.slice(1);
  const known = $(`[data-seq="${number}"]`, questions);
  const wanted = item.classList.contains("question") && !item.hasAttribute("data-removed");
  if (!wanted) { known?.remove(); return; }
  const copy = item.cloneNode(true);
  copy.removeAttribute("id");
  copy.dataset.seq = number;
  if (known) known.replaceWith(copy); else questions.append(copy);
}

const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
const toEnd = () => { log.scrollTop = log.scrollHeight; };

function show(news) {
  if (news.seq <= seq) return;
  seq = news.seq;
  const item = parse(news.html);
  if (!item) return;
  const follow = atEnd();
  const mentioned = dress(item);
  const known = $(`#m${news.message}`, list);
  if (known) {
    known.replaceWith(item);
  } else if (news.new && room.hasAttribute("data-newest")) {
    $("[data-empty]")?.remove();
    list.append(item);
    if (document.hidden && item.dataset.who !== me) unread(mentioned);
  }
  if (item.classList.contains("question") || $(`[data-seq="${news.message}"]`, questions)) {
    keepQuestion(item);
    sortQuestions();
  }
  days();
  if (follow || item.dataset.who === me) toEnd(); else if (news.new) say("There are newer messages below.");
}

// --- What one has not read --------------------------------------------------------------------------------------

const title = document.title;
let count = 0;
let called = false;

function unread(mentioned) {
  count += 1;
  called ||= mentioned;
  document.title = `(${count}${called ? "!" : ""}) ${title}`;
}

function read() {
  count = 0;
  called = false;
  document.title = title;
  memory.set(lastSeen, seq);
}

/** A line above the first message that came since one was here last. */
function markUnread() {
  const seen = memory.get(lastSeen, 0);
  if (!seen || !room.hasAttribute("data-newest")) return;
  const first = [...list.children].find((item) => Number(item.id.slice(1)) > seen && item.dataset.who !== me);
  if (!first || first === list.firstElementChild) return;
  const line = document.createElement("li");
  line.className = "unread-line";
  line.textContent = "New since you were here";
  first.before(line);
}

// --- Sending: what is typed is kept until the server has it ------------------------------------------------------

let unsent = memory.get(outbox, []);

function send(message) {
  unsent.push(message);
  memory.set(outbox, unsent);
  flush();
}

function flush() {
  if (!unsent.length) return;
  if (socket?.readyState === WebSocket.OPEN) for (const message of unsent) socket.send(JSON.stringify(message));
  else if (polling) for (const message of unsent) post(message);
  else say("Not connected. What you sent is kept here, and goes out when the connection is back.");
}

function settle(id) {
  unsent = unsent.filter((message) => message.id !== id);
  memory.set(outbox, unsent);
}

function refused(told) {
  const message = unsent.find((one) => one.id === told.refused);
  settle(told.refused);
  say(`Not sent: ${told.problem}. ${told.remedy}.`);
  // What was typed is not lost, unless something else is being typed already.
  if (message?.text && form && message.do !== "edit" && !field.value) field.value = message.text;
}

/** Without a socket, a message goes out as the form of the page would send it. */
async function post(message) {
  const body = new URLSearchParams({ id: message.id, do: message.do, text: message.text ?? "", target: message.target ?? "", emoji: message.emoji ?? "" });
  try {
    const answer = await fetch(path, { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.ok) settle(message.id);
    else if (answer.status === 422) refused({ refused: message.id, problem: "it was refused", remedy: "Reload the page to see why" });
  } catch { /* It stays in the outbox, and is tried again. */ }
}

const field = $("#f-text");
const target = form?.elements.target;

if (form) {
  if (!field.value) field.value = memory.get(draft, "");
  const question = $("input[type=checkbox]", form);
  field.addEventListener("input", () => memory.set(draft, field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) { field.focus(); return; }
    say("");
    const answered = Number(target.value) || undefined;
    send({ id: crypto.randomUUID(), do: question.checked ? "ask" : "say", text, target: question.checked ? undefined : answered });
    field.value = "";
    memory.set(draft, "");
    question.checked = false;
    answer(null);
    field.focus();
  });
}

function answer(item) {
  if (!form) return;
  const line = $("[data-answering]", form);
  target.value = item ? item.id.slice(1) : "";
  line.hidden = !item;
  line.textContent = item ? `In answer to ${$(".by strong", item).textContent} ` : "";
  if (!item) return;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "quiet-button";
  stop.textContent = "Not an answer";
  stop.addEventListener("click", () => { answer(null); field.focus(); });
  line.append(stop);
  field.focus();
}

// --- One's own reactions: one click ------------------------------------------------------------------------------

room.addEventListener("click", (event) => {
  const link = event.target.closest("[data-emoji]");
  if (link && me && form) {
    event.preventDefault();
    const item = link.closest("li");
    const number = Number(item.dataset.seq ?? item.id.slice(1));
    send({ id: crypto.randomUUID(), do: link.hasAttribute("data-given") ? "unreact" : "react", target: number, emoji: link.dataset.emoji });
  }
});

// --- Older messages ----------------------------------------------------------------------------------------------

let fetching = false;

async function older() {
  const link = $("[data-older]");
  if (!link || fetching) return;
  fetching = true;
  try {
    const answer = await fetch(`${path}messages${new URL(link.href).search}`);
    if (!answer.ok) return;
    const page = await answer.json();
    const height = log.scrollHeight;
    const items = page.items.map(parse).filter(Boolean);
    items.forEach(dress);
    list.prepend(...items);
    days();
    if (page.older) link.search = `?before=${page.older}`; else link.parentElement.remove();
    log.scrollTop += log.scrollHeight - height;
  } catch { /* The link is still there to be tried again. */ } finally { fetching = false; }
}

log.addEventListener("scroll", () => { if (log.scrollTop < 40) older(); if (atEnd()) say(""); });
$("[data-older]")?.addEventListener("click", (event) => { event.preventDefault(); older(); });

// --- The connection ----------------------------------------------------------------------------------------------

let socket = null;
let polling = false;
let failures = 0;

function here({ names, more, readers }) {
  const people = names.join(", ") + (more ? ` and ${more} more` : "");
  const along = readers ? `${readers} reading along` : "";
  $("[data-here]").textContent = [people, along].filter(Boolean).join(", and ") || "Nobody at the moment.";
}

function hear(told) {
  if (told.here) here(told.here);
  else if (told.said) settle(told.said);
  else if (told.refused) refused(told);
  else if (told.failed) say("The server could not keep what you sent; it is tried again.");
  else show(told);
}

function connect() {
  const url = new URL(`${path}socket?after=${seq}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const opened = new WebSocket(url);
  socket = opened;
  opened.addEventListener("open", () => { failures = 0; say(""); flush(); });
  opened.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  opened.addEventListener("close", () => {
    if (socket !== opened) return;
    socket = null;
    failures += 1;
    if (failures === 1) say("The connection broke; it is being made again.");
    if (failures >= 3 && !polling) poll();
    // Everybody comes back when a server starts again, and not all at once.
    else setTimeout(connect, Math.min(15_000, 500 * 2 ** failures) * (0.5 + Math.random()));
  });
}

/** Asks again and again, where a network lets no WebSocket through; tries one now and then all the same. */
async function poll() {
  polling = true;
  for (let turn = 1; polling; turn += 1) {
    try {
      const answer = await fetch(`${path}messages?after=${seq}`);
      if (!answer.ok) throw new Error(answer.status);
      const told = await answer.json();
      say("");
      told.news.forEach(show);
      here(told.here);
      flush();
    } catch {
      say("No connection to the server. This page goes on trying.");
      await new Promise((done) => setTimeout(done, 5_000 + Math.random() * 5_000));
    }
    if (turn % 15 === 0) { polling = false; failures = 2; connect(); }
  }
}

for (const item of list.children) dress(item);
for (const item of questions.children) {
  dress(item);
  item.dataset.seq = item.id.slice(1);
  item.removeAttribute("id");
}
days();
markUnread();
const wanted = location.hash && $(location.hash.replace(/[^#\w]/g, ""));
if (wanted) wanted.scrollIntoView({ block: "center" }); else toEnd();
const act = $("#act");
if (act) act.focus();
document.addEventListener("visibilitychange", () => { if (!document.hidden) read(); });
addEventListener("pagehide", () => { if (!document.hidden) read(); });
connect();
