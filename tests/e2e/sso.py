"""Gateways whose people sign in at an OpenID provider, in front of a plain UI; and what those people do."""

import contextlib
import http.client
import pathlib
import re
import time
import urllib.parse

import requests

from conftest import BASE, COOKIE, NAVIGATION, Client
from gateway import Gateway
from provider_people import Person
from spark_cluster import HOST, fetch_json, wait_for

UI = "/other/ui/echo/"
ROLES = {"admin": ["spark-admin"], "user": ["spark-user"]}
LOGIN_COOKIE = COOKIE.replace("_", "-login_") + "-"  # and a letter


def secret_file(folder, name, text):
    path = pathlib.Path(folder) / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def settings_of(folder, issuer, client, secret, claim="groups", scopes=("openid", "profile", "groups"), redis=None,
                bearer=None, **more):
    """Configuration of a gateway with this provider; `redis`: what has `url` and `secret`."""
    oidc = {"issuer": issuer, "client_id": client, "scopes": list(scopes)}
    if secret:
        oidc["client_secret_file"] = secret_file(folder, "client-secret", secret)
    auth = {"oidc": oidc, "roles": {"claim": claim, **ROLES}}
    if bearer:
        auth["bearer"] = bearer
    settings = {"auth": auth, **more}
    if redis:
        settings["store"] = redis.url
        settings["store_password_file"] = secret_file(folder, "redis-password", redis.secret)
    return settings


@contextlib.contextmanager
def gateway_of_two(folder, corp, partner, upstream, redis=None, settings=None, **entry):
    """A gateway with two providers: `corp` has no name there, `partner` is called so; `entry` is added to its entry."""
    folder = pathlib.Path(folder)
    gateway = Gateway([entry_of(upstream)], BASE, folder=folder)
    rows = []
    for provider, name in ((corp, None), (partner, "partner")):
        secret = provider.add_client("pair", [gateway], called=name)
        row = {"issuer": provider.issuer, "client_id": "pair", "scopes": ["openid", "profile", "groups"],
               "client_secret_file": secret_file(folder, f"secret-{name}", secret)}
        rows.append({**row, "name": name, **entry} if name else row)
    gateway.merge({"auth": {"oidc": rows, "roles": {"claim": "groups", **ROLES}}})
    gateway.merge(settings or {})
    if redis:
        gateway.merge({"store": redis.url, "store_password_file": secret_file(folder, "redis-password", redis.secret)})
    with gateway:
        await_provider(gateway)
        await_upstream(gateway)
        yield gateway


def entry_of(upstream):
    return {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}


def ready(gateway):
    """What /ready says, whatever its status."""
    answer = requests.get(f"{gateway.admin_url}/ready", timeout=10)
    return answer.status_code, answer.json()


def await_provider(gateway, timeout=45):
    wait_for(lambda: ready(gateway)[1]["identity_provider"] == "ok", "the provider to be known", timeout,
             gateway.daemon.check)


@contextlib.contextmanager
def gateways(folder, provider, upstream, count=1, client="gate", base=BASE, public=False, access_ttl=None, **options):
    """`count` gateways that are one client of `provider`, each with a folder of its own; ready to sign people in."""
    running = []
    for number in range(count):
        own = pathlib.Path(folder) / f"{client}-{number}"
        own.mkdir(parents=True)
        running.append(Gateway([entry_of(upstream)], base, folder=own))
    ttl = {"access_ttl": access_ttl} if access_ttl else {}
    secret = provider.add_client(client, running, public=public, **ttl)
    with contextlib.ExitStack() as stack:
        for gateway in running:
            gateway.merge(settings_of(gateway.folder, provider.issuer, client, secret, **options))
            stack.enter_context(gateway)
        for gateway in running:
            await_provider(gateway)
            await_upstream(gateway)
        yield running


def await_upstream(gateway):
    """401 and not 404 or 503: the UI's mount is known. Needs no token, so any store will do."""
    wait_for(lambda: requests.get(gateway.url + UI, timeout=10).status_code == 401, "the UI's mount", 20,
             gateway.daemon.check)


class User(Person):
    """A person before gateways: a browser's cookies, signed in or not."""

    def open(self, gateway, path=UI, **options):
        """A navigation, redirects not followed."""
        return self.step(path if "://" in path else gateway.url + path, **options)

    def enter(self, gateway, path=UI, provider=None):
        """Opens a page as a stranger, takes the single sign-on link, signs in; gives the last answer."""
        return self.arrive(self.begin(gateway, path, provider))

    def begin(self, gateway, path=UI, provider=None):
        """Up to the redirect to the provider (of this name), which is the answer."""
        page = self.follow(self.open(gateway, path))
        return self.step(sso_link(page, provider))

    def arrive(self, answer):
        """From the redirect to the provider to wherever that ends."""
        target = answer.headers["Location"]
        assert answer.status_code in (302, 303), answer.status_code
        return self.sign_in(target)

    def callback_of(self, gateway, answer):
        """The URL of the callback the provider would have sent the browser to; it is not opened."""
        stop = f"{gateway.url}/_gate/callback"
        last = self.sign_in(answer.headers["Location"], lambda url: url.startswith(stop))
        return last.headers["Location"]

    def program(self, gateway, path=UI):
        """What a page's AJAX gets: this browser's cookies, no navigation."""
        return self.step(gateway.url + path, headers={"Accept": "application/json", "Sec-Fetch-Mode": "cors",
                                                       "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"})

    def post(self, gateway, path, **fields):
        return self.step(gateway.url + path, "post", data=fields,
                         headers={**NAVIGATION, "Origin": gateway.origin, "Sec-Fetch-Site": "same-origin"})

    def session(self):
        return self.cookies.get(COOKIE)

    def copy(self):
        """Another handle of the same browser, for a thread of its own."""
        other = type(self)(self.user)
        for cookie in self.cookies:
            other.cookies.set_cookie(cookie)
        return other


def sso_link(page, provider=None):
    """Where the sign-in page's link to the provider (of this name) leads."""
    links = re.findall(r'href="([^"]*start=sso[^"]*)"', page.text)
    links = [link for link in links if (f"provider={provider}" in link if provider else "provider=" not in link)]
    assert links, page.text[:2000]
    return urllib.parse.urljoin(page.url, links[0].replace("&amp;", "&"))


def is_signed_in(user, gateway):
    return user.program(gateway).status_code == 200


def seen_by_upstream(answer):
    return dict(answer.json()["fields"])


def set_cookies(answer):
    """Every Set-Cookie field's value; Requests joins them with commas."""
    return answer.raw.headers.getlist("Set-Cookie")


def timed(condition, what, timeout):
    """Seconds until the condition holds."""
    began = time.monotonic()
    wait_for(condition, what, timeout)
    return time.monotonic() - began


def raw_get(gateway, target, headers):
    """Status and fields of a GET whose target is not touched by a URL library."""
    link = http.client.HTTPConnection(HOST, gateway.port, timeout=10)
    try:
        link.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in headers.items():
            link.putheader(name, value)
        link.endheaders()
        answer = link.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        link.close()


def bearer(gateway, token):
    return Client(gateway, token)


def jwks_of(issuer):
    return fetch_json(fetch_json(f"{issuer}/.well-known/openid-configuration")["jwks_uri"])
