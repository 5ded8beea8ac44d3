// oidc-provider with two people and clients that are told to it while it runs; started by oidc_provider.py.
//
//   cd build/node && node ../../tests/support/oidc_provider.js '{"port": 1234, "id_token_claims": true}'
//
// Its own login page takes any password. Beside the provider's endpoints, /control (POST, JSON) changes it:
//   client     what to know of a client (OpenID registration metadata; `access_ttl` seconds of its access tokens)
//   roles      {user, roles}: what a person's `groups` are from now on
//   rotate     {keep}: sign with a new key; publish the old one too if `keep`
//   delay      {ms}: the token endpoint answers that much later
//   down       {ms}: nobody listens for that long
//   counters   {grants: {refresh_token: n, ...}, introspections, userinfo, backchannel: [status, ...]}
const http = require('node:http');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { generateKeyPairSync, randomUUID } = require('node:crypto');

const inside = (file) => pathToFileURL(path.resolve('node_modules/oidc-provider', file));
const options = JSON.parse(process.argv[2]);
const issuer = `http://${options.host}:${options.port}`;
const people = {
  alice: { name: 'Alice Example', groups: ['spark-user'] },
  root: { name: 'Root Example', groups: ['spark-admin', 'wheel'] },
  nobody: { name: 'Nobody Example', groups: ['staff'] },
};
const accessTtl = {};
const counters = { grants: {}, introspections: 0, userinfo: 0, backchannel: [] };
let delay = 0;
let keys = [newKey()];
let Provider;
let store;

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
}

function claimsOf(id) {
  const person = people[id];
  return { sub: id, name: person.name, preferred_username: id, groups: person.groups };
}

// urn:spark:jwt and urn:spark:opaque: the same service, asked for by its two names
function resourceServer(_ctx, resource, client) {
  const kind = resource.replace('urn:spark:', '');
  return { scope: 'spark', audience: 'spark', accessTokenFormat: kind === 'jwt' ? 'jwt' : 'opaque',
    accessTokenTTL: accessTtl[client.clientId] ?? 300, jwt: { sign: { alg: 'RS256' } } };
}

// no consent page: an administrator of the provider has said yes for everybody
async function grantAll(ctx) {
  const { provider, session, client, params } = ctx.oidc;
  // as its default does: codes of one moment are of one grant, else only the last of them is good
  const known = session.grantIdFor(client.clientId);
  const grant = (known && await provider.Grant.find(known))
    || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, 'spark');
  await grant.save();
  return grant;
}

// it refuses to call loopback addresses by itself
async function call(url, init) {
  const answer = await fetch(url, { ...init, dispatcher: undefined });
  if (init?.body && String(init.body).includes('logout_token')) counters.backchannel.push(answer.status);
  return answer;
}

function configuration() {
  return {
    adapter: store, // outlives a change of keys
    jwks: { keys },
    cookies: { keys: ['of the tests'] },
    scopes: ['openid', 'profile', 'groups', 'offline_access'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], groups: ['groups'] },
    conformIdTokenClaims: !options.id_token_claims,
    findAccount: (_ctx, id) => people[id] && { accountId: id, claims: async () => claimsOf(id) },
    loadExistingGrant: grantAll,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    extraTokenClaims: async (_ctx, token) => (
      token.accountId ? { groups: people[token.accountId].groups } : { groups: ['spark-user'] }),
    ttl: { AccessToken: (_ctx, _token, client) => accessTtl[client.clientId] ?? 300, IdToken: 300, Session: 3600,
      Grant: 3600, Interaction: 600, RefreshToken: 3600, ClientCredentials: 300 },
    fetch: call,
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      backchannelLogout: { enabled: true },
      resourceIndicators: { enabled: true, defaultResource: () => undefined, getResourceServerInfo: resourceServer },
    },
  };
}

async function count(ctx, next) {
  if (ctx.path === '/token' && delay) await new Promise((resolve) => setTimeout(resolve, delay));
  await next();
  const type = ctx.oidc?.params?.grant_type;
  if (ctx.path === '/token' && type) counters.grants[type] = (counters.grants[type] ?? 0) + 1;
  if (ctx.path === '/token/introspection') counters.introspections += 1;
  if (ctx.path === '/me') counters.userinfo += 1;
}

function begin() {
  const provider = new Provider(issuer, configuration());
  provider.use(count);
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.on('backchannel.error', (_ctx, error) => console.error('backchannel', error.message));
  return provider.callback();
}

const control = {
  async client({ access_ttl: seconds, ...metadata }) {
    if (seconds) accessTtl[metadata.client_id] = seconds;
    await store('Client').upsert(metadata.client_id, metadata);
  },
  async roles({ user, roles }) { people[user].groups = roles; },
  async rotate({ keep }) {
    keys = [newKey(), ...(keep ? keys : [])];
    handle = begin();
  },
  async delay({ ms }) { delay = ms; },
  async down({ ms }) {
    setTimeout(() => { // after this answer
      server.close();
      server.closeAllConnections();
      setTimeout(() => server.listen(options.port, options.host), ms);
    }, 50);
  },
  async counters() { return counters; },
};

async function serveControl(req, res, name) {
  let body = '';
  for await (const chunk of req) body += chunk;
  const answer = await control[name](JSON.parse(body || '{}'));
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(answer ?? {}));
}

let handle;
let server;

async function main() {
  ({ default: Provider } = await import(inside('lib/index.js')));
  store = (await import(inside('lib/adapters/memory_adapter.js'))).createMemoryAdapter();
  handle = begin();
  server = http.createServer((req, res) => {
    const name = req.url.startsWith('/control/') && req.url.slice('/control/'.length);
    if (name) serveControl(req, res, name).catch((error) => { console.error(error); res.writeHead(500).end(); });
    else handle(req, res);
  });
  server.listen(options.port, options.host);
}

main();
