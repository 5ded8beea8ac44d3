"""A program without a token asks for one of a person, who allows it at the admin listener (RFC 8628)."""

import base64
import json
import re
import time

import pytest
import requests

from conftest import NAVIGATION
from gateway import Gateway
from redis_server import RedisServer
from signon import shared_store
from token_client import TOKENS, UI, Api, opens
from upstream import Upstream
from visitors import AdminVisitor

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PACE = 4.1  # seconds between two questions


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def gate(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    with Upstream() as upstream:
        entries = [{"name": name, "uis": [{"name": "echo", "url": upstream.url}]} for name in ("other", "second")]
        # each test asks from an address of its own
        settings = {"tokens": {"per_user": 50}, "server": {"trusted_proxies": ["127.0.0.0/8"]}}
        if request.param == "redis":
            with RedisServer() as redis, Gateway(entries, "/gate", {**settings, **shared_store(redis, folder)}, folder=folder) as gateway:
                gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
                yield gateway
        else:
            with Gateway(entries, "/gate", settings, folder=folder) as gateway:
                gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
                yield gateway


class Program:
    """What has no token yet; `address` is where it asks from."""

    def __init__(self, gate, address="192.0.2.7"):
        self.gate, self.headers, self.asked = gate, {"X-Forwarded-For": address}, 0

    def post(self, what, **form):
        return requests.post(f"{self.gate.url}/_gate/oauth/{what}", data=form, headers=self.headers, timeout=10)

    def begin(self, **form):
        answer = self.post("device", **{"client_id": "notebook", **form})
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", answer.text
        self.told = answer.json()
        return self

    def come(self, patient=True):
        """Asks for its tokens; as soon as it may."""
        if patient:
            time.sleep(max(0, self.asked + PACE - time.monotonic()))
        self.asked = time.monotonic()
        return self.post("token", grant_type=GRANT, device_code=self.told["device_code"], client_id="notebook")

    def error(self, **how):
        answer = self.come(**how)
        assert answer.status_code == 400 and answer.headers["Cache-Control"] == "no-store", answer.text
        return answer.json()["error"]


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_program_gets_the_token_that_a_person_allows_and_no_wider_one(gate):
    program, ann = Program(gate).begin(scope="view cluster:other"), AdminVisitor(gate, "ann")
    assert program.told["expires_in"] == 600 and program.told["interval"] == 5
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", program.told["user_code"])
    assert program.error() == "authorization_pending"
    page = ann.look(program.told["user_code"].lower().replace("-", " "))
    for part in ("notebook", "192.0.2.7", program.told["user_code"], "cluster:other"):
        assert part in page.text
    assert "is let in" in ann.answer(program.told["user_code"], "allow").text
    tokens = program.come().json()
    assert tokens["token_type"] == "Bearer" and tokens["scope"] == "view cluster:other" and tokens["refresh_token"]
    assert opens(gate, tokens["access_token"]) and claims(tokens["access_token"])["sub"] == "ann"
    second = requests.get(f"{gate.url}/second/ui/echo/", headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10)
    assert second.status_code == 404
    renewed = requests.post(f"{gate.url}/_gate/oauth/token", timeout=10,
                            data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).json()
    assert opens(gate, renewed["access_token"])


def test_denied_program_is_told_so(gate):
    program, bob = Program(gate).begin(), AdminVisitor(gate, "bob")
    assert "is refused" in bob.answer(program.told["user_code"], "deny").text
    assert program.error() == "access_denied"


def test_addresses_lead_to_the_admin_site(gate):
    program = Program(gate).begin()
    for name, query in (("verification_uri", ""), ("verification_uri_complete", f"?user_code={program.told['user_code']}")):
        assert program.told[name] == f"{gate.url}/_gate/oauth/device{query}"
        answer = requests.get(program.told[name], allow_redirects=False, timeout=10)
        assert answer.status_code == 302 and answer.headers["Location"] == f"{gate.admin_url}/device{query}"


def test_stranger_is_sent_to_sign_in_and_comes_back_with_the_code(gate):
    program = Program(gate).begin()
    answer = requests.get(f"{gate.admin_url}/device", params={"user_code": program.told["user_code"]}, headers=NAVIGATION,
                          allow_redirects=False, timeout=10)
    assert answer.status_code == 302 and "next=" in answer.headers["Location"]
    assert program.told["user_code"] in answer.headers["Location"].replace("%2D", "-")


def test_metadata_says_where_everything_is(gate):
    told = requests.get(f"{gate.url}/_gate/oauth/metadata", timeout=10).json()
    assert told["issuer"] == gate.url and told["sparkgate_admin"] == gate.admin_url
    assert told["device_authorization_endpoint"] == f"{gate.url}/_gate/oauth/device"
    assert GRANT in told["grant_types_supported"]


def test_s135_page_of_another_origin_cannot_allow_its_own_code(gate):
    program, carol = Program(gate, "203.0.113.66").begin(), AdminVisitor(gate, "carol")
    code = program.told["user_code"]
    page = carol.look(code)
    assert 'id="elsewhere"' in page.text, "the person is at another address than the program"
    form = carol.form_of(page)
    for headers in ({"Origin": "http://evil.example"}, {"Origin": gate.origin}, {"Origin": "null"}):
        assert carol.post("/device", data={**form, "answer": "allow"}, headers=headers).status_code == 403
    for wrong in ({}, {"form": "x" * 43}):
        assert carol.post("/device", data={"user_code": code, "answer": "allow", **wrong}).status_code == 403
    assert carol.get("/device", params={"user_code": code, "answer": "allow", **form}).status_code == 200
    assert page.headers["X-Frame-Options"] == "DENY"
    assert program.error() == "authorization_pending"


def test_s135_bearer_token_and_public_site_allow_nothing(gate):
    program = Program(gate).begin()
    token = gate.create_token("dave's", "user", "--user", "dave")["access_token"]
    form = {"user_code": program.told["user_code"], "answer": "allow"}
    for url in (f"{gate.admin_url}/device", f"{gate.url}/_gate/oauth/device", f"{gate.url}/device"):
        requests.post(url, data=form, headers={"Authorization": f"Bearer {token}", "Origin": gate.admin_url}, timeout=10)
    assert program.error() == "authorization_pending"


def test_s135_nobody_gives_more_than_they_have(gate):
    program, erin = Program(gate).begin(token_type="admin"), AdminVisitor(gate, "erin")
    answer = erin.answer(program.told["user_code"], "allow")
    assert answer.status_code == 403 and "more rights" in answer.text
    assert program.error() == "authorization_pending"
    narrow = AdminVisitor(gate, "frank", scope="view tokens cluster:other")
    assert narrow.answer(Program(gate).begin().told["user_code"], "allow").status_code == 403
    admin = AdminVisitor(gate, "root", "admin")
    assert admin.answer(program.told["user_code"], "allow").status_code == 200
    assert claims(program.come().json()["access_token"])["token_type"] == "admin"


def test_s136_who_guesses_codes_waits(gate):
    program, mallory = Program(gate).begin(), AdminVisitor(gate, "mallory")
    statuses = [mallory.look(f"BBBB-BB{a}{b}").status_code for a in "BCDFG" for b in "HJKLM"]
    assert statuses[:20] == [404] * 20 and set(statuses[20:]) == {429}
    assert mallory.look(program.told["user_code"]).status_code == 429
    assert AdminVisitor(gate, "grace").look(program.told["user_code"]).status_code == 200


def test_s137_code_that_somebody_else_began_is_the_programs_alone(gate):
    """Who has the code that a person reads has nothing: only the other one gets tokens, and it is nowhere shown."""
    program, heidi = Program(gate).begin(), AdminVisitor(gate, "heidi")
    page = heidi.look(program.told["user_code"])
    assert program.told["device_code"] not in page.text
    assert heidi.answer(program.told["user_code"], "allow").status_code == 200
    thief = Program(gate, "203.0.113.66")
    for code in (program.told["user_code"], program.told["device_code"][:-1] + "_", "sgdc_" + "A" * 43):
        assert thief.post("token", grant_type=GRANT, device_code=code).json()["error"] == "invalid_grant"
    assert program.come().status_code == 200
    assert program.told["device_code"] not in gate.log_text()


def test_s138_one_address_waits_with_a_few_programs_only(gate):
    flood = Program(gate, "203.0.113.99")
    answers = [flood.post("device", client_id="x") for _ in range(25)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 5
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert Program(gate, "203.0.113.100").begin()


def test_s138_who_asks_too_soon_is_told_to_slow_down(gate):
    program = Program(gate).begin()
    assert program.error() == "authorization_pending"
    assert program.error(patient=False) == "slow_down"
    assert program.error() == "authorization_pending"


def test_s139_codes_are_good_once(gate):
    program, ivan = Program(gate).begin(), AdminVisitor(gate, "ivan")
    code = program.told["user_code"]
    assert ivan.answer(code, "allow").status_code == 200
    assert ivan.look(code).status_code == 404
    assert program.come().status_code == 200
    assert program.error() == "invalid_grant"


@pytest.mark.parametrize("form, error", [
    ({"client_id": ""}, "invalid_request"), ({"scope": "nonsense"}, "invalid_scope"), ({"token_type": "custom"}, "invalid_request"),
    ({"client_id": "x" * 600}, "invalid_request"), ({"client_id": ["a", "b"]}, "invalid_request")])
def test_what_is_no_question_is_refused(gate, form, error):
    answer = Program(gate, "192.0.2.44").post("device", **{"client_id": "notebook", **form})
    assert answer.status_code == 400 and answer.json()["error"] == error, answer.text


def test_audit_says_who_let_which_program_in(gate):
    program, judy = Program(gate).begin(), AdminVisitor(gate, "judy")
    assert judy.answer(program.told["user_code"], "allow").status_code == 200
    made = program.come().json()
    lines = [json.loads(line) for line in gate.log_text().splitlines() if '"audit"' in line and '"judy"' in line]
    allowed = next(line for line in lines if line["decision"] == "allow")
    assert allowed["device_client"] == "notebook" and allowed["device_from"] == "192.0.2.7" and allowed["request_id"]
    created = next(line for line in lines if line.get("token_id") == made["id"])
    assert created["decision"] == "create" and created["client"] == "192.0.2.7"


def test_token_is_in_the_persons_list_and_ends_with_their_sessions(gate):
    program, ken = Program(gate).begin(), AdminVisitor(gate, "ken")
    assert ken.answer(program.told["user_code"], "allow").status_code == 200
    made = program.come().json()
    admin = Api(gate, "admin")
    shown = admin.get(f"{TOKENS}/{made['id']}").json()
    assert (shown["user"], shown["created_by"], shown["client_name"], shown["state"]) == ("ken", "ken", "notebook", "active")
    assert admin.delete("/api/v1/sessions", params={"user": "ken"}).ok
    gone = admin.get(f"{TOKENS}/{made['id']}")
    assert gone.status_code == 404 and gone.json()["token"]["state"] == "revoked"
    assert program.post("token", grant_type="refresh_token", refresh_token=made["refresh_token"]).json()["error"] == "invalid_grant"
