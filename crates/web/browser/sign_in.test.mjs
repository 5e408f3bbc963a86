// Signing in at a real provider and with a passkey of a virtual device; what becomes of people who arrive.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open, startBrowser, startServer, violations } from "./support.mjs";

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

let server, browser, provider, site, folder;

before(async () => {
  // Browsers make passkeys for a host name, so the site is asked for by one.
  const port = await freePort();
  site = `http://localhost:${port}`;
  const script = fileURLToPath(new URL("../../identity/tests/provider.mjs", import.meta.url));
  const child = spawn("node", [script, "0", `${site}/sign-in/oidc/test/return/`], { stdio: ["ignore", "pipe", "ignore"] });
  const issuer = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  const put = (account) => fetch(`${issuer}/as/${account}`, { method: "PUT" });
  provider = { issuer, signInAs: put, stop: () => child.kill() };
  folder = mkdtempSync(join(tmpdir(), "plenary-settings-"));
  const settings = join(folder, "plenary.toml");
  writeFileSync(settings, [
    `base_url = "${site}"`,
    `[[oidc]]`, `name = "test"`, `title = "Example University"`, `issuer = "${issuer}"`, `client_id = "plenary"`, `client_secret = "hush hush"`,
    `[[oidc]]`, `name = "down"`, `title = "Closed Club"`, `issuer = "http://127.0.0.1:9"`, `client_id = "plenary"`,
    `[[ldap]]`, `name = "staff"`, `title = "Example Directory"`, `url = "ldap://127.0.0.1:9"`, `base = "dc=example,dc=org"`, `filter = "(uid={user})"`,
  ].join("\n"));
  server = await startServer({ listen: `127.0.0.1:${port}`, config: settings });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  provider?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const at = (path) => `${site}${path}`;
const security = "/account/security/passkeys/";

/** A page with a device that keeps passkeys and whose person is always there. */
async function withDevice(options = {}) {
  const page = await open(browser, options);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  page.device = (method, more = {}) => devtools.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return page;
}

/** Comes from the provider as somebody, new or known. */
async function arrive(page, account, next = security) {
  await provider.signInAs(account);
  await page.goto(at(`/sign-in/oidc/test/?next=${encodeURIComponent(next)}`));
  const create = page.getByRole("button", { name: "Create my account" });
  if (await create.count()) await Promise.all([page.waitForNavigation(), create.click()]);
}

/** Forgets who is signed in, here and at the provider. */
const leave = (page) => page.context().clearCookies();

test("somebody who is new comes from a provider, and is known when they come again", async () => {
  const page = await open(browser);
  await provider.signInAs("grace");
  await page.goto(at(`/sign-in/oidc/test/?next=${encodeURIComponent(security)}`));
  assert.equal(await page.locator("h1").textContent(), "Welcome");
  assert.equal(await page.getByLabel("Your name").inputValue(), "Grace Hopper");
  assert.match(await page.locator("main").textContent(), /grace@example\.org/);
  assert.ok(!page.url().includes("code="), "the code stands in no address that stays");
  assert.deepEqual(await violations(page), []);
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Create my account" }).click()]);
  assert.equal(new URL(page.url()).pathname, security);
  await leave(page);
  await page.goto(at(`/sign-in/oidc/test/?next=${encodeURIComponent(security)}`));
  assert.equal(new URL(page.url()).pathname, security, "nothing is asked the second time");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a provider that is down leads back with a word about it, and one that refuses too", async () => {
  const page = await open(browser);
  await provider.signInAs("nobody");
  await page.goto(at("/sign-in/oidc/test/"));
  assert.equal(new URL(page.url()).pathname, "/sign-in/");
  assert.match(await page.locator("main").textContent(), /Example University.*did not sign you in/s);
  await page.goto(at("/sign-in/oidc/down/"));
  assert.equal(new URL(page.url()).pathname, "/sign-in/");
  assert.match(await page.locator("main").textContent(), /Closed Club.*does not work at the moment/s);
  assert.match(await page.locator("main").textContent(), /did not answer lately/);
  await page.context().close();
});

test("a password signs in by any address, and an address that nobody vouches for joins nobody to an account", async () => {
  const page = await open(browser);
  await arrive(page, "ada");
  await page.goto(at("/account/security/password/"));
  await page.getByLabel("New password").fill("a horse of some battery");
  await page.getByLabel("The same once more").fill("a horse of some battery");
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Set the password" }).click()]);
  await leave(page);
  await page.goto(at(`/sign-in/password/?next=${encodeURIComponent(security)}`));
  await page.getByLabel("E-mail address or handle").fill("Ada@Example.org");
  await page.getByLabel("Password").fill("a horse of some batteries");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  assert.match(await page.locator("#e-password").textContent(), /do not go together/);
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Password").fill("a horse of some battery");
  await Promise.all([page.waitForURL(at(security)), page.getByRole("button", { name: "Sign in", exact: true }).click()]);
  await leave(page);
  // Mallory writes Ada's address into a profile that nobody checks.
  await provider.signInAs("mallory");
  await page.goto(at("/sign-in/oidc/test/"));
  assert.equal(await page.locator("h1").textContent(), "Welcome");
  assert.doesNotMatch(await page.locator("main").textContent(), /ada@example\.org/);
  await leave(page);
  await page.context().close();
});

test("a passkey is made in the account and signs in without a name", async () => {
  const page = await withDevice();
  await arrive(page, "grace");
  await page.goto(at(security));
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("What to call it").fill("Blue phone");
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Add a passkey" }).click()]);
  assert.match(await page.locator("table").textContent(), /Blue phone/);
  const { credentials } = await page.device("getCredentials");
  assert.equal(credentials.length, 1);
  assert.ok(credentials[0].isResidentCredential, "the device finds it by itself");

  // The same device makes no second one.
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.locator("[role=alert]:not([hidden])").waitFor();
  assert.match(await page.locator("[role=alert]").textContent(), /has a passkey of yours already/);

  await leave(page);
  await page.goto(at(`/sign-in/password/?next=${encodeURIComponent(security)}`));
  await Promise.all([page.waitForURL(at(security)), page.getByRole("button", { name: "Sign in with a passkey" }).click()]);
  assert.doesNotMatch(await page.locator("table").textContent(), /never/, "when it was used is shown");

  // A device whose count goes back is a copy.
  const [credential] = (await page.device("getCredentials")).credentials;
  await page.device("removeCredential", { credentialId: credential.credentialId });
  await page.device("addCredential", { credential: { ...credential, signCount: 0 } });
  await leave(page);
  await page.goto(at("/sign-in/password/"));
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.locator("[role=alert]:not([hidden])").waitFor();
  assert.match(await page.locator("[role=alert]").textContent(), /does not hold/);
  await page.context().close();
});

test("a passkey is offered in the field for the name", async () => {
  const page = await withDevice();
  await arrive(page, "grace");
  await page.goto(at(security));
  await page.getByLabel("What to call it").fill("Another");
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Add a passkey" }).click()]);
  await leave(page);
  await page.goto(at(`/sign-in/password/?next=${encodeURIComponent(security)}`));
  const signedIn = page.waitForURL(at(security));
  // The virtual device answers as somebody does who chooses from the list that opens.
  await page.getByLabel("E-mail address or handle").focus();
  await signedIn;
  assert.match(await page.locator("table").textContent(), /Another/);
  await page.context().close();
});

test("a passkey that the account has removed opens nothing", async () => {
  const page = await withDevice();
  await arrive(page, "grace");
  await page.goto(at(security));
  await page.getByLabel("What to call it").fill("Lost key");
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Add a passkey" }).click()]);
  const row = page.locator("tr", { hasText: "Lost key" });
  await row.getByText("Rename or remove").click();
  await Promise.all([page.waitForNavigation(), row.getByRole("button", { name: "Remove" }).click()]);
  assert.match(await page.locator("[role=status]").textContent(), /Lost key.*removed/);
  await leave(page);
  await page.goto(at("/sign-in/password/"));
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.locator("[role=alert]:not([hidden])").waitFor();
  assert.match(await page.locator("[role=alert]").textContent(), /does not know it/);
  await page.context().close();
});

test("pages about signing in read well on a phone and without scripts", async () => {
  const page = await open(browser, { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
  for (const path of ["/sign-in/password/", "/sign-in/ldap/?directory=staff"]) {
    await page.goto(at(path));
    assert.equal(await page.getByRole("button", { name: "Sign in with a passkey" }).isVisible().catch(() => false), false);
    const wide = await page.evaluate("document.documentElement.scrollWidth");
    assert.ok(wide <= 390, `${path} is ${wide} px wide`);
  }
  await page.getByLabel("Name at Example Directory").fill("ada");
  await page.getByLabel("Password").fill("enchantress of number");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.match(await page.locator("main").textContent(), /does not answer at the moment/);
  assert.equal(await page.getByLabel("Name at Example Directory").inputValue(), "ada", "what was typed is kept");
  assert.equal(await page.getByLabel("Password").inputValue(), "", "a password is not");
  await page.context().close();
});
