// What a browser adds: the reader's own zone, stars and their private calendar, the filter, the keyboard, releases.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, startBrowser, startServer } from "./support.mjs";

let server, browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("times stand in the reader's own zone too, both named, only where clocks differ", async () => {
  const away = await open(browser, { timezoneId: "America/New_York", locale: "en-US" });
  await away.goto(server.at("schedule/list/"));
  const shown = await away.locator(".card .when").evaluateAll((all) => all.map((when) => ({
    start: when.querySelector("time").dateTime,
    zone: when.querySelector(".zone")?.textContent,
    yours: when.querySelector(".yours")?.textContent,
  })));
  assert.ok(shown.length > 10);
  for (const { start, zone, yours } of shown) {
    const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "America/New_York", ...options });
    const hour = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(start));
    const name = new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", timeZoneName: "short" }).formatToParts(new Date(start)).find((part) => part.type === "timeZoneName").value;
    assert.ok(zone, "the conference's zone is named");
    assert.ok(yours?.includes(hour) && yours.includes(name), `${start} is ${hour} ${name}, shown as ${yours}`);
  }
  const there = await open(browser, { timezoneId: await away.evaluate(() => document.body.dataset.conference) });
  await there.goto(server.at("schedule/list/"));
  assert.equal(await there.locator(".yours").count(), 0);
  await away.context().close();
  await there.context().close();
});

test("with the keyboard alone one skips to the content, changes the day, stars a session and searches", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/"));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  const until = async (found, most = 60) => {
    for (let press = 0; press < most; press += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(found)) return;
    }
    assert.fail(`not reached with ${most} presses of Tab: ${found}`);
  };
  await until("document.activeElement.matches('.days a:not([aria-current])')");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "the focus is seen");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  assert.match(page.url(), /\d{4}-\d\d-\d\d/);
  await until("document.activeElement.matches('.star')");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-pressed")), "true");
  await page.goto(server.at("search/"));
  await page.locator("#q").focus();
  await page.keyboard.type("the");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  assert.ok(await page.locator("main .card").count() > 0);
  await page.context().close();
});

test("stars stay in the browser, are listed, and become a private calendar that follows them", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/list/"));
  const stars = page.locator(".card:not(.break) .star");
  const codes = [await stars.nth(0).getAttribute("data-star"), await stars.nth(3).getAttribute("data-star")];
  await stars.nth(0).click();
  await page.reload();
  assert.equal(await page.locator(`[data-star="${codes[0]}"]`).first().getAttribute("aria-pressed"), "true");
  await page.goto(server.at("stars/"));
  await page.locator(`[data-stars-list] [data-code="${codes[0]}"]`).first().waitFor();
  await page.locator("[data-stars-publish]").click();
  await page.locator("[data-stars-address]").waitFor();
  const address = await page.locator("[data-stars-link]").getAttribute("href");
  const subscribe = await page.locator("[data-stars-subscribe]").getAttribute("href");
  assert.match(subscribe, /^webcal:/);
  const calendar = subscribe.replace("webcal:", "http:");
  const events = async () => (await (await fetch(calendar)).text()).match(/BEGIN:VEVENT/g)?.length ?? 0;
  const before = await events();
  assert.ok(before >= 1);
  await page.goto(server.at("schedule/list/"));
  await Promise.all([page.waitForResponse((answer) => answer.request().method() === "POST"), page.locator(`.star[data-star="${codes[1]}"]`).first().click()]);
  assert.ok(await events() > before, "a star set later is in the calendar");
  await page.goto(server.origin + address);
  assert.ok(await page.locator(`[data-code="${codes[1]}"]`).count() > 0);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("the filter leaves what fits and says how many", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/list/"));
  const title = (await page.locator(".card:not(.break) .title").first().textContent()).trim();
  const count = () => page.locator(".card:visible").count();
  const all = await count();
  await page.locator(".filter input[type=search]").fill(title);
  const some = await count();
  assert.ok(some >= 1 && some < all);
  assert.match(await page.locator("[data-filter-count]").textContent(), new RegExp(`^${some} of `));
  await page.goto(server.at("schedule/"));
  await page.locator(".filter input[type=search]").fill("zzzzzz");
  assert.equal(await page.locator(".slot .title:visible").count(), 0);
  await page.context().close();
});

test("an open page shows a release within five seconds, keeps its place and says what happened", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/list/"));
  const card = page.locator(".card:not(.break, .cancelled)").nth(8);
  const code = await card.getAttribute("data-code");
  await card.locator(".title a").focus();
  const top = await page.evaluate(() => window.scrollY);
  assert.ok(top > 0, "the page was scrolled");
  const release = Number(await page.evaluate(() => document.body.dataset.release));
  server.run("session", "cancel", code, "--edition", "underframe-2027");
  server.run("release", "--edition", "underframe-2027", "--note", "A speaker is ill");
  const released = Date.now();
  await page.locator(`.card[data-code="${code}"].cancelled .badge`).first().waitFor({ timeout: 5_000 });
  assert.ok(Date.now() - released < 5_000);
  assert.equal(await page.evaluate(() => window.scrollY), top);
  assert.match(await page.evaluate(() => document.activeElement.getAttribute("href") ?? ""), new RegExp(code));
  await page.getByRole("status").filter({ hasText: `release ${release + 1}` }).waitFor();
  await page.goto(server.at(`releases/${release + 1}/`));
  assert.match(await page.locator("main").textContent(), /Cancelled/);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a page that lost the network says so, and catches up when it is back", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/list/"));
  const release = Number(await page.evaluate(() => document.body.dataset.release));
  const code = await page.locator(".card:not(.break, .cancelled)").nth(5).getAttribute("data-code");
  await page.context().setOffline(true);
  await page.getByRole("status").filter({ hasText: "offline" }).waitFor();
  server.run("session", "cancel", code, "--edition", "underframe-2027");
  server.run("release", "--edition", "underframe-2027");
  await page.context().setOffline(false);
  await page.getByRole("status").filter({ hasText: `release ${release + 1}` }).waitFor({ timeout: 15_000 });
  assert.ok(await page.locator(`.card[data-code="${code}"].cancelled`).count() > 0);
  await page.context().close();
});
