#!/bin/sh
# oidc-provider delivers no back-channel logout to a private address, and tells nobody.
#
# Versions: oidc-provider 9.13.3 with back-channel logout switched on. Run with Node 20.20.
# Seen:     The client's backchannel_logout_uri is on a loopback address, and is accepted at registration. The person signs out at
#           the provider and is told of success, but no request arrives. Only a listener of the event backchannel.error
#           learns why: "hostname resolves to a special-use IP address". The setting `fetch` has the say on that.
# Guess:    Addresses that an operator has written into the provider's own configuration are called; or a
#           failure is at least logged.
# Matters:  A gateway inside a company mostly has a private address. Its sessions go on after the logout, on a page that says
#           that all has ended, until somebody misses the request.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm install --silent --no-audit --no-fund --ignore-scripts oidc-provider@9.13.3
cat >logout.mjs <<'JS'
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import Provider from 'oidc-provider';

console.info = console.warn = () => {}; // its notices about defaults
const CALLBACK = 'https://app.example/callback';
const SECRET = randomBytes(24).toString('hex');
const VERIFIER = randomBytes(32).toString('base64url');

const server = http.createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const base = `http://127.0.0.1:${server.address().port}`;
const client = {
  client_id: 'web',
  client_secret: SECRET,
  redirect_uris: [CALLBACK],
  backchannel_logout_uri: `${base}/receive`,
};
const provider = new Provider(base, { clients: [client], features: { backchannelLogout: { enabled: true } } });
const errors = [];
let arrived = 0;
provider.on('backchannel.error', (context, error) => errors.push(error.cause?.message ?? error.message));
server.on('request', (request, response) => {
  if (request.url !== '/receive') return provider.callback()(request, response);
  arrived += 1;
  return response.writeHead(200).end();
});

const cookies = new Map();

/** One request of the browser. */
async function browse(url, form) {
  const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
  const answer = await fetch(url, { redirect: 'manual', method: form ? 'POST' : 'GET', headers, body: form });
  for (const cookie of answer.headers.getSetCookie()) {
    const [name, value] = cookie.split(';')[0].split('=');
    cookies.set(name, value);
  }
  return answer;
}

/** The code of one sign-in: pages of sign-in and consent are filled in as they come. */
async function signIn(id) {
  const query = new URLSearchParams({
    client_id: id,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let url = `${base}/auth?${query}`;
  while (!url.startsWith(CALLBACK)) {
    let answer = await browse(url);
    if (answer.status === 200) {
      const prompt = /name="prompt" value="(\w+)"/.exec(await answer.text())[1];
      answer = await browse(url, new URLSearchParams({ prompt, login: 'person', password: 'any' }));
    }
    url = new URL(answer.headers.get('location'), base).href;
  }
  return new URL(url).searchParams.get('code');
}

/** Redeems the code of a sign-in. */
async function redeem(id) {
  const headers = { authorization: `Basic ${Buffer.from(`${id}:${SECRET}`).toString('base64')}` };
  const form = { grant_type: 'authorization_code', code: await signIn(id), redirect_uri: CALLBACK, code_verifier: VERIFIER };
  return (await fetch(`${base}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })).status;
}

/** The person signs out at the provider, says yes, and is told the outcome. */
async function signOut() {
  const page = await (await browse(`${base}/session/end`)).text();
  const xsrf = /name="xsrf" value="(\w+)"/.exec(page)[1];
  const answer = await browse(`${base}/session/end/confirm`, new URLSearchParams({ xsrf, logout: 'yes' }));
  return [answer.status, new URL(answer.headers.get('location')).pathname];
}

await redeem('web');
const [status, place] = await signOut();
console.log(`the person is told ${status} ${place}; ${arrived} logout requests arrived`);
console.log(`in the event: ${errors.join('; ')}`);
process.exit(status === 303 && place.endsWith('/success') && arrived === 0 && errors.length === 1 ? 0 : 1);
JS
node logout.mjs
