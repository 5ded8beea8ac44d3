"""Launches at a real API server, with the rights of overlays/launch/ alone: Kubeflow's own CRD, and a small one for Apache's, which no registry
has. No operator is there, so the status is written here, as each operator writes it."""

import pytest
import requests

from gateway import Gateway
from manifests import render
from spark_cluster import wait_for
from test_spark_resources import APACHE, APACHE_CRD, CRDS, KUBEFLOW, MERGE

APPLICATIONS = "/api/v1/applications"
MAPS = "/api/v1/namespaces/spark/configmaps"
KINDS = {"kubeflow": ("sparkoperator.k8s.io/v1beta2", KUBEFLOW), "apache": ("spark.apache.org/v1", APACHE)}
RUNS = {"kubeflow": {"lastSubmissionAttemptTime": None, "terminationTime": None, "driverInfo": {}, "applicationState": {"state": "RUNNING"}},
        "apache": {"currentState": {"currentStateSummary": "RunningHealthy"}}}
FAILED = {"kubeflow": {"applicationState": {"state": "FAILED", "errorMessage": "driver container failed"}},
          "apache": {"currentState": {"currentStateSummary": "Failed", "message": "driver container failed"}}}


def cluster(name, account):
    return {"name": name, "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(account)},
            "launch": {"operator": {"kind": KINDS[name][0], "namespace": "spark"}, "allow": ["local:///opt/*"],
                       "profiles": [{"name": "small", "roles": ["everyone"], "running": 50, "image": "spark:4.3.0"}]}}


@pytest.fixture(scope="module")
def gate(kube):
    kube.must("POST", CRDS, APACHE_CRD)
    wait_for(lambda: kube.request("GET", APACHE)[0] == 200, "the small CRD", 60)
    kube.kubectl("apply", "-f", "-", given=render("overlays/launch"))
    account = kube.write_kubeconfig("launches", kube.token("sparkgate", "sparkgate"))
    with Gateway([cluster(name, account) for name in KINDS], "/gate") as running:
        running.headers = {"Authorization": f"Bearer {running.create_token('tests', 'admin')['access_token']}"}
        for name, (group, _) in KINDS.items():
            words = f"cluster {name}: SparkApplications ({group}) of namespace spark are watched"
            wait_for(lambda: words in running.log_text(), words, 60, running.daemon.check)  # noqa: B023
        yield running
    kube.must("DELETE", f"{CRDS}/{APACHE_CRD['metadata']['name']}")
    for name in ("sparkgate-logs", "sparkgate-launch"):
        for kind in ("rolebindings", "roles"):
            kube.must("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/spark/{kind}/{name}")


def ask(gate, method, path, **more):
    return requests.request(method, gate.admin_url + path, headers=gate.headers, timeout=20, **more)


def show(gate, one):
    return ask(gate, "GET", f"{APPLICATIONS}/{one['id']}").json()


def launch(gate, name):
    answer = ask(gate, "POST", APPLICATIONS, json={"cluster": name, "resource": "local:///opt/etl.py", "name": "ETL daily", "arguments": ["--day", "1"]})
    assert answer.status_code == 201, answer.text
    return answer.json()


def until(gate, one, what, **members):
    def is_so():
        shown = show(gate, one)
        return all(shown[key] == value for key, value in members.items())
    wait_for(is_so, what, 30, gate.daemon.check)


def resources_of(kube, path, one):
    found = kube.must("GET", f"{path}?labelSelector=sparkgate.io/launch%3D{one['id']}")["items"]
    return [item["metadata"]["name"] for item in found]


@pytest.mark.parametrize("name", KINDS)
def test_a_launch_is_taken_runs_and_fails_as_its_operator_says(kube, gate, name):
    path, one = KINDS[name][1], launch(gate, name)
    wait_for(lambda: resources_of(kube, path, one), "its resource", 30, gate.daemon.check)
    made, = resources_of(kube, path, one)
    until(gate, one, "it waits", state="starting")
    kube.must("PATCH", f"{path}/{made}/status", {"status": RUNS[name]}, content_type=MERGE)
    until(gate, one, "it runs", state="running")
    kube.must("PATCH", f"{path}/{made}/status", {"status": FAILED[name]}, content_type=MERGE)
    until(gate, one, "its end", state="failed", reason="driver container failed")
    kube.must("DELETE", f"{path}/{made}")


@pytest.mark.parametrize("name", KINDS)
def test_a_launch_is_ended_by_its_resource(kube, gate, name):
    path, one = KINDS[name][1], launch(gate, name)
    wait_for(lambda: resources_of(kube, path, one), "its resource", 30, gate.daemon.check)
    assert ask(gate, "DELETE", f"{APPLICATIONS}/{one['id']}").status_code in (200, 202, 204)
    until(gate, one, "its end", state="killed")
    assert resources_of(kube, path, one) == []


def test_an_account_without_the_right_says_which_verb_it_lacks(kube, gate):
    role = "/apis/rbac.authorization.k8s.io/v1/namespaces/spark/roles/sparkgate-launch"
    rules = kube.must("GET", role)["rules"]
    kube.must("PATCH", role, {"rules": [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "create"]} for rule in rules[:2]]},
              content_type=MERGE)
    one = launch(gate, "kubeflow")

    def says():
        reason = show(gate, one)["reason"] or ""
        return "lacks the verb create of sparkapplications.sparkoperator.k8s.io" in reason
    wait_for(says, "the verb", 30, gate.daemon.check)
    kube.must("PATCH", role, {"rules": rules}, content_type=MERGE)
    wait_for(lambda: resources_of(kube, KUBEFLOW, one), "its resource", 30, gate.daemon.check)
    ask(gate, "DELETE", f"{APPLICATIONS}/{one['id']}")
    until(gate, one, "its end", state="killed")
