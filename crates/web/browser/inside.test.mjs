// Every page of the desk and of the account, on a record that holds something of everything: the accessibility scan in four
// combinations, small screens, no script, and a navigation that shows each role what it may see and nothing else.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { flaws, open, signIn, startBrowser, startServer, tabTo } from "./support.mjs";

const ROLES = ["organiser", "committee", "editor", "registrar", "crew", "moderator"];

let server, browser, page, desk, folder, state;
before(async () => {
  server = await startServer({ at: "now" });
  browser = await startBrowser();
  desk = `/desk/${server.slug}/`;
  folder = mkdtempSync(join(tmpdir(), "plenary-inside-"));
  server.run("user", "create", "ada@example.org", "--name", "Ada Lovelace");
  server.run("user", "create", "twin@example.org", "--name", "Ada Twin");
  server.run("grant", "give", "ada@example.org", "administrator");
  for (const role of ROLES) {
    server.run("user", "create", `${role}@example.org`, "--name", `Some ${role}`);
    server.run("grant", "give", `${role}@example.org`, role, "--edition", server.slug);
  }
  page = await signIn(server, browser, "ada@example.org");
  state = await page.context().storageState();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const press = async (name) => { await Promise.all([page.waitForNavigation(), page.getByRole("button", { name }).first().click()]); };
const says = async (pattern) => assert.match(await page.locator("main").textContent(), pattern);

test("a list of registrations is uploaded, its columns are named, and what changes is seen before it does", async () => {
  await page.goto(`${server.origin}${desk}registrations/`);
  await page.getByRole("link", { name: "Import a list" }).click();
  await press("Upload");
  await says(/No file was chosen/);
  const file = join(folder, "people.csv");
  writeFileSync(file, "Order;Attendee e-mail;Full Name;Company;Country;Colour\nA1;grace@example.org;Grace Hopper;US Navy;United States;red\nA2;nonsense;Nobody;;Japan;\nA3;yuki@example.org;Yuki;Tokyo;Japan;green\n");
  await page.setInputFiles("#f-file", file);
  await press("Upload");
  assert.equal(await page.getByLabel("Attendee e-mail").locator("option:checked").textContent(), "E-mail address");
  assert.equal(await page.getByLabel("Colour").locator("option:checked").textContent(), "left out");
  await press("Show what would change");
  await says(/Grace Hopper/);
  await says(/What could not be read/);
  await press("Apply");
  assert.match(await page.locator(".notice").textContent(), /2 added/);
});

test("settings refuse at the field and keep what was typed; new dates fill the notice, are released and told once", async () => {
  await page.goto(`${server.origin}${desk}settings/`);
  const first = await page.locator("#f-first_day").inputValue();
  const last = await page.locator("#f-last_day").inputValue();
  await page.locator("#f-last_day").fill("2001-01-01");
  await page.locator("#f-subtitle").fill("Typed, and kept");
  await press("Save");
  assert.match(await page.locator("#e-last_day").textContent(), /before the first day/);
  assert.equal(await page.locator("#f-subtitle").inputValue(), "Typed, and kept");
  const later = (day) => new Date(Date.parse(day) + 7 * 86_400_000).toISOString().slice(0, 10);
  await page.locator("#f-first_day").fill(later(first));
  await page.locator("#f-last_day").fill(later(last));
  await page.getByLabel("Move all sessions with the first day").check();
  await press("Save");
  assert.match(await page.locator(".notice").textContent(), /release page offers it/);
  assert.match(await page.locator("#f-notice").inputValue(), /^The dates are now .*, before they were /);
  await page.goto(`${server.origin}${desk}release/`);
  await press(/Publish release/);
  await says(/People do not know yet/);
  await press(/Tell \d+ (person|people) by mail/);
  assert.match(await page.locator(".notice").textContent(), /Told \d+ (person|people) by mail/);
  assert.equal(await page.getByText("People do not know yet").count(), 0);
  // The public pages follow a release within seconds.
  const until = Date.now() + 5_000;
  do await page.goto(server.at("")); while (!(await page.locator(".note.front").count()) && Date.now() < until);
  assert.match(await page.locator(".note.front").textContent(), /The dates are now/);
});

test("dates are compared with a calendar, and hours with where people are", async () => {
  await page.goto(`${server.origin}${desk}dates/`);
  await says(/No other conference is known yet/);
  const file = join(folder, "conferences.csv");
  writeFileSync(file, "Subject,Start Date,End Date,Location,Country,Venue,Tier,Website URL\nFerroConf,2027-10-08,2027-10-10,Berlin,DEU,,,https://ferro.example.org\n");
  await page.setInputFiles("#f-file", file);
  await press("Read the file");
  assert.match(await page.locator(".notice").textContent(), /1 conference/);
  await page.getByLabel("Address of a calendar or list").fill("http://127.0.0.1:9/x.ics");
  await press("Follow it");
  assert.match(await page.locator(".notice, .refused").first().textContent(), /https/);
  await page.goto(`${server.origin}${desk}hours/`);
  await page.locator("details.fold").first().evaluate((fold) => { fold.open = true; });
  await page.locator("#f-expected").fill("Mars/Olympus 12");
  await press("Compare");
  assert.match(await page.locator("#e-expected").textContent(), /Mars/);
  assert.equal((await page.locator("#f-expected").inputValue()).trim(), "Mars/Olympus 12");
  await page.locator("#f-expected").fill("America/New_York 300\nAsia/Tokyo 100");
  await press("Compare");
  await says(/A day of/);
});

test("two accounts become one and two again, and somebody is looked at as they see it", async () => {
  await page.goto(`${server.origin}/desk/people/?q=ada@example.org`);
  await page.locator("tbody a").first().click();
  await page.getByLabel("The other account").fill("nobody-at-all@example.org");
  await press("Merge it into this one");
  assert.match(await page.locator("#e-other").textContent(), /nobody has this address/i);
  await page.getByLabel("The other account").fill("twin@example.org");
  await press("Merge it into this one");
  assert.match(await page.locator(".notice").textContent(), /one now/);
  await press(/Undo/);
  assert.match(await page.locator(".notice").textContent(), /undone/);

  const viewer = await open(browser, { storageState: await page.context().storageState() });
  await viewer.goto(`${server.origin}/desk/people/?q=committee@example.org`);
  await viewer.locator("tbody a").first().click();
  await viewer.getByRole("button", { name: /View as/ }).click();
  await viewer.locator(".viewing", { hasText: "Some committee" }).waitFor();
  await viewer.goto(`${server.origin}${desk}`);
  assert.equal(await viewer.getByRole("link", { name: "Settings" }).count(), 0);
  await viewer.getByRole("button", { name: "Return to your own view" }).click();
  await viewer.waitForLoadState();
  await viewer.goto(`${server.origin}${desk}`);
  await viewer.getByRole("link", { name: "Settings" }).waitFor();
  await viewer.context().close();
});

test("one's own data comes as a file", async () => {
  await page.goto(`${server.origin}/account/data/`);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download your data" }).click()]);
  assert.equal(file.suggestedFilename(), "plenary-account.json");
});

/** Follows links until there is one page of each kind, and makes what is missing of one. */
async function everyPage() {
  const make = async (path, fields, button) => {
    await page.goto(server.origin + path);
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).first().fill(value);
    await press(button);
  };
  await make("/desk/webhooks/", { "What it is for": "Chat of the crew", Receiver: "https://receiver.example.org/" }, "Add the webhook");
  await make("/account/tokens/", { "What it is for": "Signage" }, "Make the token");
  await make(`${desk}types/new/`, { Name: "Short talk" }, "Save");
  const kinds = new Map();
  const queue = ["/desk/", "/account/", desk, "/account/welcome/", "/account/security/passkeys/", "/account/security/password/"];
  const kind = (path) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}").replace(/\/log\/\d+\//, "/log/{seq}/");
  while (queue.length) {
    const path = queue.shift();
    if (kinds.has(kind(path))) continue;
    const answer = await page.goto(server.origin + path);
    assert.equal(answer.status(), 200, path);
    kinds.set(kind(path), path);
    const hrefs = await page.locator("a").evaluateAll((all) => all.map((a) => new URL(a.href).pathname));
    queue.push(...hrefs.filter((href) => /^\/(desk|account)\/.*\/$|^\/(desk|account)\/$/.test(href)));
  }
  return [...kinds.values()];
}

let pages;
test("every page of the desk and of the account is reached by links", async () => {
  pages = await everyPage();
  assert.ok(pages.length > 55, `${pages.length} pages`);
  for (const part of ["grants/", "registrations/import/", "webhooks/", "/desk/people/", "mail/templates/", "posts/speakers/", "mastodon/", "slots/", "copy/"]) {
    assert.ok(pages.some((path) => path.includes(part)), part);
  }
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1440]) {
    test(`every page of the desk and the account passes the accessibility scan, ${colorScheme}, ${width} px`, async () => {
      const viewer = await open(browser, { colorScheme, viewport: { width, height: 900 }, storageState: state });
      const found = [];
      for (const path of pages) {
        await viewer.goto(server.origin + path);
        found.push(...(await flaws(viewer)).map((line) => `${path}: ${line}`));
        if (process.env.SCREENSHOTS) {
          const name = `${path.replaceAll("/", "-").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "one")}${colorScheme}-${width}.png`;
          await viewer.screenshot({ path: join(process.env.SCREENSHOTS, name), fullPage: true });
        }
      }
      assert.deepEqual([...found, ...viewer.troubles], []);
      await viewer.context().close();
    });
  }
}

test("no page of the desk or the account is wider than 360 px, and each reads without a script", async () => {
  const viewer = await open(browser, { viewport: { width: 360, height: 740 }, javaScriptEnabled: false, storageState: state });
  const wide = [];
  for (const path of pages) {
    await viewer.goto(server.origin + path);
    assert.ok((await viewer.locator("h1").textContent()).trim(), path);
    const by = await viewer.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    if (by > 0) wide.push(`${path}: ${by} px too wide`);
  }
  assert.deepEqual(wide, []);
  await viewer.context().close();
});

test("the menu on a phone opens with the keyboard, says where one is, and Escape closes it", async () => {
  const viewer = await open(browser, { viewport: { width: 390, height: 844 }, storageState: state });
  await viewer.goto(`${server.origin}${desk}grants/`);
  assert.match(await viewer.locator(".menu-button").textContent(), /Menu\s*Roles/);
  assert.equal(await viewer.locator("#menu").isVisible(), false);
  await tabTo(viewer, ".menu-button");
  await viewer.keyboard.press("Enter");
  await viewer.locator("#menu").waitFor();
  await tabTo(viewer, '#menu a[aria-current="page"]');
  assert.deepEqual(await flaws(viewer), []);
  await viewer.keyboard.press("Escape");
  assert.equal(await viewer.locator("#menu").isVisible(), false);
  assert.ok(await viewer.evaluate(() => document.activeElement.matches(".menu-button")), "the focus returns");
  await viewer.context().close();
});

test("each role is shown what it may see, and every link of its menu opens", async () => {
  const own = pages.filter((path) => !/[0-9a-f]{8}-|\/new\/|\/import\/|\/caps\/|\/\d+\/|suppressed|speakers|mastodon|templates|decide|bids|forwards|partners/.test(path) && path.startsWith("/desk/"));
  for (const role of ROLES) {
    const viewer = await signIn(server, browser, `${role}@example.org`);
    await viewer.goto(`${server.origin}${desk}`);
    const shown = new Set(await viewer.locator("#menu a").evaluateAll((all) => all.map((a) => new URL(a.href).pathname)));
    for (const path of own) {
      const status = (await viewer.request.get(server.origin + path)).status();
      assert.equal(status === 200, shown.has(path), `${role}: ${path} answers ${status}`);
    }
    await viewer.context().close();
  }
});

test("the next edition is made from this one, which is archived and opened again", async () => {
  await page.goto(`${server.origin}${desk}copy/`);
  await page.locator("[name=archive]").check();
  await press("Open the next edition");
  assert.match(await page.locator(".notice").textContent(), /Nothing of it is public yet/);
  await page.goto(`${server.origin}${desk}settings/`);
  await says(/This edition is archived/);
  assert.equal(await page.locator("#f-title").isDisabled(), true);
  await press("Open it again");
  assert.match(await page.locator(".notice").textContent(), /open again/);
});
