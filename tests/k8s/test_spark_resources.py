"""Resources of Spark's operators on a real API server, seen with the rights of overlays/resources/ alone: Kubeflow's own CRD, and a small
one for Apache's, which no registry has. No operator is there, so the status is written here."""

import re
import time

import pytest
import requests

from gateway import Gateway
from manifests import apache_crd, render
from spark_cluster import wait_for

BAR_S = 1.0
KUBEFLOW = "/apis/sparkoperator.k8s.io/v1beta2/namespaces/spark/sparkapplications"
APACHE = "/apis/spark.apache.org/v1/namespaces/spark/sparkapplications"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
SPEC = {"type": "Scala", "mode": "cluster", "sparkVersion": "4.0.1", "image": "spark", "mainApplicationFile": "local:///x.jar", "mainClass": "X",
        "driver": {"cores": 1}, "executor": {"cores": 1}}
APACHE_CRD = apache_crd("SparkApplication")


@pytest.fixture(scope="module")
def gate(kube):
    kube.must("POST", CRDS, APACHE_CRD)
    wait_for(lambda: kube.request("GET", APACHE)[0] == 200, "the small CRD", 60)
    kube.kubectl("apply", "-f", "-", given=render("overlays/resources"))
    account = kube.write_kubeconfig("resources", kube.token("sparkgate", "sparkgate"))
    with Gateway([{"name": "k", "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(account)}}], "/gate") as running:
        running.token = running.create_token("tests", "admin")["access_token"]
        for group in ("sparkoperator.k8s.io/v1beta2", "spark.apache.org/v1"):
            words = f"SparkApplications ({group}) of namespace spark are watched"
            wait_for(lambda: words in running.log_text(), words, 60, running.daemon.check)  # noqa: B023
        yield running
    kube.must("DELETE", f"{CRDS}/{APACHE_CRD['metadata']['name']}")


def row_of(gate, name):
    """What the row of a resource says; "" while there is none."""
    page = requests.get(f"{gate.url}/k/", headers={"Authorization": f"Bearer {gate.token}"}, timeout=10).text
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in re.findall(r'<th scope="row".*?</tr>', page, re.S)]
    return next((row for row in rows if f"spark/{name} " in row), "")


def seconds_until(gate, name, *words):
    began = time.monotonic()
    wait_for(lambda: all(word in row_of(gate, name) for word in words), f"{words} of {name}", 20, gate.daemon.check)
    return time.monotonic() - began


def test_an_application_of_kubeflows_operator_is_seen_from_its_creation_to_its_deletion(kube, gate):
    body = {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "metadata": {"name": "pi"}, "spec": SPEC}
    kube.must("POST", KUBEFLOW, body)
    assert seconds_until(gate, "pi", "SparkApplication", "Submitted") < BAR_S
    status = {"applicationState": {"state": "SUBMISSION_FAILED", "errorMessage": "quota is used up"}, "driverInfo": {}, "executionAttempts": 1}
    kube.must("PATCH", f"{KUBEFLOW}/pi/status", {"status": {"lastSubmissionAttemptTime": None, "terminationTime": None, **status}}, content_type=MERGE)
    assert seconds_until(gate, "pi", "Not started", "quota is used up") < BAR_S
    kube.must("DELETE", f"{KUBEFLOW}/pi")
    kube.must("POST", KUBEFLOW, {**body, "metadata": {"name": "tau"}})
    seconds_until(gate, "tau", "Submitted")
    kube.must("DELETE", f"{KUBEFLOW}/tau")
    seconds_until(gate, "tau", "Deleted")
    assert "Not started" in row_of(gate, "pi")


def test_an_application_of_apaches_operator_ended_as_its_history_says(kube, gate):
    kube.must("POST", APACHE, {"apiVersion": "spark.apache.org/v1", "kind": "SparkApplication", "metadata": {"name": "e"}, "spec": {}})
    assert seconds_until(gate, "e", "Submitted") < BAR_S
    failed = {"currentStateSummary": "Failed", "message": "driver exited with 1"}
    status = {"currentState": {"currentStateSummary": "ResourceReleased"},
              "stateTransitionHistory": {"0": {"currentStateSummary": "Submitted"}, "1": failed, "2": {"currentStateSummary": "ResourceReleased"}}}
    kube.must("PATCH", f"{APACHE}/e/status", {"status": status}, content_type=MERGE)
    assert seconds_until(gate, "e", "Failed", "driver exited with 1") < BAR_S


def test_what_the_overlay_does_not_grant_is_said_and_is_no_failure(kube, gate):
    ready = requests.get(f"{gate.admin_url}/ready", timeout=10)
    assert ready.status_code == 200 and ready.json()["kubernetes"] == {"k": {"spark": "ok"}}
    assert {one["needs"] for one in ready.json()["lacking_rights"]} >= {"the verb get of pods/log", "the verb list of events"}  # nobody asked for any
    states = ready.json()["resources"]["k"]["spark"]
    assert states["SparkApplications (spark.apache.org/v1)"] == "ok" and states["SparkConnects (sparkoperator.k8s.io/v1alpha1)"] == "not there"
