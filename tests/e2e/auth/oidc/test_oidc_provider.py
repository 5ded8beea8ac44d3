"""Signing in and out with oidc-provider: in Chromium on its own pages, and by people who do the same over plain HTTP."""

import concurrent.futures
import json
import re
import time
import urllib.parse

import pytest
import requests

from browser import enter, chromium, sign_in_at_provider
from conftest import BASE, NAVIGATION, Client
from gateway import Gateway
from oidc_provider import SECRET, OidcProvider
from redis_server import RedisServer
from spark_cluster import wait_for
from sso import (COOKIE, LOGIN_COOKIE, UI, User, await_provider, await_upstream, entry_of, gateways, is_signed_in, ready,
                 seen_by_upstream, set_cookies, settings_of, sso_link, timed)

DEEP = f"{UI}deep/page?a=%2F&b=1&c=%25&next=/x"


@pytest.fixture(scope="module")
def gate(provider, upstream, tmp_path_factory):
    with gateways(tmp_path_factory.mktemp("oidc"), provider, upstream, client="web") as running:
        running[0].provider = provider
        yield running[0]


def sessions(gateway, user=None):
    """What `sparkgate session list` says."""
    listed = json.loads(gateway.command("session", "list", *(["--user", user] if user else [])).stdout)
    return listed if isinstance(listed, list) else listed["sessions"]


def entered(gateway, user="alice"):
    person = User(user)
    answer = person.enter(gateway)
    assert answer.status_code == 200, answer.text[:2000]
    return person


# -- in ---------------------------------------------------------------------------------------------------------------

def test_s24_browser_signs_in_and_comes_back_to_the_very_same_url(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + DEEP, "alice")
        seen = json.loads(page.locator("body").inner_text())
        assert seen["target"] == DEEP.removeprefix(UI.rstrip("/"))
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        assert cookies[COOKIE]["httpOnly"] and cookies[COOKIE]["sameSite"] == "Lax" and cookies[COOKIE]["path"] == "/"
        page.goto(f"{gate.url}/")
        assert page.locator("text=Alice Example").count()


def test_person_signs_in_over_plain_http_too(gate):
    person = User("alice")
    answer = person.enter(gate, DEEP)
    assert answer.status_code == 200
    assert answer.url == gate.url + DEEP
    assert sessions(gate, "alice")[0]["role"] == "user"


def test_administrator_is_one_by_the_provider(gate):
    entered(gate, "root")
    assert [entry["role"] for entry in sessions(gate, "root")] == ["admin"]
    assert sessions(gate, "root")[0]["via"] == "oidc"


def test_who_has_no_role_sees_which_roles_would_open_the_door(gate):
    person = User("nobody")
    answer = person.enter(gate)
    assert answer.status_code == 403
    assert "spark-user" in answer.text and "spark-admin" in answer.text
    program = person.program(gate)
    assert program.status_code == 403
    assert "html" not in program.headers["Content-Type"]


def test_person_in_hundreds_of_groups_signs_in_stays_in_and_out(brief, provider):
    """Their ID token is long: longer than a bearer token may be, and than a hint in an address."""
    try:
        provider.set_roles("alice", "spark-user", *(f"department-of-this-and-that-{number:04}" for number in range(600)))
        person, before = entered(brief), provider.refreshes()
        wait_for(lambda: is_signed_in(person, brief) and provider.refreshes() > before, "a refresh", 10)
        answer = person.post(brief, "/_gate/logout")
        assert len(answer.headers["Refresh"]) < 4096
        assert "id_token_hint" not in answer.headers["Refresh"]
        assert not is_signed_in(person, brief)
    finally:
        provider.set_roles("alice", "spark-user")


def test_page_offers_single_sign_on_and_a_token(gate):
    page = User("x").follow(User("x").open(gate, DEEP))
    assert "next=" in sso_link(page)
    assert 'name="token"' in page.text


def test_s23_program_never_starts_a_sign_in(gate):
    person = User("alice")
    for target in (gate.url + UI, f"{gate.url}/_gate/login?start=sso"):
        answer = person.step(target, headers={"Accept": "application/json", "Sec-Fetch-Mode": "cors"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Set-Cookie" not in answer.headers


def test_provider_that_says_no_is_explained_with_a_request_id(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(gate.url + UI)
        page.locator("a[href*='start=sso']").click()
        page.locator("text=Cancel").click()
        page.wait_for_url(f"{gate.url}/_gate/callback?**")
        text = page.locator("body").inner_text()
        assert re.search(r"[Rr]equest", text), text
        assert page.locator("a[href*='start=sso']").count()  # and may be begun again


def test_public_client_signs_in_by_pkce_alone(provider, upstream, tmp_path):
    with gateways(tmp_path, provider, upstream, client="public", public=True) as (gateway,):
        entered(gateway)


def test_gateway_at_the_root_of_its_host_works_the_same(provider, upstream, tmp_path):
    with gateways(tmp_path, provider, upstream, client="rooted", base="") as (gateway,):
        person = User("alice")
        assert person.enter(gateway, "/other/ui/echo/x?y=%20z").url.endswith("/other/ui/echo/x?y=%20z")


# -- S21, S22, S23, S24, S25 ------------------------------------------------------------------------------------------

def test_s21_request_to_the_provider_has_state_nonce_and_pkce(gate, provider):
    first, second = (User("alice").begin(gate).headers["Location"] for _ in range(2))
    queries = [urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, strict_parsing=True) for url in (first, second)]
    for query in queries:
        assert {name: values for name, values in query.items() if len(values) > 1} == {}
        assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"] == [f"{gate.url}/_gate/callback"]
        assert "openid" in query["scope"][0].split()
        assert min(len(query[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43
    for name in ("state", "nonce", "code_challenge"):
        assert queries[0][name] != queries[1][name]


def test_s21_redirect_uri_is_never_from_the_host_field(gate):
    answer = User("alice").step(f"{gate.url}/_gate/login?start=sso", headers={**NAVIGATION, "Host": "evil.example"})
    assert "evil.example" not in answer.headers.get("Location", "")


def test_s21_state_is_bound_to_the_browser_that_began(gate):
    """Login CSRF: a callback begun by somebody else signs nobody in."""
    attacker, victim = User("root"), User("alice")
    callback = attacker.callback_of(gate, attacker.begin(gate))
    victim.begin(gate)  # one of their own is under way, too
    answer = victim.open(gate, callback)
    assert answer.status_code == 303 and answer.headers["Location"].startswith(gate.provider.issuer)
    assert victim.session() is None
    assert not is_signed_in(victim, gate)


def test_s21_code_of_another_sign_in_is_of_no_use(gate):
    """Code injection: PKCE and nonce bind the code to the state it was asked for with."""
    attacker, victim = User("root"), User("alice")
    stolen = urllib.parse.parse_qs(urllib.parse.urlsplit(attacker.callback_of(gate, attacker.begin(gate))).query)["code"][0]
    callback = victim.callback_of(gate, victim.begin(gate))
    own = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)["code"][0]
    answer = victim.open(gate, callback.replace(own, stolen))
    assert answer.status_code == 403
    assert victim.session() is None


def test_s21_callback_works_once(gate):
    person = User("alice")
    callback = person.callback_of(gate, person.begin(gate))
    before = [(cookie.name, cookie.value) for cookie in person.cookies]
    assert person.open(gate, callback).status_code == 303
    thief = User("x")
    for name, value in before:
        thief.cookies.set(name, value)
    answer = thief.open(gate, callback)
    assert answer.status_code in (400, 403)
    assert thief.session() is None


@pytest.mark.parametrize("change", [
    lambda url: f"{url}&state=x", lambda url: f"{url}&code=x", lambda url: f"{url}&state=", lambda url: f"{url}&code",
    lambda url: re.sub(r"state=[^&]*", "state=" + "A" * 43, url), lambda url: re.sub(r"state=[^&]*&?", "", url),
    lambda url: re.sub(r"code=[^&]*&?", "", url), lambda url: re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", url),
    lambda url: url.split("?")[0], lambda url: f"{url}&error=access_denied"])
def test_s21_changed_callback_signs_nobody_in(gate, change):
    person = User("alice")
    callback = person.callback_of(gate, person.begin(gate))
    assert "iss=" in callback  # RFC 9207: this provider sends it
    answer = person.open(gate, change(callback))
    assert answer.status_code in (400, 403), answer.text[:1000]
    assert person.session() is None
    assert callback.split("code=")[1].split("&")[0] not in answer.text


def test_s22_session_id_is_new_at_every_sign_in_and_the_old_one_ends(gate):
    person = entered(gate)
    first = person.session()
    fixed = User("root")
    fixed.cookies.set(COOKIE, first, domain="127.0.0.1", path="/")
    fixed.open(gate, f"{gate.url}/_gate/login?start=sso")
    answer = fixed.arrive(fixed.open(gate, f"{gate.url}/_gate/login?start=sso&next={BASE}{UI}"))
    assert answer.status_code == 200
    values = {cookie.value for cookie in fixed.cookies if cookie.name == COOKIE}
    assert first not in values and len(values) == 1
    assert not is_signed_in(person, gate)


def test_s22_id_that_was_not_given_out_is_not_taken_up(gate):
    person = User("alice")
    person.cookies.set(COOKIE, "A" * 43, domain="127.0.0.1", path="/")
    person.enter(gate)
    assert "A" * 43 not in [cookie.value for cookie in person.cookies]


def test_s25_cookies_are_for_the_gateway_only(gate):
    person = User("alice")
    start = person.begin(gate)
    callback = person.callback_of(gate, start)
    answer = person.open(gate, callback)
    for field in set_cookies(start) + set_cookies(answer):
        attributes = [part.strip().lower() for part in field.split(";")[1:]]
        assert "httponly" in attributes and "samesite=lax" in attributes and "path=/" in attributes, field
        assert not any(part.startswith("domain") for part in attributes), field
    names = {re.sub(r"(?<=-login_gate-)\w$", "", field.split("=")[0]) for field in set_cookies(answer)}
    assert names == {COOKIE, LOGIN_COOKIE}
    assert len(person.session()) >= 43
    fields = seen_by_upstream(person.open(gate, UI))
    assert COOKIE not in fields.get("cookie", "")


def test_s81_cookies_beside_the_session_do_not_lock_its_person_out(gate):
    """A neighbour host, another path or a script can add some; each is tried, four of them at most."""
    person = entered(gate)
    own, dead = f"{COOKIE}={person.session()}", [f"{COOKIE}={letter * 43}" for letter in "AEIM"]
    for cookies in ([own], [own, own], [dead[0], own], [own, dead[0]], [f"{COOKIE}=x", *dead[:2], own], [own, *dead]):
        answer = requests.get(gate.url + UI, headers={"Cookie": "; ".join(cookies)}, timeout=10)
        assert answer.status_code == 200, cookies
    for cookies in (dead, [*dead, own]):
        assert requests.get(gate.url + UI, headers={"Cookie": "; ".join(cookies)}, timeout=10).status_code == 401


def own_cookie_bytes(person):
    return sum(len(cookie.name) + len(cookie.value) + 3 for cookie in person.cookies if cookie.name.startswith(COOKIE))


def test_s23_fifty_parallel_navigations_do_not_pile_up(gate):
    person = User("alice")
    url = f"{gate.url}/_gate/login?start=sso&next={BASE}{UI}"

    def begin(number):
        return person.copy().open(gate, f"{url}{'x' * 1000}{number}")

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(begin, range(50)))
    assert {answer.status_code for answer in answers} == {303}
    for number in range(50):  # as a browser takes them in: one cookie, the last wins, each sign-in after the other
        last = person.open(gate, f"{url}{'x' * 1000}{number}")
        assert own_cookie_bytes(person) < 4096
    assert person.arrive(last).status_code == 200


def test_s23_tabs_sign_in_each_to_its_own_page(gate):
    person = User("alice")
    tabs = [person.begin(gate, f"{UI}tab?{number}") for number in range(9)]
    for number in (2, 0, 8, 3, 1, 7, 4, 6, 5):
        answer = person.arrive(tabs[number])
        assert answer.status_code == 200
        assert answer.url == f"{gate.url}{UI}tab?{number}"


def test_s23_tabs_of_a_browser_sign_in_in_parallel(gate, playwright):
    with chromium(playwright) as context:
        pages = [context.new_page() for _ in range(3)]
        urls = [f"{gate.url}{UI}tab?n={number}" for number in range(3)]
        for page, url in zip(pages, urls):
            page.goto(url)
        for page in pages:
            page.locator("a[href*='start=sso']").click()
            page.wait_for_selector("[name=login]")
        for page, url in reversed(list(zip(pages, urls))):
            sign_in_at_provider(page, "alice")
            page.wait_for_url(url)


# after the tables of oauth2-proxy and others that were had by them
PATHS_ELSEWHERE = [
    "https://evil.example/", "http:evil.example", "http:/evil.example", "//evil.example", "///evil.example",
    "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example",
    "//evil.example\\@{host}", "//{host}@evil.example", "/%2fevil.example", "/%2f%2fevil.example",
    "/%5cevil.example", "/%5c%5cevil.example", "/%252fevil.example", "%2f%2fevil.example", "/%09/evil.example",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r\n/evil.example", "/%0d%0a//evil.example",
    "/%0d%0aLocation:%20https://evil.example", "/{base}/\r\nSet-Cookie: a=b", "/{base}/%0d%0aSet-Cookie:%20a=b",
    "/{base}\\..\\..\\evil.example", "/{base}/..//evil.example", "/{base}/../..//evil.example",
    "/{base}/%2e%2e//evil.example", "/{base}/%2e%2e/%2e%2e//evil.example", "/{base}/.%2e/%2fevil.example",
    "/{base}/%252e%252e//evil.example", "/{base}//evil.example", "/.evil.example", "/./evil.example",
    "/..//evil.example", ".evil.example", "@evil.example", ":80@evil.example", "{host}@evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "/javascript:alert(1)",
    "data:text/html,x", "vbscript:x", "https:evil.example", "https:///evil.example", "https:\\\\evil.example",
    "http://{host}.evil.example/{base}/", "http://{host}@evil.example/{base}/", "http://evil.example#{host}",
    "http://evil.example?{host}/{base}/", "http://127.1/{base}/", "/{base}evil/", "/{base}@evil.example/",
    "/{base}.evil.example/", "/\x00/evil.example", "/{base}/\x00", "/{base}/\x7f", "/\u2215evil.example",
    "/{base}/\u2028", "\u3002evil.example", "//\u3002evil.example", "/〱evil.example", "//google\uff0ecom",
    "<>//evil.example", "/<>//evil.example", "/?next=//evil.example", "/#//evil.example", "?//evil.example", "",
    "/", " /{base}/", "/{base}/ //evil.example", "/ /evil.example", "/%20/evil.example", "/;@evil.example",
    "/{base}/..;/evil.example", "x" * 9000, "/{base}/" + "x" * 5000,
]


@pytest.mark.parametrize("number", range(len(PATHS_ELSEWHERE)))
def test_s24_sign_in_ends_at_the_gateway_wherever_it_was_told_to_go(gate, number):
    host = gate.origin.removeprefix("http://")
    payload = PATHS_ELSEWHERE[number].replace("{host}", host).replace("{base}", BASE.strip("/"))
    person = User("alice")
    start = person.open(gate, f"/_gate/login?start=sso&next={urllib.parse.quote(payload, safe='')}")
    if start.status_code in (400, 414, 431):
        return  # refused at once
    target = urllib.parse.urlsplit(start.headers["Location"])
    assert target.path == "/auth" and "evil" not in start.headers["Location"]
    answer = person.open(gate, person.callback_of(gate, start))
    assert answer.status_code == 303
    location = answer.headers["Location"].removeprefix(gate.origin)
    assert location.startswith(f"{BASE}/"), location
    path = urllib.parse.unquote(urllib.parse.unquote(location.split("?")[0]))
    assert not re.search(r"//|\\|[\x00-\x20\x7f]|/\.\.?(/|;|$)", path), location
    assert not any(name.lower() == "set-cookie" and "a=b" in value for name, value in answer.headers.items())


# -- out --------------------------------------------------------------------------------------------------------------

def test_signing_out_ends_the_session_at_the_provider_too(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + UI, "alice")
        page.goto(f"{gate.url}/_gate/logout")
        page.locator("main form button").first.click()
        page.wait_for_selector("button[name=logout]")  # the provider's own question
        page.locator("button[name=logout]").click()
        page.wait_for_url(f"{gate.url}/_gate/logout**")
        page.goto(gate.url + UI)
        page.locator("a[href*='start=sso']").click()
        page.wait_for_selector("[name=login]")  # it does not know them any more


def test_s29_signing_out_takes_a_post_from_a_page_of_ours(gate):
    person = entered(gate)
    assert person.open(gate, "/_gate/logout").status_code == 200
    assert is_signed_in(person, gate)
    foreign = {**NAVIGATION, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    for fields in ({}, {"everywhere": "1"}):
        answer = person.step(f"{gate.url}/_gate/logout", "post", data=fields, headers=foreign)
        assert answer.status_code == 403
        assert is_signed_in(person, gate)
    answer = person.post(gate, "/_gate/logout")
    assert answer.status_code == 200
    assert not is_signed_in(person, gate)


def test_signed_out_session_is_dead_even_with_its_cookie(gate):
    person = entered(gate)
    cookie = person.session()
    person.post(gate, "/_gate/logout")
    assert person.session() is None
    answer = requests.get(gate.url + UI, headers={"Cookie": f"{COOKIE}={cookie}"}, timeout=10)
    assert answer.status_code == 401


def test_signing_out_everywhere_ends_all_of_ones_own_sessions_and_no_others(gate):
    first, second, other = entered(gate), entered(gate), entered(gate, "root")
    assert first.post(gate, "/_gate/logout", everywhere="1").status_code == 200
    assert timed(lambda: not is_signed_in(second, gate), "the other session to end", 5) < 1
    assert not is_signed_in(first, gate)
    assert is_signed_in(other, gate)


def test_administrator_ends_all_sessions_of_a_user(gate):
    people, other = [entered(gate) for _ in range(2)], entered(gate, "root")
    gate.command("session", "end", "--user", "alice")
    for person in people:
        assert timed(lambda: not is_signed_in(person, gate), "the session to end", 5) < 1.5
    assert is_signed_in(other, gate)
    assert sessions(gate, "alice") == []


def end_at_provider(person, provider):
    """Signs out there, not here, as in another tab."""
    page = person.follow(person.step(f"{provider.issuer}/session/end"))
    form = re.search(r'name="xsrf" value="([^"]+)"', page.text).group(1)
    answer = person.step(f"{provider.issuer}/session/end/confirm", "post", data={"xsrf": form, "logout": "yes"})
    assert answer.status_code in (302, 303), answer.text[:1000]


def test_s28_back_channel_logout_of_the_provider_ends_the_session(gate, provider):
    person, other = entered(gate), entered(gate)
    before = len(provider.counters()["backchannel"])
    end_at_provider(person, provider)
    wait_for(lambda: len(provider.counters()["backchannel"]) > before, "the provider to call", 5)
    assert provider.counters()["backchannel"][before:] == [200]
    assert timed(lambda: not is_signed_in(person, gate), "the session to end", 5) < 1
    assert is_signed_in(other, gate)  # it named one session, not the person


@pytest.mark.parametrize("body", ["logout_token=", "logout_token=x", "logout_token=a.b.c", "logout_token=x&logout_token=y"])
def test_s28_what_is_no_logout_token_is_refused(gate, body):
    person = entered(gate)
    answer = requests.post(f"{gate.url}/_gate/logout", data=body, timeout=10,
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_signed_in(person, gate)


# -- refresh ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def brief(provider, upstream, tmp_path_factory):
    """A gateway whose people's access tokens last two seconds."""
    with gateways(tmp_path_factory.mktemp("brief"), provider, upstream, client="brief", access_ttl=2) as running:
        yield running[0]


def test_s32_roles_are_those_of_the_last_refresh(brief, provider):
    person = entered(brief)
    assert sessions(brief, "alice")[0]["role"] == "user"
    try:
        provider.set_roles("alice", "spark-admin")
        wait_for(lambda: is_signed_in(person, brief) and sessions(brief, "alice")[0]["role"] == "admin", "the new role", 10)
        provider.set_roles("alice", "staff")
        wait_for(lambda: person.program(brief).status_code == 403, "the roles to be gone", 10)
    finally:
        provider.set_roles("alice", "spark-user")
    wait_for(lambda: is_signed_in(person, brief), "the role to be back", 10)


def test_s27_session_outlives_many_access_tokens(brief, provider):
    person, before = entered(brief), provider.refreshes()
    answers = []

    def refreshed_thrice():
        answers.append(person.program(brief).status_code)
        return provider.refreshes() >= before + 3

    wait_for(refreshed_thrice, "three refreshes", 20)
    assert set(answers) == {200}


def test_s27_session_ends_when_the_provider_takes_the_grant_back(brief, provider):
    person = entered(brief)
    wait_for(lambda: is_signed_in(person, brief), "the session", 2)
    person.step(f"{provider.issuer}/session/end")
    provider.stop()
    provider.start()  # knows no grant any more
    wait_for(lambda: person.program(brief).status_code == 401, "the session to end", 20)


@pytest.fixture
def pair(provider, upstream, tmp_path):
    """Two gateways on one Redis that are one client; access tokens last five seconds."""
    with RedisServer() as redis, gateways(tmp_path, provider, upstream, count=2, client="pair", access_ttl=5,
                                          redis=redis) as running:
        yield running


def test_s27_hundred_parallel_requests_on_two_gateways_are_one_refresh(pair, provider):
    """This provider takes the second use of a refresh token for theft and ends everything."""
    one, two = pair
    person, began = User("alice"), time.monotonic()
    assert person.enter(one).status_code == 200
    assert is_signed_in(person, two)
    before, cookie = provider.refreshes(), {"Cookie": f"{COOKIE}={person.session()}"}
    wait_for(lambda: time.monotonic() > began + 6, "the access token to run out", 10)

    def ask(number):
        return requests.get(pair[number % 2].url + UI, headers=cookie, timeout=30).status_code

    provider.control("delay", ms=300)
    try:
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(ask, range(100)))
    finally:
        provider.control("delay", ms=0)
    assert answers == [200] * 100
    assert provider.refreshes() - before == 1
    assert is_signed_in(person, one) and is_signed_in(person, two)


def test_session_outlives_a_restart_and_a_reload_of_the_gateway(provider, upstream, tmp_path):
    with gateways(tmp_path, provider, upstream, client="restarted") as (gateway,):
        person = entered(gateway)
        gateway.daemon.stop()
        gateway.start()
        await_upstream(gateway)
        assert is_signed_in(person, gateway)
        await_provider(gateway)
        start = User("root").begin(gateway)
        gateway.conf["auth"]["oidc"]["label"] = "Use the platform's account"
        gateway.reload()
        wait_for(lambda: "Use the platform" in User("x").open(gateway, "/_gate/login").text, "the reload", 10)
        assert is_signed_in(person, gateway)
        assert start.status_code == 303
        entered(gateway, "root")


# -- bearer tokens ----------------------------------------------------------------------------------------------------

def await_introspection(gateway, provider):
    """Where to ask is discovered for itself; until then 503 is the answer."""
    token = provider.service_token("robot", "opaque")
    wait_for(lambda: Client(gateway, token).get(UI).status_code == 200, "introspection", 10)


@pytest.fixture(scope="module")
def service(provider, upstream, tmp_path_factory):
    """Takes the provider's JWT access tokens, and opaque ones by introspection."""
    folder = tmp_path_factory.mktemp("service")
    secret = provider.add_service("introspector")
    path = folder / "introspector"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    provider.add_service("robot")
    bearer = [{"issuer": provider.issuer, "audience": ["spark"], "algorithms": ["RS256"],
               "jwks_url": f"{provider.issuer}/jwks",
               "introspection": {"client_id": "introspector", "client_secret_file": str(path)}}]
    with gateways(folder, provider, upstream, client="service", bearer=bearer) as running:
        await_introspection(running[0], provider)
        yield running[0]


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_bearer_token_of_the_provider_opens(service, provider, kind):
    for token in (provider.service_token("robot", kind), provider.user_token("root", "service", kind)):
        answer = Client(service, token).get(UI)
        assert answer.status_code == 200, answer.headers
        assert "authorization" not in seen_by_upstream(answer)


def test_opaque_token_is_shown_to_the_provider_once_not_at_every_request(service, provider):
    client, before = Client(service, provider.service_token("robot", "opaque")), provider.counters()["introspections"]
    assert {client.get(UI).status_code for _ in range(30)} == {200}
    assert provider.counters()["introspections"] - before <= 2  # one a worker thread at most


def test_token_of_somebody_without_a_role_is_forbidden(service, provider):
    for kind in ("jwt", "opaque"):
        answer = Client(service, provider.user_token("nobody", "service", kind)).get(UI)
        assert answer.status_code == 403
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_s41_token_for_another_service_is_refused(service, provider):
    """Without a resource it is for the provider's own userinfo."""
    token = provider.token({"grant_type": "client_credentials"}, "robot")["access_token"]
    assert Client(service, token).get(UI).status_code == 401


def test_s18_id_token_is_no_bearer_token(service, provider):
    person = User("alice")
    callback = person.callback_of(service, person.begin(service))
    assert Client(service, callback.split("code=")[1].split("&")[0]).get(UI).status_code == 401  # nor is a code


def test_issuer_that_is_asked_about_opaque_tokens_only_refuses_signed_ones(provider, upstream, tmp_path):
    """It answers 400 to the question; that is no reason to tell the client to come again."""
    secret = tmp_path / "secret"
    secret.write_text(provider.add_service("introspector") + "\n")
    secret.chmod(0o600)
    provider.add_service("robot")
    bearer = [{"issuer": provider.issuer, "audience": ["spark"],
               "introspection": {"client_id": "introspector", "client_secret_file": str(secret)}}]
    with gateways(tmp_path, provider, upstream, client="opaque-only", bearer=bearer) as (gateway,):
        await_introspection(gateway, provider)
        assert Client(gateway, provider.service_token("robot", "jwt")).get(UI).status_code == 401


def test_unknown_opaque_token_is_refused(service):
    answer = Client(service, "not-a-token-of-anybody").get(UI)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


# -- the provider comes, goes and changes its keys --------------------------------------------------------------------

def test_provider_may_be_down_at_start_and_everything_heals_by_itself(upstream, tmp_path):
    """And this provider names people and roles in userinfo only."""
    provider = OidcProvider(id_token_claims=False)
    settings = settings_of(tmp_path, provider.issuer, "late", SECRET)
    with Gateway([entry_of(upstream)], BASE, settings, folder=tmp_path) as gateway:
        await_upstream(gateway)
        status, detail = ready(gateway)
        assert status == 200 and detail["identity_provider"] == "down"
        person = User("alice")
        page = person.follow(person.open(gateway, DEEP))
        assert page.status_code == 200 and "does not answer" in page.text
        answer = person.open(gateway, f"/_gate/login?start=sso&next={BASE}{UI}")
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        assert person.session() is None
        with provider:
            provider.add_client("late", [gateway])
            await_provider(gateway)
            answer = person.enter(gateway, DEEP)
            assert answer.status_code == 200 and answer.url == gateway.url + DEEP
            assert sessions(gateway, "alice")[0]["name"] == "Alice Example"
        # and down again: who is in stays in, who is not gets a page
        assert is_signed_in(person, gateway)
        stranger = User("root")
        start = stranger.open(gateway, f"/_gate/login?start=sso&next={BASE}{UI}")
        assert start.status_code in (303, 503)
        assert ready(gateway)[0] == 200


@pytest.mark.parametrize("keep", [True, False])
def test_s19_keys_may_change_at_any_time(upstream, tmp_path, keep):
    bearer = [{"issuer": "", "audience": ["spark"], "algorithms": ["RS256"]}]
    with OidcProvider() as provider:
        bearer[0]["issuer"] = provider.issuer
        provider.add_service("robot")
        with gateways(tmp_path, provider, upstream, client="rotating", bearer=bearer) as (gateway,):
            old = provider.service_token("robot")
            entered(gateway)
            assert Client(gateway, old).get(UI).status_code == 200
            provider.control("rotate", keep=keep)
            entered(gateway)
            assert Client(gateway, provider.service_token("robot")).get(UI).status_code == 200


# -- S40 --------------------------------------------------------------------------------------------------------------

def test_s40_log_has_no_code_state_cookie_or_token(gate, provider):
    person = User("alice")
    start = person.begin(gate)
    cookie = next(cookie.value for cookie in person.cookies if cookie.name.startswith(LOGIN_COOKIE))
    callback = person.callback_of(gate, start)
    person.open(gate, callback)
    person.open(gate, f"{UI}?password=hunter2")
    person.post(gate, "/_gate/logout")
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(start.headers["Location"]).query)
    told = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)
    secrets = [asked["state"][0], asked["nonce"][0], asked["code_challenge"][0], told["code"][0], cookie, "hunter2",
               "a-client-secret-of-the-tests"]
    wait_for(lambda: '"sign_out"' in gate.log_text() or "logout" in gate.log_text(), "the log", 5)
    for secret in secrets:
        assert secret not in gate.log_text()
        assert secret[:20] not in gate.log_text()
    assert "eyJ" not in gate.log_text()  # no JWT of any kind
