"""Signing in through the mock provider as a browser does it, one hop at a time."""

import contextlib
import html
import re
import threading
import time
import urllib.parse

import requests

from conftest import COOKIE, NAVIGATION
from gateway import Gateway
from spark_cluster import wait_for

UI = "/other/ui/echo/"


def secret_file(folder, name, text):
    """A file that nobody else may read."""
    file = folder / name
    file.write_text(text + "\n")
    file.chmod(0o600)
    return str(file)


def shared_store(redis, folder):
    """The settings of a gateway on this Redis, or behind these Sentinels."""
    return {"store": redis.url, "store_password_file": secret_file(folder, "redis-password", redis.secret), **getattr(redis, "more", {})}


def gateway_for(provider, upstream, folder, settings=None, **more):
    """A gateway in front of one plain UI, with this provider; its files are in `folder`."""
    settings = dict(settings or {})
    secret = secret_file(folder, "client-secret", provider.client_secret)
    auth = {"oidc": {"issuer": provider.issuer, "client_id": provider.client_id, "client_secret_file": secret},
            "roles": {"claim": "roles", "admin": ["spark-admin"], "user": ["spark-user"]}}
    for key, value in settings.pop("auth", {}).items():
        auth[key] = {**auth[key], **value} if isinstance(auth.get(key), dict) else value
    entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
    own = folder / f"gate-{time.monotonic_ns()}"
    own.mkdir()
    return Gateway([entry], "/gate", settings={"store": "memory:", "auth": auth, **settings}, folder=own, **more)


class Browser(requests.Session):
    """Follows nothing by itself. Cookies are kept by host, as browsers keep them, whatever the port."""

    def __init__(self):
        super().__init__()
        self.trust_env = False
        self.headers.update(NAVIGATION)

    def request(self, method, url, **options):
        options["allow_redirects"] = options.pop("follow", False)
        options.setdefault("timeout", 30)
        return super().request(method, url, **options)

    def go(self, gateway, path=UI, **options):
        return self.get(gateway.url + path, **options)

    def begin(self, gateway, path=UI):
        """As far as the provider's address."""
        answer = self.go(gateway, path)
        assert answer.status_code == 302, (answer.status_code, answer.text[:300])
        page = self.get(urllib.parse.urljoin(gateway.url, answer.headers["Location"]))
        assert page.status_code == 200
        link = html.unescape(re.search(r'href="([^"]*start=sso[^"]*)"', page.text).group(1))
        answer = self.get(urllib.parse.urljoin(gateway.url, link))
        assert answer.status_code == 303, (answer.status_code, answer.text[:300])
        return answer.headers["Location"]

    def at_provider(self, address):
        """The provider's answer, not yet shown to the gateway: the callback's address."""
        answer = self.get(address)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def sign_in(self, gateway, path=UI):
        """What the gateway says to the callback."""
        return self.get(self.at_provider(self.begin(gateway, path)))

    def session(self):
        """The session cookie's value, or None."""
        return next((cookie.value for cookie in self.cookies if cookie.name.endswith(COOKIE)), None)

    def sign_out(self, gateway, **form):
        return self.post(f"{gateway.url}/_gate/logout", data=form, headers={"Origin": gateway.origin})


@contextlib.contextmanager
def two_gateways(provider, redis, upstream, folder, settings=None):
    """On one Redis, ready to sign people in."""
    settings = {**shared_store(redis, folder), **(settings or {})}
    with gateway_for(provider, upstream, folder, settings) as one, gateway_for(provider, upstream, folder, settings) as two:
        wait_ready(one, two)
        yield one, two


# --- asking

def headers_of(browser):
    """What this browser sends on a navigation; for threads of their own."""
    return {"Cookie": f"{COOKIE}={browser.session()}", **NAVIGATION}


def ask(gateway, headers, path=UI):
    """Status and seconds of one request."""
    began = time.monotonic()
    answer = requests.get(gateway.url + path, headers=headers, timeout=60, allow_redirects=False)
    return answer.status_code, time.monotonic() - began


def is_let_in(browser, *gateways):
    """Waits for it: after an outage each server thread finds the store again by itself, and on a machine that stands
    still a reader gives up after half a second (S33)."""
    wait_for(lambda: all(browser.go(gateway).status_code == 200 for gateway in gateways), "the session to be good", 5)
    return True


def ready(gateway):
    return requests.get(f"{gateway.admin_url}/ready", timeout=5).json()


def wait_ready(*gateways):
    for gateway in gateways:
        wait_for(lambda gateway=gateway: ready(gateway)["identity_provider"] == "ok", "the provider", 20)


def metric(gateway, name):
    text = requests.get(f"{gateway.admin_url}/metrics", timeout=5).text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(rf"{name}(\{{| )", line))


def refused_within_a_second(browser, *gateways):
    deadline = time.monotonic() + 1
    while any(browser.go(gateway).status_code != 302 for gateway in gateways):
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Load:
    """A few clients that ask both gateways without a pause; the statuses they saw, and when."""

    def __init__(self, gateways, cookie):
        self.gateways, self.cookie, self.seen, self.stopping = gateways, cookie, [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(4)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def run(self, n):
        session = requests.Session()
        session.trust_env = False
        headers = {"Cookie": f"{COOKIE}={self.cookie}", **NAVIGATION}
        while not self.stopping.is_set():
            try:
                answer = session.get(self.gateways[n % 2].url + UI, headers=headers, timeout=30, allow_redirects=False)
                self.seen.append((time.monotonic(), answer.status_code, answer.headers.get("Retry-After")))
            except requests.RequestException as error:
                self.seen.append((time.monotonic(), type(error).__name__, None))
            time.sleep(0.002)


def stranger_status(gateway):
    """Of a session that nobody has seen."""
    headers = {"Cookie": f"{COOKIE}=" + "A" * 43, **NAVIGATION}
    answer = requests.get(gateway.url + UI, headers=headers, timeout=10, allow_redirects=False)
    return answer.status_code, answer.headers.get("Retry-After")
