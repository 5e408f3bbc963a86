// Passkeys: asks the server what to ask the device, asks the device, and brings its answer back. Used on the pages to
// sign in and on the page of one's passkeys; where a browser knows no passkeys the pages show nothing of them.

const JSON_HEADERS = { "Content-Type": "application/json", Accept: "application/json" };

const toBytes = (text) => {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
};

const toText = (buffer) => {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

/** What the server says was wrong, or that it did not answer. */
class Refused extends Error {}

async function send(url, body) {
  let answer;
  try {
    answer = await fetch(url, { method: "POST", headers: JSON_HEADERS, body: JSON.stringify(body ?? {}) });
  } catch {
    throw new Refused("The server cannot be reached. Check your connection and try again.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused([said.detail, said.remedy].filter(Boolean).join(" ") || "That did not work. Try again.");
  return said;
}

/** The options as the browser wants them: bytes where the server wrote base64. */
function decoded({ publicKey }) {
  const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (publicKey.user) options.user = { ...publicKey.user, id: toBytes(publicKey.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (publicKey[list]) options[list] = publicKey[list].map((one) => ({ ...one, id: toBytes(one.id) }));
  }
  return options;
}

/** The device's answer as the server wants it. */
function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/** Why the device gave no answer, in words for its person; empty where they turned away themselves. */
function explained(error) {
  if (error instanceof Refused) return error.message;
  if (error.name === "AbortError") return "";
  if (error.name === "NotAllowedError") return "No passkey was used. Try again, or choose another way.";
  if (error.name === "InvalidStateError") return "This device has a passkey of yours already.";
  return "This browser could not use a passkey.";
}

/** Runs `work` at the press of a button, and says beside it what went wrong. */
function run(box, work) {
  const button = box.querySelector("button");
  const wrong = box.querySelector("[role=alert]");
  return async (event) => {
    event?.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    try {
      await work();
    } catch (error) {
      wrong.textContent = explained(error);
      wrong.hidden = !wrong.textContent;
    } finally {
      button.disabled = false;
    }
  };
}

let waiting = null;

async function signIn(box, mediation) {
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const options = decoded(await send(box.dataset.begin));
  if (signal.aborted) return;
  const credential = await navigator.credentials.get({ publicKey: options, mediation, signal });
  const { to } = await send(box.dataset.end, { answer: encoded(credential), next: box.dataset.next });
  location.assign(to);
}

async function make(box) {
  const options = decoded(await send(box.dataset.begin));
  const credential = await navigator.credentials.create({ publicKey: options });
  const { to } = await send(box.dataset.end, { answer: encoded(credential), name: box.elements.name.value });
  location.assign(to);
}

const known = Boolean(window.PublicKeyCredential && navigator.credentials);

for (const box of document.querySelectorAll("[data-passkey=make]")) {
  box.hidden = !known;
  box.addEventListener("submit", run(box, () => make(box)));
}
for (const note of document.querySelectorAll("[data-passkey=none]")) note.hidden = known;

const [box] = document.querySelectorAll("[data-passkey=sign-in]");
if (box && known) {
  box.hidden = false;
  box.querySelector("button").addEventListener("click", run(box, () => signIn(box)));
  // The field for the name offers passkeys by itself, once somebody is about to type in it.
  const field = document.querySelector("[autocomplete~=webauthn]");
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    // Who types a password instead leaves it waiting; only what the server says is worth telling.
    signIn(box, "conditional").catch((error) => {
      if (error instanceof Refused) run(box, () => Promise.reject(error))();
    });
  };
  if (field === document.activeElement) offer();
  else field?.addEventListener("focus", offer, { once: true });
}
