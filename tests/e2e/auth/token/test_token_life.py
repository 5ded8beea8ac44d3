"""The life of a token: registered, renewed, shown to _gate/oauth/, narrowed, taken back."""

import base64
import concurrent.futures
import http.client
import json
import time
import urllib.parse

import pytest
import requests

from conftest import NAVIGATION, Client
from gateway import Gateway
from redis_server import RedisServer
from signon import refused_within_a_second, shared_store
from spark_cluster import wait_for
from token_client import TOKENS, Api, make, opens, problem
from upstream import Upstream

UI = "/other/ui/echo/"
URN = "urn:sparkgate:params:oauth:grant-type:registration-token"


@pytest.fixture(scope="module", params=["sqlite", "redis", "front-evhttp"])
def gate(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    with Upstream() as upstream:
        entries = [{"name": name, "uis": [{"name": "echo", "url": upstream.url}]} for name in ("other", "second")]
        settings = {"tokens": {"per_user": 50}, "log": {"format": "json", "level": "info", "access": True}}
        if request.param == "front-evhttp":
            settings["server"] = {"front": "evhttp"}
        if request.param == "redis":
            with RedisServer() as redis, Gateway(entries, "/gate", {**settings, **shared_store(redis, folder)}, folder=folder) as gateway:
                gateway.redis = redis
                gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
                yield gateway
        else:
            with Gateway(entries, "/gate", settings, folder=folder) as gateway:
                gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
                yield gateway


@pytest.fixture(scope="module")
def admin(gate):
    return Api(gate, "admin")


def oauth(gate, what, headers=None, **form):
    return requests.post(f"{gate.url}/_gate/oauth/{what}", data=form, headers=headers, timeout=10)


def refresh(gate, token):
    return oauth(gate, "token", grant_type="refresh_token", refresh_token=token)


def register(gate, token, grant=URN):
    return oauth(gate, "token", grant_type=grant, registration_token=token)


def refused(answer, error="invalid_grant"):
    assert answer.status_code == 400 and answer.json()["error"] == error, answer.text
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Pragma"] == "no-cache"


def access_id(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


def introspect(gate, caller, token):
    answer = oauth(gate, "introspect", {"Authorization": f"Bearer {caller}"}, token=token)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", answer.text
    return answer.json()


# --- refreshing

def test_refresh_token_gives_the_next_tokens_and_is_used_up(gate, admin):
    made = make(admin, access_ttl="2h", refresh_ttl="3d")
    answer = refresh(gate, made["refresh_token"])
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store" and answer.headers["Pragma"] == "no-cache"
    body = answer.json()
    assert body["token_type"] == "Bearer" and 7190 < body["expires_in"] <= 7200 and body["id"] == made["id"]
    assert 259190 < body["refresh_expires_in"] <= 259200 and body["refresh_token"] != made["refresh_token"]
    assert opens(gate, body["access_token"]) and opens(gate, made["access_token"])
    again = refresh(gate, body["refresh_token"]).json()
    assert opens(gate, again["access_token"])
    shown = admin.get(f"{TOKENS}/{made['id']}").json()
    assert shown["state"] == "active" and shown["refresh_expires_at"] > shown["expires_at"]


def test_no_refresh_token_is_made_where_none_is_wanted(gate, admin):
    made = make(admin, refresh_ttl=0)
    assert "refresh_token" not in made and made["refresh_expires_at"] is None
    assert "tokens.refresh_ttl.max" in problem(admin.post(TOKENS, json={"client_name": "x", "refresh_ttl": "91d"}), 400)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_token_out_of_a_file_with_a_line_end_is_taken(gate, admin, end):
    made = make(admin)
    assert introspect(gate, admin.token, made["access_token"] + end)["active"]
    body = refresh(gate, made["refresh_token"] + end).json()
    assert opens(gate, body["access_token"])
    page = requests.post(f"{gate.url}/_gate/login", data={"token": body["access_token"] + end}, allow_redirects=False, timeout=10,
                         headers={"Origin": gate.origin})
    assert page.status_code == 303 and "Set-Cookie" in page.headers
    registration = make(admin, user="ann")["registration_token"]
    assert register(gate, registration + end).status_code == 200
    assert oauth(gate, "revoke", token=body["refresh_token"] + end).status_code == 200
    assert not opens(gate, body["access_token"])
    for broken in (end + body["refresh_token"], body["refresh_token"] + end + end):
        refused(refresh(gate, broken))


def test_s70_family_ends_however_often_it_is_renewed(tmp_path):
    settings = {"tokens": {"refresh_ttl": {"default": "2s", "max": "4s"}, "access_ttl": {"default": "2s", "max": "1h"}}}
    with Upstream() as upstream, Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], "/gate", settings,
                                         folder=tmp_path) as gateway:
        admin = Api(gateway, "admin")
        began = time.time()
        body, renewed, last = make(admin), 0, None
        while True:
            answer = refresh(gateway, body["refresh_token"])
            if answer.status_code != 200:
                break
            body, renewed, last = answer.json(), renewed + 1, time.time()
            ends = max(body["expires_in"], body.get("refresh_expires_in", 0))
            assert last + ends < began + 4 + 2.5, "nothing outlives the family"
            if "refresh_token" not in body:
                break
            time.sleep(0.25)
        assert renewed >= 3 and last < began + 6
        # nothing of it is good once it is over
        wait_for(lambda: time.time() > began + 6, "the end", 10)
        assert not opens(gateway, body["access_token"])


def test_s36_reuse_of_a_refresh_token_ends_the_family(gate, admin):
    made = make(admin)
    second = refresh(gate, made["refresh_token"]).json()
    third = refresh(gate, second["refresh_token"]).json()
    assert opens(gate, third["access_token"])
    refused(refresh(gate, made["refresh_token"]))
    wait_for(lambda: not any(opens(gate, token["access_token"]) for token in (made, second, third)), "the family to end", 1)
    refused(refresh(gate, third["refresh_token"]))
    assert admin.get(f"{TOKENS}/{made['id']}").json()["token"]["state"] == "revoked"
    lines = [json.loads(line) for line in gate.log_text().splitlines() if line.startswith("{")]
    audit = [line for line in lines if line["event"] == "audit" and line["token_id"] == made["id"]]
    assert [line["decision"] for line in audit] == ["create", "refresh", "refresh", "reuse", "revoke"]


def test_s88_of_parallel_uses_all_get_the_same_pair(gate, admin):
    made = make(admin)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [answer.json() for answer in pool.map(lambda _: refresh(gate, made["refresh_token"]), range(8))]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert all(opens(gate, answer["access_token"]) for answer in answers)
    assert {access_id(answer["access_token"]) for answer in answers} == {access_id(answers[0]["access_token"])}
    assert refresh(gate, answers[-1]["refresh_token"]).status_code == 200, "the winner's is good"


def test_s36_made_up_secret_of_a_known_id_harms_nobody(gate, admin):
    made = make(admin)
    real = made["refresh_token"]
    for forged in (real[:40] + "A" * 62, real[:-1] + ("A" if real[-1] != "A" else "E"), "sgrg_" + real[5:], real[:-1], real + "A", "", "sgrt_",
                   made["access_token"], "x" * 8000):
        if forged[:59] == real[:59]:  # who has the family's part was given a token of it
            continue
        answer = refresh(gate, forged)
        refused(answer, "invalid_grant" if forged else "invalid_request")
    assert opens(gate, made["access_token"])
    assert refresh(gate, real).status_code == 200


def test_disabled_token_is_not_renewed_until_it_is_enabled(gate, admin):
    made = make(admin)
    admin.post(f"{TOKENS}/{made['id']}/disable")
    refused(refresh(gate, made["refresh_token"]))
    assert not opens(gate, made["access_token"])
    assert admin.post(f"{TOKENS}/{made['id']}/enable").json()["state"] == "active"
    assert refresh(gate, made["refresh_token"]).status_code == 200


def test_expired_access_token_is_refused_while_its_refresh_token_lives(gate, admin):
    made = make(admin, access_ttl=1)
    wait_for(lambda: not opens(gate, made["access_token"]), "the token to expire", 4)
    assert made["id"] in [row["id"] for row in admin.get(f"{TOKENS}?active=true").json()["tokens"]]
    assert opens(gate, refresh(gate, made["refresh_token"]).json()["access_token"])


def test_expired_refresh_token_renews_nothing(gate, admin):
    made = make(admin, access_ttl=1, refresh_ttl=1)
    wait_for(lambda: made["id"] not in [row["id"] for row in admin.get(f"{TOKENS}?active=true").json()["tokens"]], "its end", 4)
    refused(refresh(gate, made["refresh_token"]))
    assert admin.get(f"{TOKENS}/{made['id']}").json()["state"] == "active"  # too late is no theft


# --- registering

def test_registration_token_is_for_somebody_else_and_used_once(gate, admin):
    made = make(admin, user="reg-ann", scope="view")
    assert "access_token" not in made and "refresh_token" not in made and made["expires_at"] is None
    assert made["registration_expires_at"] and made["user"] == "reg-ann"
    answer = register(gate, made["registration_token"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["id"] == made["id"] and body["scope"] == "view" and opens(gate, body["access_token"])
    shown = admin.get(f"{TOKENS}/{made['id']}").json()
    assert shown["registration_expires_at"] is None and shown["expires_at"] and shown["refresh_expires_at"]
    assert opens(gate, refresh(gate, body["refresh_token"]).json()["access_token"])
    refused(register(gate, made["registration_token"]))  # S36: two have it
    wait_for(lambda: not opens(gate, body["access_token"]), "the family to end", 1)


def test_short_name_of_the_grant_is_taken(gate, admin):
    assert register(gate, make(admin, user="reg-bob")["registration_token"], "registration_token").status_code == 200


def test_registration_and_refresh_tokens_are_no_access_tokens(gate, admin):
    pending, made = make(admin, user="reg-cy"), make(admin)
    for token in (pending["registration_token"], made["refresh_token"]):
        assert not opens(gate, token)
        refused(oauth(gate, "token", grant_type="refresh_token" if token.startswith("sgrg") else URN,
                      refresh_token=token, registration_token=token))
    assert register(gate, pending["registration_token"]).status_code == 200
    assert refresh(gate, made["refresh_token"]).status_code == 200


def test_revoked_registration_token_opens_nothing(gate, admin):
    made = make(admin, user="reg-dee")
    assert admin.delete(f"{TOKENS}/{made['id']}").status_code == 204
    refused(register(gate, made["registration_token"]))


# --- RFC 6749's errors

@pytest.mark.parametrize("form, error", [
    ("", "invalid_request"), ("grant_type=", "invalid_request"), ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
    ("grant_type=refresh_token", "invalid_request"), ("grant_type=refresh_token&refresh_token=", "invalid_request"),
    ("grant_type=refresh_token&grant_type=refresh_token&refresh_token=x", "invalid_request"),
    ("grant_type=refresh_token&refresh_token=x&refresh_token=y", "invalid_request"),
    ("grant_type=refresh_token&refresh_token=%zz", "invalid_request"), ("grant_type=refresh_token&refresh_token=%00", "invalid_request"),
    ("grant_type=refresh_token&registration_token=x", "invalid_request"), ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
    (f"grant_type=refresh_token&refresh_token={'x' * 10000}", "invalid_request"),
])
def test_malformed_grants_get_the_errors_of_rfc_6749(gate, form, error):
    answer = requests.post(f"{gate.url}/_gate/oauth/token", data=form, timeout=10,
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
    refused(answer, error)


def test_grants_are_posted_as_forms_never_in_the_query(gate, admin):
    token = make(admin)["refresh_token"]
    where = f"{gate.url}/_gate/oauth/token"
    query = f"grant_type=refresh_token&refresh_token={token}"
    assert requests.get(f"{where}?{query}", timeout=10).status_code == 405
    refused(requests.post(f"{where}?{query}", timeout=10), "invalid_request")
    refused(requests.post(where, json={"grant_type": "refresh_token", "refresh_token": token}, timeout=10), "invalid_request")
    assert refresh(gate, token).status_code == 200


# --- revoking (RFC 7009)

@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_s38_either_token_of_a_family_revokes_it(gate, admin, which):
    made = make(admin)
    assert oauth(gate, "revoke", token=made[which], token_type_hint="nonsense").status_code == 200
    wait_for(lambda: not opens(gate, made["access_token"]), "the token to end", 1)
    refused(refresh(gate, made["refresh_token"]))
    assert oauth(gate, "revoke", token=made[which]).status_code == 200


def test_s38_revoking_what_is_unknown_says_the_same(gate, admin):
    made = make(admin)
    forged = made["refresh_token"][:37] + "A" * 65
    for token in ("x", "a.b.c", forged, made["access_token"][:-4] + "AAAA", "x" * 8000):
        answer = oauth(gate, "revoke", token=token)
        assert (answer.status_code, answer.content) == (200, b"")
    assert opens(gate, made["access_token"])
    refused(oauth(gate, "revoke"), "invalid_request")


def test_s35_last_administrator_token_is_not_revoked_by_accident(tmp_path):
    with Upstream() as upstream, Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], folder=tmp_path) as gateway:
        token = gateway.create_token("root", "admin")
        refused(oauth(gateway, "revoke", token=token["access_token"]), "invalid_request")
        assert opens(gateway, token["access_token"])
        assert oauth(gateway, "revoke", token=token["access_token"], force="true").status_code == 200
        wait_for(lambda: not opens(gateway, token["access_token"]), "its end", 1)


# --- introspecting (RFC 7662)

def test_s38_administrator_is_told_what_a_token_is(gate, admin):
    made = make(admin, scope="cluster:other view")
    told = introspect(gate, admin.token, made["access_token"])
    assert told["active"] is True and told["token_type"] == "Bearer" and told["client_id"] == "robot" and told["sub"] == "client:robot"
    assert told["scope"] == "cluster:other view" and told["role"] == "user" and told["exp"] - told["iat"] == 3600 and told["iss"]
    told = introspect(gate, admin.token, made["refresh_token"])
    assert told["active"] is True and "token_type" not in told
    admin.delete(f"{TOKENS}/{made['id']}")
    for token in (made["access_token"], made["refresh_token"], "x", "a.b.c"):
        assert introspect(gate, admin.token, token) == {"active": False}


def test_s38_others_are_told_of_their_own_only_and_learn_nothing_else(gate, admin):
    ann, bob = Api(gate, "user", "in-ann"), Api(gate, "user", "in-bob")
    assert introspect(gate, ann.token, ann.token)["active"] is True
    for token in (bob.token, admin.token, "x", make(admin)["refresh_token"]):
        assert introspect(gate, ann.token, token) == {"active": False}


def test_s38_introspection_needs_a_bearer_token_and_no_cookie_will_do(gate, admin):
    where = f"{gate.url}/_gate/oauth/introspect"
    answer = requests.post(where, data={"token": admin.token}, timeout=10)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == 'Bearer realm="sparkgate"'
    session = requests.Session()
    session.trust_env = False
    session.post(f"{gate.url}/_gate/login", data={"token": admin.token}, timeout=10)
    assert session.get(gate.url + UI, timeout=10).status_code == 200
    assert session.post(where, data={"token": admin.token}, timeout=10).status_code == 401
    assert requests.post(where, data={"token": admin.token}, headers={"Authorization": "Bearer x"}, timeout=10).status_code == 401


# --- scopes

def lacks(gate, token, path, scope):
    """What the gateway says of a request that the token's scope does not cover."""
    answer = Client(gate, token).get(path)
    assert answer.status_code == 403, (path, answer.status_code)
    assert f'"{scope}"' in answer.json()["detail"] and answer.json()["reason"] == "scope"
    assert f'error="insufficient_scope", scope="{scope}"' in answer.headers["WWW-Authenticate"]


def is_not_there(gate, token, path):
    """S44: no word of what the token is not for."""
    answer = Client(gate, token).get(path)
    assert (answer.status_code, answer.json()["reason"], "WWW-Authenticate" in answer.headers) == (404, "not_found", False)
    assert "other" not in answer.text


def test_scope_narrows_to_clusters_and_the_home_page_shows_no_other(gate, admin):
    token = make(admin, scope="cluster:second")["access_token"]
    assert Client(gate, token).get("/second/ui/echo/").status_code == 200
    for path in (UI, "/other/", "/other"):
        is_not_there(gate, token, path)
    session = requests.Session()
    session.trust_env = False
    session.post(f"{gate.url}/_gate/login", data={"token": token}, timeout=10)
    page = session.get(gate.url + "/", headers=NAVIGATION, timeout=10)
    assert page.status_code == 200 and "/second/ui/echo/" in page.text and "/other/" not in page.text


def test_scope_narrows_to_actions(gate, admin):
    metrics = make(admin, scope="metrics")["access_token"]
    lacks(gate, metrics, UI, "view")
    lacks(gate, metrics, "/", "view")
    view = make(admin, scope="view")["access_token"]
    assert opens(gate, view)


def test_s35_session_opened_by_a_narrowed_token_is_as_narrow(gate, admin):
    token = make(admin, scope="cluster:second")["access_token"]
    session = requests.Session()
    session.trust_env = False
    session.post(f"{gate.url}/_gate/login", data={"token": token}, timeout=10)
    assert session.get(f"{gate.url}/second/ui/echo/", timeout=10).status_code == 200
    answer = session.get(gate.url + UI, timeout=10)
    assert answer.status_code == 404 and "WWW-Authenticate" not in answer.headers
    page = session.get(gate.url + UI, headers=NAVIGATION, timeout=10)
    assert page.status_code == 404 and "cluster:other" not in page.text


def test_s35_renewed_token_is_as_narrow(gate, admin):
    made = make(admin, scope="cluster:second")
    token = refresh(gate, made["refresh_token"]).json()
    assert token["scope"] == "cluster:second"
    is_not_there(gate, token["access_token"], UI)


def test_s35_narrowed_token_manages_tokens_only_by_name_and_makes_none_that_is_wider(gate, admin):
    def caller(scope):
        api = Api(gate)
        api.headers["Authorization"] = f"Bearer {make(admin, token_type='admin', scope=scope)['access_token']}"
        return api
    narrow = caller("cluster:other")
    for answer in (narrow.get(TOKENS), narrow.post(TOKENS, json={"client_name": "x"}), narrow.delete(f"{TOKENS}/{admin.id}")):
        assert "tokens" in problem(answer, 403)
    keeper = caller("cluster:other view tokens")
    assert keeper.get(TOKENS).status_code == 200
    for wider in (None, "view", "cluster:second view", "cluster:other", "cluster:other logs"):
        assert "more rights" in problem(keeper.post(TOKENS, json={"client_name": "x", "scope": wider}), 403)
    assert make(keeper, scope="cluster:other view")["scope"] == "cluster:other view"


@pytest.mark.parametrize("scope", ["everything", "view  logs", " view", "cluster:", "app:a\"b", "x" * 600, 7, ["view"]])
def test_scope_that_is_none_of_ours_is_refused(gate, admin, scope):
    assert "scope" in problem(admin.post(TOKENS, json={"client_name": "x", "scope": scope}), 400)


# --- what is kept

def test_s34_s40_no_secret_is_stored_or_logged(gate, admin):
    made, pending = make(admin), make(admin, user="kept-ann")
    renewed, registered = refresh(gate, made["refresh_token"]).json(), register(gate, pending["registration_token"]).json()
    introspect(gate, admin.token, renewed["refresh_token"])
    oauth(gate, "revoke", token=renewed["refresh_token"])
    requests.post(f"{gate.url}/_gate/oauth/token?refresh_token={registered['refresh_token']}", timeout=10)
    secrets = [body[name] for body in (made, pending, renewed, registered)
               for name in ("access_token", "refresh_token", "registration_token") if name in body]
    assert len(secrets) == 7
    kept = gate.redis.dump() if hasattr(gate, "redis") else b"".join(path.read_bytes() for path in gate.folder.rglob("*") if path.is_file())
    assert made["id"].encode() in kept
    for secret in secrets:
        parts = [secret] + ([secret.split(".")[2]] if "." in secret else [secret[37:], secret[59:]])
        for part in parts:
            assert part.encode() not in kept and part not in gate.log_text()
