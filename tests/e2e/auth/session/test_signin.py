"""Getting in and out: the one-time link, tokens, sessions, bearer clients, and the command line beside a running gateway."""

import json
import re
import subprocess
import time
import urllib.parse

import pytest
import requests

from browser import Notebook, chromium
from conftest import BASE, COOKIE, NAVIGATION, Client, own_cookies, signed_in, use_link
from gateway import Gateway, binary
from spark_cluster import wait_for
from upstream import Upstream

UI = "/other/ui/echo/"


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """A gateway in front of one plain UI; no Spark needed."""
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], BASE, folder=tmp_path_factory.mktemp("gate")) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            yield gateway


@pytest.fixture(scope="module")
def stranger(gate):
    return Client(gate)


def bearer(gate, role="user"):
    return Client(gate, gate.create_token("bearer", role)["access_token"])


def test_stranger_who_navigates_is_sent_to_sign_in_and_comes_back_to_the_same_url(gate, stranger):
    target = f"{UI}deep/page?a=%2F&b=1"
    answer = stranger.get(target, headers=NAVIGATION)
    assert answer.status_code == 302
    login = answer.headers["Location"]
    assert login.removeprefix(gate.origin).startswith(f"{BASE}/_gate/login?")
    client = Client(gate)
    token = gate.create_token("returner")["access_token"]
    page = client.get(login if "://" in login else gate.origin + login, headers=NAVIGATION)
    hidden = re.search(r'name="next" value="([^"]*)"', page.text).group(1).replace("&amp;", "&")
    answer = client.post("/_gate/login", data={"token": token, "next": hidden}, headers={"Origin": gate.origin})
    assert answer.status_code == 303
    assert answer.headers["Location"].removeprefix(gate.origin) == f"{BASE}{target}"


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Sec-Fetch-Mode": "cors", "Accept": "*/*"}])
def test_stranger_that_is_a_program_gets_401_and_no_html(stranger, headers):
    answer = stranger.get(UI, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "html" not in answer.headers.get("Content-Type", "")


@pytest.mark.parametrize("path", ["/", "/other/", UI, "/other/apps/x", "/nowhere/"])
def test_nothing_is_shown_to_a_stranger(stranger, path):
    assert stranger.get(path).status_code == 401


def test_return_address_of_another_host_is_not_followed(gate):
    token = gate.create_token("open-redirect")["access_token"]
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", f"{BASE}/../..//evil.example", "/other"):
        answer = Client(gate).post("/_gate/login", data={"token": token, "next": target}, headers={"Origin": gate.origin})
        assert answer.status_code == 303
        # as a browser resolves it, dot segments and all
        assert urllib.parse.urljoin(f"{gate.url}/", answer.headers["Location"]).startswith(f"{gate.url}/"), target


def test_session_cookie_is_closed_to_scripts_and_other_sites(gate):
    token = gate.create_token("cookie")["access_token"]
    answer = Client(gate).post("/_gate/login", data={"token": token}, headers={"Origin": gate.origin})
    cookie = answer.headers["Set-Cookie"]
    assert own_cookies(answer) == [COOKIE]
    assert "HttpOnly" in cookie
    assert re.search(r"SameSite=(Lax|Strict)", cookie)


def test_one_time_link_works_once(tmp_path):
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], BASE, folder=tmp_path) as gateway:
            first, second = Client(gateway), Client(gateway)
            assert use_link(first, gateway.link).status_code == 303
            assert first.get("/", headers=NAVIGATION).status_code == 200
            refused = use_link(second, gateway.link)
            assert refused.status_code == 401
            assert "Set-Cookie" not in refused.headers
            assert second.get("/").status_code == 401
            link = gateway.link
            gateway.daemon.stop()
            gateway.start()
            assert gateway.link is None
            assert use_link(Client(gateway), link).status_code == 401
            # the session outlives the process, for the store does
            assert first.get("/", headers=NAVIGATION).status_code == 200


def test_s202_a_new_link_signs_in_once_and_ends_the_one_before(tmp_path):
    with Upstream() as upstream, Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], BASE, folder=tmp_path) as gateway:
        assert use_link(Client(gateway), gateway.link).status_code == 303  # somebody has signed in, so no start prints one
        first, second = (gateway.command("link") for _ in range(2))
        assert first.stdout.startswith(f"{gateway.url}/_gate/login?link=") and "10 minutes" in first.stderr
        assert use_link(Client(gateway), first.stdout.strip()).status_code == 401
        client = Client(gateway)
        assert use_link(client, second.stdout.strip()).status_code == 303
        assert client.get("/", headers=NAVIGATION).status_code == 200
        assert use_link(Client(gateway), second.stdout.strip()).status_code == 401
        told = [json.loads(line) for line in second.stderr.splitlines() if line.startswith("{")]
        assert [(line["event"], line["decision"]) for line in told] == [("audit", "link")] and told[0]["user"].startswith("cli:")
        assert second.stdout.strip().split("link=")[1] not in second.stderr


def test_s202_a_link_of_a_folder_leads_to_the_gateway_that_ran_from_it(tmp_path):
    with Gateway(NOWHERE, BASE, folder=tmp_path) as gateway:
        made = subprocess.run([str(binary()), "link", "--data", str(tmp_path)], capture_output=True, text=True, timeout=20)
        assert made.returncode == 0 and made.stdout.startswith(f"{gateway.url}/_gate/login?link=")
        assert use_link(Client(gateway), made.stdout.strip()).status_code == 303


def test_s202_no_link_is_made_where_there_is_no_store(tmp_path):
    made = subprocess.run([str(binary()), "link", "--data", str(tmp_path / "none")], capture_output=True, text=True, timeout=20)
    assert made.returncode == 1 and "there is no store at" in made.stderr and not (tmp_path / "none").exists()


NOWHERE = [{"name": "other", "uis": [{"name": "x", "url": "http://127.0.0.1:1"}]}]


def test_s82_what_only_looks_at_a_link_does_not_use_it_up(tmp_path):
    looks = [NAVIGATION, {"Sec-Purpose": "prefetch;prerender", **NAVIGATION}, {"User-Agent": "link preview", "Accept": "*/*"},
             {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site", "Accept": "image/*"}]
    with Gateway(NOWHERE, BASE, folder=tmp_path) as gateway:
        for headers in looks:
            answer = requests.get(gateway.link, headers=headers, timeout=10, allow_redirects=False)
            assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
            assert "no-store" in answer.headers["Cache-Control"]
            requests.head(gateway.link, headers=headers, timeout=10)
        elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert use_link(Client(gateway), gateway.link, elsewhere).status_code == 403
        assert use_link(Client(gateway), gateway.link).status_code == 303


def test_s82_person_opens_a_link_in_a_browser_and_presses_its_button(tmp_path, playwright):
    with Gateway(NOWHERE, BASE, folder=tmp_path) as gateway, chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gateway.origin)
        page.goto(gateway.link)
        page.reload()
        page.locator("main form button").click()
        page.wait_for_url(f"{gateway.url}/")
        assert page.locator("text=Administrator").count() and notes.failed == [] and notes.errors == []


def test_s182_the_link_does_not_open_the_site_that_makes_tokens(tmp_path):
    with Gateway(NOWHERE, BASE, folder=tmp_path) as gateway:
        secret, own = gateway.link.split("link=")[1], {"Origin": gateway.admin_url, "Sec-Fetch-Site": "same-origin"}
        place = f"{gateway.admin_url}/_gate/login"
        looked = requests.get(place, params={"link": secret}, headers=NAVIGATION, timeout=10)
        assert secret not in looked.text and "Set-Cookie" not in looked.headers
        for name in ("link", "token"):
            answer = requests.post(place, data={name: secret}, headers={**NAVIGATION, **own}, timeout=10, allow_redirects=False)
            assert answer.status_code in (400, 401) and "Set-Cookie" not in answer.headers
        assert use_link(Client(gateway), gateway.link).status_code == 303  # nor is it used up


def test_link_is_not_in_the_log_of_requests(tmp_path):
    with Gateway(NOWHERE, BASE, folder=tmp_path) as gateway:
        Client(gateway).get(gateway.link)
        use_link(Client(gateway), gateway.link)
        secret = gateway.link.split("link=")[1]
        wait_for(lambda: any("_gate/login" in line["path"] for line in gateway.access_log()), "the access line", 5)
        lines = [line for line in gateway.log_text().splitlines() if secret in line]
        assert len(lines) == 1 and lines[0].startswith("Sign in"), lines


def test_sign_out_ends_the_session_itself(gate):
    client = signed_in(gate, "user")
    cookies = dict(client.cookies)
    assert client.get(UI).status_code == 200
    assert client.get("/_gate/logout", headers=NAVIGATION).status_code == 200
    assert client.get(UI).status_code == 200, "a GET must not sign out (S29)"
    assert client.post("/_gate/logout", headers={"Origin": gate.origin}).status_code == 200
    thief = Client(gate)
    thief.cookies.update(cookies)
    assert thief.get(UI).status_code == 401


def test_sign_out_by_another_site_is_refused(gate):
    client = signed_in(gate, "user")
    assert client.post("/_gate/logout", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get(UI).status_code == 200


def test_browser_signs_in_by_the_form_and_out_again(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gate.origin)
        page.goto(f"{gate.url}/?q=x", wait_until="networkidle")
        page.locator("[name=token]").fill(gate.create_token("person", "admin")["access_token"])
        page.locator("form button").first.click()
        page.wait_for_url(f"{gate.url}/?q=x")
        page.goto(f"{gate.url}/_gate/logout", wait_until="networkidle")
        page.locator("main form button").first.click()
        page.wait_for_load_state("networkidle")
        assert notes.failed == []
        assert notes.errors == []
        page.goto(f"{gate.url}/", wait_until="networkidle")
        assert "/_gate/login" in page.url


def test_browser_shows_what_is_wrong_with_a_token(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(f"{gate.url}/", wait_until="networkidle")
        page.locator("[name=token]").fill("not a token")
        page.locator("form button").first.click()
        page.wait_for_load_state("networkidle")
        assert "not valid" in page.locator("main").inner_text()


def test_token_that_no_head_would_hold_is_said_to_be_too_long(gate):
    said = {size: Client(gate).post("/_gate/login", data={"token": "a" * size}, headers={"Origin": gate.origin}) for size in (16000, 17000)}
    assert [answer.status_code for answer in said.values()] == [401, 401]
    assert "longer than the gateway takes (server.limits.head)" in said[17000].text
    assert "longer than" not in said[16000].text


def test_bearer_token_opens_and_is_not_passed_on(gate):
    """S0: the UI runs users' code."""
    client = bearer(gate)
    client.cookies.set(COOKIE, "x" * 43)
    client.cookies.set("theirs", "kept")
    seen = client.get(UI, headers={"X-Forwarded-Context": "');alert(1);//", "X-Forwarded-User": "root"}).json()
    fields = dict(seen["fields"])
    assert "authorization" not in fields
    assert fields["cookie"] == "theirs=kept"
    assert "x-forwarded-context" not in fields  # Spark alone knows it
    assert fields.get("x-forwarded-user") != "root"


def test_broken_bearer_is_refused_with_a_reason(gate, stranger):
    answer = stranger.get(UI, headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_token_in_two_places_is_a_bad_request(gate):
    """S39."""
    token = gate.create_token("twice")["access_token"]
    assert Client(gate).get(f"{UI}?access_token={token}", headers={"Authorization": f"Bearer {token}"}).status_code == 400
    assert Client(gate).get(f"{UI}?access_token={token}").status_code in (400, 401)


def test_user_token_is_no_administrator(gate):
    user, admin = bearer(gate), bearer(gate, "admin")
    assert user.get(f"{UI}x").status_code == admin.get(f"{UI}x").status_code == 200
    assert gate.create_token("x", "user")["id"] != gate.create_token("x", "admin")["id"]


def test_revoked_token_is_refused_within_a_second(gate):
    made = gate.create_token("revoked")
    client = Client(gate, made["access_token"])
    assert client.get(UI).status_code == 200
    listed = json.loads(gate.command("token", "list").stdout)
    entries = listed if isinstance(listed, list) else listed["tokens"]
    assert made["id"] in [entry["id"] for entry in entries]
    assert made["access_token"] not in json.dumps(listed)
    gate.command("token", "revoke", made["id"])
    began = time.monotonic()
    wait_for(lambda: client.get(UI).status_code == 401, "the token to be refused", 5)
    assert time.monotonic() - began < 1.5  # 1 s is what is promised, and what asking takes
    assert client.get(UI).status_code == 401


def test_session_ends_when_its_token_is_revoked(gate):
    made = gate.create_token("parent")
    client = Client(gate)
    client.post("/_gate/login", data={"token": made["access_token"]}, headers={"Origin": gate.origin})
    assert client.get(UI).status_code == 200
    gate.command("token", "revoke", made["id"])
    wait_for(lambda: client.get(UI).status_code == 401, "the session to end", 5)


def test_expired_token_is_refused(gate):
    made = gate.create_token("short", "user", "--access-ttl", "1s")
    client = Client(gate, made["access_token"])
    wait_for(lambda: client.get(UI).status_code == 401, "the token to expire", 90)  # clocks may differ by a leeway


def test_redirects_and_cookies_of_another_ui_are_mended(gate):
    client = bearer(gate)
    for target in ("/next/", f"{BASE}"):
        answer = client.get(f"{UI}redirect", params={"to": "/next/"})
        assert answer.headers["Location"].removeprefix(gate.origin) == f"{BASE}{UI}next/"
        assert f"Path={BASE}{UI.rstrip('/')}" in answer.headers["Set-Cookie"].replace("path=", "Path=")


def test_admin_listener_is_another_origin_and_tells_strangers_nothing(gate):
    assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200
    assert requests.get(f"{gate.admin_url}/ready", timeout=5).status_code == 200
    assert requests.get(f"{gate.url}/metrics", timeout=5).status_code in (401, 404)
    metrics = requests.get(f"{gate.admin_url}/metrics", timeout=5)
    assert metrics.status_code in (200, 401)
    if metrics.status_code == 200:
        assert "sparkgate_requests_total" in metrics.text


def test_access_log_has_no_secret_and_the_promised_keys(gate):
    made = gate.create_token("logged")
    Client(gate, made["access_token"]).get(f"{UI}logged?password=hunter2", headers={"Cookie": "theirs=swordfish"})
    wait_for(lambda: any(line["path"].endswith("/logged") for line in gate.access_log()), "the access line", 5)
    line = [line for line in gate.access_log() if line["path"].endswith("/logged")][0]
    promised = "ts level msg event request_id client user auth token_id method host path status bytes dur_ms upstream decision reason"
    assert set(promised.split()) <= set(line)
    assert line["token_id"] == made["id"]
    for secret in (made["access_token"], "hunter2", "swordfish"):
        assert secret not in gate.log_text()


# -- several cookies of one name, several gateways on one host name -------------------------------------------------------

def add_cookie(context, name, value, path):
    context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": path}])


def test_s83_dead_cookies_of_other_paths_lock_nobody_out_and_end_on_the_sign_in_page(gate, playwright):
    """What another gateway, an old version or a hostile page left in the browser: over http nothing prevents it."""
    token = gate.create_token("locked-out")["access_token"]
    with chromium(playwright) as context:
        page = context.new_page()
        for number, path in enumerate(("/", f"{BASE}/", f"{BASE}/other/ui", f"{BASE}/_gate")):
            add_cookie(context, COOKIE, "AEIM"[number] * 43, path)
        page.goto(f"{gate.url}{UI}x")
        assert [c["path"] for c in context.cookies() if c["name"] == COOKIE] == []
        page.locator("#token").fill(token)
        page.locator("form.sign-in button").click()
        page.wait_for_url(f"{gate.url}{UI}x")
        # and one that comes later, where the sign-in page is not seen
        add_cookie(context, COOKIE, "Q" * 43, f"{BASE}/other/")
        page.reload()
        assert page.url == f"{gate.url}{UI}x"


def test_s83_sign_in_page_ends_nothing_for_who_has_no_such_cookie(gate):
    assert "Set-Cookie" not in Client(gate).get("/_gate/login", headers=NAVIGATION).headers
    answer = Client(gate).get("/_gate/login", headers={**NAVIGATION, "Cookie": f"theirs=1; {COOKIE}={'A' * 43}"})
    ended = answer.headers["Set-Cookie"]
    assert set(own_cookies(answer)) == {COOKIE} and ended.count("Max-Age=0") == ended.count(f"{COOKIE}=;")
    assert "Path=/;" not in ended  # another tab may be signing in just now
    assert f"Path={BASE};" in ended and f"Path={BASE}/_gate/login;" in ended


@pytest.mark.parametrize("settings, names", [
    ([{}, {}], ["sparkgate_one", "sparkgate_two"]),
    ([{"cookie": "sparkgate"}, {"cookie": "sparkgate_other-one"}], ["sparkgate", "sparkgate_other-one"])])
def test_s83_gateways_on_one_host_name_do_not_sign_each_others_people_out(settings, names):
    with Upstream() as upstream:
        entry = [{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}]
        with Gateway(entry, "/one", {"session": settings[0]}) as one, \
                Gateway(entry, "/two", {"session": settings[1]}) as two:
            browser = Client(one)
            for gateway, name in zip((one, two), names):
                token = gateway.create_token("both")["access_token"]
                gateway.await_mounts([UI], token)
                answer = browser.post(f"{gateway.url}/_gate/login", data={"token": token}, headers={"Origin": gateway.origin})
                assert own_cookies(answer) == [name]
            for gateway in (one, two):
                seen = browser.get(gateway.url + UI)
                assert seen.status_code == 200
                assert "cookie" not in dict(seen.json()["fields"])  # neither gateway shows a UI the other one's
            browser.post(f"{one.url}/_gate/logout", headers={"Origin": one.origin})
            assert [browser.get(gateway.url + UI).status_code for gateway in (one, two)] == [401, 200]
