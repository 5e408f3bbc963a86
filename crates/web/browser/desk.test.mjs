// A committee of three sets a conference up from nothing, by what the README and the pages say, in a browser. The whole
// way is walked with the keyboard's and the mouse's own means: labels, links and buttons that people see.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { flaws, open, startBrowser, tabTo } from "./support.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const [program, ...first] = process.env.TEST_BINARY ? [process.env.TEST_BINARY] : ["cargo", "run", "--quiet", "--"];

let server, browser, page;

/** A server on an empty record, and the address that it prints for setting it up. */
async function startEmpty() {
  const data = mkdtempSync(join(tmpdir(), "plenary-desk-"));
  const child = spawn(program, [...first, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log", "error"], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const printed = [];
  await new Promise((resolve, reject) => {
    lines.on("line", (line) => { printed.push(line); if (line.includes("/setup/")) resolve(); });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${printed.join("\n")}`)));
    child.once("error", reject);
  });
  const address = (line) => line.match(/https?:\/\/\S+/)[0];
  return {
    origin: new URL(address(printed[0])).origin,
    setup: address(printed.find((line) => line.includes("/setup/"))),
    stop: async () => {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

before(async () => {
  server = await startEmpty();
  browser = await startBrowser();
  page = await open(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const began = Date.now();
const desk = "/desk/garden-days-2029/";
const heading = async (where) => (await where.locator("h1").textContent()).trim();

test("an empty site says what to do, and the printed address makes the first administrator", async () => {
  await page.goto(server.origin);
  await page.getByRole("link", { name: "the desk" }).waitFor();
  await page.goto(server.setup);
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("Your e-mail address").fill("ada@example.org");
  await page.getByRole("button", { name: "Begin" }).click();
  assert.equal(new URL(page.url()).pathname, "/desk/");
  await page.getByRole("heading", { name: "Open your first edition" }).waitFor();
  // The address is good for one use.
  const other = await open(browser);
  const answer = await other.goto(server.setup);
  assert.equal(answer.status(), 404);
  await other.context().close();
});

test("from there to a published programme it takes a few forms", async () => {
  await page.getByRole("link", { name: "New edition" }).click();
  await page.getByLabel("Title").fill("Garden Days 2029");
  await page.getByLabel("Series").fill("Garden Days");
  await page.getByLabel("First day").fill("2029-05-01");
  await page.getByLabel("Last day").fill("2029-05-02");
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByLabel("City").fill("Berlin");
  await page.getByRole("button", { name: "Open the edition" }).click();
  assert.equal(await heading(page), "Garden Days 2029");

  await page.getByRole("link", { name: "Add the rooms" }).click();
  await page.getByLabel("Name").fill("Great Hall");
  await page.getByRole("button", { name: "Save and add another" }).click();
  await page.getByLabel("Name").fill("Attic");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  assert.match(await page.locator(".notice").textContent(), /Attic is added/);
  await page.getByRole("button", { name: "Move Attic up" }).click();
  assert.match(await page.locator("tbody tr").first().textContent(), /Attic/);

  const add = async (title, person, room, start) => {
    await page.goto(`${server.origin}${desk}sessions/new/`);
    await page.getByLabel("Title", { exact: true }).fill(title);
    await page.getByLabel("Room").selectOption(room);
    await page.getByLabel("Begin").fill(start);
    await page.getByLabel("Name").first().fill(person);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    assert.equal(await heading(page), title);
  };
  await add("How worms work", "Grace Hopper", "Great Hall", "2029-05-01T10:00");
  await add("Water and light", "Alan Turing", "Attic", "2029-05-01T11:00");

  await page.getByRole("link", { name: "Release", exact: true }).click();
  await page.getByLabel("Note").fill("The first programme.");
  await page.getByRole("button", { name: "Publish release 1" }).click();
  assert.match(await page.locator(".notice").textContent(), /Release 1 is public/);
  await page.getByRole("link", { name: "Public site" }).click();
  await page.getByRole("link", { name: "See the schedule" }).waitFor();
  await page.goto(`${server.origin}/garden-days-2029/schedule/list/`);
  await page.getByRole("link", { name: "How worms work" }).waitFor();
});

test("the rest of the committee gets its roles", async () => {
  await page.goto(`${server.origin}${desk}grants/`);
  for (const who of ["bo@example.org", "cleo@example.org"]) {
    await page.getByLabel("To whom").fill(who);
    await page.getByLabel("Role", { exact: true }).selectOption("Committee");
    await page.getByRole("button", { name: "Give the role" }).click();
  }
  // The roles wait until the two sign in, and can be withdrawn until then.
  assert.equal(await page.locator("tbody tr", { hasText: "Committee" }).filter({ hasText: "Withdraw" }).count(), 2);
  const took = Math.round((Date.now() - began) / 1000);
  console.log(`# a committee of three from nothing: ${took} s`);
  assert.ok(took < 120, `a committee of three from nothing took ${took} s`);
});

test("a clash is shown before it is made, and a session is cancelled and restored on the day", async () => {
  await page.goto(`${server.origin}${desk}sessions/`);
  await page.getByRole("link", { name: "Water and light" }).click();
  await page.getByRole("link", { name: "Move" }).click();
  await page.getByLabel("Room").selectOption("Great Hall");
  await page.getByLabel("Begin").fill("2029-05-01T10:15");
  await page.getByRole("button", { name: "Save" }).click();
  assert.match(await page.locator(".doubts").textContent(), /How worms work/);
  await page.getByLabel("Begin").fill("2029-05-01T12:00");
  await page.getByRole("button", { name: "Save" }).click();
  assert.match(await page.locator(".slots").textContent(), /12:00–12:30, Great Hall/);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator(".slots .state", { hasText: "Cancelled" }).waitFor();
  await page.getByRole("button", { name: "As planned" }).click();
  assert.equal(await page.locator(".slots .state").count(), 0);
});

test("two browsers at one session: both are told, and no text is lost", async () => {
  await page.goto(`${server.origin}${desk}sessions/`);
  await page.getByRole("link", { name: "How worms work" }).click();
  const other = await open(browser, { storageState: await page.context().storageState() });
  await other.goto(page.url());
  await page.getByLabel("Summary").fill("What the first wrote.");
  await page.getByLabel("Subtitle").fill("A subtitle by the first");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".notice").waitFor();
  await other.getByLabel("Summary").fill("What the second wrote.");
  await other.getByRole("button", { name: "Save" }).click();
  assert.match(await other.locator(".refused").textContent(), /Somebody else changed the same fields/);
  assert.match(await other.locator(".theirs").textContent(), /What the first wrote\./);
  assert.equal(await other.getByLabel("Summary").inputValue(), "What the second wrote.");
  assert.equal(await other.getByLabel("Subtitle").inputValue(), "A subtitle by the first");
  await other.getByLabel("Summary").fill("What the first wrote. What the second wrote.");
  await other.getByRole("button", { name: "Save" }).click();
  await other.locator(".notice").waitFor();
  await page.reload();
  assert.equal(await page.getByLabel("Summary").inputValue(), "What the first wrote. What the second wrote.");
  await other.context().close();
});

test("a release shows what it changes, is published, and taken back", async () => {
  await page.goto(`${server.origin}${desk}release/`);
  assert.match(await page.locator("main").textContent(), /Moved/);
  await page.getByRole("button", { name: /Publish release 2/ }).click();
  await page.getByText("Take the newest release back").click();
  await page.getByRole("button", { name: "Take it back" }).click();
  assert.match(await page.locator(".notice").textContent(), /Release 3 is public/);
  await page.goto(`${server.origin}/garden-days-2029/schedule/list/`);
  assert.match(await page.locator("main").textContent(), /11:00–11:30/);
});

test("from the printed address to a published programme by keyboard alone, within two minutes", async () => {
  const began = Date.now();
  const fresh = await startEmpty();
  const keys = await open(browser);
  // Every step: Tab to a field, type, Enter in the field or on a button. The focus is seen at each stop.
  const go = async (selector) => {
    await tabTo(keys, selector);
    const outline = await keys.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none", `${selector} shows that it has the focus`);
  };
  const type = async (id, text) => { await go(`#f-${id}`); await keys.keyboard.type(text); };
  const enter = () => Promise.all([keys.waitForNavigation(), keys.keyboard.press("Enter")]);
  const follow = async (selector) => { await go(selector); await enter(); };
  try {
    await keys.goto(fresh.setup);
    await keys.keyboard.press("Tab");
    assert.equal(await keys.evaluate(() => document.activeElement.className), "skip");
    await keys.keyboard.press("Enter");
    assert.equal(await keys.evaluate(() => document.activeElement.id), "main");
    await type("name", "Ada Lovelace");
    await type("email", "ada@example.org");
    await enter();
    await follow('main a[href="/desk/new/"]');
    await type("title", "Garden Days 2029");
    await type("series", "Garden Days");
    await type("first_day", "05012029");
    await type("last_day", "05022029");
    await enter();
    assert.equal(await heading(keys), "Garden Days 2029");
    await follow('main a[href$="/rooms/new/"]');
    await type("name", "Great Hall");
    await enter();
    await follow('#menu a[href$="/sessions/"]');
    await follow('main a[href$="/sessions/new/"]');
    await type("title", "How worms work");
    await go("#f-room");
    await keys.keyboard.type("Great");
    await type("start", "05012029");
    await keys.keyboard.press("ArrowRight");
    await keys.keyboard.type("1000AM");
    await type("person0", "Grace Hopper");
    await follow("main form button:not([name])");
    assert.equal(await heading(keys), "How worms work");
    await follow('#menu a[href$="/release/"]');
    await follow("main form button:not([name])");
    assert.match(await keys.locator(".notice").textContent(), /Release 1 is public/);
    await follow('.tools a[href="/garden-days-2029/"]');
    assert.equal(await heading(keys), "Garden Days 2029");
    const took = Math.round((Date.now() - began) / 1000);
    console.log(`# from nothing to a published programme by keyboard: ${took} s`);
    assert.ok(took < 120, `${took} s`);
  } finally {
    await keys.context().close();
    await fresh.stop();
  }
});

test("the pages of an edition in which nothing is yet say what to do next, and pass the scan", async () => {
  await page.goto(`${server.origin}/desk/new/`);
  await page.getByLabel("Title").fill("Empty Days 2030");
  await page.getByLabel("First day").fill("2030-05-01");
  await page.getByLabel("Last day").fill("2030-05-02");
  await page.getByRole("button", { name: "Open the edition" }).click();
  const phone = await open(browser, { viewport: { width: 390, height: 844 }, storageState: await page.context().storageState() });
  const found = [];
  for (const part of ["rooms", "tracks", "persons", "sessions", "posts", "posts/speakers", "pages", "sponsors", "registrations", "registrations/caps", "dates", "hours", "release", "mail", ""]) {
    const path = `/desk/empty-days-2030/${part}${part && "/"}`;
    await phone.goto(server.origin + path);
    found.push(...(await flaws(phone)).map((line) => `${path}: ${line}`));
    if (!["registrations/caps", "release", "mail", ""].includes(part) && !(await phone.locator(".empty").count())) found.push(`${path}: does not say what to do next`);
  }
  await phone.locator(".steps a").first().waitFor();
  assert.deepEqual([...found, ...phone.troubles], []);
  await phone.context().close();
});
