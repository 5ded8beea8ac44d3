"""Driver pods on a real API server, which the gateway watches with its ServiceAccount's token: there within a second, gone within a second."""

import concurrent.futures
import json
import re
import time

import pytest
import requests

from fake_spark import App, Site
from gateway import Gateway
from kube_apiserver import ADMIN
from manifests import K8S, render
from spark_cluster import HOST, wait_for

BAR_S = 1.0
PODS = "/api/v1/namespaces/spark/pods"
MERGE = "application/merge-patch+json"


class History(Site):
    """Lists the applications whose logs it was given."""

    def __init__(self):
        super().__init__()
        self.ids = []

    def answer(self, request):
        attempt = {"sparkUser": "ann", "completed": True, "duration": 7, "startTimeEpoch": 1700000000000, "endTimeEpoch": 1700000007000}
        answers = {"/api/v1/version": {"spark": "4.0.1"},
                   "/api/v1/applications": [{"id": app, "name": app, "attempts": [attempt]} for app in self.ids]}
        return 200, "application/json", json.dumps(answers.get(request.parts.path, {})), []


class Drivers:
    """Applications whose drivers are pods of the namespace `spark`; no kubelet is there to run them, so their status is written here."""

    def __init__(self, kube):
        self.kube, self.uis = kube, []

    def submit(self, name, labels=None):
        """A pod that waits, as the API server has it after a submission."""
        ui = App(f"spark-{name}{time.monotonic_ns():x}", name)
        self.uis.append(ui)
        all_labels = {"spark-role": "driver", "spark-app-selector": ui.id, "spark-app-name": name, **(labels or {})}
        port = {"name": "spark-ui", "containerPort": ui.server.server_port}
        container = {"name": "spark-kubernetes-driver", "image": "apache/spark:4.0.1", "ports": [port]}
        self.kube.must("POST", PODS, {"metadata": {"name": name, "labels": all_labels}, "spec": {"containers": [container]}})
        return ui

    def run(self, name):
        self.status(name, {"phase": "Running", "podIP": HOST, "podIPs": [{"ip": HOST}], "startTime": "2026-11-21T12:00:00Z"})

    def status(self, name, status):
        self.kube.must("PATCH", f"{PODS}/{name}/status", {"status": status}, content_type=MERGE)

    def delete(self, name):
        self.kube.must("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": 0})


@pytest.fixture(scope="module")
def account(kube):
    """The ServiceAccount's kubeconfig, after the base was applied."""
    kube.kubectl("apply", "-f", "-", given=render("base"))
    return kube.write_kubeconfig("watcher", kube.token("sparkgate", "sparkgate"))


@pytest.fixture(scope="module")
def drivers(kube):
    made = Drivers(kube)
    yield made
    for ui in made.uis:
        ui.stop()


@pytest.fixture(scope="module")
def gate(account):
    history = History()
    cluster = {"name": "k", "history": history.url, "poll": "1s", "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(account)}}
    with Gateway([cluster], "/gate") as running:
        running.history = history
        running.token = running.create_token("tests", "admin")["access_token"]
        wait_for(lambda: "are watched" in running.log_text(), "the watch of the namespace", 30, running.daemon.check)
        yield running
    history.stop()


def get(gate, path):
    fields = {"Authorization": f"Bearer {gate.token}", "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    return requests.get(gate.url + path, headers=fields, allow_redirects=False, timeout=10)


def seconds_until(gate, condition, what, timeout=30):
    began = time.monotonic()
    while not condition():
        gate.daemon.check()
        assert time.monotonic() - began < timeout, f"{what}: not within {timeout} s\n{gate.daemon.tail()}"
        time.sleep(0.02)
    return time.monotonic() - began


def live(ui):
    return f"/k/proxy/{ui.id}/"


def leads_to_history(gate, ui):
    return get(gate, f"/k/apps/{ui.id}").headers.get("Location", "").endswith(f"/k/shs/history/{ui.id}/")


def test_a_pod_is_browsable_within_a_second_and_gone_within_a_second(gate, drivers):
    ui = drivers.submit("billing")
    assert get(gate, live(ui)).status_code != 200  # it has no address yet
    drivers.run("billing")
    took = seconds_until(gate, lambda: get(gate, live(ui)).status_code == 200, "the driver's UI")
    assert took < BAR_S and "UI of billing" in get(gate, live(ui)).text
    gate.history.ids.append(ui.id)
    drivers.delete("billing")
    assert seconds_until(gate, lambda: leads_to_history(gate, ui), "history") < BAR_S
    assert get(gate, live(ui)).status_code == 404


def test_a_pod_that_succeeded_is_over_though_it_is_still_there(gate, drivers):
    ui = drivers.submit("etl")
    drivers.run("etl")
    seconds_until(gate, lambda: get(gate, live(ui)).status_code == 200, "the driver's UI")
    gate.history.ids.append(ui.id)
    drivers.status("etl", {"phase": "Succeeded"})
    assert seconds_until(gate, lambda: leads_to_history(gate, ui), "history") < BAR_S


def test_pods_that_are_no_drivers_are_not_seen(gate, drivers):
    executor, driver = drivers.submit("executor", {"spark-role": "executor"}), drivers.submit("beside")
    drivers.run("executor")
    drivers.run("beside")
    seconds_until(gate, lambda: get(gate, live(driver)).status_code == 200, "the driver beside it")
    assert get(gate, live(executor)).status_code == 404 and executor.seen == []


def test_a_namespace_that_the_account_may_not_read_is_named_in_the_log(kube, account):
    cluster = {"name": "k", "kubernetes": {"namespaces": ["spark", "default"], "kubeconfig": str(account)}}
    with Gateway([cluster], "/gate") as running:
        wait_for(lambda: "pods of namespace spark are watched" in running.log_text(), "the watch that works", 20, running.daemon.check)
        wait_for(lambda: "pods of namespace default cannot be watched" in running.log_text(), "what the other lacks", 20, running.daemon.check)
        said = next(line for line in running.log_text().splitlines() if "cannot be watched" in line)
        assert "403" in said or "forbidden" in said.lower()
        ready = requests.get(f"{running.admin_url}/ready", timeout=10)
        assert (ready.status_code, ready.json()["kubernetes"]) == (200, {"k": {"spark": "ok", "default": "down"}})


MANY = 2000


def many_pods(kube, namespace):
    """Pods that wait for an address, as a morning's schedule leaves them: with what Spark and admission add, about 9 KB each."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    env = [{"name": f"SPARK_SETTING_{n}", "value": "x" * 200} for n in range(20)]

    def create(numbers):
        with requests.Session() as session:
            session.verify, session.trust_env = str(kube.ca_file), False
            session.headers["Authorization"] = f"Bearer {ADMIN}"
            for n in numbers:
                labels = {"spark-role": "driver", "spark-app-selector": f"spark-many{n:04}", "spark-app-name": f"many-{n}"}
                container = {"name": "spark-kubernetes-driver", "image": "apache/spark:4.0.1", "env": env}
                body = {"metadata": {"name": f"many-{n}", "labels": labels}, "spec": {"containers": [container]}}
                assert session.post(kube.url + path, json=body, timeout=60).status_code == 201
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(create, [range(start, MANY, 4) for start in range(4)]))


def delete_many(kube, namespace):
    """By pieces: for all at once a busy API server takes longer than the minute after which it answers 504."""
    path = f"/api/v1/namespaces/{namespace}/pods?gracePeriodSeconds=0&limit=100"

    def is_empty():
        status, answer = kube.request("DELETE", path)
        assert status in (200, 504), f"{status} {answer}"
        return status == 200 and not answer["items"]
    wait_for(is_empty, "no more pods", 600, kube.daemon.check)


def running_count(gate):
    found = re.search(r"<b>([\d,]+)</b> running", get(gate, "/k/").text)
    return int(found.group(1).replace(",", "")) if found else 0


def test_two_thousand_pods_are_listed_by_pages_and_watched_in_little_memory(kube, account):
    """What the gateway's ServiceAccount gets of a real API server, continue tokens and all."""
    kube.namespace("many")
    pair = (K8S / "base" / "spark-namespace.yaml").read_text()  # once more for another namespace, as its README says
    kube.kubectl("apply", "-f", "-", given=pair.replace("namespace: spark\n", "namespace: many\n"))
    many = kube.write_kubeconfig("many", kube.token("sparkgate", "sparkgate"))
    cluster = {"name": "k", "kubernetes": {"namespaces": ["many"], "kubeconfig": str(many)}}
    many_pods(kube, "many")
    with Gateway([{"name": "k", "uis": [{"name": "x", "url": f"http://{HOST}:1"}]}], "/gate") as empty:
        before = empty.peak_kib()
    with Gateway([cluster], "/gate") as running:
        running.token = running.create_token("tests", "admin")["access_token"]
        wait_for(lambda: running_count(running) == MANY, f"{MANY} drivers", 180, running.daemon.check)
        delete_many(kube, "many")
        wait_for(lambda: running_count(running) == 0, "their end", 180, running.daemon.check)
        assert running.peak_kib() - before < 64 * 1024


def test_the_watch_goes_on_when_the_api_server_comes_back(kube, gate, drivers):
    stays, goes = drivers.submit("stays"), drivers.submit("goes")
    drivers.run("stays")
    drivers.run("goes")
    for ui in (stays, goes):
        seconds_until(gate, lambda: get(gate, live(ui)).status_code == 200, "the driver's UI")
    kube.stop()
    assert get(gate, live(stays)).status_code == 200  # what was known last stays
    kube.start()
    drivers.delete("goes")
    seconds_until(gate, lambda: get(gate, live(goes)).status_code == 404, "what went meanwhile", 60)
    assert get(gate, live(stays)).status_code == 200
    late = drivers.submit("late")
    drivers.run("late")
    assert seconds_until(gate, lambda: get(gate, live(late)).status_code == 200, "the next driver's UI") < BAR_S
