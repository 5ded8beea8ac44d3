#!/bin/sh
# oidc-provider: whoever revokes one access token ends the refresh token, too, and all other tokens of that consent.
#
# Versions: oidc-provider 9.13.3 with its defaults and token revocation switched on. Run with Node 20.20.
# Seen:     A person signs in twice in one browser, and each sign-in gets an access and a refresh token. An access token of the
#           first is revoked (200). Then both refresh tokens answer invalid_grant, and the second access token is inactive.
#           Both sign-ins share one grant, and the revocation ends the grant.
# Guess:    The one access token ends. RFC 7009 allows a server to end the refresh token with it, but few do; nobody
#           expects another sign-in to end.
# Matters:  A gateway that tidies up the access token of a session that ends signs the person out everywhere in that
#           browser, at the next refresh, with an error that looks like a theft.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm install --silent --no-audit --no-fund --ignore-scripts oidc-provider@9.13.3
cat >revoke.mjs <<'JS'
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
  grant_types: ['authorization_code', 'refresh_token'],
};
const features = { introspection: { enabled: true }, revocation: { enabled: true } };
server.on('request', new Provider(base, { clients: [client], features }).callback());

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
async function signIn() {
  const query = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid offline_access',
    prompt: 'consent',
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

/** What the client asks by itself. */
async function ask(path, form) {
  const authorization = `Basic ${Buffer.from(`web:${SECRET}`).toString('base64')}`;
  const answer = await fetch(base + path, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) });
  return { status: answer.status, ...JSON.parse((await answer.text()) || '{}') };
}

const tokens = async () =>
  ask('/token', { grant_type: 'authorization_code', code: await signIn(), redirect_uri: CALLBACK, code_verifier: VERIFIER });
const isActive = async (token) => (await ask('/token/introspection', { token })).active;

const first = await tokens();
const second = await tokens();
const before = await Promise.all([first.refresh_token, second.access_token, second.refresh_token].map(isActive));
const revoked = await ask('/token/revocation', { token: first.access_token, token_type_hint: 'access_token' });
const other = await isActive(second.access_token);
const refresh = async (of) => (await ask('/token', { grant_type: 'refresh_token', refresh_token: of.refresh_token })).error;
const errors = [await refresh(first), await refresh(second)];
console.log(`before: refresh token, the second sign-in's access and refresh token are active: ${before.join(', ')}`);
console.log(`the first access token is revoked: ${revoked.status}`);
console.log(`after: the refresh tokens answer ${errors.join(', ')}; the second access token is active: ${other}`);
const held = before.every(Boolean) && revoked.status === 200 && !other && errors.every((error) => error === 'invalid_grant');
process.exit(held ? 0 : 1);
JS
node revoke.mjs
