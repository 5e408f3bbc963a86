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

/** A server on the invented conference, with a record of its own; at that address and with those settings, where they are given. */
export async function startServer({ listen = "127.0.0.1:0", config } = {}) {
  const data = mkdtempSync(join(tmpdir(), "plenary-browser-"));
  const [program, ...before] = plenary;
  const child = spawn(program, [...before, "demo", "--listen", listen, "--keep", data, "--log", "error", ...(config ? ["--config", config] : [])], {
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

/** What axe-core finds, one line for each thing; it runs outside the page's policy. */
export async function violations(page) {
  await page.evaluate(axeSource);
  const { violations: found } = await page.evaluate(() => window.axe.run());
  return found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary.replaceAll("\n", " ").slice(0, 200)}`));
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
