// What the browser tests share: the real server on the invented conference, a real browser, the accessibility scan.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The program and the arguments that run Plenary: TEST_BINARY where it is set, else a build of this tree. */
const plenary = process.env.TEST_BINARY ? [process.env.TEST_BINARY] : ["cargo", "run", "--quiet", "--"];

/** A server on the invented conference, with a record of its own; at that address, with those settings and at that moment, where they are given. */
export async function startServer({ listen = "127.0.0.1:0", config, at } = {}) {
  const data = mkdtempSync(join(tmpdir(), "plenary-browser-"));
  const [program, ...before] = plenary;
  const child = spawn(program, [...before, "demo", "--listen", listen, "--keep", data, "--log", "error", ...(config ? ["--config", config] : []), ...(at ? ["--at", at] : [])], {
    cwd: root, stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const first = await new Promise((resolve, reject) => {
    lines.once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it said its address`)));
    child.once("error", reject);
  });
  const home = new URL(first.match(/https?:\/\/\S+/)[0]);
  const slug = home.pathname.split("/")[1];
  return {
    origin: home.origin,
    slug,
    at: (path) => `${home.origin}/${slug}/${path}`,
    /** Runs another command on the same record, as an organiser does beside the running server. */
    run: (...args) => execFileSync(program, [...before, ...args, "--data", data, "--log", "error"], { cwd: root, encoding: "utf8" }),
    stop: async () => {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Headless Chromium: CHROMIUM where it is set, else the system's. */
export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });

/** A page that notes what goes wrong in it: errors, refused resources, breaches of the content security policy. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: "UTC", ...options });
  const page = await context.newPage();
  page.troubles = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) page.troubles.push(message.text()); });
  page.on("pageerror", (error) => page.troubles.push(error.message));
  return page;
}

/** A page on which somebody is signed in, by a link from whoever runs the server. */
export async function signIn(server, browser, address, options = {}) {
  const link = server.run("user", "link", address).match(/\/sign-in\/link\/\S+/)[0];
  const page = await open(browser, options);
  await page.goto(server.origin + link);
  await Promise.all([page.waitForNavigation(), page.locator("main button").click()]);
  return page;
}

/** Tab, until the focus is on something that the selector names. */
export async function tabTo(page, selector, most = 120) {
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`${selector} is not reached with ${most} presses of Tab on ${page.url()}`);
}

/** What axe-core finds, one line for each thing; it runs outside the page's policy. */
export async function violations(page) {
  await page.evaluate(axeSource);
  const { violations: found } = await page.evaluate(() => window.axe.run());
  return found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary.replaceAll("\n", " ").slice(0, 200)}`));
}

/** What is wrong with a page of the desk or the account: breaches of accessibility, overflow, targets too small, no help. */
export async function flaws(page) {
  const found = await violations(page);
  found.push(...(await page.evaluate(() => {
    const out = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) out.push(`${wide} px wider than the screen`);
    if (!document.querySelector(".help")?.textContent.trim()) out.push("no line says what the page is for");
    // What scrolls inside the page is reached by the keyboard.
    for (const one of document.querySelectorAll("main *")) {
      const scrolls = ["auto", "scroll"].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1;
      if (scrolls && one.tabIndex < 0 && one.tagName !== "TEXTAREA") out.push(`${one.className} scrolls and takes no focus`);
    }
    // WCAG 2.2, 2.5.8: at least 24 px, but for links within a sentence. A label is part of the target of its box.
    for (const one of document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")) {
      if (!one.checkVisibility() || one.matches(".skip, .unseen, label > input")) continue;
      const { width, height } = one.getBoundingClientRect();
      const inline = one.tagName === "A" && getComputedStyle(one).display === "inline";
      if (width > 1 && !inline && Math.min(width, height) < 23.9) out.push(`${one.tagName} "${one.textContent.trim().slice(0, 40)}" is ${Math.round(width)} by ${Math.round(height)} px`);
    }
    return out;
  })));
  return found;
}

/** The addresses of one page of each kind, taken from the site itself. */
export async function everyKindOfPage(server) {
  const links = async (path, pattern) => {
    const html = await (await fetch(server.at(path))).text();
    return [...new Set([...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => href).filter((href) => pattern.test(href)))];
  };
  const under = (folder) => new RegExp(`^/${server.slug}/${folder}/[^/.]+/$`);
  const [session] = await links("schedule/list/", under("sessions"));
  const [day] = await links("schedule/", /\/schedule\/\d{4}-\d\d-\d\d\/$/);
  const [speaker] = await links("speakers/", under("speakers"));
  const [track] = await links("tracks/", under("tracks"));
  const [room] = await links("rooms/", under("rooms"));
  const [post] = await links("posts/", under("posts"));
  const [written] = await links("", under("pages"));
  const own = (path) => `/${server.slug}/${path}`;
  return [
    "/", own(""), own("schedule/"), day, own("schedule/list/"), day.replace("/schedule/", "/schedule/list/"),
    day.replace("/schedule/", "/schedule/print/"), own("now/"), session, own("speakers/"), speaker, own("tracks/"), track,
    own("rooms/"), room, `${room}sign/`, own("search/"), own("search/?q=the"), own("search/?q=zzzzzz"), own("stars/"),
    own("releases/"), own("releases/1/"), own("posts/"), post, written, own("no-such-page/"), `${day}?tz=Asia/Kolkata`,
  ];
}
