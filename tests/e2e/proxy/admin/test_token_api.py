"""The API of access tokens on the admin listener: who may do what, page by page, and what it says when it may not be."""

import http.client
import json
import time
import urllib.parse

import pytest

from conftest import Client
from gateway import Gateway
from spark_cluster import wait_for
from token_client import TOKENS, UI, Api, make, opens, problem
from upstream import Upstream


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], "/gate", {"tokens": {"per_user": 3}}, folder=tmp_path_factory.mktemp("gate")) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            yield gateway


@pytest.fixture(scope="module")
def admin(gate):
    return Api(gate, "admin")


@pytest.fixture
def ann(gate, request):
    return Api(gate, "user", f"ann-{request.node.name[:80]}")


def test_created_token_works_on_the_next_request_and_is_shown_once(gate, admin):
    made = make(admin, note="for the nightly report", access_ttl="2h")
    assert opens(gate, made["access_token"])
    assert made["subject"] == "client:robot" and made["token_type"] == "user" and made["state"] == "active"
    shown = admin.get(f"{TOKENS}/{made['id']}")
    assert shown.status_code == 200 and "access_token" not in shown.json()
    assert made["access_token"] not in admin.get(TOKENS).text and made["access_token"] not in gate.log_text()


def test_s37_revoked_token_is_refused_within_a_second_and_revoking_again_is_fine(gate, admin):
    made = make(admin)
    assert opens(gate, made["access_token"])
    assert [admin.delete(f"{TOKENS}/{made['id']}").status_code for _ in range(2)] == [204, 204]
    wait_for(lambda: not opens(gate, made["access_token"]), "the revocation", 1)
    gone = admin.get(f"{TOKENS}/{made['id']}")
    assert problem(gone, 404) and gone.json()["token"]["state"] == "revoked"
    listed = admin.get(TOKENS, params={"user": "client:robot"}).json()["tokens"]
    assert [row["state"] for row in listed if row["id"] == made["id"]] == ["revoked"]
    problem(admin.post(f"{TOKENS}/{made['id']}/enable"), 409)


@pytest.mark.parametrize("where", ["api", "ui"])
@pytest.mark.parametrize("is_revoked", [True, False])
def test_s37_content_that_drips_in_outlives_no_token(gate, admin, where, is_revoked):
    """It is asked again who sends it, when the last of it has come."""
    made = make(admin, token_type="admin")
    base, path, kind, content = {
        "api": (gate.admin_url, TOKENS, "application/json", b'{"client_name": "dripped"}'),
        "ui": (gate.origin, f"/gate{UI}", "application/x-www-form-urlencoded", b"name=dripped"),
    }[where]
    site = urllib.parse.urlsplit(base)
    link = http.client.HTTPConnection(site.hostname, site.port, timeout=20)
    link.putrequest("POST", path)
    for field in (("Authorization", f"Bearer {made['access_token']}"), ("Content-Type", kind), ("Content-Length", len(content))):
        link.putheader(*field)
    link.endheaders(content[:5])
    if is_revoked:
        assert admin.delete(f"{TOKENS}/{made['id']}").status_code == 204
        wait_for(lambda: not opens(gate, made["access_token"]), "the revocation", 3)
    time.sleep(1.2)  # within a second what was known is still good (S37)
    link.send(content[5:])
    status = link.getresponse().status
    if not is_revoked:  # others count the administrators
        assert admin.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert status == 401 if is_revoked else status in (200, 201)


def test_disabled_token_is_refused_until_it_is_enabled(gate, admin):
    made = make(admin)
    assert admin.post(f"{TOKENS}/{made['id']}/disable").json()["state"] == "disabled"
    wait_for(lambda: not opens(gate, made["access_token"]), "the change", 1)
    assert admin.post(f"{TOKENS}/{made['id']}/enable").json()["state"] == "active"
    wait_for(lambda: opens(gate, made["access_token"]), "the change", 1)


def test_s35_user_makes_and_sees_own_tokens_only(gate, admin, ann):
    theirs = make(admin)
    own = make(ann)
    me = own["subject"]
    assert own["user"] == me and own["token_type"] == "user"
    assert {row["subject"] for row in ann.get(TOKENS).json()["tokens"]} == {me}
    assert ann.get(f"{TOKENS}?user=client:robot").json()["tokens"] == []  # nobody else's, and not the own ones in their place
    assert {row["subject"] for row in ann.get(f"{TOKENS}", params={"user": me}).json()["tokens"]} == {me}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/disable"), ("POST", "/enable")):
        problem(ann.request(method, f"{TOKENS}/{theirs['id']}{path}"), 404)
    assert ann.post(f"{TOKENS}/revoke", json={"ids": [theirs["id"]]}).json()["refused"] == [{"id": theirs["id"], "status": 404}]
    assert opens(gate, theirs["access_token"])
    assert ann.delete(f"{TOKENS}/{own['id']}").status_code == 204


def test_s35_nobody_gives_more_than_they_have(ann):
    problem(ann.post(TOKENS, json={"client_name": "x", "token_type": "admin"}), 403)
    problem(ann.post(TOKENS, json={"client_name": "x", "user": "somebody-else"}), 403)


def test_s35_last_administrator_is_taken_away_by_force_only(gate, admin):
    assert "force" in problem(admin.delete(f"{TOKENS}/{admin.id}"), 409)
    problem(admin.post(f"{TOKENS}/{admin.id}/disable"), 409)
    other = gate.create_token("second", "admin")
    assert admin.delete(f"{TOKENS}/{other['id']}").status_code == 204


@pytest.mark.parametrize("path", [TOKENS, f"{TOKENS}/{'0' * 32}", f"{TOKENS}/revoke"])
def test_stranger_is_refused_and_a_cookie_is_no_credential(gate, path):
    method = "POST" if path.endswith("revoke") else "GET"
    stranger = Api(gate)
    session = Client(gate).post("/_gate/login", data={"token": gate.create_token("c", "admin")["access_token"]},
                                headers={"Origin": gate.origin}).headers["Set-Cookie"].split(";")[0]
    for headers in ({}, {"Cookie": session}, {"Authorization": "Bearer nonsense"}):
        answer = stranger.request(method, path, headers=headers, json={"ids": ["x"]} if method == "POST" else None)
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sparkgate"' + (', error="invalid_token"' if "Authorization" in headers else "")


@pytest.mark.parametrize("body", [
    {}, {"client_name": ""}, {"client_name": 1}, {"client_name": "x", "token_type": "root"}, {"client_name": "x", "access_ttl": 0},
    {"client_name": "x", "access_ttl": -1}, {"client_name": "x", "access_ttl": "long"}, {"client_name": "x", "access_ttl": 10**12},
    {"client_name": "x", "access_ttl": 1e300}, {"client_name": "x", "nope": 1}, {"client_name": "a\nb"}, {"client_name": "x" * 200},
    {"client_name": "x", "user": "client:y"}, {"client_name": "x", "note": "n" * 600}, {"client_name": "x\0y"}])
def test_body_that_is_wrong_says_what(admin, body):
    problem(admin.post(TOKENS, json=body), 400)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"client_name":"x","client_name":"y"}', "null", "{}x"])
def test_body_that_is_no_object_is_refused(admin, text):
    problem(admin.post(TOKENS, data=text, headers={"Content-Type": "application/json"}), 400)


def test_other_types_methods_and_paths_are_refused(admin):
    problem(admin.post(TOKENS, data="client_name=x"), 415)
    problem(admin.post(TOKENS, data="x" * 70000, headers={"Content-Type": "application/json"}), 413)
    answer = admin.put(TOKENS)
    problem(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"
    problem(admin.get(f"{TOKENS}/{admin.id}/disable"), 405)
    problem(admin.get("/api/v1/nothing"), 404)
    problem(admin.get(f"{TOKENS}/{'x' * 200}"), 404)
    problem(admin.get(f"{TOKENS}/%2e%2e/x"), 400)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "active=maybe", "cursor=x", "cursor=%00", "user=a&user=b"])
def test_query_that_is_wrong_says_what(admin, query):
    problem(admin.get(f"{TOKENS}?{query}"), 400)


def test_pages_have_every_token_once(gate, admin):
    made = {make(admin, client_name=f"page-{n}")["id"] for n in range(7)}
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{TOKENS}?limit=3{cursor and '&cursor=' + cursor}").json()
        seen += [row["id"] for row in page["tokens"]]
        cursor = page["next_cursor"]
    assert made <= set(seen) and len(seen) == len(set(seen))
    first = next(iter(made))
    admin.delete(f"{TOKENS}/{first}")
    assert first not in json.dumps(admin.get(f"{TOKENS}?active=true").json())


def test_batch_says_what_became_of_each(gate, admin):
    ids = [make(admin)["id"] for _ in range(3)]
    answer = admin.post(f"{TOKENS}/revoke", json={"ids": [*ids, "unknown"]}).json()
    assert answer == {"revoked": ids, "refused": [{"id": "unknown", "status": 404}]}
    problem(admin.post(f"{TOKENS}/revoke", json={"ids": []}), 400)
    problem(admin.post(f"{TOKENS}/revoke", json={"ids": ["x"] * 101}), 400)


def test_people_have_no_more_living_tokens_than_the_policy(ann):
    assert [ann.post(TOKENS, json={"client_name": f"n{n}"}).status_code for n in range(3)] == [201, 201, 409]


def test_description_names_every_path(gate, admin):
    answer = Api(gate).get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.json()["openapi"].startswith("3.")
    others = {f"/api/v1/{name}" for name in ("openapi.json", "whoami", "sessions", "sessions/{id}", "audit", "profiles", "applications", "applications/{id}", "artifacts",
                                              "artifacts/{name}", "artifacts/shared/{folder}/{name}",
                                          *(f"applications/{{id}}/{leaf}" for leaf in ("restart", "logs", "events")))}
    assert set(answer.json()["paths"]) == others | {TOKENS, f"{TOKENS}/revoke", f"{TOKENS}/{{id}}", f"{TOKENS}/{{id}}/disable",
                                                    f"{TOKENS}/{{id}}/enable"}


def test_s40_making_and_taking_back_leave_an_audit_line(gate, admin):
    made = make(admin, client_name="audited")
    admin.delete(f"{TOKENS}/{made['id']}")
    lines = [json.loads(line) for line in gate.log_text().splitlines() if '"audit"' in line and made["id"] in line]
    assert [line["decision"] for line in lines] == ["create", "revoke"]
