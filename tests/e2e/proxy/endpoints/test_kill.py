"""The home page's way to kill an application: a question, Spark's own endpoint, and what became of it (T43, S75)."""

import html
import json
import re

import pytest

from conftest import NAVIGATION, Client, signed_in
from fake_spark import App
from gateway import Gateway
from killing_spark import TOKEN, KillingSpark
from spark_cluster import wait_for

REASON = "it eats the cluster \N{EM DASH} <b>\"ask\" ada</b>"


@pytest.fixture(scope="module")
def gate():
    with KillingSpark() as spark:
        apps = [f"app-20260101000000-{n:04}" for n in range(20)]
        for app in apps:
            spark.add(App(app, f"job {app[-2:]}"))
        with Gateway([spark.entry()]) as gateway:
            gateway.spark, gateway.left = spark, apps
            ready = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{app}/" for app in apps], ready)
            yield gateway


@pytest.fixture
def app(gate):
    """One that nobody has killed yet, with a master that obeys."""
    gate.spark.token, gate.spark.obeys, gate.spark.status = TOKEN, True, 302
    gate.spark.asked.clear()
    return gate.left.pop()


@pytest.fixture(scope="module")
def admin(gate):
    return signed_in(gate, "admin")


def kill(client, app, **more):
    headers = {"Origin": client.gateway.origin, **more.pop("headers", {})}
    return client.post(f"/local/apps/{app}/kill", data={"reason": REASON, **more}, headers=headers)


def title(answer):
    return html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", answer.text)[1])


def audit_of(gate, app):
    lines = [json.loads(text) for text in gate.log_text().splitlines() if '"audit"' in text]
    return [line for line in lines if line.get("app_id") == app]


def test_an_administrator_finds_the_question_on_the_home_page(gate, app, admin):
    for page in ("/", "/local/", "/local/?state=running"):
        assert f'href="/local/apps/{app}/kill"' in admin.get(page, headers=NAVIGATION).text, page
    question = admin.get(f"/local/apps/{app}/kill", headers=NAVIGATION)
    assert (question.status_code, title(question)) == (200, "Kill this application?")
    assert f'action="/local/apps/{app}/kill"' in question.text and 'name="reason"' in question.text
    assert "<script" not in question.text and gate.spark.asked == []


@pytest.mark.parametrize("token", [TOKEN, None])
def test_an_application_is_killed_by_sparks_own_endpoint_and_the_reason_is_in_the_audit_line(gate, app, admin, token):
    """T43: 4.3 wants the token of its page, older masters have none."""
    gate.spark.token = token
    answer = kill(admin, app)
    assert (answer.status_code, title(answer)) == (200, "The application is killed")
    own = {"csrfToken": [token]} if token else {}
    assert gate.spark.asked == [("POST", {"id": [app], "terminate": ["true"], **own})]
    wait_for(lambda: audit_of(gate, app), "the audit line", 10)
    line = audit_of(gate, app)[0]
    assert (line["msg"], line["stated_reason"], line["decision"], line["status"]) == ("kill", REASON, "allow", 200)
    assert line["app_name"] == f"job {app[-2:]}" and line["upstream"]
    wait_for(lambda: f"/apps/{app}/kill" not in admin.get("/local/", headers=NAVIGATION).text, "the list without it", 10)
    again = kill(admin, app)
    assert (again.status_code, title(again)) == (409, "The application is not running")


def test_a_master_that_takes_it_and_does_nothing_is_found_out(gate, app, admin):
    gate.spark.obeys = False
    answer = kill(admin, app)
    assert (answer.status_code, title(answer)) == (409, "The application is still running")
    assert "spark.ui.killEnabled" in answer.text


def test_a_master_that_refuses_is_said_to(gate, app, admin):
    gate.spark.status = 403
    answer = kill(admin, app)
    assert (answer.status_code, title(answer)) == (502, "The master refused")


def test_who_may_look_only_has_no_button_and_is_refused(gate, app):
    user = signed_in(gate, "user")
    assert "/kill" not in user.get("/local/", headers=NAVIGATION).text
    assert user.get(f"/local/apps/{app}/kill", headers=NAVIGATION).status_code == 403
    assert kill(user, app).status_code == 403
    assert gate.spark.asked == []


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_s45_another_origins_form_kills_nothing(gate, app, admin, headers):
    assert kill(admin, app, headers=headers).status_code == 403
    assert gate.spark.asked == []


def test_s44_what_one_may_not_see_is_not_there_to_be_killed(gate, app):
    narrow = Client(gate, gate.create_token("narrow", "admin", "--scope", "app:app-20260101000000-0000")["access_token"])
    hidden, nothing = (narrow.post(f"/local/apps/{name}/kill", data={}) for name in (app, "app-20260101000000-9999"))
    assert hidden.status_code == nothing.status_code == 404
    plain = [re.sub(r"[0-9a-f]{16}", "", answer.text) for answer in (hidden, nothing)]
    assert plain[0] == plain[1] and gate.spark.asked == []


@pytest.mark.parametrize("reason", ["x" * 201, "a\nb", "\x00"])
def test_a_reason_that_is_no_line_of_text_is_asked_for_again(gate, app, admin, reason):
    answer = kill(admin, app, reason=reason)
    assert (answer.status_code, title(answer)) == (400, "Kill this application?")
    assert gate.spark.asked == []


def test_a_program_with_a_token_may_do_it_as_well(gate, app):
    client = Client(gate, gate.create_token("script", "admin")["access_token"])
    assert client.post(f"/local/apps/{app}/kill", data={"reason": "nightly"}).status_code == 200
    assert gate.spark.over >= {app}
