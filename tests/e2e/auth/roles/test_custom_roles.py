"""Custom roles from claims to answers: own applications, tokens that inherit, reloads, and `sparkgate explain`."""

import json
import subprocess
import urllib.parse

import pytest
from conftest import NAVIGATION, Client
from fake_spark import App, FakeSpark
from gateway import HOST, Gateway, binary
from mock_provider import MockProvider
from spark_cluster import wait_for
from token_client import TOKENS

ADAS, BOBS = "app-20260101000000-0001", "app-20260101000000-0002"
ROWS = [
    {"role": "analysts", "applications": ["own"], "rights": ["view", "environment", "kill:own"]},
    {"role": "on-call", "clusters": ["local"], "rights": ["view", "kill"]},
    {"role": "science", "uis": ["wiki"]},
]


KILL = '<a href="/jobs/job/kill/?id=1" class="kill-link">(kill)</a>'


class JobsApp(App):
    """Its pages have a link that kills a job."""

    def page(self, request):
        status, kind, text, fields = super().page(request)
        return status, kind, text + KILL, fields


class ReverseProxy(FakeSpark):
    """A master with spark.ui.reverseProxy: what is below /proxy/<id> is the page of that application."""

    def answer(self, request):
        parts = request.parts.path.split("/")
        app = next((app for app in self.apps if parts[1:2] == ["proxy"] and urllib.parse.unquote(parts[2]) == app.id), None)
        return app.page(request) if app else super().answer(request)


@pytest.fixture
def world():
    with MockProvider() as provider, ReverseProxy() as spark:
        spark.add(JobsApp(ADAS, "report", user="ada"))
        spark.add(JobsApp(BOBS, "payroll-of-the-board", user="bob"))
        entry = {**spark.entry(), "uis": [{"name": "wiki", "url": spark.apps[0].url, "roles": ["science"]}]}
        auth = {"oidc": {"issuer": provider.issuer, "client_id": "gate"},
                "bearer": [{"issuer": provider.issuer, "audience": ["spark"]}],
                "roles": {"claim": "groups", "admin": ["platform"], "user": ["everyone"], "custom": ROWS}}
        settings = {"auth": auth, "server": {"trusted_proxies": [f"{HOST}/32"]}}
        with Gateway([entry], settings=settings) as gate:
            gate.provider, gate.spark = provider, spark
            gate.await_mounts([f"/local/proxy/{ADAS}/", f"/local/proxy/{BOBS}/"], token_of(gate, "root", "platform"))
            yield gate


def token_of(gate, person, *groups, **claims):
    """An access token of the provider's for somebody whose Spark user is called as they are."""
    return gate.provider.access_token(f"s-{person}", preferred_username=person, groups=list(groups), **claims)


def status(gate, token, path, method="GET"):
    return Client(gate, token).request(method, path, headers=NAVIGATION if method == "GET" else {}).status_code


def page(app, rest=""):
    return f"/local/proxy/{app}/{rest}"


def test_analyst_sees_and_kills_own_applications_and_nobody_elses(world):
    ada = token_of(world, "ada", "analysts")
    assert [status(world, ada, page(app)) for app in (ADAS, BOBS)] == [200, 404]
    assert [status(world, ada, page(app, "jobs/job/kill/?id=1"), "POST") for app in (ADAS, BOBS)] == [302, 404]
    assert status(world, ada, page(ADAS, "environment/")) == 200
    assert status(world, ada, page(ADAS, "executors/threadDump/?executorId=1")) == 403
    home = Client(world, ada).get("/").text
    assert ADAS in home and BOBS not in home and "payroll" not in home
    nobody = token_of(world, "eve", "others")
    assert status(world, nobody, page(ADAS)) == 403  # no role


@pytest.mark.parametrize("way", ["", "master/proxy/"], ids=["of_its_own", "through_a_master"])
def test_t42_links_that_kill_are_on_the_pages_of_what_one_may_kill(world, way):
    def shows(person, group, app):
        answer = Client(world, token_of(world, person, group)).get(page(f"{way}{app}", "jobs/"), headers=NAVIGATION)
        return "(kill)" in answer.text if answer.status_code == 200 else answer.status_code
    assert [shows("ada", "analysts", app) for app in (ADAS, BOBS)] == [True, 404]
    assert [shows("ada", "on-call", app) for app in (ADAS, BOBS)] == [True, True]
    assert [shows("ada", "everyone", app) for app in (ADAS, BOBS)] == [False, False]


def test_t59_links_that_kill_are_on_the_pages_of_ones_own_name_too(world):
    """Where a name is the id, Spark's address has it with escapes."""
    world.spark.add(JobsApp("etl daily", "etl daily", user="ada"))
    ada = Client(world, token_of(world, "ada", "analysts"))
    wait_for(lambda: ada.get(page("etl~20daily", "jobs/"), headers=NAVIGATION).status_code == 200, "the application's own UI", 20)
    for way in ("etl~20daily", "master/proxy/etl%20daily"):
        assert "(kill)" in ada.get(page(way, "jobs/"), headers=NAVIGATION).text, way
        assert "(kill)" not in Client(world, token_of(world, "eve", "everyone")).get(page(way, "jobs/"), headers=NAVIGATION).text, way


def test_roles_add_up_and_a_ui_is_open_to_those_it_names(world):
    ada = token_of(world, "ada", "analysts", "on-call")
    assert [status(world, ada, page(app)) for app in (ADAS, BOBS)] == [200, 200]
    assert [status(world, ada, page(app, "environment/")) for app in (ADAS, BOBS)] == [200, 403]
    assert status(world, ada, "/local/ui/wiki/") == 404
    assert status(world, token_of(world, "ada", "everyone"), "/local/ui/wiki/") == 404
    assert status(world, token_of(world, "ada", "everyone", "science"), "/local/ui/wiki/") == 200
    assert status(world, token_of(world, "ada", "science"), "/local/ui/wiki/") == 200
    assert status(world, token_of(world, "ada", "science"), page(ADAS)) == 404


def test_s72_own_token_opens_what_its_maker_opens_and_follows_a_reload(world):
    ada = token_of(world, "ada", "analysts")
    made = Client(world, ada).post(world.admin_url + TOKENS, json={"client_name": "notebook"}).json()
    assert made["role"] == "custom" and "standing" not in made
    mine = made["access_token"]
    assert [status(world, mine, page(app)) for app in (ADAS, BOBS)] == [200, 404]
    for members in ({"token_type": "admin"}, {"user": "s-bob"}):
        answer = Client(world, ada).post(world.admin_url + TOKENS, json={"client_name": "more", **members})
        assert answer.status_code == 403, answer.text
    narrow = Client(world, ada).post(world.admin_url + TOKENS, json={"client_name": "narrow", "scope": "environment"}).json()
    assert status(world, narrow["access_token"], page(ADAS, "environment/")) == 200
    assert status(world, narrow["access_token"], page(ADAS)) == 403
    world.conf["auth"]["roles"]["custom"] = [{"role": "analysts", "rights": ["view"]}]
    world.reload()
    wait_for(lambda: status(world, mine, page(BOBS)) == 200, "the new row")
    assert status(world, mine, page(ADAS, "environment/")) == 403
    world.conf["auth"]["roles"]["custom"] = [{"role": "others", "rights": ["view"]}]
    world.reload()
    wait_for(lambda: status(world, mine, page(ADAS)) == 403, "no row")


def test_spark_user_comes_from_the_map_which_a_reload_reads_again(world):
    people = world.folder / "people"
    people.write_text("# who is who\nlovelace@x.example  ada\n")
    world.conf["auth"] |= {"user_claim": "email", "user_map_file": str(people)}
    world.reload()
    ada = token_of(world, "somebody", "analysts", email="lovelace@x.example")
    wait_for(lambda: status(world, ada, page(ADAS)) == 200, "the map")
    assert status(world, token_of(world, "ada", "analysts", email="ada@x.example"), page(ADAS)) == 404
    people.write_text("lovelace@x.example  bob\n")
    world.reload()
    wait_for(lambda: status(world, ada, page(BOBS)) == 200, "the other map")
    assert status(world, ada, page(ADAS)) == 404


def test_an_ingress_is_told_the_roles_held(world):
    asked = {"X-Original-URL": world.origin + page(ADAS), "X-Original-Method": "GET"}
    answer = Client(world, token_of(world, "ada", "analysts", "on-call", "unheard-of")).get("/_gate/auth/nginx", headers=asked)
    assert answer.status_code == 200 and answer.headers["X-Auth-Request-Groups"] == "custom,analysts,on-call"


def explain(gate, claims, *words):
    file = gate.folder / "claims.json"
    file.write_text(json.dumps(claims))
    command = [str(binary()), "explain", "--config", str(gate.config), "--claims", str(file), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_explain_says_what_the_gateway_does(world):
    cases = [(person, groups, path, method, user) for person, groups in (("ada", ["analysts"]), ("ada", ["on-call"]), ("eve", []))
             for path, user in ((page(ADAS), "ada"), (page(BOBS), "bob"), (page(ADAS, "environment/"), "ada"), ("/local/ui/wiki/", ""),
                                (page("master"), ""), (page("master", "environment/"), ""))
             for method in ("GET",)]
    for person, groups, path, method, user in cases:
        said = explain(world, {"sub": f"s-{person}", "preferred_username": person, "groups": groups}, "--app-user", user, method, path)
        really = status(world, token_of(world, person, *groups), path, method)
        assert (said.returncode, said.stderr) == (0 if really == 200 else 1, ""), (path, groups, really, said.stdout)
        assert said.stdout.startswith("allowed: " if really == 200 else "refused, "), said.stdout
        assert really == 200 or f"({really})" in said.stdout, (really, said.stdout)


def test_explain_names_the_row_and_what_the_answer_hangs_on(world):
    claims = {"sub": "s-ada", "preferred_username": "ada", "groups": ["analysts"]}
    said = explain(world, claims, "--app-user", "ada", "GET", page(ADAS, "environment/"))
    assert said.returncode == 0 and "auth.roles.custom[0] (analysts)" in said.stdout and "their own" in said.stdout
    unknown = explain(world, claims, page(ADAS))
    assert unknown.returncode == 1 and 'for an application of the user "ada"' in unknown.stdout
    assert explain(world, claims).returncode == 2


def test_check_explains_a_role_that_can_do_nothing(world):
    world.conf["auth"]["roles"]["custom"] = [{"role": "idle"}, {"role": "lost", "clusters": ["prd"], "rights": ["view"]}]
    world.write_config()
    said = subprocess.run([str(binary()), "--config", str(world.config), "--check"], capture_output=True, text=True, timeout=30)
    assert said.returncode == 0 and said.stdout.endswith(": fine\n")
    assert "auth.roles.custom[0] (idle): it can do nothing" in said.stderr
    assert 'auth.roles.custom[1] (lost): there is no cluster "prd"' in said.stderr
