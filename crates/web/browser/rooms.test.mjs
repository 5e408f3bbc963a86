// Rooms on the day, in several browsers at once: what one says, the others see; connections break and come back; the keyboard,
// the accessibility scan, small screens, no scripts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { flaws, open, signIn, startBrowser, startServer } from "./support.mjs";

let server, browser, hall, list;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  server.run("user", "create", "ada@example.org", "--name", "Ada Lovelace");
  server.run("user", "create", "bob@example.org", "--name", "Bob");
  server.run("grant", "give", "ada@example.org", "moderator", "--edition", server.slug);
  list = server.at("live/");
  hall = server.at("live/roundhouse/");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const say = async (page, text) => {
  await page.locator("#f-text").fill(text);
  await page.keyboard.press("Enter");
};

test("what one says the other sees, answers, votes for and finds; what is taken back is gone for both", async () => {
  const ada = await signIn(server, browser, "ada@example.org");
  const bob = await signIn(server, browser, "bob@example.org");
  const reader = await open(browser);
  for (const page of [ada, bob, reader]) await page.goto(hall);
  await say(ada, "Hello **everybody**");
  const hello = bob.locator("[data-messages] li", { hasText: "Hello everybody" });
  await hello.waitFor();
  await reader.locator("[data-messages] li", { hasText: "Hello everybody" }).waitFor();
  assert.equal(await hello.locator("strong", { hasText: "everybody" }).count(), 1);
  // An answer, by the menu of the message.
  await hello.locator(".act").click();
  await bob.locator("#act").waitFor();
  await say(bob, "@Ada Lovelace good morning");
  const answer = ada.locator("[data-messages] li", { hasText: "good morning" });
  await answer.waitFor();
  assert.match(await answer.locator(".re").textContent(), /Ada Lovelace: Hello everybody/);
  assert.ok(await answer.evaluate((item) => item.classList.contains("mentioned")));
  // A question, voted for with one click.
  await bob.goto(hall);
  await bob.getByLabel("This is a question").check();
  await say(bob, "Why is it so?");
  const asked = ada.locator("[data-questions] li", { hasText: "Why is it so?" });
  await asked.waitFor();
  await ada.goto(hall);
  await ada.locator("[data-messages] li", { hasText: "Why is it so?" }).locator(".act").click();
  await Promise.all([ada.waitForNavigation(), ada.locator("#act").getByRole("button", { name: "👍" }).click()]);
  const vote = bob.locator("[data-questions] li", { hasText: "Why is it so?" }).locator("[data-emoji]");
  await vote.waitFor();
  await vote.click();
  await bob.locator("[data-questions] [data-emoji]", { hasText: "👍 2" }).waitFor();
  // Changed, then removed by its author.
  await bob.locator("[data-messages] li", { hasText: "good morning" }).locator(".act").click();
  await bob.locator("#edited").fill("good evening");
  await Promise.all([bob.waitForNavigation(), bob.getByRole("button", { name: "Save the change" }).click()]);
  const changed = ada.locator("[data-messages] li", { hasText: "good evening" });
  await changed.waitFor();
  await changed.locator(".act").click();
  await Promise.all([ada.waitForNavigation(), ada.getByRole("button", { name: "Remove it" }).click()]);
  await reader.locator("[data-messages] li", { hasText: "This message was removed" }).waitFor();
  await reader.locator("#q").fill("everybody");
  await Promise.all([reader.waitForNavigation(), reader.keyboard.press("Enter")]);
  assert.equal(await reader.locator("[data-messages] li:not(.day-line)").count(), 1);
  for (const page of [ada, bob, reader]) await page.context().close();
});

test("what is sent while the connection is down goes out once it is back, once", async () => {
  const bob = await signIn(server, browser, "bob@example.org");
  const reader = await open(browser);
  await bob.goto(hall);
  await reader.goto(hall);
  await bob.locator("[data-here]", { hasText: "Bob" }).waitFor();
  await bob.context().setOffline(true);
  await bob.evaluate(() => window.dispatchEvent(new Event("offline")));
  await say(bob, "Said in a tunnel");
  await bob.context().setOffline(false);
  await reader.locator("[data-messages] li", { hasText: "Said in a tunnel" }).waitFor();
  await bob.reload();
  await bob.locator("[data-messages] li", { hasText: "Said in a tunnel" }).waitFor();
  assert.equal(await bob.locator("[data-messages] li", { hasText: "Said in a tunnel" }).count(), 1);
  await bob.context().close();
  await reader.context().close();
});

test("a network without WebSockets follows the conversation too", async () => {
  const bob = await signIn(server, browser, "bob@example.org");
  const reader = await open(browser);
  await reader.addInitScript(() => {
    window.WebSocket = class extends EventTarget {
      constructor() { super(); setTimeout(() => this.dispatchEvent(new Event("close")), 10); }
    };
  });
  await reader.goto(hall);
  await bob.goto(hall);
  await say(bob, "Heard without a socket");
  await reader.locator("[data-messages] li", { hasText: "Heard without a socket" }).waitFor();
  await bob.context().close();
  await reader.context().close();
});

test("older messages come as one scrolls up, and a message keeps its time in the conference's zone", async () => {
  const bob = await signIn(server, browser, "bob@example.org");
  const room = server.at("live/signal-box/");
  await bob.goto(room);
  for (let number = 1; number <= 40; number += 1) {
    await say(bob, `Number ${number}.`);
    await bob.locator("[data-messages] li", { hasText: `Number ${number}.` }).waitFor();
    // Nobody may say more than one a second for long.
    if (number > 10) await bob.waitForTimeout(1_050);
  }
  const reader = await open(browser, { timezoneId: "America/New_York" });
  await reader.goto(room);
  const shown = reader.locator("[data-messages] li .said");
  assert.equal(await shown.count(), 30);
  await reader.locator(".log").evaluate((log) => { log.scrollTop = 0; });
  await reader.locator("[data-messages] li", { hasText: "Number 1." }).first().waitFor();
  assert.equal(await shown.count(), 40);
  const zone = await reader.locator(".live-room").getAttribute("data-zone");
  const first = reader.locator("[data-messages] time").first();
  const wanted = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .format(new Date(await first.getAttribute("datetime")));
  assert.equal(await first.textContent(), wanted);
  await bob.context().close();
  await reader.context().close();
});

test("the pages of rooms pass the accessibility scan, fit a phone, and work without scripts", async () => {
  const ada = await signIn(server, browser, "ada@example.org");
  const state = await ada.context().storageState();
  await ada.goto(hall);
  const number = (await ada.locator("[data-messages] li[id]").first().getAttribute("id")).slice(1);
  await ada.context().close();
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1440]) {
      const page = await open(browser, { colorScheme, viewport: { width, height: 900 }, storageState: state });
      for (const address of [list, hall, `${hall}?message=${number}#act`, `${hall}?q=hello`]) {
        await page.goto(address);
        assert.deepEqual(await flaws(page), [], `${address} ${colorScheme} ${width}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${address} ${width}`);
      }
      await page.context().close();
    }
  }
  const plain = await open(browser, { javaScriptEnabled: false, storageState: state });
  await plain.goto(hall);
  await plain.locator("#f-text").fill("Said without a script");
  await Promise.all([plain.waitForNavigation(), plain.getByRole("button", { name: "Send" }).click()]);
  assert.equal(await plain.locator("[data-messages] li", { hasText: "Said without a script" }).count(), 1);
  await plain.context().close();
});

test("with the keyboard alone one reads, answers and reacts", async () => {
  const bob = await signIn(server, browser, "bob@example.org");
  await bob.goto(hall);
  await bob.locator(".log").focus();
  for (let press = 0; press < 60; press += 1) {
    await bob.keyboard.press("Tab");
    if (await bob.evaluate(() => document.activeElement.matches("[data-messages] .act"))) break;
  }
  await Promise.all([bob.waitForNavigation(), bob.keyboard.press("Enter")]);
  assert.equal(await bob.evaluate(() => document.activeElement.id), "act");
  await bob.keyboard.press("Tab");
  assert.equal(await bob.evaluate(() => document.activeElement.name), "emoji");
  await Promise.all([bob.waitForNavigation(), bob.keyboard.press("Enter")]);
  assert.ok(await bob.locator("[data-messages] [data-emoji]").count() > 0);
  await bob.context().close();
});
