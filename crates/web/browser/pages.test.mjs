// Every kind of page, for everybody: the accessibility scan, small screens, print, no script, policy and weight.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { everyKindOfPage, open, startBrowser, startServer, violations } from "./support.mjs";

let server, browser, pages;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  pages = await everyKindOfPage(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1440]) {
    test(`every page passes the accessibility scan, ${colorScheme}, ${width} px, and breaks no policy`, async () => {
      const page = await open(browser, { colorScheme, viewport: { width, height: 900 }, timezoneId: "Europe/Berlin" });
      const found = [];
      for (const path of pages) {
        await page.goto(server.origin + path);
        found.push(...(await violations(page)).map((line) => `${path}: ${line}`));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) found.push(`${path}: ${wide} px wider than the screen`);
      }
      // That the page that does not exist answers 404 is no trouble.
      found.push(...page.troubles.filter((text) => !text.includes("404")));
      assert.deepEqual(found, []);
      await page.context().close();
    });
  }
}

test("no page is wider than a screen of 360 px", async () => {
  const page = await open(browser, { viewport: { width: 360, height: 740 } });
  for (const path of pages) {
    await page.goto(server.origin + path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
  }
  await page.context().close();
});

test("without a script every page reads: its heading, its times with their zone, and links that lead on", async () => {
  const page = await open(browser, { javaScriptEnabled: false });
  for (const path of pages) {
    await page.goto(server.origin + path);
    assert.ok((await page.locator("h1").first().textContent()).trim(), `${path} has a heading`);
    assert.ok(await page.locator("main a, footer a").count(), `${path} leads on`);
  }
  await page.goto(server.at("schedule/"));
  assert.ok(await page.locator(".slot .title a:visible").count() > 10);
  assert.match(await page.locator(".grid .corner").first().textContent(), /[A-Z]{3,5}/);
  assert.equal(await page.locator(".filter:visible, .star:visible").count(), 0, "nothing is shown that needs a script");
  await page.goto(server.at("schedule/list/?tz=Asia/Kolkata"));
  assert.match(await page.locator(".card .yours").first().textContent(), /\d\d:\d\d(–\d\d:\d\d)? IST/);
  await page.goto(server.at("search/?q=the"));
  assert.ok(await page.locator("mark").count() > 0, "words found are marked");
  await page.context().close();
});

test("each day is printed on one sheet, and a door sign on one sheet for each day", async () => {
  const page = await open(browser);
  await page.goto(server.at("schedule/"));
  const days = await page.locator(".days a").evaluateAll((links) => links.map((a) => a.getAttribute("href")).filter((href) => /\d{4}-/.test(href)));
  const sheets = async (path) => {
    await page.goto(server.origin + path);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    return pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g).length;
  };
  assert.ok(days.length >= 3);
  for (const day of days) {
    assert.equal(await sheets(day.replace("/schedule/", "/schedule/print/").split("?")[0]), 1, day);
  }
  await page.goto(server.at("rooms/"));
  const rooms = await page.locator(".overview h2 a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  for (const room of rooms) {
    await page.goto(`${server.origin}${room}sign/`);
    const signs = await page.locator(".sign").count();
    if (signs) assert.equal(await sheets(`${room}sign/`), signs, room);
  }
  await page.context().close();
});

test("a session's page with all that it loads weighs less than 100 KB", async () => {
  const page = await open(browser);
  let weight = 0;
  const loaded = [];
  page.on("requestfinished", async (request) => {
    if (!request.url().includes("/events")) loaded.push(request.sizes().then((sizes) => { weight += sizes.responseBodySize + sizes.responseHeadersSize; }));
  });
  await page.goto(server.origin + pages.find((path) => path.includes("/sessions/")));
  await page.waitForLoadState("load");
  await Promise.all(loaded);
  assert.ok(weight > 5_000 && weight < 100_000, `${weight} bytes`);
  await page.context().close();
});
