// From a call to a session in a browser: an organiser makes the call, somebody proposes, a reviewer reviews, the committee
// decides, the author confirms; and every page on the way passes the scan in four combinations.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { flaws, open, signIn, startBrowser, startServer } from "./support.mjs";

let server, browser, desk;
const people = {};
before(async () => {
  server = await startServer({ at: "now" });
  browser = await startBrowser();
  desk = `${server.origin}/desk/${server.slug}/`;
  // Of different organisations, so that nobody has a conflict with anybody.
  for (const [name, address, role] of [["chair", "chair@committee.example", "committee"], ["author", "author@authors.example"], ["reviewer", "reviewer@reviewers.example", "reviewer"]]) {
    server.run("user", "create", address, "--name", `The ${name}`);
    if (role) server.run("grant", "give", address, role, "--edition", server.slug);
    people[name] = await signIn(server, browser, address);
  }
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const press = async (page, name) => { await Promise.all([page.waitForNavigation(), page.getByRole("button", { name }).first().click()]); };
const notice = (page) => page.locator(".notice").textContent();

test("a talk goes from a call that is made on screen to a confirmed session", async () => {
  const { chair, author, reviewer } = people;
  await chair.goto(`${desk}calls/`);
  await chair.getByRole("link", { name: "Make the first call" }).click();
  await chair.getByLabel("Name").fill("Refereed talks");
  await press(chair, "Make the call");
  await chair.getByLabel("In a sentence").fill("Tell everybody what you found out.");
  await chair.getByLabel("Public").check();
  await chair.getByLabel("On the clocks of").fill("Mars/Base");
  await press(chair, "Save");
  assert.match(await chair.locator("#e-zone").textContent(), /AoE for anywhere on Earth/);
  await chair.getByLabel("On the clocks of").fill("AoE");
  await chair.getByLabel("Closes").fill("2099-01-01T23:59");
  await press(chair, "Save");
  assert.match(await notice(chair), /is saved/);

  await author.goto(server.at("calls/"));
  await author.getByRole("link", { name: "Propose a presentation" }).click();
  await press(author, "Submit");
  assert.match(await author.locator(".refused").textContent(), /Give it a title/);
  await author.getByLabel("Title").fill("Schedulers in gardens");
  await author.getByLabel("Abstract").fill("What **grows** when.");
  await author.getByLabel("Outcome sought").fill("An agreed order of sowing.");
  await author.getByLabel("How will you take part?").selectOption("In person");
  await press(author, "Submit");
  assert.match(await notice(author), /is submitted/);

  await assign();
  await reviewer.goto(`${desk}proposals/`);
  assert.equal(await reviewer.getByRole("heading", { name: "My reviews to write" }).count(), 1);
  await reviewer.getByRole("link", { name: /Schedulers in gardens/ }).first().click();
  await reviewer.getByLabel("Relevance").selectOption("5");
  await press(reviewer, "Submit the review");
  assert.match(await reviewer.locator(".refused").textContent(), /has no score/);
  await reviewer.getByLabel("Quality of the proposal").selectOption("4");
  await reviewer.getByLabel("Discussion expected").selectOption("4");
  await press(reviewer, "Submit the review");
  assert.match(await notice(reviewer), /counts/);

  await meet();
  await chair.goto(`${desk}proposals/`);
  await chair.getByRole("link", { name: /Schedulers in gardens/ }).first().click();
  await chair.getByLabel("What the committee means to decide").selectOption("Accept");
  await press(chair, "Note it");
  await chair.goto(`${desk}proposals/`);
  await chair.getByRole("link", { name: /Apply decisions/ }).click();
  people.decide = chair.url();
  await scan("chair", [people.decide]);
  await press(chair, "Apply and tell the authors");
  assert.match(await notice(chair), /1 decided, 1 mails/);

  await author.reload();
  await author.getByLabel("How will you present?").selectOption("From afar");
  await press(author, "Confirm that I come");
  assert.match(await notice(author), /confirmed/);
  people.own = author.url();
  await reviewer.goto(`${desk}sessions/`);
  assert.equal(await reviewer.getByText("Schedulers in gardens").count() > 0, true);
});

/** The reviewer bids; the chair plans, locks and applies the assignment. */
async function assign() {
  const { chair, reviewer } = people;
  await reviewer.goto(`${desk}proposals/`);
  await reviewer.getByRole("link", { name: "What I want to review" }).click();
  await reviewer.getByLabel("Review #1?").selectOption("Eager");
  await press(reviewer, "Keep what I said");
  assert.match(await notice(reviewer), /Kept/);
  await scan("reviewer", [reviewer.url()]);

  await chair.goto(`${desk}assignment/`);
  await scan("chair", [chair.url()]);
  await chair.getByRole("link", { name: "Refereed talks" }).click();
  const page = chair.url();
  await chair.getByLabel("Reviews that every proposal must get").fill("3");
  await press(chair, "Keep the limits");
  await press(chair, "Plan");
  assert.match(await chair.locator(".refused").textContent(), /still missing|are needed/);
  await scan("chair", [page]);
  await chair.getByLabel("Reviews that every proposal must get").fill("1");
  await press(chair, "Keep the limits");
  await press(chair, "Plan");
  await press(chair, "Lock The reviewer for #1");
  await scan("chair", [page]);
  await press(chair, /^Apply/);
  assert.match(await notice(chair), /newly asked for/);
  await scan("chair", [page, `${desk}proposals/to-do/`]);
  await scan("reviewer", [`${desk}proposals/`, `${desk}proposals/to-do/`]);
}

/** The chair leads the meeting; the reviewer's open page follows by itself, and one with something begun waits. */
async function meet() {
  const { chair, reviewer } = people;
  const meeting = `${desk}proposals/meeting/`;
  reviewer.troubles.length = 0;
  await reviewer.goto(meeting);
  await scan("reviewer", [meeting]);
  await chair.goto(meeting);
  await press(chair, "Next");
  await reviewer.getByRole("heading", { name: /Schedulers in gardens/ }).waitFor();
  await scan("chair", [meeting]);
  await press(chair, "End the meeting");
  await reviewer.getByText("Nothing is before the committee.").waitFor();
  assert.deepEqual(reviewer.troubles, []);
}

/** Looks at pages as one of them in light and dark, narrow and wide. */
async function scan(who, addresses) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1440]) {
      const viewer = await open(browser, { colorScheme, viewport: { width, height: 900 }, storageState: await people[who].context().storageState() });
      for (const address of addresses) {
        const answer = await viewer.goto(address);
        assert.equal(answer.status(), 200, address);
        found.push(...(await flaws(viewer)).map((line) => `${address}, ${colorScheme}, ${width}: ${line}`));
        if (process.env.SCREENSHOTS) {
          const name = `${new URL(address).pathname.replaceAll("/", "-").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "one")}${who}-${colorScheme}-${width}.png`;
          await viewer.screenshot({ path: join(process.env.SCREENSHOTS, name), fullPage: true });
        }
      }
      found.push(...viewer.troubles);
      await viewer.context().close();
    }
  }
  assert.deepEqual(found, []);
}

test("every page of calls, proposals and reviews passes the accessibility scan", async () => {
  const { chair, author, reviewer } = people;
  await chair.goto(`${desk}calls/`);
  const call = await chair.getByRole("link", { name: "Refereed talks" }).getAttribute("href");
  await reviewer.goto(`${desk}proposals/`);
  const proposal = await reviewer.getByRole("link", { name: /Schedulers in gardens/ }).getAttribute("href");
  await scan("chair", [`${desk}calls/`, `${desk}calls/new/`, server.origin + call, `${desk}proposals/`, server.origin + proposal]);
  await scan("reviewer", [`${desk}proposals/`, server.origin + proposal]);
  await author.goto(`${server.origin}/account/proposals/`);
  const talk = await author.getByRole("link", { name: /Schedulers in gardens/ }).getAttribute("href");
  await scan("author", [server.at("calls/"), server.at("calls/refereed-talks/"), server.at("calls/refereed-talks/propose/"), `${server.origin}/account/proposals/`, server.origin + talk]);
});
