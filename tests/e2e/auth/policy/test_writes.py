"""What a browser sends with a session has to come from a page of the origin that it goes to (S45)."""

import contextlib
import http.client
import itertools
import urllib.parse

import pytest

from conftest import NAVIGATION, signed_in
from fake_spark import App, FakeSpark, Site
from gateway import HOST, Gateway

WRITES = ("POST", "PUT", "DELETE", "PATCH")
SENT = {"Content-Type": "application/x-www-form-urlencoded"}


class Ui(Site):
    """Notes what reaches it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def answer(self, request):
        self.seen.append((request.command, request.path))
        return 200, "text/plain", "taken", [("Set-Cookie", "ui=1; Path=/local/ui/other/"), ("Set-Cookie", "wide=1; path = /"),
                                            ("Set-Cookie", "=sparkgate=x; Path=/"), ("Set-Cookie", "__Host-sparkgate=x; Path=/")]


class World:
    def __init__(self, gateway, ui, app):
        self.gateway, self.ui, self.app = gateway, ui, app
        self.cookie = cookie_of(signed_in(gateway, "admin"))
        where = send(self, "GET", f"/local/proxy/{app.id}/", {**NAVIGATION, "Cookie": self.cookie})[1]["Location"]
        parts = urllib.parse.urlsplit(where)
        self.app_host, self.app_origin = parts.netloc, f"http://{parts.netloc}"
        entered = self.enter(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        self.app_cookie = entered["Set-Cookie"].split(";")[0]

    def enter(self, path):
        """As a browser: asked for at the application's host, allowed at the gateway's, and back with a code."""
        asked = send(self, "GET", path, NAVIGATION, self.app_host)[1]
        entry = asked["Set-Cookie"].split(";")[0]
        to = urllib.parse.urlsplit(asked["Location"])
        code = urllib.parse.urlsplit(send(self, "GET", f"{to.path}?{to.query}", {**NAVIGATION, "Cookie": self.cookie})[1]["Location"])
        return send(self, "GET", f"{code.path}?{code.query}", {**NAVIGATION, "Cookie": entry}, self.app_host)[1]

    def foreign(self, own):
        """Where else a form may come from, and what browsers say then."""
        leads = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
        others = {self.app_origin, self.gateway.origin, "http://evil.example", f"{own}.evil.example"} - {own}
        yield {}
        yield {"Origin": "null"}
        yield {"Sec-Fetch-Site": "none", **leads}
        for other in others:
            yield {"Origin": other}
            yield {"Referer": f"{other}/"}
            yield {"Origin": other, "Sec-Fetch-Site": "same-origin"}
            for site in ("same-site", "cross-site"):
                yield {"Origin": other, "Referer": f"{other}/", "Sec-Fetch-Site": site, **leads}
                yield {"Origin": "null", "Sec-Fetch-Site": site, **leads}

    @staticmethod
    def own(own):
        yield {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Origin": own}
        yield {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # its page asks for no Referer
        yield {"Origin": own}
        yield {"Referer": f"{own}/local/"}


def cookie_of(session):
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)


def send(world, method, path, fields, host=None):
    with contextlib.closing(http.client.HTTPConnection(HOST, world.gateway.port, timeout=10)) as conn:
        conn.request(method, path, body="a=1" if method in WRITES else None, headers={"Host": host or f"{HOST}:{world.gateway.port}", **fields})
        answer = conn.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def world():
    ui = Ui()
    with FakeSpark() as spark:
        app = spark.add(App("app-20260101000000-0001", "form"))
        entry = {**spark.entry(), "uis": [{"name": "notes", "url": ui.url}]}
        gateway = Gateway([entry], settings={"server": {"trusted_proxies": [f"{HOST}/32"]}})
        gateway.merge({"server": {"app_origins": f"http://{{id}}.apps.localhost:{gateway.port}/"}})
        with gateway:
            token = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts(["/local/ui/notes/", f"/local/proxy/{app.id}/"], token)
            made = World(gateway, ui, app)
            made.token = token
            yield made
    ui.stop()


def test_s45_a_form_of_another_origin_reaches_no_ui_with_a_session(world):
    world.ui.seen.clear()
    for fields, method in itertools.product(world.foreign(world.gateway.origin), WRITES):
        status, _, text = send(world, method, "/local/ui/notes/save", {**SENT, **fields, "Cookie": world.cookie})
        assert status == 403 and b"page of this gateway" in text, (method, fields)
    assert world.ui.seen == []


def test_s45_forms_of_our_own_origin_reach_it(world):
    for fields, method in itertools.product(world.own(world.gateway.origin), WRITES):
        status, _, _ = send(world, method, "/local/ui/notes/save", {**SENT, **fields, "Cookie": world.cookie})
        assert status == 200, (method, fields)


def test_s45_an_application_at_its_own_origin_is_written_to_by_itself_alone(world):
    path = f"/local/proxy/{world.app.id}/jobs/job/kill/?id=1"
    world.app.kills.clear()
    for fields in world.foreign(world.app_origin):
        assert send(world, "POST", path, {**SENT, **fields, "Cookie": world.app_cookie}, world.app_host)[0] == 403, fields
    assert world.app.kills == []
    for fields in world.own(world.app_origin):
        assert send(world, "POST", path, {**SENT, **fields, "Cookie": world.app_cookie}, world.app_host)[0] == 302, fields


@pytest.mark.parametrize("path", ["/", "/local/", "/local", "/local/ui/notes", "/local/apps/form", "/local/proxy/master/app/kill/",
                                  "/local/proxy/master/", "/nothing/", "/_gate/logout"])
def test_s45_pages_of_our_own_are_sent_nothing_from_elsewhere(world, path):
    for fields in world.foreign(world.gateway.origin):
        assert send(world, "POST", path, {**SENT, **fields, "Cookie": world.cookie})[0] == 403, fields
    assert send(world, "GET", "/", {"Cookie": world.cookie})[0] == 200  # still signed in


def test_s45_an_ingress_is_told_the_same(world):
    origin = world.gateway.origin

    def ask(kind, path, method, fields):
        own = {"X-Original-URL": origin + path, "X-Original-Method": method, "X-Forwarded-Method": method, "X-Forwarded-Uri": path,
               "X-Forwarded-Proto": "http", "X-Forwarded-Host": f"{HOST}:{world.gateway.port}", "Cookie": world.cookie}
        target = f"/_gate/auth/{kind}{path if kind == 'envoy' else ''}"
        return send(world, method if kind == "envoy" else "GET", target, {**own, **fields})[0]
    for kind, path, method in itertools.product(("nginx", "traefik", "envoy"), ("/local/ui/notes/save", "/outside/save"), WRITES):
        for fields in world.foreign(origin):
            assert ask(kind, path, method, fields) == 403, (kind, path, method, fields)
        for fields in world.own(origin):
            assert ask(kind, path, method, fields) == 200, (kind, path, method, fields)


def test_s45_a_token_writes_from_anywhere_and_a_link_leads_here(world):
    bearer = {"Authorization": f"Bearer {world.token}"}
    for fields, method in itertools.product(world.foreign(world.gateway.origin), WRITES):
        assert send(world, method, "/local/ui/notes/save", {**SENT, **fields, **bearer})[0] == 200, fields
    link = {**NAVIGATION, "Sec-Fetch-Site": "cross-site", "Referer": "http://evil.example/", "Cookie": world.cookie}
    assert send(world, "GET", "/local/ui/notes/", link)[0] == send(world, "HEAD", "/local/ui/notes/", link)[0] == 200
    assert send(world, "OPTIONS", "/local/ui/notes/", link)[0] == 403  # nothing leads a person there so


def test_s46_cookies_of_a_ui_are_its_own(world):
    _, fields, _ = send(world, "GET", "/local/ui/notes/", {"Cookie": world.cookie})
    assert fields.get_all("Set-Cookie") == ["ui=1; Path=/local/ui/notes/local/ui/other/", "wide=1; Path=/local/ui/notes/"]
