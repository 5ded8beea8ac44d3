"""Signing in and out with Keycloak, whose roles are in the access token only, on its own pages in Chromium."""

import json

import pytest
import requests

from browser import USER_FIELD, Notebook, chromium, enter, sign_in_at_provider
from conftest import BASE, Client, await_everything
from gateway import Gateway, cluster_entry
from keycloak import AUDIENCE
from spark_cluster import wait_for
from sso import UI, User, await_provider, gateways, is_signed_in, jwks_of, secret_file, seen_by_upstream, settings_of, timed

CLAIM, SCOPES = "realm_access.roles", ("openid", "profile")
DEEP = f"{UI}deep/page?a=%2F&b=1&c=%25"


@pytest.fixture(scope="module")
def gate(keycloak, upstream, tmp_path_factory):
    """Takes the realm's bearer tokens, too, when they are made for `spark`."""
    bearer = [{"issuer": keycloak.issuer, "audience": AUDIENCE["config"]["included.custom.audience"].split(),
               "algorithms": ["RS256"]}]
    keycloak.add_client("service", [], audience=True)
    with gateways(tmp_path_factory.mktemp("keycloak"), keycloak, upstream, client="web", claim=CLAIM, scopes=SCOPES,
                  bearer=bearer) as running:
        yield running[0]


@pytest.fixture(scope="module")
def brief(keycloak, upstream, tmp_path_factory):
    """A public client whose people's access tokens last three seconds."""
    with gateways(tmp_path_factory.mktemp("brief"), keycloak, upstream, client="brief", claim=CLAIM, scopes=SCOPES,
                  public=True, access_ttl=3) as running:
        yield running[0]


def role_of(gateway, name):
    """The roles that `sparkgate session list` knows for people of this name."""
    return {entry["role"] for entry in json.loads(gateway.command("session", "list").stdout) if entry["name"] == name}


def entered(gateway, user="alice"):
    person = User(user)
    answer = person.enter(gateway)
    assert answer.status_code == 200, answer.text[:2000]
    return person


@pytest.mark.parametrize("user, name, role", [("alice", "Alice Example", "user"), ("root", "Root Example", "admin")])
def test_s24_browser_signs_in_and_comes_back_to_the_very_same_url(gate, playwright, user, name, role):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + DEEP, user)
        assert json.loads(page.locator("body").inner_text())["target"] == DEEP.removeprefix(UI.rstrip("/"))
        assert role_of(gate, name) == {role}


def test_person_without_a_role_sees_which_would_open_the_door(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + UI, "nobody")
        text = page.locator("main").inner_text()
        assert "spark-user" in text and "spark-admin" in text and "Nobody Example" in text
        page.locator("a[href$='/whoami']").first.click()
        text = page.locator("main").inner_text()
        assert "No role" in text or "no name in it" in text
        assert '"realm_access.roles"' in text and "preferred_username" in text and "nobody@platform.example" not in text


def test_second_tab_needs_no_password(gate, playwright):
    """Single sign-on: the gateway's session ends, the provider's does not."""
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + UI, "alice")
        gate.command("session", "end", "--all")
        cookie = {"Cookie": "; ".join(f"{c['name']}={c['value']}" for c in context.cookies(gate.url))}
        wait_for(lambda: all(requests.get(gate.url + UI, headers=cookie, timeout=5).status_code == 401 for _ in range(10)),
                 "every worker to know that the session has ended", 5)
        page.goto(gate.url + DEEP)
        page.locator("a[href*='start=sso']").click()
        page.wait_for_url(gate.url + DEEP)


def test_signing_out_ends_the_session_at_keycloak_too(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + UI, "alice")
        page.goto(f"{gate.url}/_gate/logout")
        page.locator("main form button").first.click()
        page.wait_for_selector("text=There is no session in this browser")  # back from Keycloak
        page.goto(gate.url + UI)
        page.locator("a[href*='start=sso']").click()
        page.wait_for_selector(USER_FIELD)


def test_signing_out_everywhere(gate):
    first, second, other = entered(gate), entered(gate), entered(gate, "root")
    first.post(gate, "/_gate/logout", everywhere="1")
    assert timed(lambda: not is_signed_in(second, gate), "the other session to end", 5) < 1
    assert is_signed_in(other, gate)


def test_s28_administrator_of_keycloak_signs_somebody_out(gate, keycloak):
    people, other = [entered(gate) for _ in range(2)], entered(gate, "root")
    keycloak.end_sessions("alice")
    for person in people:
        assert timed(lambda: not is_signed_in(person, gate), "the session to end", 5) < 1
    assert is_signed_in(other, gate)


def test_tabs_sign_in_each_to_its_own_page(gate):
    person = User("alice")
    tabs = [person.begin(gate, f"{UI}tab?{number}") for number in range(3)]
    for number in (2, 0, 1):
        assert person.arrive(tabs[number]).url == f"{gate.url}{UI}tab?{number}"


def test_s32_roles_are_those_of_the_last_refresh(brief, keycloak):
    person = entered(brief)
    assert role_of(brief, "Alice Example") == {"user"}
    try:
        keycloak.set_roles("alice", "spark-admin")
        wait_for(lambda: is_signed_in(person, brief) and role_of(brief, "Alice Example") == {"admin"}, "the new role", 15)
        keycloak.set_roles("alice")
        wait_for(lambda: person.program(brief).status_code == 403, "the roles to be gone", 15)
    finally:
        keycloak.set_roles("alice", "spark-user")


def test_s27_session_ends_when_keycloak_takes_the_grant_back(brief, keycloak):
    person = entered(brief, "root")
    keycloak.end_sessions("root")
    wait_for(lambda: person.program(brief).status_code == 401, "the session to end", 15)


def test_bearer_token_of_the_realm_opens(gate, keycloak):
    answer = Client(gate, keycloak.user_token("root", "service")).get(UI)
    assert answer.status_code == 200
    assert "authorization" not in seen_by_upstream(answer)
    assert Client(gate, keycloak.user_token("nobody", "service")).get(UI).status_code == 403


def test_s41_token_without_our_audience_is_refused(gate, keycloak):
    admin = {"grant_type": "password", "client_id": "admin-cli", "username": "root", "password": "password"}
    token = keycloak.form(f"{keycloak.issuer}/protocol/openid-connect/token", admin)["access_token"]
    assert Client(gate, token).get(UI).status_code == 401


def asks_as(folder, keycloak, upstream, client):
    """A gateway that shows every token of the realm to Keycloak, as this client."""
    asker = {"client_id": client, "client_secret_file": secret_file(folder, f"secret-of-{client}", keycloak.add_client(client, []))}
    bearer = [{"issuer": keycloak.issuer, "audience": ["spark"], "introspection": asker}]
    return gateways(folder, keycloak, upstream, client=f"beside-{client}", claim=CLAIM, scopes=SCOPES, bearer=bearer)


def test_keycloak_calls_a_token_active_only_for_who_is_in_its_audience(keycloak, upstream, tmp_path):
    """The same token: its aud is "spark", and so is the one client that may ask about it."""
    keycloak.add_client("maker", [], audience=True)
    token = keycloak.user_token("root", "maker")
    with asks_as(tmp_path, keycloak, upstream, "bystander") as (gateway,):
        assert Client(gateway, token).get(UI).status_code == 401
        wait_for(lambda: "calls a token inactive that has not ended, and whose aud does not name bystander" in gateway.log_text(),
                 "the log to say what to look at", 10)
        assert token not in gateway.log_text()
    with asks_as(tmp_path, keycloak, upstream, "spark") as (gateway,):
        wait_for(lambda: Client(gateway, token).get(UI).status_code == 200, "the provider's end point to be known", 20)
        assert "calls a token inactive" not in gateway.log_text()


def test_s19_keys_may_be_rotated_while_people_sign_in(gate, keycloak):
    old, before = keycloak.user_token("alice", "service"), len(jwks_of(keycloak.issuer)["keys"])
    keycloak.rotate_keys()
    wait_for(lambda: len(jwks_of(keycloak.issuer)["keys"]) > before, "the new key", 10)
    entered(gate)
    assert Client(gate, keycloak.user_token("alice", "service")).get(UI).status_code == 200
    assert Client(gate, old).get(UI).status_code == 200


def test_person_of_the_platform_reads_spark_and_sees_when_keycloak_ends_the_session(info, keycloak, playwright, tmp_path):
    """The whole way, on a real cluster: in, a deep page, out from afar, the notice on the open page, and in again."""
    gateway, client = Gateway([cluster_entry(info)], BASE, folder=tmp_path), f"spark-{info['spark']}"
    secret = keycloak.add_client(client, [gateway])
    gateway.merge(settings_of(tmp_path, keycloak.issuer, client, secret, claim=CLAIM, scopes=SCOPES))
    with gateway, chromium(playwright) as context:
        await_provider(gateway)
        await_everything(gateway, info)
        mount = f"{gateway.url}/local/proxy/{info['apps']['running']['id']}"
        page = context.new_page()
        notes = Notebook(page, gateway.origin)
        enter(page, f"{mount}/jobs/?completedJob.sort=Duration&completedJob.desc=true", "alice")
        assert page.locator("text=Spark Jobs").count()
        assert [line for line in notes.failed if "/_gate/" not in line and keycloak.url not in line] == []
        executors = f"{mount}/executors/"
        page.goto(executors, wait_until="networkidle")
        keycloak.end_sessions("alice")
        cookie = {"Cookie": "; ".join(f"{c['name']}={c['value']}" for c in context.cookies(gateway.url))}
        wait_for(lambda: all(requests.get(executors, headers=cookie, timeout=5).status_code == 401 for _ in range(10)),
                 "every worker to know that the session has ended", 5)
        page.evaluate("fetch('../api/v1/applications')")
        page.locator("#sparkgate-session a").click()
        page.locator("a[href*='start=sso']").click()
        sign_in_at_provider(page, "alice")
        page.wait_for_url(executors)
