// What a browser adds to the pages: times in the reader's own zone, stars, a filter, and news of releases as
// they come. Every page reads well without it. It imports nothing, so that a copy in a folder can load it too.

const page = document.body.dataset;
const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

// --- Times: the reader's own beside the conference's, where their clocks differ -------------------------------

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function clockOf(timeZone) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone, weekday: "short", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  return (date) => Object.fromEntries(format.formatToParts(date).map((part) => [part.type, part.value]));
}

const names = new Map();

/** The abbreviation of the reader's zone, such as CEST: which one a browser knows depends on the language asked in. */
function ownName(date) {
  const hour = date.toISOString().slice(0, 13);
  if (!names.has(hour)) {
    const tried = [navigator.language, "en-GB", "en-US", "en-AU", "en-NZ", "en-CA", "en-IN", "en-ZA"].map((language) =>
      new Intl.DateTimeFormat(language, { timeZone: ownZone, timeZoneName: "short" }).formatToParts(date).find((p) => p.type === "timeZoneName").value);
    names.set(hour, tried.find((name) => /^\p{L}+$/u.test(name)) ?? tried[1].replace("GMT", "UTC"));
  }
  return names.get(hour);
}

function showOwnTimes(within) {
  if (page.zone || !page.conference || !ownZone) return;
  let here, there;
  try {
    here = clockOf(page.conference);
    there = clockOf(ownZone);
  } catch {
    return; // A browser that does not know the conference's zone shows its times alone.
  }
  let differs = false;
  for (const when of all(".when", within)) {
    const times = all(":scope > time", when).map((time) => new Date(time.dateTime));
    if (!times.length || $(":scope > .yours", when) || when.closest(".sheet, .sign, .quiet")) continue;
    const [a, b] = [here(times[0]), there(times[0])];
    const otherDay = a.day !== b.day;
    if (!otherDay && a.hour === b.hour && a.minute === b.minute) continue;
    differs = true;
    const hours = times.map(there).map((time) => `${time.hour}:${time.minute}`).join("–");
    const yours = document.createElement("span");
    yours.className = "yours";
    yours.textContent = `${otherDay ? `${b.weekday} ` : ""}${hours} ${ownName(times[0])}${when.closest(".grid, .topic, .badge") ? "" : " your time"}`;
    when.append(" ", yours);
  }
  const note = $("[data-own-zone]");
  if (differs && note && !note.textContent) note.textContent = ` Beside them stand those of your own clock, ${ownZone.replaceAll("_", " ")}.`;
}

// --- Stars: kept in this browser, and at a private address once the reader asks for one -------------------------

const starKey = `plenary:${page.edition}:stars`;
const tokenKey = `plenary:${page.edition}:token`;

const memory = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { say("This browser does not keep stars: its storage is switched off or full."); }
  },
};

const stars = () => new Set(memory.get(starKey) ?? []);
const starPath = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.700l5.900-.8z"/></svg>';

function addStars(within) {
  for (const thing of all(".card[data-code], .slot[data-code], .session[data-code]", within)) {
    const place = thing.matches(".session") ? $("[data-star-here]", thing) : thing;
    if (!place || thing.matches(".break") || $(":scope > .star", place)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "star";
    button.dataset.star = thing.dataset.code;
    button.innerHTML = starPath;
    if (thing.matches(".session")) button.append("Star");
    else button.setAttribute("aria-label", `Star: ${$(".title", thing)?.textContent.trim()}`);
    button.addEventListener("click", () => toggle(button.dataset.star));
    place.append(button);
  }
  showStars();
}

function showStars() {
  const starred = stars();
  for (const button of all("[data-star]")) button.setAttribute("aria-pressed", String(starred.has(button.dataset.star)));
  for (const count of all("[data-star-count]")) {
    count.textContent = starred.size;
    count.hidden = starred.size === 0;
  }
}

let keeping;

function toggle(code) {
  const starred = stars();
  if (!starred.delete(code)) starred.add(code);
  memory.set(starKey, [...starred]);
  showStars();
  if (memory.get(tokenKey)) {
    clearTimeout(keeping);
    keeping = setTimeout(() => publish().catch(() => say("The private list could not be reached. It is brought up to date with the next star.")), 600);
  }
}

/** Sends the stars to the private address, which the first time comes back from there. */
async function publish() {
  const answer = await fetch(page.stars.split("?")[0], {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: memory.get(tokenKey), sessions: [...stars()] }),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  const { token } = await answer.json();
  memory.set(tokenKey, token);
  return token;
}

async function fillStars() {
  const place = $("[data-stars-page]");
  if (!place) return;
  const starred = stars();
  $("[data-stars-empty]", place).hidden = starred.size > 0;
  const list = $("[data-stars-list]", place);
  const found = [];
  if (starred.size) {
    const first = await fetchPage(place.dataset.list);
    const days = all("nav.days a", first);
    const whole = days.some((a) => a.matches("[aria-current]") && !a.getAttribute("href").match(/\d{4}-\d\d-\d\d/));
    const pages = whole ? [first] : await Promise.all(days.map((a) => fetchPage(a.getAttribute("href"))));
    for (const section of pages.flatMap((doc) => all("section.day", doc))) {
      const cards = all(".card[data-code]", section).filter((card) => starred.has(card.dataset.code));
      if (!cards.length) continue;
      const heading = document.createElement("h2");
      heading.textContent = $("h2", section).textContent;
      found.push(heading, ...cards.map((card) => {
        const title = $("h4", card);
        const h3 = document.createElement("h3");
        h3.className = title.className;
        h3.append(...title.childNodes);
        title.replaceWith(h3);
        return document.importNode(card, true);
      }));
    }
  }
  list.replaceChildren(...found);
  enhance(list);
  const calendar = $("[data-stars-calendar]", place);
  if (!calendar) return;
  calendar.hidden = starred.size === 0 && !memory.get(tokenKey);
  const show = (token) => {
    const path = `${page.stars.split("?")[0]}${token}`;
    $("[data-stars-publish]", calendar).hidden = true;
    $("[data-stars-address]", calendar).hidden = false;
    $("[data-stars-link]", calendar).href = `${path}/`;
    $("[data-stars-link]", calendar).textContent = new URL(`${path}/`, location).href;
    $("[data-stars-subscribe]", calendar).href = new URL(`${path}.ics`, location).href.replace(/^https?:/, "webcal:");
  };
  if (memory.get(tokenKey)) show(memory.get(tokenKey));
  $("[data-stars-publish]", calendar).onclick = () =>
    publish().then(show, () => say("The private address could not be made. Try again in a moment."));
}

// --- Filter -----------------------------------------------------------------------------------------------------

function startFilter() {
  const form = $("[data-filter]");
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => filter(form));
  filter(form);
}

function filter(form) {
  const asked = Object.fromEntries(new FormData(form));
  const words = folded(asked.words ?? "").split(/\s+/).filter(Boolean);
  const starred = asked.starred ? stars() : null;
  const active = words.length || asked.track || asked.room || asked.kind || starred;
  const things = all(".card, .slot", $("main"));
  let shown = 0;
  for (const thing of things) {
    const text = active ? folded(thing.textContent) : "";
    const fits = !active || (words.every((word) => text.includes(word))
      && (!asked.track || thing.classList.contains(asked.track))
      && (!asked.room || $(".room", thing)?.textContent === asked.room)
      && (!asked.kind || all(".label", thing).some((label) => label.textContent === asked.kind))
      && (!starred || starred.has(thing.dataset.code)));
    shown += fits;
    const cell = thing.closest("td");
    if (cell) cell.classList.toggle("dim", !fits);
    else thing.hidden = !fits;
  }
  for (const group of [...all(".hour:not(tr)"), ...all("section.day:not(.sched .day)")]) group.hidden = Boolean(active) && !$(".card:not([hidden])", group);
  $("[data-filter-count]", form).textContent = active ? `${shown} of ${things.length}` : "";
}

// --- Releases as they come ----------------------------------------------------------------------------------------

let said;

/** Says something to everybody, on the page and to screen readers. */
function say(text) {
  const place = $("[data-live]");
  if (!place) return;
  place.textContent = text;
  clearTimeout(said);
  said = setTimeout(() => { place.textContent = ""; }, 9000);
}

async function fetchPage(address) {
  const answer = await fetch(address, { cache: "no-cache", headers: { accept: "text/html" } });
  if (!answer.ok) throw Object.assign(new Error(`The server answered ${answer.status}`), { status: answer.status });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** What the focus is on, in words that hold on a newly drawn page too. */
function bookmark(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.star) return `[data-star="${CSS.escape(element.dataset.star)}"]`;
  if (element.name) return `[name="${CSS.escape(element.name)}"]`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

/** Draws the page anew from the server, leaving the reader where they are. */
async function redraw() {
  const fresh = await fetchPage(location.href);
  const main = $("main");
  const focus = main.contains(document.activeElement) ? bookmark(document.activeElement) : null;
  const typed = all("main input, main select").map((field) => [bookmark(field), field.type === "checkbox" ? field.checked : field.value]);
  const scrolled = all(".wrap", main).map((wrap) => [wrap.scrollLeft, wrap.scrollTop]);
  const top = window.scrollY;
  main.replaceChildren(...$("main", fresh).childNodes);
  for (const foot of ["footer.foot"]) if ($(foot, fresh)) $(foot).replaceWith($(foot, fresh));
  page.release = fresh.body.dataset.release ?? page.release;
  for (const [where, value] of typed) {
    const field = where && $(where, main);
    if (field) field[field.type === "checkbox" ? "checked" : "value"] = value;
  }
  enhance(document);
  startFilter();
  await fillStars();
  all(".wrap", main).forEach((wrap, at) => wrap.scrollTo(...(scrolled[at] ?? [0, 0])));
  window.scrollTo(window.scrollX, top);
  if (focus) ($(focus, main) ?? main).focus({ preventScroll: true });
}

const plural = (count, word) => (count ? `, ${count} ${word}` : "");

async function released(number, counts) {
  if (!(number > Number(page.release))) return;
  try {
    await redraw();
    page.release = number;
    say(`The programme has changed: release ${number}${plural(counts?.added, "new")}${plural(counts?.changed, "changed")}${plural(counts?.removed, "removed")}.`);
  } catch (error) {
    say(error.status === 404 ? "This is no longer on the programme." : "The programme has changed. Reload the page to see it.");
  }
}

function follow() {
  if (!page.events || !window.EventSource) return;
  let source, wait = 1000;
  const open = () => {
    source?.close();
    source = new EventSource(page.events);
    source.addEventListener("open", () => { wait = 1000; });
    source.addEventListener("release", (event) => {
      const news = JSON.parse(event.data);
      released(news.number, news.counts);
    });
    source.addEventListener("error", () => {
      // A browser reconnects by itself except after an answer that was an error.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait + Math.random() * wait);
      wait = Math.min(wait * 2, 60000);
    });
  };
  open();
  addEventListener("offline", () => say(`You are offline. What you see is release ${page.release}.`));
  addEventListener("online", open);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}

/** Pages that show the present are drawn anew each minute, while somebody looks at them. */
function followClock() {
  if (!page.events || !$("[data-refresh]")) return;
  const tick = () => { if (document.visibilityState === "visible") redraw().catch(() => {}); };
  setInterval(tick, 60000);
  document.addEventListener("visibilitychange", tick);
}

// --- Everything together ---------------------------------------------------------------------------------------------

function enhance(within) {
  showOwnTimes(within);
  addStars(within);
  for (const button of all("[data-print]", within)) {
    button.hidden = false;
    button.onclick = () => window.print();
  }
}

enhance(document);
startFilter();
fillStars().catch(() => say("The list of sessions could not be fetched. Reload the page."));
follow();
followClock();
addEventListener("storage", (event) => { if (event.key === starKey) { showStars(); fillStars().catch(() => {}); } });
