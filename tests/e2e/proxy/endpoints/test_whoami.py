"""Who one is: /whoami on both listeners, for people with a role and without; and what the operator's log says of a sign-in."""

import html
import json
import re

import pytest
import requests

from mock_provider import MockProvider
from signon import UI, Browser, gateway_for, wait_ready
from spark_cluster import wait_for
from upstream import Upstream

JSON = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
ELSEWHERE = {"_claim_names": {"roles": "src1"}}


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(provider, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    settings = {"store": f"sqlite:{folder}/state.db", "auth": {"oidc": {"groups": {"endpoint": f"{provider.issuer}/getMemberObjects"}}}}
    with Upstream() as upstream, gateway_for(provider, upstream, folder, settings) as gateway:
        wait_ready(gateway)
        yield gateway


@pytest.fixture(autouse=True)
def ada(provider):
    provider.subject, provider.claims = "u-1", {"name": "Ada Example", "roles": ["spark-user"]}
    provider.faults.clear()
    provider.members, provider.members_status, provider.expires_in = [], 200, 300
    provider.asked_members.clear()


def signed_in(gate):
    person = Browser()
    person.sign_in(gate)
    return person


def text_of(answer):
    assert answer.headers["Content-Type"].startswith("text/html")
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def described(person, gate):
    answer = person.get(f"{gate.url}/whoami", headers=JSON)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def sign_in_lines(gate):
    lines = (json.loads(line) for line in gate.log_text().splitlines() if line.startswith("{"))
    return [line for line in lines if line["event"] == "sign_in"]


def last_sign_in(gate, person):
    wait_for(lambda: [line for line in sign_in_lines(gate) if line.get("user") == person], "the line", 10)
    return [line for line in sign_in_lines(gate) if line.get("user") == person][-1]


# --- with a role

def test_person_sees_name_role_rights_and_by_which_claim(gate):
    person = signed_in(gate)
    me = described(person, gate)
    assert (me["name"], me["subject"], me["role"], me["auth"]) == ("Ada Example", "u-1", "user", "session")
    assert me["roles"] == ["spark-user"] and me["rows"] == []
    assert me["rights"] == ["view", "logs", "environment", "download", "dump", "metrics", "launch"]
    assert (me["claim"], me["claim_found"]) == ("roles", True) and {"name", "roles", "sub"} <= set(me["claims"])
    assert me["clusters"] == [{"name": "other", "applications": "all"}] and me["missing"] == []
    page = person.get(f"{gate.url}/whoami")
    text = text_of(page)
    for word in ("Ada Example", "u-1", "user", "the claim roles", "jobs/job/kill"):
        assert word in text, word
    assert person.head(f"{gate.url}/whoami").status_code == 200


def test_every_page_leads_there(gate):
    assert 'href="/gate/whoami"' in signed_in(gate).get(f"{gate.url}/").text


def test_stranger_is_sent_to_sign_in_and_a_program_gets_401(gate):
    stranger = Browser()
    answer = stranger.get(f"{gate.url}/whoami")
    assert answer.status_code == 302 and answer.headers["Location"].endswith("/_gate/login?next=%2Fgate%2Fwhoami")
    answer = stranger.get(f"{gate.url}/whoami", headers=JSON)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    answer = signed_in(gate).post(f"{gate.url}/whoami", headers={"Origin": gate.origin})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_token_sees_its_scope_and_a_cluster_that_is_not_there(gate):
    made = gate.create_token("reader", "user", "--scope", "view cluster:other cluster:prdo")
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    for address in (f"{gate.url}/whoami", f"{gate.admin_url}/api/v1/whoami"):
        me = requests.get(address, headers=headers, timeout=10).json()
        assert (me["auth"], me["token_id"], me["scope"]) == ("bearer", made["id"], "view cluster:other cluster:prdo")
        assert me["rights"] == ["view", "metrics"] and me["claim"] is None
        assert any("prdo" in sentence for sentence in me["missing"])


def test_scope_of_an_unknown_cluster_is_warned_of_where_tokens_are_made(gate):
    result = gate.command("token", "create", "--client-name", "a", "--scope", "cluster:prdo")
    assert "prdo" in result.stderr and "warning" in result.stderr
    admin = {"Authorization": f"Bearer {gate.create_token('b', 'admin')['access_token']}"}
    answers = [requests.post(f"{gate.admin_url}/api/v1/tokens", headers=admin, json={"client_name": "c", "scope": scope}, timeout=10)
               for scope in ("cluster:prdo", "cluster:other")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert ["warnings" in answer.json() for answer in answers] == [True, False]
    assert "prdo" in answers[0].json()["warnings"][0]


def test_list_of_tokens_shows_the_role(gate):
    made = gate.create_token("for the list", "admin")
    listed = json.loads(gate.command("token", "list").stdout)
    assert next(token["role"] for token in listed if token["id"] == made["id"]) == "admin"


def test_custom_roles_are_told_by_name_row_and_right(provider, tmp_path):
    provider.claims = {"name": "Ada Example", "preferred_username": "ada", "roles": ["analysts", "of-no-interest"]}
    custom = [{"role": "analysts", "applications": ["own"], "rights": ["view", "logs", "kill:own"]}]
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path, {"auth": {"roles": {"custom": custom}}}) as gateway:
        wait_ready(gateway)
        me = described(signed_in(gateway), gateway)
        assert (me["role"], me["roles"], me["user"]) == ("custom", ["analysts"], "ada")
        assert me["rows"] == ["auth.roles.custom[0] (analysts)"]
        assert me["rights"] == ["view", "logs", "kill:own", "metrics"]
        assert me["clusters"] == [{"name": "other", "applications": "some"}]


# --- without

def test_who_has_no_role_learns_what_is_missing_and_the_operator_as_much(gate, provider):
    provider.subject, provider.claims = "u-2", {"name": "No Body", "groups": ["s3cret-group"], "email": "n@x.example"}
    person = signed_in(gate)
    door = person.get(f"{gate.url}/")
    assert door.status_code == 403 and 'href="/gate/whoami"' in door.text
    for text in (text_of(door), text_of(person.get(f"{gate.url}/whoami"))):
        assert 'the claim "roles" was not there' in text and "groups" in text and "No Body" in text
        assert "s3cret-group" not in text and "n@x.example" not in text
    me = described(person, gate)
    assert (me["role"], me["rights"], me["clusters"]) == ("none", [], [])
    line = last_sign_in(gate, "u-2")
    assert (line["user_name"], line["role"], line["decision"], line["claim"]) == ("No Body", "none", "deny", "roles")
    assert {"groups", "email", "name"} <= set(line["claims"].split())
    assert "s3cret-group" not in gate.log_text()
    program = person.get(f"{gate.url}{UI}", headers=JSON)
    assert program.status_code == 403 and 'The claim "roles"' in program.json()["detail"].replace("No role: the", "The")


def test_names_that_open_nothing_are_told_apart_from_a_claim_that_is_not_there(gate, provider):
    provider.subject, provider.claims = "u-3", {"roles": ["stranger"]}
    me = described(signed_in(gate), gate)
    assert me["claim_found"] and "no name in it" in me["missing"][0]
    assert "has no name" in last_sign_in(gate, "u-3")["reason"]


def test_names_stand_beside_ids_in_the_log(gate):
    person = signed_in(gate)
    person.go(gate)
    wait_for(lambda: [line for line in gate.access_log() if line.get("user") == "u-1" and line["path"].startswith("/gate/other")],
             "the access line", 10)
    assert {line.get("user_name") for line in gate.access_log() if line.get("user") == "u-1"} == {"Ada Example"}


# --- the admin listener

def test_admin_listener_says_so_too_with_a_session_of_its_own(gate, provider):
    provider.subject, provider.claims = "u-4", {"name": "No Body", "roles": []}
    person = Browser()
    assert person.get(f"{gate.admin_url}/whoami").headers["Location"].endswith("/_gate/login?next=%2Fwhoami")
    begun = person.get(f"{gate.admin_url}/_gate/login?start=sso&next=/whoami")
    callback = person.get(begun.headers["Location"]).headers["Location"]
    answer = person.get(callback, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.headers["Refresh"] == "0; url=/whoami"
    assert "No Body" in text_of(person.get(f"{gate.admin_url}/whoami"))
    api = f"{gate.admin_url}/api/v1/whoami"
    assert person.get(api).status_code == 401  # a cookie is none
    assert requests.get(api, timeout=10).headers["Content-Type"] == "application/problem+json"


# --- groups that did not fit

def test_groups_that_do_not_fit_are_fetched_once_for_the_session(gate, provider):
    provider.claims = {"name": "Ada Example", **ELSEWHERE,
                       "_claim_sources": {"src1": {"endpoint": f"{provider.issuer}/groups"}}}
    provider.members = [f"g-{number}" for number in range(300)] + ["spark-admin"]
    person = signed_in(gate)
    for _ in range(5):
        assert person.go(gate).status_code == 200
    assert described(person, gate)["role"] == "admin"
    assert [command for command, _ in provider.asked_members] == ["GET"]
    assert provider.asked_members[0][1].startswith("Bearer ")


def test_groups_of_entra_are_asked_for_at_the_configured_address(gate, provider):
    provider.claims = {"name": "Ada Example", **ELSEWHERE,
                       "_claim_sources": {"src1": {"endpoint": "https://graph.windows.example/t/users/1/getMemberObjects"}}}
    provider.members = ["spark-user"]
    assert described(signed_in(gate), gate)["role"] == "user"
    assert [command for command, _ in provider.asked_members] == ["POST"]


def test_groups_that_cannot_be_read_are_said_to_and_never_a_silent_no_role(gate, provider):
    provider.subject, provider.members_status = "u-5", 403
    provider.claims = {"name": "Ada Example", **ELSEWHERE}
    person = signed_in(gate)
    door = person.get(f"{gate.url}/")
    assert door.status_code == 403
    for text in (text_of(door), text_of(person.get(f"{gate.url}/whoami"))):
        assert "do not fit into a token" in text and "status 403" in text
    assert "status 403" in last_sign_in(gate, "u-5")["reason"]


def test_s79_token_is_shown_to_no_server_that_only_a_claim_names(gate, provider):
    with MockProvider() as foreign:
        provider.claims = {"name": "Ada Example", **ELSEWHERE, "_claim_sources": {"src1": {"endpoint": f"{foreign.issuer}/groups"}}}
        provider.members = ["spark-user"]
        assert described(signed_in(gate), gate)["role"] == "user"  # of the configured server
        assert not foreign.arrived


# --- at a refresh

def test_s80_userinfo_is_asked_before_a_role_is_taken_away(gate, provider):
    provider.expires_in = 1
    provider.faults.add("RefreshLeavesClaimsOut")
    person = signed_in(gate)
    before = provider.counts["refresh"]
    wait_for(lambda: person.go(gate).status_code == 200 and provider.counts["refresh"] > before, "a refresh", 10)
    assert described(person, gate)["role"] == "user"
    provider.claims = {"name": "Ada Example"}
    wait_for(lambda: person.go(gate).status_code == 403, "the role to be gone", 10)
    assert described(person, gate)["claim_found"] is False


# --- while nobody's claim is found

def test_operator_is_warned_while_no_sign_in_has_the_claim(provider, tmp_path):
    provider.claims = {"name": "Ada Example", "roles": ["spark-user"]}
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path, {"auth": {"roles": {"claim": "grupos"}}}) as gateway:
        wait_ready(gateway)
        signed_in(gateway)
        wait_for(lambda: [line for line in sign_in_lines(gateway) if line["level"] == "warn"], "a warning", 10)
        warning = [line for line in sign_in_lines(gateway) if line["level"] == "warn"][0]["msg"]
        assert '"grupos"' in warning and "roles" in warning
