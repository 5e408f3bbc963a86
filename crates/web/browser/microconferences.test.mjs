// A microconference in a browser, from an idea to its announced post with its own call for topics and its block in order; and
// every page on the way passes the scan in four combinations.

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
  for (const [name, address, role] of [["chair", "chair@committee.example", "committee"], ["lead", "lead@leads.example"], ["author", "author@authors.example"]]) {
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

/** Looks at a page as one of them in light and dark, narrow and wide. */
async function scan(who, ...addresses) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1440]) {
      const viewer = await open(browser, { colorScheme, viewport: { width, height: 900 }, storageState: await people[who].context().storageState() });
      for (const address of addresses) {
        const answer = await viewer.goto(address);
        assert.equal(answer.status(), 200, address);
        found.push(...(await flaws(viewer)).map((line) => `${address}, ${colorScheme}, ${width}: ${line}`));
        if (process.env.SCREENSHOTS) {
          people.shots = (people.shots ?? 0) + 1;
          const name = `${String(people.shots).padStart(3, "0")}${new URL(address).pathname.replaceAll("/", "-").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "one")}${who}-${colorScheme}-${width}.png`;
          await viewer.screenshot({ path: join(process.env.SCREENSHOTS, name), fullPage: true });
        }
      }
      found.push(...viewer.troubles);
      await viewer.context().close();
    }
  }
  assert.deepEqual(found, []);
}

test("a microconference goes from an idea to its announced post, its topics in their block", async () => {
  const { chair, lead, author } = people;
  await chair.goto(`${desk}calls/new/`);
  await chair.getByLabel("What does it invite to?").selectOption("Microconferences");
  await chair.getByLabel("Name").fill("Microconferences");
  await press(chair, "Make the call");
  await chair.getByLabel("Public").check();
  await chair.getByLabel("On the clocks of").fill("AoE");
  await chair.getByLabel("Closes").fill("2027-06-01T23:59");
  await chair.getByLabel("Places").fill("2");
  await chair.getByLabel("Topics needed").fill("2");
  await scan("chair", chair.url());
  await press(chair, "Save");
  assert.match(await notice(chair), /is saved/);

  const ideas = server.at("ideas/");
  await author.goto(ideas);
  await author.getByLabel("What is it about?").fill("Sheds");
  await author.getByLabel("What is to be discussed?").fill("Who keeps what **where**?");
  await press(author, "Post the idea");
  await lead.goto(ideas);
  await press(lead, "I am interested in: Sheds");
  assert.match(await lead.locator("main").textContent(), /1 person is interested/);
  await scan("lead", ideas);
  await press(lead, "Lead it: Sheds");
  assert.match(await notice(lead), /draft of yours/);
  const own = lead.url();

  await press(lead, "Keep the ticks");
  await lead.locator("#f-answer_problem_statement").fill("Nobody finds the spade.");
  await lead.locator("#f-answer_key_attendees").fill("Ada Archer\nBo Brook (private)");
  await lead.locator("#f-answer_suggested_topics").fill("Doors\nRoofs");
  await press(lead, "Submit");
  for (const box of await lead.locator("input[name=check]").all()) await box.check();
  await scan("lead", own);
  await press(lead, "It is ready");
  assert.match(await notice(lead), /order of this moment/);

  await chair.goto(`${desk}microconferences/`);
  assert.match(await chair.locator("main").textContent(), /0 of 2 places taken, 2 left/);
  await scan("chair", chair.url());
  await chair.getByRole("link", { name: /Sheds/ }).click();
  const page = chair.url();
  await scan("chair", page);
  await chair.getByLabel("What it gets").selectOption("");
  await chair.getByLabel("Topics can be proposed until").fill("2027-08-01T12:00");
  await press(chair, "Accept it");
  assert.match(await notice(chair), /provisionally accepted/);

  // The lead finds it by their own proposal, with both deadlines.
  await lead.goto(own);
  const both = await lead.locator("main").textContent();
  assert.match(both, /Microconferences can be proposed until 1 June 2027/);
  assert.match(both, /Topics of this one can be proposed until 1 August 2027/);
  await lead.getByRole("link", { name: "Topics, their order, the call and the post" }).click();
  assert.equal(lead.url(), page);
  await lead.getByLabel("Topics can be proposed until").fill("2099-01-01T12:00");
  await press(lead, "Save the call for topics");
  assert.match(await lead.locator("#e-topics_close").textContent(), /or earlier/);
  await lead.getByLabel("Topics can be proposed until").fill("2027-08-15T12:00");
  await press(lead, "Save the call for topics");
  assert.match(await notice(lead), /is saved/);

  await author.goto(server.at("calls/sheds/"));
  assert.match(await author.locator("main").textContent(), /Open until 15 August 2027[\s\S]*A microconference as a whole can be proposed/);
  await scan("author", author.url());
  for (const [title, minutes] of [["Doors", "45"], ["Roofs", "30"]]) {
    await author.goto(server.at("calls/sheds/propose/"));
    await author.locator("#f-title").fill(title);
    await author.locator("#f-abstract").fill("About it.");
    await author.getByLabel("Length").selectOption(minutes);
    await author.locator("#f-answer_problem").fill("It is open.");
    await author.getByLabel("What do you want to discuss?").fill("All of it.");
    await author.getByLabel("How will you take part?").selectOption("Remote");
    await press(author, "Submit");
    assert.match(await notice(author), /is submitted/);
  }

  await lead.goto(page);
  await press(lead, /^Choose #2/);
  await lead.getByLabel("Minutes for #3").fill("20");
  await press(lead, /^Choose #3/);
  assert.match(await lead.locator("main").textContent(), /65 of 180 minutes/);
  await scan("lead", page);

  // The committee settles what it gets, places the block; the topics follow it in the order that the lead gave them.
  await chair.goto(page);
  await chair.getByLabel("What it gets").selectOption("half");
  await press(chair, "Settle it and tell everybody");
  assert.match(await notice(chair), /2 mails/);
  await chair.getByRole("link", { name: "Sheds", exact: true }).click();
  await chair.goto(`${chair.url()}slots/new/`);
  await chair.getByLabel("Minutes").fill("90");
  await press(chair, "Save");
  if (await chair.locator("#f-anyway").count()) {
    await chair.locator("#f-anyway").check();
    await press(chair, "Save");
  }
  await lead.goto(page);
  await lead.getByRole("group", { name: "Doors" }).getByLabel("Place in the order").fill("2");
  await lead.getByRole("group", { name: "Roofs" }).getByLabel("Place in the order").fill("1");
  await press(lead, "Save the order");
  assert.match(await notice(lead), /next release/);
  const order = await lead.locator("main").textContent();
  assert.match(order, /65 of 90 minutes/);
  assert.match(order, /Roofs\d\d:00–\d\d:20[\s\S]*Doors\d\d:20–\d\d:05/);
  await scan("lead", page);

  assert.equal(await lead.getByRole("button", { name: "Publish the post now" }).count(), 0, "not before the committee has agreed");
  await chair.goto(page);
  await press(chair, "Agree to the post");
  await scan("chair", page);
  await lead.goto(page);
  await press(lead, "Publish the post now");
  assert.match(await notice(lead), /is public/);
  await lead.getByRole("link", { name: "on the site" }).click();
  const post = await lead.locator("main").textContent();
  assert.match(post, /Nobody finds the spade/);
  assert.match(post, /15 August/, "the draft says the deadline as it is now");
  assert.doesNotMatch(post, /Bo Brook/);
});
