"""S0: an administrator, signed in on the public and on the admin origin, opens an application whose UI is an attacker's.

What such a UI gets, in real Chromium: no token, none made, none taken back, nothing of the admin origin read.

What it CAN do without `server.app_origins`, because its page is of the same origin as every other UI of the gateway: all that
its viewer may do there. It reads other UIs and the home page, and with an administrator's session it kills jobs; it can sign
its viewer out (`_gate/logout`, or a cookie of our name and another path, which makes ours ambiguous and so void), or in as
somebody whose credentials it has; and it can show what it likes below any address of the public origin for as long as its page
is open. The tests below say so where they meet it. `test_app_origins.py` is the same attack where applications have origins of
their own: none of this is left.
"""

import json

import pytest
import requests

from browser import chromium
from conftest import BASE, COOKIE, signed_in
from fake_spark import App, FakeSpark
from gateway import Gateway
from hostile import Hostile, attack, path_of, sign_in, tokens_on_record

EMPTY = "read <html><head></head><body></body></html>"  # what stands in an element before anything is let in
POPUPS = ["--disable-popup-blocking"]  # an attacker has the person click for each; here nobody clicks


class World:
    def __init__(self, spark, gateway):
        self.gateway = gateway
        self.hostile = spark.add(Hostile("app-20260101000000-0001"))
        self.victim = spark.add(App("app-20260101000000-0002", "victim"))
        self.admin = gateway.create_token("administrator", "admin")
        self.user = gateway.create_token("looker", "user")

    def mount(self, app):
        return f"{BASE}/local/proxy/{app.id}"

    def aim(self, known, **more):
        gateway, victim = self.gateway, f"{self.gateway.origin}{self.mount(self.victim)}"
        self.hostile.aim(gateway, known, neighbour=f"{self.mount(self.victim)}/",
                         read={"home": f"{gateway.url}/", "victim": f"{victim}/", "master": f"{gateway.url}/local/proxy/master/"},
                         kill={"job": f"{victim}/jobs/job/kill/?id=1", "worker": f"{gateway.url}/local/proxy/master/workers/kill/"},
                         **more)

    def has_page(self):
        return requests.get(f"{self.gateway.admin_url}/tokens", timeout=10, allow_redirects=False).status_code != 404

    def sign_in(self, page, token):
        """On the public origin, and on the admin origin where that has a page to sign in at."""
        sign_in(page, f"{self.gateway.url}/_gate/login", token["access_token"])
        assert page.url == f"{self.gateway.url}/"
        if self.has_page():
            sign_in(page, f"{self.gateway.admin_url}/tokens", token["access_token"])

    def open(self, page):
        return attack(page, f"{self.gateway.origin}{self.mount(self.hostile)}/")


@pytest.fixture(scope="module")
def world():
    with FakeSpark() as spark, Gateway([spark.entry()], BASE) as gateway:
        made = World(spark, gateway)
        gateway.await_mounts([f"/local/proxy/{app.id}/" for app in spark.apps], made.admin["access_token"])
        yield made


@pytest.fixture(scope="module")
def attacked(world, playwright):
    """The attack, once, with all that was seen around it."""
    known = world.gateway.create_token("known", "user")
    world.aim(known["id"])
    with chromium(playwright, POPUPS) as context:
        page, world.popups = context.new_page(), []
        world.sign_in(page, world.admin)
        world.before = tokens_on_record(world.gateway)
        context.on("page", lambda popup: world.popups.append(popup))
        world.hostile.seen.clear()
        world.report = world.open(page)
        world.after = tokens_on_record(world.gateway)
        world.frames = [frame.content() for frame in page.frames if frame.url.startswith(world.gateway.admin_url)]
        world.openers = [popup.evaluate("window.opener === null") for popup in world.popups
                         if not popup.is_closed() and popup.url == f"{world.gateway.admin_url}/tokens"]
        world.cookies = context.cookies()
        world.known = known
        again = context.new_page()
        world.still_in = again.goto(f"{world.gateway.url}/").status, again.url
        world.page = (again.goto(f"{world.gateway.admin_url}/tokens").status, path_of(again.url), again.content())
    return world


def said(world, *names):
    """What the attempts of these names came to."""
    return {name: text for name, text in world.report.items() if name.startswith(names)}


def test_s0_no_token_is_made_or_taken_back(attacked):
    assert attacked.after == attacked.before
    assert attacked.gateway.get_with_token("/", attacked.known["access_token"]) == 200


def test_s0_the_same_request_by_the_administrator_makes_one(attacked):
    """The attack fails for who sends it, not for how it is put."""
    before = tokens_on_record(attacked.gateway)
    answer = requests.post(f"{attacked.gateway.admin_url}/api/v1/tokens", json={"client_name": "stolen", "token_type": "admin"},
                           headers={"Authorization": f"Bearer {attacked.admin['access_token']}"}, timeout=10)
    assert answer.status_code == 201
    assert len(tokens_on_record(attacked.gateway)) == len(before) + 1


def test_s0_the_administrator_goes_on_in_the_token_manager(attacked):
    """Signed in throughout: what was not shown to the attacker is shown to the administrator."""
    if attacked.has_page():
        status, path, content = attacked.page
        assert (status, path) == (200, "/tokens") and "known" in content


def test_s0_no_secret_comes_out_anywhere(attacked):
    text = json.dumps(attacked.report) + "".join(attacked.frames)
    for secret in (attacked.admin["access_token"], attacked.known["access_token"], '"items"', "access_token", "refresh_token\":"):
        assert secret not in text
    assert "ran" not in attacked.report  # its script never ran within the admin origin


def test_s0_scripts_cannot_read_or_write_the_admin_origin(attacked):
    for name, text in said(attacked, "cors", "xhr", "module").items():
        assert text == "refused: TypeError", name
    for name, text in said(attacked, "no-cors").items():
        assert text in ("opaque 0 ", "refused: TypeError"), name
    assert attacked.report["event source"] == attacked.report["websocket"] == "error"


def test_s0_elements_show_nothing_of_the_admin_origin(attacked):
    for name, text in said(attacked, "script tag", "style sheet", "iframe", "object", "embed").items():
        assert text.startswith(("refused", "error", "no document")) or text == EMPTY, (name, text)
    for content in attacked.frames:
        assert "client_name" not in content and "<table" not in content


def test_s0_windows_of_the_admin_origin_are_cut_off(attacked):
    for name, text in said(attacked, "popup", "opener").items():
        assert text.startswith(("refused", "nothing came", "no opener", "true", "false")), (name, text)
    if attacked.has_page():
        assert attacked.report["popup is cut off"] == "true"
        assert attacked.openers and all(attacked.openers)


def test_s0_it_keeps_no_service_worker_which_would_outlive_it(attacked):
    registered = said(attacked, "worker ")
    assert len(registered) == 6
    for name, text in registered.items():
        assert text.startswith("refused"), (name, text)
    assert json.loads(attacked.report["scopes"]) == []


def test_s0_history_and_referrers_cannot_pretend(attacked):
    assert attacked.report["history"] == "refused: SecurityError"
    assert attacked.report["referrer policy"].startswith(("opaque 0", "refused"))
    assert not attacked.report["referrer"].startswith("opaque")  # its own page, by its own origin


def test_s0_cookies_of_ours_are_neither_seen_nor_set(attacked):
    assert "sparkgate" not in attacked.report["cookie"] and "theirs=1" in attacked.report["cookie"]
    ours = [cookie for cookie in attacked.cookies if "sparkgate" in cookie["name"]]
    assert ours and all(cookie["httpOnly"] and cookie["value"] != "stolen" for cookie in ours)
    for method, target, fields in attacked.hostile.seen:
        assert not any(name == "authorization" or (name == "cookie" and "sparkgate" in value) for name, value in fields), target
    assert attacked.still_in == (200, f"{attacked.gateway.url}/")  # Clear-Site-Data was dropped


def test_s0_the_public_listener_gives_no_token_for_a_session(attacked):
    for name, text in said(attacked, "oauth", "public").items():
        status = int(text.split()[1])
        assert 400 <= status < 500 or (name == "oauth revoke" and status == 200), (name, text)


def test_s0_what_an_administrator_may_do_in_other_uis_its_page_may_too(attacked):
    """The part that is open without app_origins, and where even that ends (T44)."""
    assert "UI of victim" in attacked.report["read victim"]
    assert attacked.victim.kills != []
    for method in ("GET", "POST"):
        assert attacked.report[f"kill worker {method}"].startswith("basic 403")


def test_s0_a_users_page_may_no_more_than_the_user(world, playwright):
    world.aim("none", parts=["neighbours"])
    world.victim.kills.clear()
    with chromium(playwright, POPUPS) as context:
        page = context.new_page()
        sign_in(page, f"{world.gateway.url}/_gate/login", world.user["access_token"])
        report = world.open(page)
    assert world.victim.kills == []
    for name in ("kill job GET", "kill job POST", "kill worker POST"):
        assert report[name].startswith("basic 403"), report[name]


def test_s25_a_cookie_that_its_script_sets_beside_ours_ends_the_session_but_opens_no_other(world, playwright):
    """What HttpOnly cannot prevent: the same name with another path. Which of the two is ours cannot be told."""
    attacker = signed_in(world.gateway, "user").cookies[COOKIE]
    world.aim("none", parts=[])
    with chromium(playwright) as context:
        page = context.new_page()
        world.sign_in(page, world.admin)
        world.open(page)
        page.evaluate("own => { document.cookie = own + '; path=/gate/' }", f"{COOKIE}={attacker}")
        page.goto(f"{world.gateway.url}/")
        assert path_of(page.url) == f"{BASE}/_gate/login"


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_s0_pages_of_other_origins_cannot_kill(world, site):
    """The admin origin's neighbour on another port, another site, or a link in a mail."""
    world.victim.kills.clear()
    client = signed_in(world.gateway, "admin")
    for method in ("GET", "POST"):
        answer = client.request(method, f"/local/proxy/{world.victim.id}/jobs/job/kill/?id=1", headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
    assert world.victim.kills == []
