"""Signing in through the mock provider as a browser does it, one hop at a time."""

import html
import re
import time
import urllib.parse

import requests

from conftest import NAVIGATION
from gateway import Gateway

UI = "/other/ui/echo/"


def secret_file(folder, name, text):
    """A file that nobody else may read."""
    file = folder / name
    file.write_text(text + "\n")
    file.chmod(0o600)
    return str(file)


def shared_store(redis, folder):
    """The settings of a gateway on this Redis, or behind these Sentinels."""
    return {"store": redis.url, "store_password_file": secret_file(folder, "redis-password", redis.secret)}


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
        return next((cookie.value for cookie in self.cookies if cookie.name.endswith("sparkgate")), None)

    def sign_out(self, gateway, **form):
        return self.post(f"{gateway.url}/_gate/logout", data=form, headers={"Origin": gateway.origin})
