"""Pods that claim an application by a label (S43): whose people see it, through restarts of the gateway and with two of them.

The API server, the history server and the provider are played; pods are listed by namespace and name, so "a" comes before "b".
"""

import json
import time

import pytest

from conftest import NAVIGATION, Client
from fake_spark import FakeSpark, Site
from gateway import Gateway
from kube_api import KubeApi, pod
from kube_world import World, teams_auth
from mock_provider import MockProvider
from redis_server import RedisServer
from signon import shared_store, wait_ready

HOUR, NOT_SEEN = 3600, {403, 404}


def at(seconds):
    """A creationTimestamp, so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def epoch(seconds):
    return int((time.time() + seconds) * 1000)


@pytest.fixture
def teams(tmp_path):
    """Nobody's application yet; `a` and `b` are people of one namespace each, `all` has the role user."""
    with MockProvider() as provider, KubeApi() as api:
        made = World(tmp_path, api, {"auth": teams_auth(tmp_path, provider)}, started=False)
        made.entry["kubernetes"]["namespaces"] = ["*"]
        made.provider = provider
        yield made
        made.stop()


def start(teams):
    teams.begin()
    wait_ready(teams.gateway)
    teams.until(lambda: teams.api.watching(), "a watch")
    for name, role in (("a", "team-a"), ("b", "team-b"), ("all", "spark-user")):
        setattr(teams, name, Client(teams.gateway, teams.provider.access_token(roles=[role], aud="spark")))


def restart(teams):
    teams.restart()
    wait_ready(teams.gateway)
    teams.until(lambda: teams.api.watching(), "a watch")


def sees(client, path):
    return client.get(path, headers=NAVIGATION).status_code


def history_of(app):
    return f"/k/shs/history/{app}/jobs/"


def put(teams, namespace, app, phase="Running", created=0, name=None):
    teams.api.put(pod(name or f"{namespace}-pod", app, phase=phase, namespace=namespace, creationTimestamp=at(created)))


@pytest.mark.parametrize("victim, thief", ["ba", "ab"], ids=["listed_first", "listed_after"])
def test_s43_ended_pod_of_another_team_takes_neither_the_place_nor_the_rights(teams, victim, thief):
    ui = teams.driver("etl", namespace=victim, creationTimestamp=at(-HOUR))
    put(teams, thief, ui.id, "Succeeded")
    start(teams)
    live = f"/k/proxy/{ui.id}/"
    teams.until_status(live, 200)
    assert "UI of etl" in teams.client.get(live).text
    teams.until(lambda: sees(getattr(teams, victim), live) == 200, "its team")
    assert sees(getattr(teams, thief), live) in NOT_SEEN
    assert ui.id not in getattr(teams, thief).get("/k/").text


@pytest.mark.parametrize("victim, thief", ["ba", "ab"], ids=["listed_first", "listed_after"])
def test_s43_what_was_settled_outlives_the_pod_and_the_gateway(teams, victim, thief):
    start(teams)
    ui = teams.driver("etl", namespace=victim)
    live = f"/k/proxy/{ui.id}/"
    teams.until_status(live, 200)
    assert sees(getattr(teams, victim), live) == 200
    # made in the same second, or long before: a label can be put on any pod
    put(teams, thief, ui.id, "Succeeded")
    put(teams, thief, ui.id, "Succeeded", -HOUR, "old")
    restart(teams)
    teams.until_status(live, 200)
    assert sees(getattr(teams, victim), live) == 200
    assert sees(getattr(teams, thief), live) in NOT_SEEN
    # now history alone knows it, and those pods
    teams.history.apps[ui.id] = ("etl", True, epoch(0))
    teams.api.delete("etl", victim)
    restart(teams)
    teams.until(lambda: sees(getattr(teams, victim), history_of(ui.id)) == 200, "their history")
    assert sees(getattr(teams, thief), history_of(ui.id)) in NOT_SEEN
    assert ui.id not in getattr(teams, thief).get("/k/").text
    assert sees(teams.all, history_of(ui.id)) == 200


@pytest.mark.parametrize("phase", ["Running", "Pending", "Succeeded", "Failed"])
def test_s43_application_that_only_history_knows_takes_no_younger_pod(teams, phase):
    done = phase in ("Succeeded", "Failed")
    teams.history.apps["spark-old"] = ("old", done, epoch(-HOUR))
    put(teams, "b", "spark-old", phase, -HOUR + 60)
    teams.history.apps["spark-skew"] = ("skew", done, epoch(-HOUR))
    put(teams, "a", "spark-skew", phase, -HOUR + 1)  # its machine's clock is behind
    start(teams)
    if phase in ("Succeeded", "Failed", "Pending"):  # what runs leads to its UI
        teams.until(lambda: sees(teams.a, history_of("spark-skew")) == 200, "their history")
    else:
        teams.until(lambda: "skew" in teams.a.get("/k/").text, "their application")
    assert sees(teams.b, history_of("spark-old")) in NOT_SEEN
    assert sees(teams.a, history_of("spark-old")) in NOT_SEEN
    assert sees(teams.b, history_of("spark-skew")) in NOT_SEEN
    assert sees(teams.all, history_of("spark-old")) == 200


def test_s43_where_two_namespaces_claim_nobody_limited_gets_in(teams):
    teams.driver("a", "spark-both", namespace="a")
    teams.driver("b", "spark-both", namespace="b")
    start(teams)
    live = "/k/proxy/spark-both/"
    teams.until_status(live, 200)
    assert sees(teams.a, live) in NOT_SEEN and sees(teams.b, live) in NOT_SEEN
    assert sees(teams.all, live) == 200
    # nor later, when one of them has gone
    teams.history.apps["spark-both"] = ("both", False, epoch(0))
    teams.api.delete("a", "a")
    restart(teams)
    teams.until(lambda: sees(teams.all, history_of("spark-both")) == 200, "history")
    assert sees(teams.a, history_of("spark-both")) in NOT_SEEN
    assert sees(teams.b, history_of("spark-both")) in NOT_SEEN


def test_s43_driver_that_an_operator_starts_again_is_its_teams(teams):
    start(teams)
    first = teams.driver("job", "spark-1", namespace="a")
    teams.until_status(f"/k/proxy/{first.id}/", 200)
    teams.history.apps["spark-1"] = ("job", True)
    teams.api.delete("job", "a")
    second = teams.driver("job", "spark-2", namespace="a")  # the same name, another id
    teams.until_status(f"/k/proxy/{second.id}/", 200)
    assert sees(teams.a, f"/k/proxy/{second.id}/") == 200
    teams.until(lambda: sees(teams.a, history_of("spark-1")) == 200, "the first one's history")
    assert sees(teams.b, history_of("spark-1")) in NOT_SEEN
    # and one with the same id goes on where the first was
    teams.api.delete("job", "a")
    third = teams.driver("job", "spark-2", namespace="a")
    teams.until(lambda: third.seen, "a question who it is")
    teams.until_status("/k/proxy/spark-2/", 200)
    assert sees(teams.a, "/k/proxy/spark-2/") == 200


def test_s43_gateways_that_share_a_store_agree(tmp_path):
    """The second one starts when both pods are there, and sees the thief first."""
    with MockProvider() as provider, KubeApi() as api, RedisServer() as redis:
        settings = {"auth": teams_auth(tmp_path, provider), **shared_store(redis, tmp_path)}
        one = World(tmp_path, api, settings)
        try:
            one.entry["kubernetes"]["namespaces"] = ["*"]
            one.gateway.reload()
            wait_ready(one.gateway)
            one.until(lambda: api.watching(), "a watch")
            ui = one.driver("etl", namespace="b")
            one.until_status(f"/k/proxy/{ui.id}/", 200)
            api.put(pod("thief", ui.id, phase="Succeeded", namespace="a"))
            one.history.apps[ui.id] = ("etl", True)
            api.delete("etl", "b")
            with Gateway([one.entry], settings=settings) as two:
                wait_ready(two)
                people = {name: Client(two, provider.access_token(roles=[f"team-{name}"], aud="spark")) for name in "ab"}
                one.until(lambda: sees(people["b"], history_of(ui.id)) == 200, "their history")
                assert sees(people["a"], history_of(ui.id)) in NOT_SEEN
        finally:
            one.stop()


class Worker(Site):
    """Says that it is `id`."""

    def __init__(self, worker):
        super().__init__()
        self.id = worker

    def answer(self, request):
        if request.parts.path == "/json/":
            return 200, "application/json", json.dumps({"id": self.id, "masterurl": "spark://h:7077"}), []
        return 200, "text/html", f"worker {self.id}", []


class Master(FakeSpark):
    def __exit__(self, *error):
        self.worker.stop()
        super().__exit__(*error)

    def state(self):
        row = {"id": self.worker.id, "host": "h", "port": 1, "webuiaddress": self.worker.url, "cores": 1, "coresused": 0,
               "memory": 1, "memoryused": 0, "state": "ALIVE"}
        return {**super().state(), "workers": [row]}


def test_s65_worker_keeps_its_place_when_a_pod_has_its_name(teams):
    with Master() as master:
        master.worker = Worker("w-one")
        teams.entry["masters"] = [master.url]
        thief = teams.driver("thief", "w-one", namespace="b")  # it is there first
        start(teams)
        teams.until_status("/k/proxy/w-one/", 200)
        assert "worker w-one" in teams.client.get("/k/proxy/w-one/").text
        assert sees(teams.b, "/k/proxy/w-one/") in NOT_SEEN
        assert [path for _, path, _ in thief.seen if path != "/api/v1/applications"] == []
