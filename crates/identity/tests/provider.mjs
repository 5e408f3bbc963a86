// An OpenID Connect provider for tests: a real one (oidc-provider), with accounts in memory and nobody to type a
// password. Whoever comes is signed in as the account that was named last with `PUT /as/ACCOUNT`.
//
//     node provider.mjs PORT RETURN_ADDRESS...
//
// The first line it prints is its issuer. Each start makes new keys.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, ...redirect_uris] = process.argv.slice(2);

const accounts = {
  ada: { name: 'Ada Lovelace', email: 'ada@example.org', email_verified: true },
  // Says that the address is hers, and the provider has not checked it.
  mallory: { name: 'Mallory', email: 'ada@example.org', email_verified: false },
  grace: { name: 'Grace Hopper', email: 'grace@example.org', email_verified: true },
  nameless: {},
};
let current = 'ada';

const server = createServer();
await new Promise((done) => server.listen(Number(port), '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: `key-${process.pid}` };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [{ client_id: 'plenary', client_secret: 'hush hush', redirect_uris }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['only for tests'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // Everybody agrees to everything.
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on('request', async (request, response) => {
  if (request.method === 'PUT' && request.url.startsWith('/as/')) {
    current = request.url.slice('/as/'.length);
    response.writeHead(204).end();
  } else if (request.url.startsWith('/interaction/')) {
    const result = current === 'nobody' ? { error: 'access_denied' } : { login: { accountId: current, remember: false } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else {
    answer(request, response);
  }
});
console.log(issuer);
