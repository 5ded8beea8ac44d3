"""What one may not see answers as what is not there, byte for byte (S44)."""

import contextlib
import http.client
import itertools
import re

import pytest

from conftest import NAVIGATION, Client, signed_in
from fake_spark import App, FakeSpark
from gateway import HOST, Gateway
from kube_world import History
from spark_cluster import wait_for

SECRET = "payroll-of-the-board"
MINE, THEIRS, PAST = "app-20260101000000-0001", "app-20260101000000-0002", "app-20250101000000-0003"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
OWN_SCOPES = (f"app:{MINE}", "app:etl", "app:etl kill view", "app:etl metrics", "namespace:etl")


@pytest.fixture(scope="module")
def gate():
    history = History()
    history.apps = {PAST: (SECRET, True), MINE: ("etl", False)}
    with FakeSpark() as spark, FakeSpark() as other:
        spark.add(App(MINE, "etl"))
        spark.add(App(THEIRS, SECRET))
        other.add(App(THEIRS, "etl"))
        entry = {**spark.entry(), "history": history.url, "uis": [{"name": "wiki", "url": history.url}]}
        with Gateway([entry, other.entry("second")], settings={"server": {"trusted_proxies": [f"{HOST}/32"]}}) as gateway:
            everything = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{MINE}/", f"/local/proxy/{THEIRS}/", f"/second/proxy/{THEIRS}/", "/local/shs/",
                                  "/local/ui/wiki/"], everything)
            wait_for(lambda: "/shs/" in Client(gateway, everything).get(f"/local/apps/{PAST}").headers.get("Location", ""), "history")
            yield gateway
    history.stop()


def raw(gate, method, path, headers):
    """Status, fields and content, without what differs between any two answers."""
    with contextlib.closing(http.client.HTTPConnection(HOST, gate.port, timeout=10)) as conn:
        conn.request(method, path, headers=headers)
        answer = conn.getresponse()
        fields = [(name, value) for name, value in answer.getheaders() if name not in ("X-Request-Id", "Date")]
        return answer.status, fields, re.sub(rb"[0-9a-f]{16}|<time.*?</time>", b"", answer.read())


def asks(gate, path, who):
    """Everything that can be asked about a path."""
    for method in METHODS:
        for more in ({"Accept": "*/*"}, NAVIGATION, {**NAVIGATION, "Sec-Fetch-Site": "cross-site"},
                     {"Origin": gate.origin, "Accept": "application/json"}):
            yield (method, tuple(more.items())), raw(gate, method, path, {**who, **more})
    own = {"X-Original-URL": gate.origin + path, "X-Forwarded-Proto": "http", "X-Forwarded-Host": f"{HOST}:{gate.port}",
           "X-Forwarded-Uri": path}
    for method, kind in itertools.product(("GET", "HEAD", "POST"), ("nginx", "traefik", "envoy")):
        below = path if kind == "envoy" else ""
        given = {**who, **own, "X-Original-Method": method, "X-Forwarded-Method": method, "Origin": gate.origin}
        yield (method, kind), raw(gate, method if kind == "envoy" else "GET", f"/_gate/auth/{kind}{below}", given)


def same(gate, who, hidden, nothing):
    """The two paths have one length, so that nothing but what is there differs."""
    assert len(hidden) == len(nothing), (hidden, nothing)
    for (how, there), (_, absent) in zip(asks(gate, hidden, who), asks(gate, nothing, who)):
        assert there == absent, (hidden, how, there, absent)
        assert there[0] in (403, 404) and SECRET.encode() not in there[2], (hidden, how, there)


def bearer(gate, scope, role="user"):
    return {"Authorization": "Bearer " + gate.create_token("narrow", role, "--scope", scope)["access_token"]}


def unlike(path):
    """A path of the same shape to what nobody knows."""
    swaps = [(THEIRS, "app-20260101000000-9999"), (PAST, "app-20250101000000-9999"), (SECRET, SECRET[::-1]),
             ("/shs", "/xhs"), ("/master", "/retsam"), ("/wiki", "/wikx"), ("/second", "/dnoces")]
    for old, new in swaps:
        path = path.replace(old, new)
    return path


HIDDEN = [f"/local/proxy/{THEIRS}", f"/local/proxy/{THEIRS}/", f"/local/proxy/{THEIRS}/jobs/job/kill/?id=1",
          f"/local/proxy/{THEIRS}/environment/", f"/local/proxy/{THEIRS}/metrics/json", f"/local/proxy/{THEIRS}/api/v1/applications",
          f"/local/proxy/{THEIRS}/workers/kill/", f"/local/proxy/{PAST}", f"/local/proxy/{PAST}/", f"/local/proxy/{PAST}/jobs/",
          f"/local/apps/{THEIRS}/kill", f"/local/apps/{THEIRS}/logs",
          f"/local/apps/{PAST}/logs?tail=1", f"/local/apps/{THEIRS}/events", f"/local/apps/{THEIRS}", f"/local/apps/{PAST}", f"/local/apps/{SECRET}", f"/local/apps/{SECRET}/",
          f"/local/shs/history/{PAST}/jobs/", f"/local/shs/history/{THEIRS}/environment/",
          f"/local/shs/api/v1/applications/{PAST}/logs", "/local/shs", "/local/shs/", "/local/shs/api/v1/applications",
          "/local/proxy/master", "/local/proxy/master/", "/local/proxy/master/app/kill/", f"/local/proxy/master/proxy/{THEIRS}/",
          "/local/ui/wiki", "/local/ui/wiki/"]


@pytest.mark.parametrize("scope", OWN_SCOPES)
def test_s44_what_one_may_not_see_answers_as_what_is_not_there(gate, scope):
    for path in HIDDEN:
        same(gate, bearer(gate, scope), path, unlike(path))


@pytest.mark.parametrize("path", ["/second", "/second/", f"/second/proxy/{THEIRS}/", f"/second/proxy/{THEIRS}", "/second/proxy/master/",
                                  f"/second/apps/{THEIRS}", "/second/apps/etl", "/second/shs/", "/second/ui/x/"])
def test_s44_another_cluster_is_not_there(gate, path):
    for scope in ("cluster:local", "cluster:local kill", "cluster:local app:etl"):
        same(gate, bearer(gate, scope, "admin"), path, unlike(path))


def test_s44_a_session_learns_no_more_than_a_token(gate):
    client = Client(gate)
    token = gate.create_token("narrow", "admin", "--scope", "app:etl view kill logs")["access_token"]
    assert client.post("/_gate/login", data={"token": token}, headers={"Origin": gate.origin}).status_code == 303
    cookie = {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)}
    for path in HIDDEN:
        same(gate, cookie, path, unlike(path))
    for word in (SECRET, THEIRS, PAST, "nobody"):
        for page in ("/", "/local/"):
            text = client.get(f"{page}?q={word}").text.replace(f'value="{word}"', "")
            assert not any(secret in text.replace(word, "") for secret in (SECRET, THEIRS, PAST)), (page, word)


def test_s44_a_name_that_others_have_too_leads_to_ones_own_application(gate):
    narrow = Client(gate, gate.create_token("narrow", "user", "--scope", f"app:{MINE}")["access_token"])
    for name in ("etl", MINE):
        answer = narrow.get(f"/local/apps/{name}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/local/proxy/{MINE}/")
    assert narrow.get(f"/local/proxy/{MINE}/").status_code == 200


def test_s44_the_403_of_an_action_names_only_what_was_asked_for(gate):
    narrow = Client(gate, gate.create_token("narrow", "user", "--scope", "app:etl view")["access_token"])
    answer = narrow.get(f"/local/proxy/{MINE}/environment/")
    assert answer.status_code == 403 and answer.json()["detail"] == 'The token lacks the scope "environment".'
    assert 'scope="environment"' in answer.headers["WWW-Authenticate"]


def test_s44_the_log_says_what_the_answer_does_not(gate):
    Client(gate, bearer(gate, "app:etl")["Authorization"].split()[1]).get(f"/local/proxy/{THEIRS}/told/")
    line = wait_for(lambda: next((line for line in gate.access_log() if line["path"].endswith("/told/")), None), "the line", 10)
    assert (line["status"], line["decision"], line["reason"]) == (404, "deny", "scope")
    whole = signed_in(gate, "user")
    assert whole.get("/local/apps/nobody", headers=NAVIGATION).status_code == 404
    assert "No application has this ID or name" in whole.get("/local/apps/nobody", headers=NAVIGATION).text


class Curious(App):
    """A page that names addresses, to see what the gateway makes of them."""

    addresses = ()

    def page(self, request):
        return 200, "text/html", "<!doctype html>" + "".join(f'<a href="{url}/jobs/">x</a>' for url in self.addresses), []


def test_s74_a_page_learns_no_address_of_what_its_viewer_may_not_see():
    with FakeSpark() as spark:
        mine, theirs = spark.add(Curious(MINE, "etl")), spark.add(App(THEIRS, SECRET))
        mine.addresses = (mine.url, theirs.url, spark.url)
        with Gateway([spark.entry()]) as gateway:
            everything = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{MINE}/", f"/local/proxy/{THEIRS}/"], everything)
            for scope, names_theirs in ((None, True), (f"app:{MINE}", False), (None, True), ("namespace:x app:etl", None)):
                token = gateway.create_token("viewer", "user", *(["--scope", scope] if scope else []))["access_token"]
                answer = Client(gateway, token).get(f"/local/proxy/{MINE}/")
                if names_theirs is None:
                    assert answer.status_code == 404
                    continue
                assert f"/local/proxy/{MINE}/jobs/" in answer.text
                assert (THEIRS in answer.text, theirs.url in answer.text) == (names_theirs, not names_theirs), scope
                assert (spark.url in answer.text) == (not names_theirs), scope
