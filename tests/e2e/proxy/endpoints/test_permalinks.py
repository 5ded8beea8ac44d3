"""Permanent links, whatever history says and whenever: attempts, several servers, lists that come late; what a page asks of the root.

A master and history servers that are threads, so that each order of events can be had. Real Spark: test_permalinks_spark.py.
"""

import json
import re
import time

import pytest
from playwright.sync_api import expect

from browser import chromium, enter_by_link
from conftest import Client, signed_in
from fake_history import LOG, FakeHistory, attempt
from fake_spark import App, FakeSpark
from gateway import Gateway
from spark_cluster import wait_for

RUNNING, ENDED, LONG_AGO = (f"app-20260101000000-000{i}" for i in (1, 2, 3))


TAB = """<!doctype html><title>plugin</title><p id=said>nothing yet</p><p id=refused></p>
<script src="tab.js"></script>"""
TAB_SCRIPT = """
const say = (id, text) => document.getElementById(id).textContent = text;
fetch('/api/v1/applications').then(answer => answer.json()).then(apps => fetch(`/api/v1/applications/${apps[0].id}/executors?tab=1`))
  .then(answer => answer.json()).then(found => say('said', `${found.from} at ${found.target}`), error => say('said', error));
fetch('/api/v1/applications', {method: 'POST'}).then(answer => say('refused', answer.status));
"""


class Plugin(App):
    """An application with a plugin's tab, and the API that it asks for."""

    def page(self, request):
        if request.parts.path == "/dataflint/":
            return 200, "text/html;charset=utf-8", TAB, []
        if request.parts.path == "/dataflint/tab.js":
            return 200, "text/javascript", TAB_SCRIPT, []
        if request.parts.path.startswith("/api/v1/"):
            if request.parts.path.endswith("/logs"):
                return 200, "application/zip", b"PK\x05\x06" + bytes(18), []
            return 200, "application/json", json.dumps({"from": self.name, "target": request.path}), [("Cache-Control", "max-age=60")]
        return super().page(request)


class World(FakeSpark):
    """A master with one application that runs and two that ended and whose logs no list has: just now, and an hour ago."""

    def __init__(self):
        super().__init__()
        self.began = int(time.time() * 1000)

    def state(self):
        over = {"id": ENDED, "name": "ended", "user": "u", "state": "FINISHED", "cores": 1, "starttime": self.began, "duration": 5}
        long_ago = {**over, "id": LONG_AGO, "name": "long ago", "state": "FAILED", "starttime": self.began - 3600_000}
        return {**super().state(), "completedapps": [over, long_ago]}


@pytest.fixture(scope="module")
def gate():
    new = FakeHistory("new", {
        "numbers": [attempt("1", 1000), attempt("2", 2000)],
        "strings": [attempt("appattempt_1_0001_000002", 2000), attempt("appattempt_1_0001_000001", 1000)],
        "both": [attempt(updated=9000)], "moved": [attempt(updated=1000)]})
    old = FakeHistory("old", {"both": [attempt(updated=3000)], "moved": [attempt("3", updated=5000)], "left behind": [attempt()],
                              "only-old": [attempt()]})
    with World() as spark, new, old:
        spark.add(Plugin(RUNNING, "running job"))
        entry = {**spark.entry(), "history": [new.url, old.url]}
        with Gateway([entry], settings={"server": {"limits": {"head": "32KiB"}}}) as gateway:
            gateway.spark, gateway.new, gateway.old = spark, new, old
            ready = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{RUNNING}/", "/local/shs/", "/local/shs-2/", "/local/apps/only-old", "/local/apps/both"],
                                 ready)
            yield gateway


@pytest.fixture(scope="module")
def admin(gate):
    return Client(gate, gate.create_token("an-admin", "admin")["access_token"])


def audit_lines(gate):
    return [line for line in gate.log_text().splitlines() if '"event":"audit"' in line]


def leads_to(client, path):
    answer = client.get(path)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


@pytest.mark.parametrize("app, attempt_id", [("numbers", "2"), ("strings", "appattempt_1_0001_000002")])
def test_permalink_leads_to_the_newest_attempt(admin, app, attempt_id):
    assert leads_to(admin, f"/local/apps/{app}?x=1") == f"/local/shs/history/{app}/{attempt_id}/?x=1"


def test_of_several_history_servers_the_newest_answer_counts(admin):
    assert leads_to(admin, "/local/apps/both") == "/local/shs/history/both/"
    assert leads_to(admin, "/local/apps/moved") == "/local/shs-2/history/moved/3/"
    assert leads_to(admin, "/local/apps/only-old") == "/local/shs-2/history/only-old/"


def test_each_history_server_has_its_pages_below_its_own_mount(admin):
    assert "new has /history/both/" in admin.get("/local/shs/history/both/").text
    assert "old has /history/both/" in admin.get("/local/shs-2/history/both/").text
    page = admin.get("/local/").text
    assert "/local/shs/" in page and "/local/shs-2/" in page


def test_history_server_that_leaves_the_file_takes_its_answers_with_it(gate, admin):
    both = list(gate.conf["clusters"][0]["history"])
    try:
        gate.conf["clusters"][0]["history"] = both[:1]
        gate.reload()
        wait_for(lambda: admin.get("/local/apps/only-old").status_code == 404, "the old server to be forgotten", 20)
        wait_for(lambda: leads_to(admin, "/local/apps/moved") == "/local/shs/history/moved/", "the other server's word", 20)
        assert admin.get("/local/shs-2/").status_code == 404
    finally:
        gate.conf["clusters"][0]["history"] = both
        gate.reload()
    wait_for(lambda: admin.get("/local/apps/only-old").status_code == 302, "the old server to be back", 20)
    wait_for(lambda: leads_to(admin, "/local/apps/moved") == "/local/shs-2/history/moved/3/", "its newer word", 20)


def test_permalink_asks_history_for_what_no_list_has(gate, admin):
    gate.old.opens.discard(ENDED)
    waiting = admin.get(f"/local/apps/{ENDED}")
    assert waiting.status_code == 503 and waiting.headers["Retry-After"] == "3"
    assert any(path.startswith(f"/api/v1/applications/{ENDED}/jobs") for path in gate.new.asked)
    gate.old.opens.add(ENDED)
    assert leads_to(admin, f"/local/apps/{ENDED}") == f"/local/shs-2/history/{ENDED}/"


def test_permalink_of_what_ended_long_ago_without_a_log_says_how_and_stops_asking(gate, admin):
    page = signed_in(gate, "user").get(f"/local/apps/{LONG_AGO}", headers={"Accept": "text/html"})
    assert page.status_code == 404 and "Refresh" not in page.headers and "Retry-After" not in page.headers
    assert "This application failed" in page.text and "It ended at" in page.text
    for_scripts = admin.get(f"/local/apps/{LONG_AGO}")
    assert for_scripts.status_code == 404 and for_scripts.json()["title"]


def test_history_server_that_is_asked_and_dies_leaves_a_page_that_waits(gate, admin):
    with FakeHistory("third") as third:
        asked = third.answer
        third.answer = lambda request: asked(request) if "/jobs" not in request.path else request.connection.close()
        gate.conf["clusters"][0]["history"].append(third.url)
        gate.reload()
        wait_for(lambda: admin.get("/local/shs-3/").status_code == 200, "the third server", 20)
        gate.old.opens.discard(ENDED)
        assert admin.get(f"/local/apps/{ENDED}").status_code == 503
        gate.conf["clusters"][0]["history"].pop()
        gate.reload()


def test_log_of_a_running_application_is_historys_or_said_to_be_none(gate, admin):
    """T62: the driver gives an empty zip and 200."""
    path = f"/local/proxy/{RUNNING}/api/v1/applications/{RUNNING}/logs"
    none = admin.get(path)
    assert none.status_code == 404 and "does not list it yet" in none.text
    audited = len(audit_lines(gate))
    gate.new.apps[RUNNING] = [attempt("1", completed=False)]
    try:
        wait_for(lambda: admin.get(path).status_code == 302, "history to list it", 30)
        assert len(audit_lines(gate)) == audited
        there = admin.get(path, follow=True)
        assert len(audit_lines(gate)) == audited + 1
        assert there.content == LOG and "/local/shs/api/v1/applications/" in there.url
    finally:
        del gate.new.apps[RUNNING]


def test_api_at_the_root_is_of_the_page_that_asks(gate, admin):
    """Tabs of plugins fetch('/api/v1/...')."""
    target = f"/api/v1/applications/{RUNNING}/executors?x=%20y"
    page = {"Referer": f"{gate.origin}/local/proxy/{RUNNING}/dataflint/?a=1"}
    found = admin.get(target, headers=page)
    assert found.status_code == 200 and found.json() == {"from": "running job", "target": target}
    assert "no-store" in found.headers["Cache-Control"]
    assert admin.head(target, headers=page).status_code == 200
    assert admin.get("/api/v1/version", headers={"Referer": f"{gate.origin}/local/shs-2/history/both/jobs/"}).json() == {"spark": "4.3.0"}


def test_plugins_tab_fetches_the_api_from_the_root_in_a_browser(gate, playwright):
    """S93: the browser says which page asks; what changes something has no way in."""
    with chromium(playwright) as context:
        page = context.new_page()
        enter_by_link(page, gate)
        seen = len(gate.spark.apps[0].seen)
        page.goto(f"{gate.url}/local/proxy/{RUNNING}/dataflint/")
        expect(page.locator("#said")).to_have_text(f"running job at /api/v1/applications/{RUNNING}/executors?tab=1")
        expect(page.locator("#refused")).to_have_text(re.compile("403|404"))
        asked = [(method, path) for method, path, _ in gate.spark.apps[0].seen[seen:] if path.startswith("/api/")]
        assert ("GET", f"/api/v1/applications/{RUNNING}/executors?tab=1") in asked and not [path for method, path in asked if method != "GET"]


@pytest.mark.parametrize("method, referer", [
    ("GET", None), ("GET", "http://other.example/local/proxy/%s/jobs/"), ("GET", "{origin}/local/proxy/master/"), ("GET", "{origin}/local/"),
    ("GET", "{origin}/local/proxy/%s/../x/"), ("GET", "{origin}.example/local/proxy/%s/"), ("POST", "{origin}/local/proxy/%s/jobs/"),
    ("DELETE", "{origin}/local/proxy/%s/jobs/")])
def test_s93_nothing_but_a_page_of_spark_and_a_reading_method_opens_the_root(gate, admin, method, referer):
    headers = {"Referer": referer.replace("%s", RUNNING).replace("{origin}", gate.origin)} if referer else {}
    seen = len(gate.spark.apps[0].seen)
    assert admin.request(method, "/api/v1/applications", headers=headers).status_code in (403, 404)
    assert all("/api/v1/applications" != path for _, path, _ in gate.spark.apps[0].seen[seen:] if method != "GET")


def test_s93_api_at_the_root_needs_the_rights_of_its_page(gate):
    target, page = f"/api/v1/applications/{RUNNING}/environment", {"Referer": f"{gate.origin}/local/proxy/{RUNNING}/x/"}
    assert Client(gate).get(target, headers=page).status_code == 401
    viewer = Client(gate, gate.create_token("viewer", "user", "--scope", "view cluster:local")["access_token"])
    assert viewer.get(target, headers=page).status_code == 403
    assert signed_in(gate, "user").get(target, headers=page).status_code == 200


def test_addresses_are_as_long_as_the_head_may_be(gate, admin):
    """A task table of many columns asks with more than 8 KiB; Spark's own limit is spark.ui.requestHeaderSize."""
    path = f"/local/proxy/{RUNNING}/api/v1/applications/{RUNNING}/stages?x="
    assert len(admin.get(path + "a" * 20000).json()["target"]) > 20000
    assert admin.get(path + "a" * 33000).status_code == 431
