"""Resources of Spark's operators: rows from their creation to their end, as a fake API server tells of them.

The statuses are those that Kubeflow's operator 2.5 and Apache's operator 1.0 were seen to write, or are documented to.
"""

import time

import pytest

from conftest import Client
from kube_api import APACHE, CONNECTS, KUBEFLOW, SCHEDULES, KubeApi, pod, resource
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready

BAR_S = 1.0
KINDS = (KUBEFLOW, APACHE, SCHEDULES, CONNECTS)


@pytest.fixture
def api():
    with KubeApi() as running:
        running.serve(*KINDS)
        yield running


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    made.until(lambda: api.watching() == 1 and all(api.watching(kind) == 1 for kind in KINDS), "watches of every kind")
    yield made
    made.stop()


def page(world):
    return world.client.get("/k/").text


def until_says(world, *words):
    return world.until(lambda: all(word in page(world) for word in words), f"{words} on the page")


def permalink(world, name):
    return world.client.get(f"/k/apps/{name}", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})


def test_resource_is_a_row_within_a_second_of_its_creation_and_one_row_with_its_driver(world):
    world.api.put(resource(KUBEFLOW, "etl"))
    assert until_says(world, "etl", "Submitted") < BAR_S
    answer = permalink(world, "etl")
    assert answer.status_code == 503 and "was submitted" in answer.text and "Refresh" in answer.headers
    world.api.put(resource(KUBEFLOW, "etl", "SUBMITTED", app="spark-etl"))
    until_says(world, "Pending")
    ui = world.driver("etl-driver", app="spark-etl", labels={"sparkoperator.k8s.io/app-name": "etl"})
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    text = page(world)
    assert "SparkApplication spark/etl" not in text and text.count('scope="row"') == 1
    for name in ("etl", "spark~k~etl", "spark-etl", "etl-driver"):
        assert permalink(world, name).headers.get("Location", "").endswith(f"/k/proxy/{ui.id}/"), name
