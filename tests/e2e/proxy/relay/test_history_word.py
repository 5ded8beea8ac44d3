"""Applications that are older than the 50,000 of a history server that the gateway keeps: they open to who may see them (S44).

The history server is a thread, since no test waits for 50,000 real event logs.
"""

import json
import re
import socket

import pytest

from conftest import Client
from fake_history import FakeHistory, attempt
from fake_spark import FakeSpark
from gateway import HOST, Gateway
from mock_provider import MockProvider

KEPT = 50000
ADAS, BOBS, DISPUTED, NAMED = "app-20200101000000-0001", "app-20200101000000-0002", "app-20200101000000-0003", "nightly run"
LISTED, UNKNOWN = "app-20260101000000-0007", "app-20200101000000-0404"
ROWS = [{"role": "analysts", "applications": ["own"], "rights": ["view", "logs"]},
        {"role": "etl", "applications": ["etl-*"], "rights": ["view"]},
        {"role": "viewers", "rights": ["view"]}]


def row(app, attempts, name=None):
    return {"id": app, "name": name or f"name of {app}", "attempts": attempts}


class LongHistory(FakeHistory):
    """Of its list the newest 50,000 are given to who asks for so many."""

    def __init__(self):
        newest = [row(f"app-20260101000000-{number:04}", [attempt(sparkUser="carol")]) for number in range(KEPT)]
        self.older = {app: row(app, attempts, name) for app, attempts, name in (
            (ADAS, [attempt(sparkUser="ada", start=5)], "etl-old"), (BOBS, [attempt(sparkUser="bob")], "secret-of-bob"),
            (DISPUTED, [attempt("2", sparkUser="ada"), attempt("1", sparkUser="bob")], None),
            (NAMED, [attempt("1", 1000, sparkUser="ada"), attempt("2", 2000, sparkUser="ada")], None))}
        self.cut = json.dumps(newest)
        self.whole = json.dumps(newest + list(self.older.values()))
        self.broken = False
        super().__init__(opens=self.older)

    def answer(self, request):
        path = request.path.partition("?")[0]
        self.asked.append(request.path)
        if path == "/api/v1/applications":
            text = "[]" if "minEndDate" in request.path else self.cut if "limit=" in request.path else self.whole
            return 200, "application/json", text, []
        if path.startswith("/api/v1/applications/") and path.count("/") == 4:
            if self.broken:
                request.connection.shutdown(socket.SHUT_RDWR)
            found = self.older.get(path.split("/")[4].replace("%20", " "))
            return (200, "application/json", json.dumps(found), []) if found else (404, "text/plain", "unknown app", [])
        return super().answer(request)


@pytest.fixture(scope="module")
def history():
    with LongHistory() as running:
        yield running


@pytest.fixture(scope="module")
def gate(history):
    with MockProvider() as provider, FakeSpark() as spark, FakeHistory("second") as second:
        auth = {"oidc": {"issuer": provider.issuer, "client_id": "gate"},
                "bearer": [{"issuer": provider.issuer, "audience": ["spark"]}],
                "roles": {"claim": "groups", "admin": ["platform"], "user": ["everyone"], "custom": ROWS}}
        settings = {"auth": auth, "server": {"trusted_proxies": [f"{HOST}/32"]}}
        entry = {**spark.entry(), "history": [second.url, history.url]}
        with Gateway([entry], settings=settings) as gateway:
            gateway.provider = provider
            gateway.await_mounts([f"/local/apps/{LISTED}"], token_of(gateway, "root", "platform"))
            yield gateway


def token_of(gate, person, *groups):
    return gate.provider.access_token(f"s-{person}", preferred_username=person, groups=list(groups))


@pytest.fixture(scope="module")
def people(gate):
    return {name: Client(gate, token_of(gate, name, group)) for name, group in (
        ("root", "platform"), ("eve", "everyone"), ("ada", "analysts"), ("bob", "analysts"), ("tess", "etl"), ("vic", "viewers"))}


def pages_of(app):
    return [f"/local/shs-2/history/{app}/jobs/", f"/local/shs-2/api/v1/applications/{app}/jobs", f"/local/apps/{app}", f"/local/proxy/{app}/",
            f"/local/proxy/{app}/jobs/", f"/local/proxy/{app}"]


def statuses(client, app):
    return [client.get(path).status_code for path in pages_of(app)]


OPEN = [200, 200, 302, 302, 302, 302]


@pytest.mark.parametrize("app, who_see_it", [
    (ADAS, {"root", "eve", "ada", "tess", "vic"}), (BOBS, {"root", "eve", "bob", "vic"}), (DISPUTED, {"root", "eve", "vic"})])
def test_s44_what_is_older_than_the_list_opens_to_who_may_see_it_and_to_nobody_else(people, app, who_see_it):
    seen = {name: statuses(client, app) for name, client in people.items()}
    assert seen == {name: OPEN if name in who_see_it else [404] * len(OPEN) for name in people}


def test_lists_and_pages_agree_about_what_is_older(people, history):
    for name in ("ada", "bob", "tess"):
        listed = {app["id"] for app in people[name].get("/local/shs-2/api/v1/applications").json()}
        opened = {app for app in history.older if people[name].get(f"/local/shs-2/history/{app.replace(' ', '%20')}/jobs/").status_code == 200}
        assert listed == opened and listed, name


def test_permalink_leads_to_the_newest_attempt_of_what_is_older(people):
    assert people["eve"].get(f"/local/apps/{ADAS}?x=1").headers["Location"] == f"/local/shs-2/history/{ADAS}/?x=1"
    for name in ("eve", "ada"):
        answer = people[name].get("/local/apps/nightly%20run")
        assert answer.headers["Location"] == "/local/shs-2/history/nightly%20run/2/"
    assert people["bob"].get("/local/apps/nightly%20run").status_code == 404


def without_id(answer, app):
    text = re.sub(r"[0-9a-f]{16,32}|<time.*?</time>", "", answer.text.replace(app, ""))
    fields = {name: value for name, value in answer.headers.items() if name not in ("Date", "X-Request-Id")}
    return answer.status_code, text, fields


def test_s44_hidden_ones_answer_as_none_and_ask_as_much(people, history):
    """Also those that the gateway knows, which are carol's: what takes longer tells that nobody knows it."""
    for hidden in (BOBS, LISTED, DISPUTED):
        for path, absent in zip(pages_of(hidden), pages_of(UNKNOWN)):
            before = len(history.asked)
            answer = people["ada"].get(path)
            asked = [target.replace(hidden, "X") for target in history.asked[before:] if hidden in target]
            before = len(history.asked)
            assert without_id(answer, hidden) == without_id(people["ada"].get(absent), UNKNOWN), path
            assert asked == [target.replace(UNKNOWN, "X") for target in history.asked[before:] if UNKNOWN in target], path
            assert asked == ["/api/v1/applications/X"], path


def test_ids_of_no_good_form_and_methods_that_change_are_asked_for_by_nobody(people, history):
    before = len(history.asked)
    for path in ("/local/shs-2/history/a%3Bb/", "/local/apps/a%3Fb", "/local/apps/a%2525b", "/local/proxy/a~b/", "/local/shs-2/history/../x/"):
        assert people["ada"].get(path).status_code in (400, 404), path
    for method in ("POST", "DELETE"):
        assert people["ada"].request(method, f"/local/shs-2/history/{ADAS}/").status_code == 404
    assert people["ada"].request("GET", f"/local/shs-2/history/{ADAS}/", data=b"x=1").status_code == 404
    assert not [path for path in history.asked[before:] if path.startswith("/api/v1/applications/")]


def test_rights_that_need_the_owner_are_its_owners(gate):
    """A viewer may see everything, and the log of what is their own."""
    both = Client(gate, token_of(gate, "ada", "analysts", "viewers"))
    logs = "/local/shs-2/api/v1/applications/{}/logs"
    assert [both.get(logs.format(app)).status_code for app in (ADAS, BOBS)] == [403, 403]  # to download is another right
    assert [both.get(f"/local/shs-2/history/{app}/jobs/").status_code for app in (ADAS, BOBS)] == [200, 200]


def test_ingress_is_told_the_same(gate):
    for person, app, status in (("ada", ADAS, 200), ("ada", BOBS, 404), ("ada", LISTED, 404)):
        headers = {"X-Original-URL": f"{gate.url}/local/shs-2/history/{app}/jobs/", "X-Original-Method": "GET"}
        answer = Client(gate, token_of(gate, person, "analysts")).get("/_gate/auth/nginx", headers=headers)
        assert answer.status_code == (200 if status == 200 else 403), (person, app, answer.status_code)


def test_server_that_does_not_answer_is_said_not_to_answer_whatever_was_asked_for(people, history):
    history.broken = True
    try:
        for app in (ADAS, BOBS, LISTED, UNKNOWN):
            assert people["ada"].get(f"/local/shs-2/history/{app}/jobs/").status_code == 502, app
    finally:
        history.broken = False


def test_worker_or_application_that_never_was_is_still_not_there(people):
    for path in ("/local/proxy/worker-20260101000000-127.0.0.1-1/", f"/local/apps/{UNKNOWN}", "/local/apps/no%20such%20name"):
        for person in ("root", "ada"):
            assert people[person].get(path).status_code == 404, path
