"""Signing in through the mock provider as a browser does it, one hop at a time."""

import html
import re
import time
import urllib.parse

import requests

from conftest import NAVIGATION
from gateway import Gateway

UI = "/other/ui/echo/"


def gateway_for(provider, upstream, folder, store="memory:", settings=None, **more):
    """A gateway in front of one plain UI, with this provider; wherever it is started from, its secret's file is in `folder`."""
    secret = folder / "client-secret"
    if not secret.exists():
        secret.write_text(provider.client_secret + "\n")
        secret.chmod(0o600)
    auth = {"oidc": {"issuer": provider.issuer, "client_id": provider.client_id, "client_secret_file": str(secret)},
            "roles": {"claim": "roles", "admin": ["spark-admin"], "user": ["spark-user"]}}
    for key, value in (settings or {}).pop("auth", {}).items():
        auth[key] = {**auth[key], **value} if isinstance(auth.get(key), dict) else value
    entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
    own = folder / f"gate-{time.monotonic_ns()}"
    own.mkdir()
    return Gateway([entry], "/gate", settings={"store": store, "auth": auth, **(settings or {})}, folder=own, **more)


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
