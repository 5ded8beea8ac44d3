"""What reaches a UI of Spark, and when: pages that no release had, browsers that ask ahead, other applications' cookies, and a
cluster that has not told anything yet."""

import threading
from urllib.parse import quote

import pytest
import requests

from browser import chromium
from conftest import NAVIGATION, signed_in
from fake_spark import App, FakeSpark, Site
from gateway import Gateway
from hostile import sign_in
from spark_cluster import wait_for

PAGE = "/local/proxy/app-1"
KILL = f"{PAGE}/jobs/job/kill/?id=1"
AHEAD = [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
CLICK = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}


class OldApp(App):
    """As Spark up to 4.2, where a GET kills; with a filter that has a cookie of its own."""

    def page(self, request):
        status, kind, body, _ = super().page(request)
        return status, kind, body, [("Set-Cookie", "filter=1; Path=/"), ("Set-Cookie", "__Host-b=2; Path=/; Secure")]


@pytest.fixture(scope="module")
def world():
    with FakeSpark() as spark:
        app = spark.add(OldApp("app-1", "old"))
        with Gateway([spark.entry()]) as gateway:
            gateway.app = app
            admin = signed_in(gateway, "admin")
            wait_for(lambda: admin.get(f"{PAGE}/").status_code == 200, "the application's UI")
            yield gateway


def reached(app, wait=None):
    seen = [(method, path) for method, path, _ in app.seen if "api/v1" not in path]
    app.seen.clear()
    return seen


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("page", ["jobs/hold/", "jobs/resume", "app/hold/", "app/resume/?id=1", "whatever/", "jobs/whatever/log"])
def test_s91_pages_that_may_end_something_are_for_who_may_kill(world, method, page):
    user = signed_in(world, "user")
    reached(world.app)
    assert user.request(method, f"{PAGE}/{page}", headers=CLICK | {"Origin": world.origin}).status_code == 403
    assert reached(world.app) == []
    admin = signed_in(world, "admin")
    assert admin.request(method, f"{PAGE}/{page}", headers=CLICK | {"Origin": world.origin}).status_code == 200
    assert reached(world.app) == [(method, f"/{page}")]


@pytest.mark.parametrize("fields, status", [
    ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 200),
    ({}, 200),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ({"Referer": "http://elsewhere.example/"}, 403)], ids=["bookmark", "script", "says_nothing", "other_site", "other_referer"])
def test_s91_plugins_pages_are_bookmarked_and_ask_for_data_but_no_other_site_leads_there(world, fields, status):
    admin = signed_in(world, "admin")
    assert admin.get(f"{PAGE}/plugin/tab/", headers=fields).status_code == status
    for page in ("jobs/hold/", "plugin/jobs/job/kill/?id=1"):  # what is known to end something is no plugin's page
        assert admin.get(f"{PAGE}/{page}", headers=fields).status_code == 403
    assert signed_in(world, "user").get(f"{PAGE}/plugin/tab/", headers=fields).status_code == 403


@pytest.mark.parametrize("ahead", AHEAD)
def test_s89_what_a_browser_asks_ahead_ends_nothing(world, ahead):
    admin = signed_in(world, "admin")
    reached(world.app)
    for path in (KILL, f"{PAGE}/executors/threadDump/?executorId=1", f"{PAGE}/environment/"):
        answer = admin.get(path, headers={**CLICK, **NAVIGATION, **ahead}, allow_redirects=False)
        assert answer.status_code == 403, path
    assert reached(world.app) == [] and world.app.kills == []
    assert admin.get(f"{PAGE}/jobs/", headers={**CLICK, **ahead}).status_code == 200


def test_s89_a_kill_by_get_is_a_persons_own_click(world):
    admin = signed_in(world, "admin")
    loads = [{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
             {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}]
    for load in loads:
        answer = admin.get(KILL, headers={**CLICK, **load}, allow_redirects=False)
        assert answer.status_code == 403, load
    assert world.app.kills == []
    assert admin.get(KILL, headers=CLICK, allow_redirects=False).status_code == 302
    assert len(world.app.kills) == 1
    world.app.kills.clear()


@pytest.mark.parametrize("path", [KILL, KILL + "#x", KILL.replace("job/kill", "job/%6bill"), f"{PAGE}/jobs/hold/", "/local/proxy/master/app/kill/"])
def test_s89_a_sign_in_leads_to_nothing_that_ends_something(world, path):
    """The page that signs in is ours, and so the browser calls what it leads to same-origin, whoever wrote the link to it."""
    token = world.create_token("admin", "admin")["access_token"]
    form = {"token": token, "next": path}
    answer = requests.post(f"{world.url}/_gate/login", data=form, headers={**NAVIGATION, "Origin": world.origin}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    form["next"] = f"{PAGE}/jobs/?id=1"
    answer = requests.post(f"{world.url}/_gate/login", data=form, headers={**NAVIGATION, "Origin": world.origin}, allow_redirects=False)
    assert answer.headers["Location"] == form["next"]


def test_s89_who_signs_in_by_somebodys_link_ends_nothing(world, playwright):
    token = world.create_token("admin", "admin")["access_token"]
    with chromium(playwright) as browser:
        page = browser.new_page()
        sign_in(page, f"{world.url}/_gate/login?next={quote(KILL, safe='')}", token)
        page.wait_for_url(f"{world.origin}/**")
    assert world.app.kills == []


def test_s90_spark_gets_no_cookie_of_another_application(world):
    user = signed_in(world, "user")
    for name in ("JSESSIONID", "_ga", "filter"):
        user.cookies.set(name, "x" * 2000, domain="127.0.0.1", path="/")
    world.app.seen.clear()
    answer = user.get(f"{PAGE}/jobs/")
    assert answer.status_code == 200
    *_, fields = world.app.seen[-1]
    assert [value for name, value in fields if name == "cookie"] == []
    assert {c.name: c.path for c in answer.cookies}["spark-ui-filter"] == f"{PAGE}/"
    user.get(f"{PAGE}/jobs/")
    *_, fields = world.app.seen[-1]
    assert "filter=1" in dict(fields)["cookie"] and "x" * 2000 not in dict(fields)["cookie"]


class Slow(Site):
    """A server that takes the first question of discovery and keeps it until it may answer."""

    def __init__(self, inner, polled):
        super().__init__()
        self.inner, self.polled, self.may = inner, polled, threading.Event()

    def answer(self, request):
        if request.path.startswith(self.polled):
            self.may.wait(60)
        return self.inner(request)


def history(request):
    if request.parts.path.startswith("/api/v1/applications"):
        return 200, "application/json", "[]", []
    return 200, "text/html;charset=utf-8", "<!doctype html><title>History</title><p>the history server", []


def test_a_cluster_that_has_not_been_read_yet_says_so_and_history_is_there_at_once():
    with FakeSpark() as spark:
        spark.add(App("app-1", "first"))
        master, shs = Slow(spark.answer, "/json/"), Slow(history, "/api/v1/applications")
        entry = {"name": "local", "masters": [master.url], "history": shs.url, "poll": "1s"}
        with Gateway([entry]) as gateway:
            try:
                user = signed_in(gateway, "user")
                wait_for(lambda: "the history server" in user.get("/local/shs/").text, "history, before it has told its list", 8)
                paths = [f"{PAGE}/", f"{PAGE}/jobs/", "/local/proxy/worker-1/", "/local/apps/app-1", "/local/apps/first"]
                for path in paths:
                    answer = user.get(path, headers=NAVIGATION, allow_redirects=False)
                    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0, path
                assert user.get("/local/nothing/").status_code == user.get("/nowhere/proxy/app-1/").status_code == 404
                master.may.set()
                shs.may.set()
                wait_for(lambda: user.get(f"{PAGE}/").status_code == 200, "the application")
                wait_for(lambda: user.get("/local/proxy/worker-1/").status_code == 404, "that nobody knows this worker")
                assert user.get("/local/apps/other").status_code == 404
            finally:
                for site in (master, shs):
                    site.may.set()
                    site.stop()


NO_UI, NO_ADDRESS = "app-20260101000000-0001", "app-20260101000000-0002"


class Master(FakeSpark):
    """Tells where each application's UI is as its driver said it."""

    links = {}

    def answer(self, request):
        status, kind, body, fields = super().answer(request)
        for app, link in self.links.items():
            if request.parts.path == "/app/" and f"appId={app}" in request.parts.query:
                body = f'<html><body><span class="version">4.3.0</span><a href="{link}">Application Detail UI</a></body></html>'
        return status, kind, body, fields


def test_the_page_says_whether_an_application_has_no_ui_or_a_name_that_does_not_resolve():
    with Master() as spark:
        for app in (NO_UI, NO_ADDRESS):
            spark.add(App(app, f"name of {app}"))
        spark.links = {NO_UI: "", NO_ADDRESS: "http://driver.invalid:4040"}
        with Gateway([spark.entry()]) as gateway:
            user = signed_in(gateway, "user")
            for app, status, title in ((NO_UI, 404, "no web UI"), (NO_ADDRESS, 502, "host name has no address")):
                for path in (f"/local/proxy/{app}/", f"/local/apps/{app}"):
                    wait_for(lambda: user.get(path, headers=NAVIGATION).status_code == status, f"{path}: {status}")
                    answer = user.get(path, headers=NAVIGATION)
                    assert title in answer.text and "Refresh" not in answer.headers and "connecting" not in answer.text
                    assert requests.get(gateway.url + path, headers={"Cookie": answer.request.headers["Cookie"]}, timeout=10,
                                        ).json()["reason"] == {404: "no_ui", 502: "no_address"}[status]
