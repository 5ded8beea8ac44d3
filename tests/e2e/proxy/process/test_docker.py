"""docker/: the images, and compose.yaml as its README has it: five workers behind the one published port, and no way round it.

A real engine of the tests' own (support/docker_engine.py), ended with its containers; the host's network is put back as it was.
"""

import functools
import http.server
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import threading
import urllib.parse

import pytest

from conftest import NAVIGATION, ROOT, Client, use_link
from docker_engine import COMPOSE, DOCKER, Engine, run, spark_wheel
from spark_cluster import JAVA_OPTS, free_port, wait_for

VERSION = "4.3"
WHEEL_PORT = 28080  # the same each time, for it is part of what is built; the address is the engine's own
CONFIG = "/etc/sparkgate/sparkgate.yaml"
LINK = re.compile(r"http://\S+/_gate/login\?link=\S+")
WORKER = re.compile(r'href="(/local/proxy/(worker-[\w.-]+)/)"')
PRIVATE_KEY = re.compile(rb"PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}")
SIZES = {"sparkgate": 30, "sparkgate-redis": 130}  # MB; of the second most is Debian's own 75
APPLICATION = """
import sys, threading
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName(sys.argv[1]).getOrCreate()
print("counted", spark.range(1000).count())
if sys.argv[1] == "live":
    threading.Event().wait()
"""
PROBE = """
import concurrent.futures, json, socket, sys
def reach(host, port):
    try:
        with socket.create_connection((host, port), timeout=2) as link:
            link.sendall(b"GET /static/webui.css HTTP/1.0\\r\\n\\r\\n")
            said = link.recv(4096)
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"
    return "answers" if b"text/css" in said or said.startswith(b"-ERR") else "open"
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(lambda target: reach(*target), targets))))
"""

pytestmark = pytest.mark.skipif(os.getuid() != 0 and not os.environ.get("CI"), reason="a Docker engine needs root")


@pytest.fixture(scope="module")
def engine():
    with Engine() as running:
        yield running
    assert running.network.changes() == []


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def images(engine):
    """Built as `docker compose up --build` would, but pip finds the wheel of the Spark that the other tests use."""
    engine.compose("build", "gateway", "redis")
    address = json.loads(run(["ip", "-j", "-4", "address", "show", "docker0"]))[0]["addr_info"][0]["local"]
    with spark_wheel(VERSION) as folder:
        handler = functools.partial(Silent, directory=folder)
        with http.server.ThreadingHTTPServer((address, WHEEL_PORT), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            links = f"http://{address}:{WHEEL_PORT}/"
            engine.compose("build", "--build-arg", "PIP_NO_INDEX=1", "--build-arg", f"PIP_FIND_LINKS={links}",
                           "--build-arg", f"PIP_TRUSTED_HOST={address}", "master")
            server.shutdown()
    return ["sparkgate", "sparkgate-redis", "sparkgate-spark"]


class Stack:
    """What `docker compose up --scale worker=5` brings up; a Gateway as far as Client cares."""

    def __init__(self, engine):
        self.engine, self.port = engine, free_port()
        self.url = self.origin = f"http://127.0.0.1:{self.port}"
        self.env = {"SPARKGATE_PORT": str(self.port), "SPARK_WORKER_MEMORY": "1g"}

    def compose(self, *words, **options):
        return self.engine.compose(*words, env=self.env, **options)

    def create_token(self, role):
        made = self.compose("exec", "-T", "gateway", "sparkgate", "token", "create", "--config", CONFIG,
                            "--client-name", f"tests-{role}", "--token-type", role)
        return json.loads(made)["access_token"]

    def containers(self):
        """Service, or "driver" for what `run` started -> what Docker says of its containers."""
        found = {}
        for container in self.engine.inspect(*self.compose("ps", "-q").split()):
            labels = container["Config"]["Labels"]
            is_driver = labels["com.docker.compose.oneoff"] == "True"
            found.setdefault("driver" if is_driver else labels["com.docker.compose.service"], []).append(container)
        return found

    def down(self):
        for driver in self.engine.docker("ps", "-aq", "--filter", "label=com.docker.compose.oneoff=True").split():
            self.engine.docker("rm", "--force", driver)
        self.compose("down", "-v", "--remove-orphans", "-t", "5")

    def submit(self, folder, name, *flags):
        settings = ["spark.cores.max=1", "spark.executor.memory=512m", f"spark.driver.extraJavaOptions={JAVA_OPTS}",
                    f"spark.executor.extraJavaOptions={JAVA_OPTS}"]
        return self.compose("run", *flags, "-v", f"{folder}:/app:ro", "worker", "spark-submit",
                            *(word for setting in settings for word in ("--conf", setting)), "/app/app.py", name)


@pytest.fixture(scope="module")
def stack(engine, images, tmp_path_factory):
    made = Stack(engine)
    folder = tmp_path_factory.mktemp("app")
    folder.chmod(0o755)
    (folder / "app.py").write_text(APPLICATION)
    made.down()  # what a run that was cut off has left
    try:
        made.compose("up", "-d", "--scale", "worker=5")
        wait_for(lambda: LINK.search(made.compose("logs", "--no-color", "gateway")), "the gateway's sign-in link", 60)
        made.client = Client(made, made.create_token("admin"))
        made.submit(folder, "live", "-d")
        assert "counted 1000" in made.submit(folder, "finished", "--rm")
        yield made
    finally:
        made.down()


def master(stack):
    answer = stack.client.get("/local/proxy/master/json/")
    return answer.json() if answer.status_code == 200 else {"workers": [], "activeapps": [], "completedapps": []}


def worker_links(stack):
    return dict(link[::-1] for link in WORKER.findall(stack.client.get("/local/").text))


def app_id(stack, kind, name):
    ids = [app["id"] for app in master(stack)[kind] if app["name"] == name]
    return ids and ids[0]


# -- the bar: five workers, one port ------------------------------------------------------------------------------------


def test_five_workers_are_on_the_home_page_and_browsed_through_the_one_port(stack):
    wait_for(lambda: len(worker_links(stack)) == 5, "five workers on the home page", 90)
    for worker, link in worker_links(stack).items():
        wait_for(lambda: stack.client.get(link).status_code == 200, f"{worker} to be verified", 30)
        assert worker in stack.client.get(link).text
    assert {entry["id"] for entry in master(stack)["workers"]} == set(worker_links(stack))


def test_live_driver_its_logs_and_history_are_browsed(stack):
    live = wait_for(lambda: app_id(stack, "activeapps", "live"), "the live application", 60)
    wait_for(lambda: stack.client.get(f"/local/proxy/{live}/jobs/").status_code == 200, "its UI", 30)
    assert "live" in stack.client.get(f"/local/proxy/{live}/jobs/").text
    executors = stack.client.get(f"/local/proxy/{live}/api/v1/applications/{live}/executors").json()
    logs = [url for executor in executors for url in executor["executorLogs"].values()]
    assert logs
    for url in logs:
        path = urllib.parse.urlsplit(url)
        assert url.startswith(stack.url) or url.startswith("/"), url
        assert stack.client.get(f"{path.path}?{path.query}").status_code == 200
    done = wait_for(lambda: app_id(stack, "completedapps", "finished"), "the finished application", 60)
    wait_for(lambda: stack.client.get(f"/local/shs/history/{done}/jobs/").status_code == 200, "its history", 60)
    assert "finished" in stack.client.get(f"/local/shs/history/{done}/jobs/").text


def test_nobody_gets_in_without_signing_in_and_the_logged_link_works_once(stack):
    link = LINK.search(stack.compose("logs", "--no-color", "gateway")).group(0)
    assert link.startswith(f"{stack.url}/")
    first, second = Client(stack), Client(stack)
    assert first.get("/local/proxy/master/", headers=NAVIGATION).status_code == 302
    assert first.get("/local/proxy/master/json/").status_code == 401
    assert first.get(link, headers=NAVIGATION).status_code == 200
    assert use_link(first, link).status_code == 303
    assert first.get("/local/proxy/master/", headers=NAVIGATION).status_code == 200
    assert use_link(second, link).status_code == 401


# -- no way round it ----------------------------------------------------------------------------------------------------


def targets_of(stack, **ports):
    """(address, port) of everything that listens there, by service."""
    containers = stack.containers()
    return [(network["IPAddress"], port) for service, port in ports.items() for container in containers[service]
            for network in container["NetworkSettings"]["Networks"].values()]


def reach(targets, *prefix):
    """What asking each of them for a file of Spark's gives: "answers" (as Spark or Redis do), "open", "refused" or
    "unreachable". A machine whose router takes every connection gives "open" for what is not there."""
    made = subprocess.run([*prefix, "python3", "-c", PROBE, json.dumps(targets)], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def inside(stack, service):
    return [DOCKER, "-H", stack.engine.host, "exec", stack.containers()[service][0]["Id"]]


def elsewhere(stack):
    """A container of somebody else's."""
    return [DOCKER, "-H", stack.engine.host, "run", "--rm", "sparkgate-spark"]


def test_only_the_gateways_port_is_published_and_on_loopback_only(stack):
    published = [(service, inner, binding["HostIp"], binding["HostPort"])
                 for service, containers in stack.containers().items() for container in containers
                 for inner, bindings in container["NetworkSettings"]["Ports"].items() for binding in bindings or []]
    assert published == [("gateway", "8480/tcp", "127.0.0.1", str(stack.port))]


def test_spark_is_out_of_reach_of_the_host_and_of_other_containers(stack):
    spark = targets_of(stack, master=8080, worker=8081, history=18080, driver=4040)
    assert [port for _, port in spark] == [8080, *[8081] * 5, 18080, 4040]
    assert reach(spark, *inside(stack, "worker")) == ["answers"] * 8  # so the probe sees what there is
    assert "answers" not in reach(spark)
    assert "answers" not in reach(spark, *elsewhere(stack))


def test_host_has_no_way_into_the_networks_of_spark_and_redis(stack):
    for host, _ in targets_of(stack, master=7077, worker=0, history=0, driver=0, redis=6379):
        route = json.loads(run(["ip", "-j", "route", "get", host]))[0]
        assert not route["dev"].startswith("br-"), route


def test_sessions_and_the_admin_listener_are_out_of_reach_of_applications(stack):
    redis = targets_of(stack, redis=6379)
    assert "answers" not in reach(redis, *inside(stack, "worker"))
    assert "answers" not in reach(redis)
    assert set(reach(targets_of(stack, gateway=8480), *inside(stack, "worker"))) >= {"open"}
    assert "open" not in reach(targets_of(stack, gateway=8481), *inside(stack, "worker"))
    assert "open" not in reach(targets_of(stack, gateway=8481)[:1])


# -- the images ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("image", SIZES)
def test_image_is_small_and_holds_no_secret(engine, images, image):
    facts = engine.inspect(image)[0]
    assert facts["Size"] < SIZES[image] * 1e6
    assert [name for name in (facts["Config"]["Env"] or []) if not name.startswith("PATH=")] == []
    container = engine.docker("create", image)
    try:
        tar = subprocess.run([DOCKER, "-H", engine.host, "export", container], capture_output=True).stdout
    finally:
        engine.docker("rm", container)
    found, own = [], []
    with tarfile.open(fileobj=io.BytesIO(tar)) as files:
        for entry in files:
            if entry.name.startswith(("etc/sparkgate/", "var/lib/sparkgate/", "src/")) and entry.isfile():
                own.append(entry.name)
            is_library = ".so." in entry.name  # GnuTLS has keys for tests of itself
            if entry.isfile() and not is_library and PRIVATE_KEY.search(files.extractfile(entry).read()):
                found.append(entry.name)
    assert found == []
    assert own == (["etc/sparkgate/sparkgate.yaml"] if image == "sparkgate" else [])


@pytest.mark.parametrize("image", ["sparkgate", "sparkgate-redis", "sparkgate-spark"])
def test_image_does_not_run_as_root(engine, images, image):
    assert engine.inspect(image)[0]["Config"]["User"] not in ("", "root", "0", "0:0")


def test_processes_have_no_rights_beyond_their_own(stack):
    for service, containers in stack.containers().items():
        for container in containers:
            status = pathlib.Path(f"/proc/{container['State']['Pid']}/status").read_text()
            assert re.search(r"^Uid:\s+0\s", status, re.M) is None, service
            assert re.search(r"^CapEff:\s+0+$", status, re.M), service
            assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), service
    assert stack.containers()["gateway"][0]["HostConfig"]["ReadonlyRootfs"]


def test_gateways_image_runs_alone_with_what_its_variables_say(engine, images):
    said = engine.docker("run", "--rm", "-e", "SPARKGATE_SERVER_PUBLIC_URL=https://spark.example/base/", "sparkgate",
                         "--config", CONFIG, "--print-config")
    assert "https://spark.example/base/" in said
    assert engine.docker("run", "--rm", "sparkgate", "--version").startswith("sparkgate ")


def test_health_follows_readiness(stack):
    def health():
        return stack.containers()["gateway"][0]["State"]["Health"]["Status"]

    wait_for(lambda: health() == "healthy", "the gateway to be healthy", 30)
    redis = stack.containers()["redis"][0]["Id"]
    stack.engine.docker("pause", redis)
    try:
        wait_for(lambda: health() == "unhealthy", "the gateway to be unhealthy", 60)
    finally:
        stack.engine.docker("unpause", redis)
    wait_for(lambda: health() == "healthy", "the gateway to be healthy again", 60)


def test_overrides_in_the_readme_go_with_the_compose_file(tmp_path):
    snippets = re.findall(r"```yaml\n(.*?)```", (ROOT / "docker" / "README.md").read_text(), re.S)
    assert len(snippets) == 2
    for snippet in snippets:
        (tmp_path / "override.yaml").write_text(snippet)
        shown = run([COMPOSE, "-f", "compose.yaml", "-f", tmp_path / "override.yaml", "config"], cwd=ROOT / "docker")
        assert "internal: false" in shown or "SPARKGATE_AUTH_OIDC_ISSUER" in shown


# -- which part of Spark a container is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("variables, arguments, expected", [
    ({"SPARK_MASTER_HOST": "m"}, [], "spark-class org.apache.spark.deploy.master.Master --host m"),
    ({"SPARK_MODE": "master", "SPARK_MASTER_HOST": "m", "SPARK_MASTER_URL": "spark://m:7077"}, [],
     "spark-class org.apache.spark.deploy.master.Master --host m"),
    ({"SPARK_MASTER_URL": "spark://a:1,b:2"}, [], "spark-class org.apache.spark.deploy.worker.Worker spark://a:1,b:2"),
    ({"SPARK_MODE": "worker", "SPARK_MASTER_HOST": "m"}, [], "spark-class org.apache.spark.deploy.worker.Worker spark://m:7077"),
    ({"SPARK_MODE": "worker", "SPARK_MASTER_HOST": "m", "SPARK_MASTER_PORT": "tcp://10.0.0.1:7077"}, [],
     "spark-class org.apache.spark.deploy.worker.Worker spark://m:7077"),
    ({"SPARK_MODE": "history"}, [], "spark-class org.apache.spark.deploy.history.HistoryServer"),
    ({"SPARK_MASTER_URL": "spark://m:7077"}, ["sh", "-c", "echo $MASTER"], "spark://m:7077"),
    ({}, [], "set SPARK_MASTER_URL"),
    ({"SPARK_MODE": "worker"}, [], "a worker needs SPARK_MASTER_URL"),
    ({"SPARK_MODE": "mster"}, [], 'SPARK_MODE: got "mster", expected master, worker or history'),
])
def test_variables_say_which_part_of_spark_it_is(tmp_path, variables, arguments, expected):
    (tmp_path / "bin").mkdir()
    stub = tmp_path / "bin" / "spark-class"
    stub.write_text('#!/bin/sh\necho "spark-class $*"\n')
    stub.chmod(0o755)
    made = subprocess.run(["sh", ROOT / "docker/spark/entrypoint.sh", *arguments], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "SPARK_HOME": str(tmp_path), **variables}, timeout=10)
    assert (made.stdout + made.stderr).startswith(expected)
    assert made.returncode == (0 if expected.startswith("spark") else 2)
