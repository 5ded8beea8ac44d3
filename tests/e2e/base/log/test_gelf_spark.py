"""Spark's own log lines at Graylog (docker/spark/log4j2-gelf.xml), of all its processes, beside the gateway's: one search for an
application's id finds all of it. Real Spark 4.3 and 3.5, with the variables that docker/spark/entrypoint.sh sets."""

import json
import socket

import pytest

import conftest
from conftest import ROOT, Client, Gateway
from gateway import cluster_entry
from gelf_app import HARD
from graylog import HOST, Graylog
from log4j_install import ensure_json_layout
from spark_cluster import OPENS, Cluster, flags, wait_for

FILE = ROOT / "docker" / "spark" / "log4j2-gelf.xml"
APP = ROOT / "tests" / "support" / "gelf_app.py"
MAX = 2500  # characters of a text, in FILE
WHOLE = 65507  # bytes of the largest datagram
USER = "maria"


def variables(version, host, port):
    more = {"SPARK_DIST_CLASSPATH": str(ensure_json_layout())} if version == "3.5" else {}
    return {"LOG4J_CONFIGURATION_FILE": str(FILE), "SPARK_GELF_HOST": host, "SPARK_GELF_PORT": str(port),
            "SPARK_SUBMIT_OPTS": "-Dspark.ui.reverseProxy=true", **more}


def run(cluster, *words, env=None):
    """Its output, once it has ended well."""
    daemon = cluster.spawn("gelf-app", [cluster.home / "bin/spark-submit", *words], env)
    cluster.daemons.remove(daemon)
    code = daemon.process.wait(1200)
    assert code == 0, daemon.tail()
    return daemon.log.read_text(errors="replace")


class World:
    """A cluster with an ear beside it, an application that has run, a driver on a worker, and a gateway that was asked for both."""

    def __init__(self, version, graylog, cluster, gate):
        self.version, self.graylog, self.cluster, self.gate = version, graylog, cluster, gate

    def lines(self, container, **wanted):
        return self.graylog.find(container=container, **wanted)


def run_on_worker(cluster):
    """The same as a driver of cluster mode: its id, and what it wrote. The class that runs Python files is a main class like any other."""
    status, jar = cluster.dir / "gelf-driver.json", next((cluster.home / "jars").glob("spark-launcher_*.jar"))
    java = f"{cluster.java_opts()} {OPENS}"
    run(cluster, "--master", cluster.spark_url, "--deploy-mode", "cluster", "--class", "org.apache.spark.deploy.PythonRunner", "--conf",
        f"spark.driver.extraJavaOptions={java}", "--conf", "spark.cores.max=2", "--name", "on a worker", jar.as_uri(), APP, "", status)
    drivers = wait_for(lambda: (cluster.master_json() or {}).get("completeddrivers"), "the driver's end", 1200, cluster.check)
    assert drivers[0]["state"] == "FINISHED", "\n".join(path.read_text()[-2000:] for path in cluster.dir.glob("work-*/driver-*/std*"))
    return {"driver": drivers[0]["id"], **json.loads(status.read_text())}


@pytest.fixture(scope="module", params=conftest.VERSIONS)
def world(request, tmp_path_factory):
    version = request.param
    with Graylog(datagram=WHOLE, decimals=9) as graylog, \
            Cluster(version, workers=1, apps=False, env=variables(version, HOST, graylog.port)) as cluster:
        with Gateway([cluster_entry(cluster.info())], "/gate", {"log": {"gelf": graylog.url}},
                     folder=tmp_path_factory.mktemp("gate")) as gate:
            made = World(version, graylog, cluster, gate)
            status = cluster.dir / "gelf-status.json"
            made.said = run(cluster, "--master", cluster.spark_url, "--name", "hard to carry", "--conf", "spark.cores.max=2", APP, status,
                            env={"SPARK_USER": USER})
            made.app = json.loads(status.read_text())
            made.driver = run_on_worker(cluster)
            cluster.await_history_of(made.app["id"])
            yield made
    assert graylog.complaints == []


def test_each_kind_of_process_is_heard(world):
    heard = {message["_container"] for message in world.graylog.messages}
    assert heard >= {"master", "worker", "history", "driver", "executor-0", "gateway"}
    assert {message["_application_name"] for message in world.graylog.messages} == {"spark", "sparkgate"}
    assert {message["host"] for message in world.graylog.messages} == {socket.gethostname()}


def test_one_search_for_an_id_finds_all_of_an_application_and_who_looked_at_it(world):
    client = Client(world.gate, world.gate.create_token("root", "admin")["access_token"])
    path = f"/local/shs/history/{world.app['id']}/jobs/"
    wait_for(lambda: client.get(path).status_code == 200, "the application's history", 60)
    wait_for(lambda: world.lines("gateway", app_id=world.app["id"]), "the gateway's line", 10)
    found = world.graylog.find(app_id=world.app["id"])
    assert {message["_container"] for message in found} == {"driver", "executor-0", "gateway"}
    of_spark = [message for message in found if message["_application_name"] == "spark"]
    assert {message["_user"] for message in of_spark} == {USER}
    assert any("ZeroDivisionError" in message.get("full_message", "") for message in of_spark if message["_container"] == "executor-0")
    assert {message["_app_name"] for message in world.lines("gateway", app_id=world.app["id"])} == {"hard to carry"}
    assert {message["_app_name"] for message in found if message["_container"] == "driver"} == {"hard to carry"}
    last = world.graylog.find(logger="tests", app_id=world.app["id"])[-1]
    assert last["short_message"] == "last words" and last["level"] == 6


def test_drivers_on_workers_name_the_driver_and_the_application(world):
    found = world.graylog.find(driver_id=world.driver["driver"])
    assert {message["_container"] for message in found} == {"driver"}
    assert {message["_app_id"] for message in found} == {"", world.driver["id"]}  # none until the master has given one
    assert {message["_container"] for message in world.graylog.find(app_id=world.driver["id"])} >= {"driver", "executor-0"}


def test_lines_of_masters_workers_and_history_servers_are_of_no_application(world):
    for container in ("master", "worker", "history"):
        assert {(message["_app_id"], message["_driver_id"]) for message in world.lines(container)} == {("", "")}


def own_lines(world):
    """What the application said by itself: the driver on a worker says the same."""
    return world.graylog.find(logger="tests", app_id=world.app["id"])


def test_hard_lines_arrive_as_one_datagram_each(world):
    said = [message["short_message"] for message in own_lines(world) if message["level"] == 6][:-1]
    assert said == [HARD["lines"], HARD["lookup"], "(empty)", "(empty)",
                    *(HARD[name][:MAX] + "…" for name in ("long", "wide", "control"))]
    failed = [message for message in own_lines(world) if message["level"] == 3]
    assert [message["short_message"] for message in failed] == ["failed"]
    assert failed[0]["full_message"].startswith("java.lang.RuntimeException: no number\n\tat ")
    assert failed[0]["_container"] == "driver" and failed[0]["_app_id"] == world.app["id"]
    assert set(world.graylog.sizes) <= {1, 2}  # the gateway's may come in chunks


def test_s154_lines_are_not_looked_up_and_forge_no_field(world):
    said = [message for message in own_lines(world) if message["short_message"].startswith("${")]
    assert [message["short_message"] for message in said] == [HARD["lookup"]]
    assert set(own_lines(world)[0]) <= {
        "version", "host", "timestamp", "level", "short_message", "full_message", "_application_name", "_container", "_app_id",
        "_app_name", "_driver_id", "_launch_id", "_user", "_logger", "_thread"}


def test_standard_error_says_what_it_says_without_it(world):
    assert "ERROR tests: failed\njava.lang.RuntimeException" in world.said
    assert "main ERROR" not in world.said and "StatusConsoleListener" not in world.said


LOCAL = ["--master", "local[1]", *flags({"spark.ui.enabled": "false", "spark.eventLog.enabled": "false"})]


def test_s155_receiver_that_is_not_there_or_has_no_name_stops_nobody(world, tmp_path):
    with Graylog() as closed:
        port = closed.port
    for host in (HOST, "graylog.invalid"):
        status = tmp_path / host
        said = run(world.cluster, *LOCAL, APP, status, env=variables(world.version, host, port))
        assert "INFO tests: last words" in said and json.loads(status.read_text())["id"].startswith("local-")


def test_s155_spark_without_the_layout_logs_as_ever(world, tmp_path):
    if world.version != "3.5":  # all others have it in their jars
        assert list((world.cluster.home / "jars").glob("log4j-layout-template-json-*.jar"))
        return
    status = tmp_path / "status"
    said = run(world.cluster, *LOCAL, APP, status, env={**variables("4.3", HOST, world.graylog.port), "SPARK_DIST_CLASSPATH": ""})
    assert "JsonTemplateLayout" in said and "INFO tests: last words" in said
