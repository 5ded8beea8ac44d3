"""Whose application a driver pod is (S73): the user that its pod was made with, whatever driver, log and other pods say."""

import json
import time

import pytest

from conftest import NAVIGATION, Client
from kube_api import KubeApi, pod
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready

PEOPLE = ("ann", "ben", "mallory")


def epoch(seconds=0):
    return int((time.time() + seconds) * 1000)


@pytest.fixture
def world(tmp_path):
    """`ann`, `ben` and `mallory` are analysts, who see what is their own."""
    with MockProvider() as provider, KubeApi() as api:
        auth = teams_auth(tmp_path, provider)
        auth["roles"] = {"claim": "roles", "admin": ["spark-admin"], "custom": [
            {"role": "analysts", "applications": ["own"], "rights": ["view", "environment"]}]}
        made = World(tmp_path, api, {"auth": auth})
        for name in PEOPLE:
            token = provider.access_token(roles=["analysts"], aud="spark", preferred_username=name)
            setattr(made, name, Client(made.gateway, token))
        await_gateway(made)
        yield made
        made.stop()


def await_gateway(world):
    wait_ready(world.gateway)
    world.until(lambda: world.api.watching(), "a watch")


def restart(world):
    world.restart()
    await_gateway(world)


def sees(client, path):
    return client.get(path, headers=NAVIGATION).status_code == 200


def only_sees(world, name, path):
    world.until(lambda: sees(getattr(world, name), path), f"{name} sees {path}")
    assert [other for other in PEOPLE if sees(getattr(world, other), path)] == [name]


def history_of(ui):
    return f"/k/shs/history/{ui.id}/jobs/"


def test_pods_user_sees_it_and_nobody_elses(world):
    one, two = world.driver("etl", user="ann"), world.driver("report", user="ben")
    only_sees(world, "ann", f"/k/proxy/{one.id}/")
    only_sees(world, "ben", f"/k/proxy/{two.id}/")
    home = world.ann.get("/k/").text
    assert one.id in home and two.id not in home and "report" not in home


def test_s73_driver_that_says_it_is_another_users_gains_nothing(world):
    ui = world.driver("etl", user="ann")
    ui.answer = lambda request, plain=ui.answer: plain(request) if request.parts.path != "/api/v1/applications" else (
        200, "application/json", json.dumps([{"id": ui.id, "attempts": [{"sparkUser": "mallory"}]}]), [])
    only_sees(world, "ann", f"/k/proxy/{ui.id}/")
    world.history.apps[ui.id] = ("etl", False, epoch(), "mallory")
    only_sees(world, "ann", history_of(ui))
    restart(world)
    only_sees(world, "ann", f"/k/proxy/{ui.id}/")


def test_s73_user_outlives_pod_and_gateway(world):
    ui = world.driver("etl", user="ann")
    only_sees(world, "ann", f"/k/proxy/{ui.id}/")
    world.history.apps[ui.id] = ("etl", True, epoch(), "mallory")
    world.api.delete("etl")
    only_sees(world, "ann", history_of(ui))
    restart(world)
    only_sees(world, "ann", history_of(ui))


def test_s73_later_pod_of_the_same_namespace_changes_nothing(world):
    ui = world.driver("etl", user="ann")
    only_sees(world, "ann", f"/k/proxy/{ui.id}/")
    world.api.put(pod("another", ui.id, port=ui.server.server_port, user="mallory"))
    world.api.delete("etl")
    only_sees(world, "ann", f"/k/proxy/{ui.id}/")
    world.until(lambda: "changes nothing" in world.gateway.log_text(), "the other user to be told of")


def test_event_log_counts_where_no_pod_was(world):
    world.history.apps["spark-old"] = ("old", True, epoch(-3600), "ben")
    world.until(lambda: sees(world.ben, "/k/shs/history/spark-old/jobs/"), "ben sees it")
    assert not sees(world.ann, "/k/shs/history/spark-old/jobs/")
