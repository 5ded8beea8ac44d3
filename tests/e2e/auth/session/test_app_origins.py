"""server.app_origins: each application at a host name of its own, signed in by a one-time hand-over (S0).

In Chromium over https with names that only the browser's rules resolve, as the names of a wildcard would be in DNS.
"""

import base64
import contextlib
import hashlib
import json
import re
import time
import urllib.parse

import pytest
import requests
from playwright.sync_api import expect

from browser import Notebook, chromium
from conftest import BASE, NAVIGATION, Client, await_everything
from fake_spark import App, FakeSpark
from gateway import Gateway, cluster_entry
from hostile import Hostile, attack, sign_in, tokens_on_record
from redis_server import RedisServer
from signon import shared_store
from spark_cluster import free_port, wait_for
from tls_front import TlsFront

GATE, APPS = "gate.example.com", "apps.example.com"
BROWSER = ["--host-resolver-rules=MAP *.example.com 127.0.0.1", "--disable-popup-blocking"]
REACHABLE = re.compile(r"https?://(127\.0\.0\.1|[\w.-]+\.example\.com)[:/]|(data|blob|about|chrome-error):")


class NamedGateway(Gateway):
    """Programs reach it at its port, under the name that browsers know it by."""

    def get_with_token(self, path, token):
        name = urllib.parse.urlsplit(self.conf["server"]["public_url"]).netloc
        return requests.get(self.url + path, headers={"Authorization": f"Bearer {token}", "Host": name}, timeout=10).status_code


class World:
    """A gateway behind TLS, in front of a hostile and an honest application."""

    def __init__(self, spark, gateway, front):
        self.spark, self.gateway, self.front = spark, gateway, front
        self.origin = f"https://{GATE}:{front.port}"
        self.url = self.origin + BASE
        self.hostile, self.victim = spark.apps
        self.token = gateway.create_token("administrator", "admin")["access_token"]

    def mount(self, app):
        return f"/local/proxy/{app.id}"

    def client(self, role=None, token=None):
        """With a session of that role, or with a token; it does not look at the names of hosts, nor for TLS."""
        client = Client(self.gateway, token)
        client.headers["Host"] = f"{GATE}:{self.front.port}"
        if role:
            token = self.gateway.create_token(f"session-{role}", role)["access_token"]
            answer = client.post("/_gate/login", data={"token": token}, headers={"Origin": self.origin})
            assert answer.status_code == 303
            client.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        return client

    def host(self, app):
        """Where the redirect of somebody signed in leads: the application's origin."""
        answer = self.client("user").get(f"{self.mount(app)}/", headers=NAVIGATION)
        assert answer.status_code == 302
        return urllib.parse.urlsplit(answer.headers["Location"])._replace(path="", query="").geturl()

    @contextlib.contextmanager
    def browser(self, playwright, token=None):
        with chromium(playwright, BROWSER, REACHABLE, ignore_https_errors=True) as context:
            page = context.new_page()
            sign_in(page, f"{self.url}/_gate/login", token or self.token)
            yield context, page


def settings(port, scheme="https", suffix=APPS, gate=GATE):
    return {"server": {"app_origins": f"{scheme}://{{id}}.{suffix}:{port}/", "public_url": f"{scheme}://{gate}:{port}{BASE}/"}}


@pytest.fixture(scope="module")
def world():
    with FakeSpark() as spark, TlsFront([GATE, f"*.{APPS}"]) as front:
        spark.add(Hostile("app-20260101000000-0001"))
        spark.add(App("app-20260101000000-0002", "victim"))
        with NamedGateway([spark.entry()], BASE, settings(front.port)) as gateway:
            front.target = gateway.port
            made = World(spark, gateway, front)
            gateway.await_mounts([f"{made.mount(app)}/" for app in spark.apps], made.token)
            yield made


# -- the way in ----------------------------------------------------------------------------------------------------------

def test_application_opens_at_its_own_host_at_the_very_same_path(world, playwright):
    with world.browser(playwright) as (context, page):
        page.goto(f"{world.url}{world.mount(world.victim)}/jobs/?a=1&b=%2Fx%20y")
        assert page.url == f"{world.host(world.victim)}{BASE}{world.mount(world.victim)}/jobs/?a=1&b=%2Fx%20y"
        assert page.locator("#said").inner_text() == "UI of victim"
        ours = {cookie["name"]: cookie for cookie in context.cookies()}
        for name, domain in (("__Host-sparkgate" + BASE.replace("/", "_"), GATE), ("__Host-sparkgate-app", urllib.parse.urlsplit(page.url).hostname)):
            assert ours[name]["domain"] == domain and ours[name]["httpOnly"] and ours[name]["secure"], ours
        assert page.evaluate("document.referrer") == ""
        # a second visit needs no hand-over, from wherever
        seen = []
        page.on("request", lambda request: seen.append(request.url))
        page.goto(page.url)
        assert seen[0] == page.url and not any("_gate/enter" in url for url in seen)


def test_who_is_not_signed_in_signs_in_first_and_arrives_where_the_link_led(world, playwright):
    with chromium(playwright, BROWSER, REACHABLE, ignore_https_errors=True) as context:
        page = context.new_page()
        url = f"{world.host(world.victim)}{BASE}{world.mount(world.victim)}/stages/?x=1"
        page.goto(url)
        assert page.url.startswith(f"{world.url}/_gate/login?")
        page.locator("[name=token]").fill(world.token)
        page.locator("form:has([name=token]) button").first.click()
        page.wait_for_url(url)
        assert page.locator("#said").inner_text() == "UI of victim"


def test_ten_tabs_at_once_all_arrive(world, playwright):
    with world.browser(playwright) as (context, page):
        page.evaluate("""url => { for (let n = 0; n < 10; n++) window.open(url + "?tab=" + n) }""",
                      f"{world.url}{world.mount(world.victim)}/jobs/")
        wait_for(lambda: page.wait_for_timeout(50) or len(context.pages) >= 12, "ten tabs", 20)
        for tab in context.pages[2:]:  # the first is blank
            tab.wait_for_selector("#said")


def test_browser_that_keeps_no_cookies_gets_a_page_and_no_loop(world):
    """The public host has its cookie, by hand; the application's never comes to anything."""
    client, gate = world.client("admin"), urllib.parse.urlsplit(world.origin).netloc
    host, path, steps, answer = gate, f"{BASE}{world.mount(world.victim)}/", [], None
    while (answer is None or answer.status_code in (302, 303)) and len(steps) < 10:
        steps.append(host)
        cookie = {"Cookie": client.headers["Cookie"]} if host == gate else {}
        answer = requests.get(f"{world.gateway.origin}{path}", headers={**NAVIGATION, "Host": host, **cookie},
                              allow_redirects=False, timeout=10)
        where = urllib.parse.urlsplit(answer.headers.get("Location", ""))
        host, path = where.netloc or host, f"{where.path}?{where.query}"
    assert answer.status_code == 400 and len(steps) == 4, steps
    assert "allow cookies for this address" in answer.text and answer.headers["Content-Type"].startswith("text/html")
    assert f'href="{world.url}{world.mount(world.victim)}/"' in answer.text


# -- the code ------------------------------------------------------------------------------------------------------------

def enter(world, url, host=None, cookies=None):
    """One request for that address, without a browser's names."""
    where = urllib.parse.urlsplit(url)
    return requests.get(f"{world.gateway.origin}{where.path}" + (f"?{where.query}" if where.query else ""),
                        headers={**NAVIGATION, "Host": host or where.netloc}, cookies=cookies, allow_redirects=False, timeout=10)


def ask(world, app, path="/", cookies=None):
    """A browser without the application's cookie, at its host: what it is given, and where it is sent."""
    answer = enter(world, f"{world.host(app)}{BASE}{world.mount(app)}{path}", cookies=cookies)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(f"{world.url}/_gate/hand-over?for=")
    return cookie_of(answer, "__Host-sparkgate-entry-"), answer.headers["Location"]


def code_for(world, client, app, path="/"):
    """The way to a code, and the entry cookie that it is good with."""
    entry, url = ask(world, app, path)
    answer = client.get(url.removeprefix(world.url), headers=NAVIGATION)
    assert answer.status_code == 302 and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"].endswith("no-referrer")
    assert "/_gate/enter?code=" in answer.headers["Location"]
    return answer.headers["Location"], entry


def cookie_of(answer, wanted="__Host-sparkgate-app"):
    name, value = answer.headers["Set-Cookie"].split(";")[0].split("=", 1)
    assert name == wanted or wanted.endswith("-") and name.startswith(wanted)
    return {name: value}


def test_code_is_good_once(world):
    url, entry = code_for(world, world.client("user"), world.victim)
    first = enter(world, url, cookies=entry)
    assert first.status_code == 302 and first.headers["Location"].endswith(urllib.parse.urlsplit(url).query)
    again = enter(world, url, cookies=entry)
    assert again.status_code == 400 and "Set-Cookie" not in again.headers
    with_cookie = enter(world, url, cookies=cookie_of(first))
    assert with_cookie.status_code == 302 and with_cookie.headers["Location"] == f"{BASE}{world.mount(world.victim)}/"


def test_code_and_cookie_are_good_for_their_host_only(world):
    client = world.client("admin")
    (theirs, at_theirs), (own, at_own) = code_for(world, client, world.victim), code_for(world, client, world.hostile)
    their_host, own_host = (urllib.parse.urlsplit(url).netloc for url in (theirs, own))
    assert enter(world, own, host=their_host, cookies=at_own).status_code == 400
    assert enter(world, own, host=f"{GATE}:{world.front.port}").status_code in (302, 404)  # to sign in: nothing is there
    cookie = cookie_of(enter(world, own, cookies=at_own))
    path = f"https://{their_host}{BASE}{world.mount(world.victim)}/"
    assert enter(world, path, cookies=cookie).headers["Location"].startswith(world.url)
    assert enter(world, theirs, cookies=at_theirs).status_code == 302  # what failed elsewhere has not used it up


def test_code_is_of_one_session_and_ends_with_it(world):
    client = world.client("user")
    url, entry = code_for(world, client, world.victim)
    client.post("/_gate/logout", headers={"Origin": f"https://{GATE}:{world.front.port}"})
    answer = enter(world, url, cookies=entry)
    assert answer.status_code == 400 and "Your session has ended" in answer.text and "Set-Cookie" not in answer.headers


def test_code_is_never_logged(world):
    url, entry = code_for(world, world.client("user"), world.victim)
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["code"][0]
    cookie = cookie_of(enter(world, url, cookies=entry))
    enter(world, url, host="evil.example")
    log = world.gateway.log_text()
    assert next(iter(entry.values()))[:24] not in log
    assert "/_gate/enter" in log and code[:24] not in log and cookie["__Host-sparkgate-app"][:24] not in log


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + "A", lambda c: "", lambda c: "x" * 5000, lambda c: c + "&code=" + c])
def test_broken_code_is_refused(world, change):
    url, entry = code_for(world, world.client("user"), world.victim)
    base, code = url.split("code=")
    assert enter(world, f"{base}code={change(code)}", cookies=entry).status_code == 400


def test_s50_somebody_elses_code_signs_nobody_in(world):
    """The code of an attacker, opened in a browser that did not ask for it: without cookies, and with its own entry cookie."""
    url, entry = code_for(world, world.client("user"), world.victim)
    (name, value), = entry.items()
    others = [None, ask(world, world.victim)[0], {name: "A" * 43}, {name.removeprefix("__Host-"): value}]
    for cookies in others:
        answer = enter(world, url, cookies=cookies)
        assert answer.status_code == 400 and "Set-Cookie" not in answer.headers and "in the same browser" in answer.text
    assert enter(world, url, cookies=entry).status_code == 302  # where it was asked for it is good yet


def test_s50_code_is_made_for_a_browser_only(world):
    client, to = world.client("user"), urllib.parse.quote(f"{BASE}{world.mount(world.victim)}/", safe="")
    for query in (f"to={to}", f"for=&to={to}", f"for={'A' * 42}&to={to}", f"for={'A' * 43}&for={'A' * 43}&to={to}"):
        answer = client.get(f"/_gate/hand-over?{query}", headers=NAVIGATION)
        assert answer.status_code == 302 and answer.headers["Location"] == f"{BASE}{world.mount(world.victim)}/", query
    for path in ("//evil.example/", "https://evil.example/", "/elsewhere", f"{BASE}/local/proxy/app-20260101000000-0009/", ""):
        answer = client.get(f"/_gate/hand-over?for={'A' * 43}&to={urllib.parse.quote(path, safe='')}", headers=NAVIGATION)
        assert answer.status_code == 302 and answer.headers["Location"].startswith(f"{BASE}/"), path
        assert "code=" not in answer.headers["Location"]
    fetched = client.get(f"/_gate/hand-over?for={'A' * 43}&to={to}", headers={"Sec-Fetch-Mode": "cors"})
    assert fetched.status_code == 403


def test_s50_attackers_link_in_a_browser_keeps_its_own_person(world, playwright):
    with world.browser(playwright) as (context, page):
        url, _ = code_for(world, world.client("user"), world.victim)
        assert page.goto(url).status == 400
        assert not any(cookie["name"] == "__Host-sparkgate-app" for cookie in context.cookies())
        page.goto(f"{world.url}{world.mount(world.victim)}/")
        assert page.locator("#said").inner_text() == "UI of victim"


# -- what the host has, and has not --------------------------------------------------------------------------------------

def test_host_has_its_application_and_nothing_else(world):
    client = world.client("admin")
    url, entry = code_for(world, client, world.victim)
    cookie, host = cookie_of(enter(world, url, cookies=entry)), urllib.parse.urlsplit(url).netloc
    at = f"https://{host}{BASE}"
    assert enter(world, f"{at}{world.mount(world.victim)}/", cookies=cookie).status_code == 200
    assert enter(world, f"{at}{world.mount(world.victim)}", cookies=cookie).headers["Location"] == f"{BASE}{world.mount(world.victim)}/"
    for path in ("/", "/local/", f"{world.mount(world.hostile)}/", "/local/proxy/master/", "/_gate/logout", "/_gate/callback",
                 "/_gate/jwks.json", "/_gate/oauth/token", f"/local/apps/{world.victim.id}", "/api/v1/tokens", "/tokens"):
        assert enter(world, f"{at}{path}", cookies=cookie).status_code == 404, path
    assert enter(world, f"{at}/_gate/static/gateway.css").status_code == 200


def test_unknown_hosts_are_served_nothing(world):
    port = world.front.port
    for host, status in ((f"app-20260101000000-0009-aaaaaaaaaaaaaaaaaaaa.{APPS}:{port}", 404), (f"{APPS}:{port}", 400),
                         (f"a.b.{APPS}:{port}", 400), (f"x.{GATE}:{port}", 400), ("evil.example", 400)):
        answer = enter(world, f"https://x{BASE}{world.mount(world.victim)}/", host=host)
        assert answer.status_code == status, host


def label_of(app, cluster="local"):
    digest = base64.b32encode(hashlib.sha256(f"{cluster}/{app}".encode()).digest()).decode().lower()
    return f"{app}-{digest[:20]}"


@pytest.mark.parametrize("path", ["/", "", "/jobs/?a=1", "/jobs/?a=" + 4000 * "1", "/jobs/job/kill/?id=1", None])
def test_s44_a_stranger_learns_from_no_host_which_applications_there_are(world, path):
    unknown = "app-20260101000000-9999"
    assert urllib.parse.urlsplit(world.host(world.victim)).hostname == f"{label_of(world.victim.id)}.{APPS}"

    def answers(app):
        host = f"{label_of(app)}.{APPS}:{world.front.port}"
        for at in ([f"{BASE}/local/proxy/{app}{path}"] if path is not None else
                   [f"{BASE}/_gate/enter?code=x", f"{BASE}/_gate/login", f"{BASE}/", f"{BASE}/local/proxy/master/"]):
            for fields in (NAVIGATION, {"Accept": "*/*"}, {"Authorization": "Bearer x"}, {"Cookie": "__Host-sparkgate-app=x"}):
                for method in ("GET", "HEAD", "POST"):
                    answer = requests.request(method, world.gateway.origin + at, headers={**fields, "Host": host}, timeout=10,
                                              allow_redirects=False)
                    told = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Date")}
                    told = re.sub(r"sparkgate-entry-[\w-]+=[\w-]+|for=[\w-]+", "", str(told))  # new each time
                    yield at, method, answer.status_code, told + re.sub("[0-9a-f]{16}|<time.*?</time>", "", answer.text)
    for known, nothing in zip(answers(world.victim.id), answers(unknown)):
        swapped = [part.replace(world.victim.id, unknown).replace(label_of(world.victim.id), label_of(unknown))
                   if isinstance(part, str) else part for part in known]
        assert swapped == list(nothing)


def test_programs_use_tokens_at_the_gateways_own_address(world):
    path = f"{world.mount(world.victim)}/"
    client = world.client(token=world.token)
    assert client.get(path).status_code == 200
    host = urllib.parse.urlsplit(world.host(world.victim)).netloc
    assert client.get(path, headers={"Host": host}).status_code == 401
    script = requests.get(f"{world.gateway.url}{path}", headers={"Host": host, "Sec-Fetch-Mode": "cors"}, timeout=10)
    assert script.status_code == 401 and "Bearer" in script.headers["WWW-Authenticate"]


def test_a_session_runs_no_applications_script_at_the_gateways_own_address(world):
    client = world.client("admin")
    for headers in ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script", "Sec-Fetch-Site": "same-origin"}, {}):
        answer = client.get(f"{world.mount(world.hostile)}/static/attack.js", headers=headers)
        assert answer.status_code == 421 and "report" not in answer.text
    for path in (f"/local/proxy/master/proxy/{world.hostile.id}/", f"/local/proxy/master/%70roxy/{world.hostile.id}/",
                 f"/local/proxy/master/proxy;x/{world.hostile.id}/"):  # spark.ui.reverseProxy
        assert client.get(path, headers=NAVIGATION).status_code == 421


def test_signing_out_ends_every_applications_host_within_a_second(world, playwright):
    with world.browser(playwright) as (_, page):
        urls = []
        for app in world.spark.apps:
            world.hostile.aim(world.gateway, "none", parts=[])
            page.goto(f"{world.url}{world.mount(app)}/")
            urls.append(page.url)
        page.goto(f"{world.url}/")
        page.get_by_role("button", name="Sign out").first.click()
        page.wait_for_load_state()
        began = time.monotonic()
        for url in urls:
            page.goto(url)
            assert page.url.startswith(f"{world.url}/_gate/login?")
        assert time.monotonic() - began < 5


def test_application_that_has_ended_says_so_and_leads_back(world, playwright):
    app = world.spark.add(App("app-20260101000000-0003", "short"))
    world.gateway.await_mounts([f"{world.mount(app)}/"], world.token)
    with world.browser(playwright) as (_, page):
        page.goto(f"{world.url}{world.mount(app)}/")
        host = urllib.parse.urlsplit(page.url).netloc
        assert APPS in host
        world.spark.apps.remove(app)
        app.stop()
        wait_for(lambda: page.goto(page.url).status in (404, 502), "a page of ours", 20)
        page.get_by_role("link", name="Home").click()
        page.wait_for_url(f"{world.url}/")


# -- two gateways on one Redis -------------------------------------------------------------------------------------------

def test_code_and_session_are_those_of_every_gateway(tmp_path):
    with FakeSpark() as spark, RedisServer() as redis:
        app, port = spark.add(App("app-20260101000000-0001", "shared")), 8443
        store = {**shared_store(redis, tmp_path), **settings(port)}
        with NamedGateway([spark.entry()], BASE, store) as one, NamedGateway([spark.entry()], BASE, store) as two:
            token = one.create_token("reader", "user")["access_token"]
            for gateway in (one, two):
                gateway.await_mounts([f"/local/proxy/{app.id}/"], token)
            host = {"Host": f"{GATE}:{port}", **NAVIGATION}
            answer = requests.post(f"{one.url}/_gate/login", data={"token": token}, allow_redirects=False, timeout=10,
                                   headers={**host, "Origin": f"https://{GATE}:{port}"})
            session = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], **host}
            away = requests.get(f"{one.url}/local/proxy/{app.id}/", headers=session, allow_redirects=False, timeout=10)
            there = {"Host": urllib.parse.urlsplit(away.headers["Location"]).netloc, **NAVIGATION}
            asked = requests.get(f"{two.url}/local/proxy/{app.id}/", headers=there, allow_redirects=False, timeout=10)
            back = urllib.parse.urlsplit(asked.headers["Location"])
            away = requests.get(f"{one.origin}{back.path}?{back.query}", headers=session, allow_redirects=False, timeout=10)
            where = urllib.parse.urlsplit(away.headers["Location"])
            there["Cookie"] = asked.headers["Set-Cookie"].split(";")[0]
            answers = [requests.get(f"{gateway.origin}{where.path}?{where.query}", headers=there, allow_redirects=False, timeout=10)
                       for gateway in (two, one, two)]
            assert [answer.status_code for answer in answers] == [302, 400, 400]
            there["Cookie"] = answers[0].headers["Set-Cookie"].split(";")[0]

            def status(gateway):
                return requests.get(f"{gateway.url}/local/proxy/{app.id}/", headers=there, allow_redirects=False, timeout=10).status_code

            assert [status(gateway) for gateway in (one, two, one, two)] == [200] * 4
            out = requests.post(f"{one.url}/_gate/logout", headers={**session, "Origin": f"https://{GATE}:{port}"}, timeout=10)
            assert out.status_code == 200
            began = time.monotonic()
            wait_for(lambda: [status(gateway) for gateway in (one, two)] == [302, 302], "both to refuse", 5)
            assert time.monotonic() - began < 1


# -- real Spark ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def visitor(info, playwright):
    """An administrator in front of the real cluster; over http, below localhost, where browsers need no DNS."""
    port = free_port()
    own = {"server": {"app_origins": f"http://{{id}}.apps.localhost:{port}/"}}
    with Gateway([cluster_entry(info)], BASE, own, port=port) as gateway:
        token = await_everything(gateway, info)
        reachable = re.compile(r"https?://(127\.0\.0\.1|[\w.-]+\.localhost)[:/]|(data|blob|about):")
        with chromium(playwright, ["--host-resolver-rules=MAP *.localhost 127.0.0.1"], reachable) as context:
            page = context.new_page()
            sign_in(page, f"{gateway.url}/_gate/login", token)
            page.gateway, page.info = gateway, info
            page.app = f"/local/proxy/{info['apps']['running']['id']}"
            yield page


def open_page(visitor, path):
    """Opens a page of the application by its address at the gateway; gives what went wrong on it."""
    visitor.goto(f"{visitor.gateway.url}{visitor.app}{path}", wait_until="networkidle")
    where = urllib.parse.urlsplit(visitor.url)
    assert where.hostname.endswith(".apps.localhost") and where.path == f"{BASE}{visitor.app}{path.split('?')[0]}"
    book = Notebook(visitor, f"{where.scheme}://{where.netloc}")
    visitor.reload(wait_until="networkidle")
    return book


def is_clean(book):
    assert book.failed == [] and book.foreign == []


def test_live_ui_of_spark_works_at_its_own_host(visitor):
    """Links, tables that scripts fill, the timeline: T2, T22-T25."""
    book = open_page(visitor, "/jobs/")
    expect(visitor.locator("#completedJob-table tbody tr").first).to_be_visible()
    visitor.locator(".expand-application-timeline").click()
    expect(visitor.locator("#application-timeline .vis-timeline, #application-timeline .vis.timeline").first).to_be_visible()
    visitor.locator("#failedJob-table tbody a").first.click()
    visitor.wait_for_url("**/jobs/job/?id=*")
    for tab in ("Stages", "Executors", "Jobs"):
        visitor.get_by_role("link", name=tab, exact=True).first.click()
        visitor.wait_for_url(f"**/{tab.lower()}/")
        visitor.wait_for_load_state("networkidle")
    is_clean(book)


def test_stages_and_executors_of_spark_load_their_data(visitor):
    book = open_page(visitor, "/stages/")
    visitor.locator("#completedStage-table tbody a[href*='/stages/stage/']").last.click()
    visitor.wait_for_url("**/stages/stage/?id=*")
    expect(visitor.locator("#active-tasks-table")).to_contain_text("SUCCESS")
    is_clean(book)
    book = open_page(visitor, "/executors/")
    expect(visitor.locator("#active-executors-table tbody tr").nth(2)).to_be_visible()
    is_clean(book)


def test_links_to_other_uis_lead_to_the_gateways_own_address(visitor):
    open_page(visitor, "/executors/")
    link = visitor.locator("#active-executors-table a", has_text="stderr").first
    assert link.get_attribute("href").startswith(f"{visitor.gateway.url}/local/proxy/worker-")
    link.click()
    visitor.wait_for_url("**/logPage/**")
    assert visitor.url.startswith(visitor.gateway.url)
    expect(visitor.locator(".log-content").first).to_contain_text("INFO")


def test_links_from_the_gateways_pages_lead_to_the_application(visitor):
    visitor.goto(f"{visitor.gateway.url}/local/proxy/master/app/?appId={visitor.info['apps']['running']['id']}")
    visitor.get_by_role("link", name="Application Detail UI").click()
    visitor.wait_for_url(f"**{visitor.app}/jobs/")
    assert ".apps.localhost" in visitor.url


def test_administrator_kills_a_job_on_its_own_page_of_the_applications_host(visitor):
    ui, app = (visitor.info["apps"]["running"][key] for key in ("ui", "id"))

    def slow():
        jobs = requests.get(f"{ui}/api/v1/applications/{app}/jobs?status=running", timeout=10).json()
        return [job["jobId"] for job in jobs if job.get("jobGroup") == "slow"]

    job = wait_for(slow, "the slow job")[0]
    book = open_page(visitor, "/jobs/")
    row = visitor.locator("#activeJob-table tbody tr", has=visitor.locator(f"a[href*='/jobs/job/?id={job}']"))
    row.locator(".kill-link").first.click()
    wait_for(lambda: job not in slow(), "the job to be killed", 30)
    visitor.wait_for_url("**/jobs/")
    is_clean(book)


# -- the attack ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def attacked(world, playwright):
    gateway, victim = world.gateway, f"{world.host(world.victim)}{BASE}{world.mount(world.victim)}"
    known = gateway.create_token("known", "user")
    at_gate = f"{world.url}{world.mount(world.victim)}"
    world.hostile.aim(gateway, known["id"], neighbour=f"{BASE}{world.mount(world.victim)}/",
                      read={"home": f"{world.url}/", "victim": f"{victim}/", "victim at the gate": f"{at_gate}/",
                            "master": f"{world.url}/local/proxy/master/"},
                      kill={"job": f"{victim}/jobs/job/kill/?id=1", "job at the gate": f"{at_gate}/jobs/job/kill/?id=1",
                            "application": f"{world.url}/local/proxy/master/app/kill/"},
                      parts=["fetches", "forms", "windows", "workers", "tricks", "oauth", "neighbours"])
    world.hostile.targets["gate"] = world.url
    world.hostile.targets["pages"] += [f"{world.url}/_gate/logout", f"{world.url}/_gate/login"]
    with world.browser(playwright) as (context, page):
        page.goto(f"{victim}/")  # the administrator has a session there, too
        assert page.url == f"{victim}/"
        world.before, world.victim.kills[:] = tokens_on_record(gateway), []
        world.hostile.seen.clear()
        world.report = attack(page, f"{world.url}{world.mount(world.hostile)}/")
        world.after = tokens_on_record(gateway)
        tab = context.new_page()
        world.still_in = tab.goto(f"{world.url}/").status, tab.url, tab.goto(f"{victim}/").status, tab.url
        world.victim_url = f"{victim}/"
    return world


def test_s0_hostile_ui_reads_no_other_ui_and_not_the_home_page(attacked):
    text = json.dumps(attacked.report)
    assert "UI of victim" not in text and "id=master" not in text and 'id=\\"master' not in text and "gateway.css" not in text
    for name, said in attacked.report.items():
        if name.startswith(("read ", "frame ", "open ")):
            assert said.startswith(("refused", "opaque 0", "no document", "nothing came")), (name, said)


def test_s0_hostile_ui_kills_nothing_with_an_administrators_session(attacked):
    assert attacked.victim.kills == []
    assert not any("kill" in target for _, target, _ in attacked.hostile.seen)


def test_s0_hostile_ui_gets_no_token_and_signs_nobody_out(attacked):
    assert attacked.after == attacked.before
    assert attacked.still_in == (200, f"{attacked.url}/", 200, attacked.victim_url)
    for name, said in attacked.report.items():
        if name.startswith(("cors", "xhr", "oauth", "public", "module")):
            assert said == "refused: TypeError", (name, said)


def test_s0_hostile_ui_never_sees_a_cookie_of_ours(attacked):
    assert "sparkgate" not in attacked.report["cookie"]
    for _, target, fields in attacked.hostile.seen:
        assert not any(name == "cookie" and "sparkgate" in value for name, value in fields), target
        assert not any(name == "referer" and "code=" in value for name, value in fields), target
    assert "code=" not in attacked.report["timing"]


def test_s0_hostile_ui_keeps_no_service_worker(attacked):
    assert json.loads(attacked.report["scopes"]) == []
