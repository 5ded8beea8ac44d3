#!/bin/sh
# oidc-provider: a client with back-channel logout gets no sid, neither in ID tokens nor in logout tokens, unless it asks.
#
# Versions: oidc-provider 9.13.3 with back-channel logout switched on. Run with Node 20.20.
# Seen:     A client that only registers backchannel_logout_uri gets an ID token without sid, and a logout token that has sub
#           and no sid. With backchannel_logout_session_required: true both have the same sid.
# Guess:    A provider that announces backchannel_logout_session_supported puts the sid into every ID token of such a client;
#           the setting only says whether the client insists on it.
# Matters:  A client that files sessions by sid finds none to end, and the person stays signed in after the logout. One that goes
#           by sub ends all of the person's sessions in all browsers, in place of the one. It has to register that setting.
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
const received = new Map();
const client = (id, more) => ({
  client_id: id,
  client_secret: SECRET,
  redirect_uris: [CALLBACK],
  backchannel_logout_uri: `https://app.example/receive/${id}`,
  ...more,
});
const clients = [client('plain'), client('asks', { backchannel_logout_session_required: true })];
const deliver = async (url, { body }) => {
  received.set(new URL(url).pathname.slice('/receive/'.length), new URLSearchParams(body).get('logout_token'));
  return new Response();
};
const features = { backchannelLogout: { enabled: true } };
server.on('request', new Provider(base, { clients, features, fetch: deliver }).callback());

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

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** The claims of the ID token that a sign-in brings. */
async function idToken(id) {
  const headers = { authorization: `Basic ${Buffer.from(`${id}:${SECRET}`).toString('base64')}` };
  const form = { grant_type: 'authorization_code', code: await signIn(id), redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const answer = await fetch(`${base}/token`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return claims((await answer.json()).id_token);
}

/** The person signs out at the provider, and says yes. */
async function signOut() {
  const page = await (await browse(`${base}/session/end`)).text();
  const xsrf = /name="xsrf" value="(\w+)"/.exec(page)[1];
  await browse(`${base}/session/end/confirm`, new URLSearchParams({ xsrf, logout: 'yes' }));
}

const ids = { plain: await idToken('plain'), asks: await idToken('asks') };
const metadata = await (await fetch(`${base}/.well-known/openid-configuration`)).json();
await signOut();
const held = { plain: false, asks: false };
console.log(`backchannel_logout_session_supported: ${metadata.backchannel_logout_session_supported}`);
for (const [id, token] of Object.entries(ids)) {
  const logout = claims(received.get(id));
  const has = (claim, of) => (of[claim] ? claim : `no ${claim}`);
  console.log(`${id}: the ID token has ${has('sid', token)}; the logout token has ${has('sub', logout)} and ${has('sid', logout)}`);
  held[id] = Boolean(logout.sub) && (id === 'asks' ? token.sid === logout.sid && Boolean(token.sid) : !token.sid && !logout.sid);
}
process.exit(held.plain && held.asks && metadata.backchannel_logout_session_supported ? 0 : 1);
JS
node logout.mjs
