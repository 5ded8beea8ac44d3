"""Signing in with Spring Authorization Server on its own pages, and what it says of its tokens: it calls ID and refresh tokens active."""

import json

import pytest

from browser import USER_FIELD, chromium, enter
from conftest import BASE, Client
from gateway import Gateway
from spark_cluster import wait_for
from spring_provider import SpringProvider
from sso import UI, User, entry_of, gateways, is_signed_in, secret_file, seen_by_upstream

DEEP = f"{UI}deep/page?a=%2F&b=1&c=%25"


@pytest.fixture(scope="module")
def spring():
    with SpringProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def gate(spring, upstream, tmp_path_factory):
    """Takes signed access tokens, too, that were made for the client `service`."""
    bearer = [{"issuer": spring.issuer, "audience": ["service"], "algorithms": ["RS256"]}]
    spring.add_client("service", [])
    with gateways(tmp_path_factory.mktemp("spring"), spring, upstream, client="web", bearer=bearer) as running:
        yield running[0]


@pytest.fixture(scope="module")
def brief(spring, upstream, tmp_path_factory):
    """Its people's access tokens last three seconds."""
    with gateways(tmp_path_factory.mktemp("brief"), spring, upstream, client="brief", access_ttl=3) as running:
        yield running[0]


def roles_of(gateway, name):
    return {entry["role"] for entry in json.loads(gateway.command("session", "list").stdout) if entry["user"] == name}


def entered(gateway, user="alice"):
    person = User(user)
    answer = person.enter(gateway)
    assert answer.status_code == 200, answer.text[:2000]
    return person


def test_s24_browser_signs_in_at_spring_and_comes_back_to_the_very_same_url(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + DEEP, "alice")
        assert json.loads(page.locator("body").inner_text())["target"] == DEEP.removeprefix(UI.rstrip("/"))


def test_signing_out_ends_the_session_at_spring_too(gate, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        enter(page, gate.url + UI, "root")
        page.goto(f"{gate.url}/_gate/logout")
        page.locator("main form button").first.click()
        page.wait_for_selector("text=There is no session in this browser")  # back from the provider
        page.goto(gate.url + UI)
        page.locator("a[href*='start=sso']").click()
        page.wait_for_selector(USER_FIELD)


def test_s32_roles_at_spring_are_those_of_the_last_refresh(brief, spring):
    person = entered(brief)
    assert roles_of(brief, "alice") == {"user"}
    try:
        spring.set_roles("alice", "spark-admin")
        wait_for(lambda: is_signed_in(person, brief) and roles_of(brief, "alice") == {"admin"}, "the new role", 30)
        spring.set_roles("alice")
        wait_for(lambda: person.program(brief).status_code == 403, "the roles to be gone", 30)
    finally:
        spring.set_roles("alice", "spark-user")


def test_s27_session_ends_when_the_grant_is_gone_at_spring(brief, spring):
    person = entered(brief, "root")
    spring.end_grants("root")
    wait_for(lambda: person.program(brief).status_code == 401, "the session to end", 30)


def test_public_client_of_spring_signs_in_without_a_refresh_token(spring, upstream, tmp_path):
    with gateways(tmp_path, spring, upstream, client="public", public=True) as (gateway,):
        assert is_signed_in(entered(gateway), gateway)


def test_s150_signed_access_token_of_spring_opens_and_its_id_and_refresh_tokens_do_not(gate, spring):
    tokens = spring.tokens("alice", "service")
    answer = Client(gate, tokens["access_token"]).get(UI)
    assert answer.status_code == 200 and "authorization" not in seen_by_upstream(answer)
    for name in ("id_token", "refresh_token"):
        assert Client(gate, tokens[name]).get(UI).status_code == 401, name


def asks_about(spring, upstream, folder, tokens_of, **client):
    """A gateway that shows every token to Spring as the client that they were made for."""
    secret = secret_file(folder, "secret", spring.add_client(tokens_of, [], **client))
    bearer = [{"issuer": spring.issuer, "audience": [tokens_of], "introspection": {"client_id": tokens_of, "client_secret_file": secret}}]
    settings = {"auth": {"bearer": bearer, "roles": {"claim": "groups", "user": ["spark-user"]}}}
    return Gateway([entry_of(upstream)], BASE, settings, folder=folder)


@pytest.mark.parametrize("opaque", [True, False], ids=["opaque", "signed"])
def test_s48_spring_calls_id_and_refresh_tokens_active_and_they_open_nothing(spring, upstream, tmp_path, opaque):
    name = f"asker-{'opaque' if opaque else 'signed'}"
    with asks_about(spring, upstream, tmp_path, name, opaque=opaque) as gateway:
        tokens, nobody = spring.tokens("alice", name), spring.tokens("nobody", name)
        wait_for(lambda: Client(gateway, tokens["access_token"]).get(UI).status_code == 200, "the access token to open", 30)
        assert Client(gateway, nobody["access_token"]).get(UI).status_code == 403, "known, without a role"
        for kind in ("id_token", "refresh_token"):
            assert Client(gateway, tokens[kind]).get(UI).status_code == 401, kind


def test_token_that_spring_has_ended_opens_no_longer(spring, upstream, tmp_path):
    with asks_about(spring, upstream, tmp_path, "ended", opaque=True) as gateway:
        token = spring.tokens("alice", "ended")["access_token"]
        wait_for(lambda: Client(gateway, token).get(UI).status_code == 200, "the access token to open", 30)
        spring.end_grants("alice")
        wait_for(lambda: Client(gateway, token).get(UI).status_code == 401, "the gateway to have asked again", 60)
