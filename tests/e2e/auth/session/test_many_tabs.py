"""A browser with many tabs: each of them ends at its own URL, in whatever order people and providers let them."""

import contextlib
import json
import random
import re
import time
import urllib.parse

import pytest
import requests
from playwright.sync_api import Error

from browser import PASSWORD_FIELD, USER_FIELD, Notebook, chromium, sign_in_at_provider
from conftest import BASE, COOKIE
from spark_cluster import wait_for
from oidc_provider import OidcProvider
from sso import UI, User, gateway_of_two, gateways, is_signed_in, set_cookies

TABS, FORMS = 20, 5
SSO = "a[href*='start=sso']"
GO_ON = "#loginContinueLink"  # Keycloak's


@pytest.fixture(scope="module")
def gate(provider, upstream, tmp_path_factory):
    with gateways(tmp_path_factory.mktemp("tabs"), provider, upstream, client="tabs") as running:
        yield running[0]


@pytest.fixture(scope="module")
def realm(keycloak, upstream, tmp_path_factory):
    with gateways(tmp_path_factory.mktemp("realm"), keycloak, upstream, client="tabs", claim="realm_access.roles",
                  scopes=("openid", "profile")) as running:
        yield running[0]


@pytest.fixture(scope="module")
def pair(provider, upstream, tmp_path_factory):
    with OidcProvider(host="127.0.0.2") as partner:
        with gateway_of_two(tmp_path_factory.mktemp("pair"), provider, partner, upstream) as gateway:
            gateway.issuers = [provider.issuer, partner.issuer]
            yield gateway


def urls_of(gateway, count):
    return [f"{gateway.url}{UI}tab/{number}?a=%2F&n={number}#part-{number}" for number in range(count)]


@contextlib.contextmanager
def held(context, pattern, count):
    """Requests of this pattern wait until there are `count` of them: then all go at once, as in a browser that starts."""
    waiting = []
    context.route(pattern, lambda route: waiting.append(route))

    def release(page):
        until = time.monotonic() + 60
        while len(waiting) < count:
            assert time.monotonic() < until, f"{len(waiting)} of {count} have begun"
            page.wait_for_timeout(20)
        context.unroute(pattern)
        for route in waiting:
            route.continue_()

    yield release


def begin_at_once(context, pages, links=(SSO,)):
    """The link to the provider is taken in all tabs before any of them has an answer; of several links in turn."""
    with held(context, "**/_gate/login?start=sso**", len(pages)) as release:
        for number, page in enumerate(pages):
            page.evaluate(f"""document.querySelector("{links[number % len(links)]}").click()""")
        release(pages[0])


def arrive(page, url, user="alice"):
    """Fills in the provider's form as often as it is shown, until the tab is at its URL. A provider's own script may take
    the form away while it is filled in, when another tab was faster. Keycloak's page of a form that was sent twice has a
    link that goes on."""
    until = time.monotonic() + 60
    while page.url != url:
        assert time.monotonic() < until, f"{page.url}: {page.locator('body').inner_text()[:500]}"
        try:
            if page.locator(USER_FIELD).count() and page.locator(PASSWORD_FIELD).count():
                page.locator(USER_FIELD).first.fill(user, timeout=2000)
                page.locator(PASSWORD_FIELD).first.fill("password", timeout=2000)
                page.locator("[type=submit]").first.click(timeout=2000)
            elif page.locator(GO_ON).count():
                page.locator(GO_ON).click(timeout=2000)
            page.wait_for_url(url, timeout=3000)
        except Error:
            continue
    page.wait_for_load_state()


def await_tabs(pages, urls):
    """All are at their URLs by themselves."""
    until = time.monotonic() + 60
    while (late := [page for page, url in zip(pages, urls) if page.url != url]) and time.monotonic() < until:
        late[0].wait_for_timeout(50)
    assert [page.url for page in pages] == urls, "\n".join(page.locator("body").inner_text()[:300] for page in late)
    for page in pages:
        page.wait_for_load_state()


def targets_of(pages):
    return [json.loads(page.locator("body").inner_text())["target"] for page in pages]


def wanted_of(urls):
    return [url.split(UI.rstrip("/"))[1].split("#")[0] for url in urls]


def sizes(context, gateway):
    return sum(len(c["name"]) + len(c["value"]) + 3 for c in context.cookies(gateway.url) if c["name"].startswith("sparkgate"))


def twenty_tabs_of_a_stranger(gateway, playwright):
    """Restored tabs: the sign-ins begin in one moment, each tab shows the provider's form, and one after the other is
    filled in, in any order."""
    with chromium(playwright) as context:
        urls = urls_of(gateway, TABS)
        pages = [context.new_page() for _ in urls]
        for page, url in zip(pages, urls):
            page.goto(url)
        begin_at_once(context, pages)
        for page in pages:
            page.wait_for_selector(USER_FIELD)
        assert sizes(context, gateway) < 4096
        tabs = list(zip(pages, urls))
        random.Random(16).shuffle(tabs)
        for page, url in tabs:
            arrive(page, url)
        assert targets_of(pages) == wanted_of(urls)


def twenty_tabs_of_who_is_known_at_the_provider(gateway, playwright):
    """The gateway's session has ended, the provider's has not: all tabs go there and back in one moment."""
    with chromium(playwright) as context:
        first = context.new_page()
        first.goto(f"{gateway.url}{UI}")
        first.locator(SSO).click()
        first.wait_for_selector(USER_FIELD)
        arrive(first, f"{gateway.url}{UI}")
        gateway.command("session", "end", "--all")
        cookie = {"Cookie": "; ".join(f"{c['name']}={c['value']}" for c in context.cookies(gateway.url))}
        wait_for(lambda: all(requests.get(gateway.url + UI, headers=cookie, timeout=5).status_code == 401 for _ in range(10)),
                 "every thread to know that the session has ended", 5)
        urls = urls_of(gateway, TABS)
        pages = [context.new_page() for _ in urls]
        for page, url in zip(pages, urls):
            page.goto(url)
            assert page.locator(SSO).count() == 1
        begin_at_once(context, pages)
        await_tabs(pages, urls)
        assert targets_of(pages) == wanted_of(urls)
        assert sizes(context, gateway) < 4096


def five_forms_filled_in_from_the_first_to_the_last(gateway, playwright):
    with chromium(playwright) as context:
        urls = urls_of(gateway, FORMS)
        pages = [context.new_page() for _ in urls]
        for page, url in zip(pages, urls):
            page.goto(url)
            page.locator(SSO).click()
            page.wait_for_selector(USER_FIELD)
        for page, url in zip(pages, urls):
            arrive(page, url)
        assert targets_of(pages) == wanted_of(urls)


def test_s81_twenty_tabs_end_each_at_its_own_url(gate, playwright):
    twenty_tabs_of_a_stranger(gate, playwright)


def test_s81_twenty_tabs_of_who_is_known_at_the_provider_end_each_at_its_own_url(gate, playwright):
    twenty_tabs_of_who_is_known_at_the_provider(gate, playwright)


def test_five_forms_of_the_provider_may_be_filled_in_in_any_order(gate, playwright):
    five_forms_filled_in_from_the_first_to_the_last(gate, playwright)


def test_s81_twenty_tabs_end_each_at_its_own_url_with_keycloak(realm, playwright):
    twenty_tabs_of_a_stranger(realm, playwright)


def test_s81_twenty_tabs_of_who_is_known_at_keycloak_end_each_at_its_own_url(realm, playwright):
    twenty_tabs_of_who_is_known_at_the_provider(realm, playwright)


def test_five_forms_of_keycloak_may_be_filled_in_in_any_order(realm, playwright):
    five_forms_filled_in_from_the_first_to_the_last(realm, playwright)


# -- two providers ------------------------------------------------------------------------------------------------------

CORP, PARTNER = f"{SSO}:not([href*='provider='])", f"{SSO}[href*='provider=partner']"
BOTH_HOSTS = re.compile(r"https?://127\.0\.0\.[12][:/]|(data|blob|about):")


def twenty_tabs_of_two_providers(gateway, playwright, links):
    """Restored tabs, of which each takes the link to a provider of its own; whoever signs in first is who the browser is."""
    with chromium(playwright, reachable=BOTH_HOSTS) as context:
        urls = urls_of(gateway, TABS)
        pages = [context.new_page() for _ in urls]
        for page, url in zip(pages, urls):
            page.goto(url)
            assert page.locator(SSO).count() == 2
        begin_at_once(context, pages, links)
        for page in pages:
            page.wait_for_selector(USER_FIELD)
        assert sizes(context, gateway) < 4096
        for number, page in enumerate(pages):
            issuer = gateway.issuers[[CORP, PARTNER].index(links[number % len(links)])]
            assert page.url.startswith(issuer), (number, page.url)
        tabs = list(zip(pages, urls))
        random.Random(19).shuffle(tabs)
        for page, url in tabs:
            arrive(page, url)
        assert targets_of(pages) == wanted_of(urls)


def test_s81_twenty_tabs_end_each_at_its_own_url_with_one_of_two_providers(pair, playwright):
    twenty_tabs_of_two_providers(pair, playwright, [PARTNER])


def test_s81_twenty_tabs_end_each_at_its_own_url_with_two_providers_in_turn(pair, playwright):
    twenty_tabs_of_two_providers(pair, playwright, [CORP, PARTNER])


# -- a sign-in page in a browser that is signed in ----------------------------------------------------------------------

def test_sign_in_page_of_another_tab_goes_on_when_it_is_reloaded(gate, playwright):
    with chromium(playwright) as context:
        first, second = context.new_page(), context.new_page()
        urls = urls_of(gate, 2)
        for page, url in zip((first, second), urls):
            page.goto(url)
        first.locator(SSO).click()
        first.wait_for_selector(USER_FIELD)
        sign_in_at_provider(first, "alice")
        first.wait_for_url(urls[0])
        second.reload()
        assert second.url == urls[1]


def test_sign_in_page_leads_who_is_signed_in_to_a_path_of_ours_only(gate):
    person = User("alice")
    person.enter(gate)
    for target, location in ((f"{BASE}{UI}?x=1", f"{BASE}{UI}?x=1"), ("//evil.example/", f"{BASE}/"), ("", f"{BASE}/")):
        answer = person.open(gate, f"/_gate/login?next={urllib.parse.quote(target, safe='')}")
        assert (answer.status_code, answer.headers["Location"]) == (303, location)
    assert User("x").open(gate, "/_gate/login").status_code == 200


# -- what only the browser knows of an address --------------------------------------------------------------------------

FRAGMENT = "#!/view?a=%20b&c='d'"


def test_fragment_survives_the_providers_form(gate, playwright):
    with chromium(playwright) as context:
        page, url = context.new_page(), f"{gate.url}{UI}deep?a=1&b=%2F{FRAGMENT}"
        notes = Notebook(page, gate.origin)
        page.goto(url)
        page.locator(SSO).click()
        page.wait_for_selector(USER_FIELD)
        sign_in_at_provider(page, "alice")
        page.wait_for_url(url)
        assert [error for error in notes.errors if "Content Security Policy" in error and gate.origin in error] == []


def test_fragment_survives_the_token_form_and_a_wrong_token(gate, playwright):
    token = gate.create_token("fragment")["access_token"]
    with chromium(playwright) as context:
        page, url = context.new_page(), f"{gate.url}{UI}deep?a=1&b=%2F{FRAGMENT}"
        page.goto(url)
        for said in ("wrong", token):
            if not page.locator("#token").is_visible():
                page.locator("summary").click()
            page.locator("#token").fill(said)
            page.locator("form.sign-in button").click()
            page.wait_for_selector("#problem" if said == "wrong" else "pre, body:not(:has(form))")
        page.wait_for_url(url)


def test_without_scripts_the_page_is_reached_without_its_fragment(gate, playwright):
    token = gate.create_token("no-script")["access_token"]
    with chromium(playwright, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{gate.url}{UI}deep?a=1{FRAGMENT}")
        page.locator("summary").click()
        page.locator("#token").fill(token)
        page.locator("form.sign-in button").click()
        page.wait_for_url(f"{gate.url}{UI}deep?a=1**")


def test_fragment_of_a_page_of_the_admin_site_survives_too(gate, playwright):
    token = gate.create_token("admins", "admin")["access_token"]
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(f"{gate.admin_url}/tokens?show=living#list")
        page.locator("summary").click()
        page.locator("#token").fill(token)
        page.locator("form.sign-in button").click()
        page.wait_for_url(f"{gate.admin_url}/tokens?show=living#list")


@pytest.mark.parametrize("next_path, location", [
    (f"{BASE}/x#y", f"{BASE}/x#y"), (f"{BASE}/x#//evil.example", f"{BASE}/x#//evil.example"), (f"{BASE}/x#a b", f"{BASE}/x"),
    (f"{BASE}/x#a\r\nSet-Cookie: a=b", f"{BASE}/x"), ("//evil.example#x", f"{BASE}/"), ("#x", f"{BASE}/"), (f"{BASE}/x#", f"{BASE}/x#")])
def test_s24_fragment_changes_nothing_of_where_it_leads(gate, next_path, location):
    token = gate.create_token("fragments")["access_token"]
    answer = requests.post(f"{gate.url}/_gate/login", data={"token": token, "next": next_path}, headers={"Origin": gate.origin},
                           timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, location)
    assert len(set_cookies(answer)) == 1


# -- a callback whose cookie is gone ------------------------------------------------------------------------------------

def without_cookies(gateway, path, user="alice"):
    """The callback of a sign-in whose cookies are lost; the person is known at the provider."""
    person = User(user)
    callback = person.callback_of(gateway, person.begin(gateway, path))
    for cookie in [cookie for cookie in person.cookies if cookie.name.startswith("sparkgate")]:
        person.cookies.clear(cookie.domain, cookie.path, cookie.name)
    return person, callback


def test_s81_sign_in_whose_cookie_is_gone_begins_again_and_keeps_the_url(gate):
    person, callback = without_cookies(gate, f"{UI}kept?a=1&b=%2F")
    answer = person.open(gate, callback)
    assert answer.status_code == 303 and person.session() is None
    answer = person.follow(answer)
    assert (answer.status_code, answer.url) == (200, f"{gate.url}{UI}kept?a=1&b=%2F")
    assert is_signed_in(person, gate)


def test_s81_callback_whose_cookie_is_gone_leads_who_is_signed_in_to_its_url(gate):
    _, callback = without_cookies(gate, f"{UI}late")
    other = User("alice")
    other.enter(gate)
    before = other.session()
    answer = other.open(gate, callback)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BASE}{UI}late")
    assert other.session() == before


def test_s81_browser_that_keeps_no_cookies_does_not_go_round_for_ever(gate):
    person, callback = without_cookies(gate, f"{UI}x")
    for status in (303, 400):
        answer = person.open(gate, callback)
        assert answer.status_code == status
        if status == 303:
            person.cookies.clear()
            callback = person.callback_of(gate, answer)
            person.cookies.clear()
    assert "keeps no cookies" in answer.text and "start=sso" in answer.text


def test_s81_callback_of_somebody_else_signs_nobody_in(gate):
    """Login CSRF: the victim begins a sign-in of their own, and the attacker's code is not used."""
    attacker, victim = User("root"), User("alice")
    callback = attacker.callback_of(gate, attacker.begin(gate, f"{UI}trap"))
    answer = victim.open(gate, callback)
    assert answer.status_code == 303 and not any(field.startswith(f"{COOKIE}=") for field in set_cookies(answer))
    assert victim.session() is None and not is_signed_in(victim, gate)
    assert victim.arrive(answer).url == f"{gate.url}{UI}trap"
    assert "alice" in gate.command("session", "list", "--user", "alice").stdout
    assert attacker.open(gate, callback).status_code == 303 and attacker.session()  # it was still good for who began
