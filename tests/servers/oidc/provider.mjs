// The provider that oidc.sh starts: `provider.mjs FOLDER_OF_PACKAGES`.
import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { resolve } = createRequire(`${process.argv[2]}/`);
// It gives advice for production.
console.info = console.warn = () => {};
const { default: Provider, interactionPolicy } = await import(pathToFileURL(resolve('oidc-provider')).href);

const SCOPES = 'openid profile email groups';
// Secrets begin as what is searched for in all that tests write.
const secret = () => `Canary/${randomBytes(8).toString('hex')}+${randomBytes(8).toString('hex')}`;
const clientSecret = secret();
const password = secret();
const users = {
  ada: { name: 'Ada', email: 'ada@example.org', email_verified: true, groups: ['team-a', 'system:masters'] },
  bob: { name: 'Bob', email: 'bob@example.org', email_verified: false, groups: ['team-b'] },
};

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

// Ask for a login only: clients with a loopback address would ask for consent each time.
const policy = interactionPolicy.base();
policy.get('consent').checks.remove('native_client_prompt');

function client(id, more) {
  return {
    client_id: id,
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/oidc/callback'],
    scope: SCOPES,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    ...more,
  };
}

let keys = 0;
function start() {
  keys += 1;
  const kid = `key-${keys}`;
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const provider = new Provider(issuer, {
    clients: [client('bowline', { client_secret: clientSecret }), client('public', { token_endpoint_auth_method: 'none' })],
    jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid }] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: SCOPES.split(' '),
    conformIdTokenClaims: false, // put the claims into the ID token too
    findAccount: (_, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
    cookies: { keys: [clientSecret] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (_, interaction) => `/login/${interaction.uid}` },
    // Whoever logs in has agreed to what the client asks for.
    async loadExistingGrant(ctx) {
      const { client: asking, session } = ctx.oidc;
      const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
      grant.addOIDCScope(SCOPES);
      await grant.save();
      return grant;
    },
  });
  return { provider, handle: provider.callback(), kid };
}

let current = start();
const hash = (text) => createHash('sha256').update(text).digest();

async function login(request, response) {
  const { provider } = current;
  await provider.interactionDetails(request, response);
  if (request.method === 'POST') {
    let body = '';
    for await (const part of request) body += part;
    const form = new URLSearchParams(body);
    const user = form.get('user') ?? '';
    if (Object.hasOwn(users, user) && timingSafeEqual(hash(form.get('password') ?? ''), hash(password))) {
      const result = { login: { accountId: user } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
  }
  const page = `<!doctype html><title>Log in</title><form method="post"><input name="user">
<input name="password" type="password"><button>Log in</button></form>`;
  return response.writeHead(request.method === 'POST' ? 401 : 200, { 'content-type': 'text/html' }).end(page);
}

server.on('request', (request, response) => {
  if (!request.url.startsWith('/login/')) return current.handle(request, response);
  return login(request, response).catch((error) => response.writeHead(400).end(String(error.message)));
});

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ issuer, client_id: 'bowline', client_secret: clientSecret, public_client_id: 'public', password });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line !== 'rotate') return;
    current = start();
    say({ kid: current.kid });
  })
  .on('close', () => process.exit(0));
