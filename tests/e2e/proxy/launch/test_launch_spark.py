"""Applications launched through the gateway on a real standalone cluster: a person, a token and one request."""

import base64
import os
import pathlib

import pytest
import requests
from conftest import BASE, VERSIONS
from gateway import Gateway, cluster_entry
from launch_world import Person, await_people, people_settings
from mock_provider import MockProvider
from signon import secret_file
from spark_cluster import HOST, OPENS, Cluster, fetch_json, free_port, wait_for

HELLO = """
import sys, os
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("numbers", spark.range(100).selectExpr("sum(id)").first()[0], sys.argv[1:], os.environ.get("DAY"), spark.conf.get("spark.sql.shuffle.partitions"))
if "wait" in sys.argv:
    import time
    while True:
        print("still here", flush=True)
        time.sleep(0.5)
if "fail" in sys.argv:
    raise SystemExit(3)
"""


@pytest.fixture(scope="module", params=VERSIONS)
def cluster(request, tmp_path_factory):
    """With the REST server; 4.x signs it, too."""
    folder = tmp_path_factory.mktemp("apps")
    (folder / "hello.py").write_text(HELLO)
    rest = free_port()
    conf = {"spark.master.rest.enabled": "true", "spark.master.rest.port": rest}
    key = None
    if request.param.startswith("4"):
        key = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        conf["spark.master.rest.filters"] = "org.apache.spark.ui.JWSFilter"
        conf["spark.org.apache.spark.ui.JWSFilter.param.secretKey"] = key
    with Cluster(request.param, workers=1, conf=conf, apps=False) as running:
        running.apps_folder, running.rest, running.key = folder, f"http://{HOST}:{rest}", key
        yield running


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(cluster, provider, tmp_path_factory):
    small = {"name": "small", "roles": ["everyone"], "driver": {"cores": 1, "memory": "512m"}, "executor": {"cores": 1, "memory": "512m"},
             "executors": 1, "running": 2, "may_set": ["spark.sql.*"],
             "conf": {"spark.driver.extraJavaOptions": f"{cluster.java_opts()} {OPENS}", "spark.driver.host": HOST}}
    entry = {**cluster_entry(cluster.info()), "launch": {"rest": cluster.rest, "allow": [f"file:{cluster.apps_folder}/*"], "profiles": [small]}}
    if cluster.key:
        entry["jws_key_file"] = secret_file(tmp_path_factory.mktemp("key"), "jws", cluster.key)
    with Gateway([entry], BASE, people_settings(provider)) as gateway:
        await_people(gateway, Person(provider, gateway.url, "ann"))
        yield gateway


@pytest.fixture
def ann(gate, provider):
    return Person(provider, gate.url, "ann")


def wish(cluster, *arguments, **more):
    return {"resource": f"file:{cluster.apps_folder}/hello.py", "arguments": list(arguments), **more}


def test_a_python_file_runs_as_the_person_who_asked_and_is_found_with_its_log(gate, cluster, ann):
    made = ann.launch(**wish(cluster, "--day", "a b", environment={"DAY": "Monday"}, conf={"spark.sql.shuffle.partitions": "7"}, name="hello"))
    assert made.status_code == 201, made.text
    launch = made.json()["id"]
    assert made.headers["Location"] == f"{BASE}/api/v1/applications/{launch}"
    ended = ann.await_state(launch, "finished")
    assert (ended["exit_code"], ended["user"], ended["name"], ended["attempts"]) == (0, "ann", "hello", 1)
    apps = {app["id"]: app for app in cluster.master_json()["completedapps"]}
    assert ended["application_id"] in apps, (ended, apps)
    assert (apps[ended["application_id"]]["user"], apps[ended["application_id"]]["name"]) == ("ann", "hello")
    log = ann.get(f"/applications/{launch}/logs")
    assert "numbers 4950 ['--day', 'a b'] Monday 7" in log.text
    assert ann.get(f"/applications/{launch}/logs?stream=stdout").text.strip() == "numbers 4950 ['--day', 'a b'] Monday 7"
    executor = ann.get(f"/applications/{launch}/logs?container=executor-0&stream=stderr")
    assert executor.status_code == 200 and "CoarseGrainedExecutorBackend" in executor.text, executor.text[:500]
    assert "worker has an executor" in ann.get(f"/applications/{launch}/logs?container=executor-99").json()["detail"]
    texts = [event["text"] for event in ann.get(f"/applications/{launch}/events").json()["events"]]
    assert texts[0] == "asked for by ann" and texts[-1] == "finished" and any("application app-" in text for text in texts), texts
    assert requests.get(ended["links"]["permalink"], headers=ann.headers, timeout=30).status_code == 200


def test_a_running_launch_is_followed_and_ended(gate, cluster, ann):
    launch = ann.launch(**wish(cluster, "wait", name="waits")).json()["id"]
    ann.await_state(launch, "running")
    log = ann.get(f"/applications/{launch}/logs?follow=true&stream=stdout", stream=True, timeout=300)
    lines = log.iter_lines()
    assert b"numbers" in next(lines)
    assert next(lines) == b"still here"
    wait_for(lambda: ann.one(launch)["application_id"], "its application")
    assert ann.delete(f"/applications/{launch}").status_code == 200
    assert ann.await_state(launch, "killed")["kill_asked"] is True
    assert set(lines) <= {b"still here", b""}, "the log ends with the driver"
    again = ann.post(f"/applications/{launch}/restart")
    assert again.status_code == 201 and again.json()["restart_of"] == launch, again.text
    assert ann.delete(f"/applications/{again.json()['id']}").status_code == 200
    ann.await_state(again.json()["id"], "killed")


def test_an_application_that_fails_says_so(gate, cluster, ann):
    launch = ann.launch(**wish(cluster, "fail", name="fails")).json()["id"]
    ended = ann.await_state(launch, "failed")
    assert ended["reason"] and ended["exit_code"] is None, ended
