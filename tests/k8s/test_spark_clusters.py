"""A SparkCluster on a real API server, whose master and worker are real processes, seen with the rights of overlays/spark-clusters/ alone.

No operator and no kubelet are there: its pods are made here, and their status says loopback.
"""

import json
import re
import time

import pytest

from gateway import Gateway
from manifests import apache_crd, render
from person import Person
from spark_cluster import HOST, Cluster, is_up, wait_for

MASTER_S, GONE_S = 2.0, 1.0
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLUSTERS = "/apis/spark.apache.org/v1/namespaces/spark/sparkclusters"
PODS = "/api/v1/namespaces/spark/pods"
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def gate(kube):
    kube.must("POST", CRDS, apache_crd("SparkCluster"))
    wait_for(lambda: kube.request("GET", CLUSTERS)[0] == 200, "the small CRD", 60)
    kube.kubectl("apply", "-f", "-", given=render("overlays/spark-clusters"))
    account = kube.write_kubeconfig("clusters", kube.token("sparkgate", "sparkgate"))
    finder = {"name": "k", "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(account), "clusters": True}}
    with Gateway([finder], "/gate") as running:
        running.person = Person(running, running.create_token("tests", "admin")["access_token"])
        words = "SparkClusters (spark.apache.org/v1) of namespace spark are watched"
        wait_for(lambda: words in running.log_text(), words, 60, running.daemon.check)
        yield running
    kube.must("DELETE", f"{CRDS}/sparkclusters.spark.apache.org")


@pytest.fixture
def spark():
    made = Cluster(workers=0, apps=False)
    made.prepare()
    yield made
    made.stop()


def get(gate, path):
    return gate.person.page(path)


def seconds_until(gate, condition, what, timeout=240):  # a JVM may start slowly
    began = time.monotonic()
    while not condition():
        gate.daemon.check()
        assert time.monotonic() - began < timeout, f"{what}: not within {timeout} s\n{gate.daemon.tail()}"
        time.sleep(0.02)
    return time.monotonic() - began


def is_listed(gate, name):
    return f'href="/gate/{name}/"' in get(gate, "/").text


def apply(kube, name):
    kube.kubectl("apply", "-f", "-", given=json.dumps({
        "apiVersion": "spark.apache.org/v1", "kind": "SparkCluster", "metadata": {"name": name, "namespace": "spark"},
        "spec": {"runtimeVersions": {"sparkVersion": "4.3.0"}}}))


def delete(kube, name):
    kube.kubectl("delete", f"sparkclusters.spark.apache.org/{name}", "--namespace", "spark", "--wait=false")


def make_pod(kube, cluster, role, port):
    """As the operator's StatefulSets make them; it runs at once."""
    name = f"{cluster}-{role}-0"
    labels = {"spark-role": role, "spark.operator/spark-cluster-name": cluster, "spark-version": "4.3.0"}
    container = {"name": role, "image": "apache/spark:4.3.0", "ports": [{"name": "web", "containerPort": port}]}
    kube.must("POST", PODS, {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}})
    status = {"phase": "Running", "podIP": HOST, "podIPs": [{"ip": HOST}], "startTime": "2026-11-30T12:00:00Z"}
    kube.must("PATCH", f"{PODS}/{name}/status", {"status": status}, content_type=MERGE)


def port_of(url):
    return int(url.rpartition(":")[2])


def master_page(gate, name):
    return get(gate, f"/{name}/proxy/master/")


def test_a_spark_cluster_of_real_processes_is_browsable_at_once_and_gone_at_once(kube, gate, spark):
    apply(kube, "nightly")
    listed = seconds_until(gate, lambda: is_listed(gate, "nightly"), "the cluster on the home page")
    spark.start_master()
    make_pod(kube, "nightly", "master", port_of(spark.master_url))
    assert master_page(gate, "nightly").status_code == 503  # it starts
    seconds_until(gate, lambda: is_up(f"{spark.master_url}/"), "the master's page itself")
    answers = [seconds_until(gate, lambda: master_page(gate, "nightly").status_code == 200, "its page through the gateway")]
    make_pod(kube, "nightly", "worker", port_of(spark.start_worker()["url"]))
    spark.await_workers()
    worker = f"/nightly/proxy/{spark.workers[0]['id']}/"
    seconds_until(gate, lambda: get(gate, worker).status_code == 200, "its worker's page")
    page = master_page(gate, "nightly").text
    assert worker in page and not re.search(rf'href="http://{HOST}:(?!{gate.port}/)', page)
    kube.must("PATCH", f"{CLUSTERS}/nightly/status", {"status": {"currentState": {"currentStateSummary": "RunningHealthy"}}}, content_type=MERGE)
    seconds_until(gate, lambda: "SparkCluster in spark: RunningHealthy" in get(gate, "/").text, "its state")
    delete(kube, "nightly")
    gone = [seconds_until(gate, lambda: not is_listed(gate, "nightly"), "a home page without it")]
    for path in ("/nightly/", "/nightly/proxy/master/", worker):
        told = get(gate, path)
        assert told.status_code == 404 and "of the namespace spark was deleted" in told.text and "Its last state was RunningHealthy" in told.text, path
    for role in ("master", "worker"):
        kube.must("DELETE", f"{PODS}/nightly-{role}-0", {"gracePeriodSeconds": 0})
    apply(kube, "again")  # on a busy machine one may be slow
    make_pod(kube, "again", "master", port_of(spark.master_url))
    answers.append(seconds_until(gate, lambda: master_page(gate, "again").status_code == 200, "its page through the gateway"))
    delete(kube, "again")
    gone.append(seconds_until(gate, lambda: not is_listed(gate, "again"), "a home page without it"))
    kube.must("DELETE", f"{PODS}/again-master-0", {"gracePeriodSeconds": 0})
    print(f"\non the home page {listed:.2f} s after kubectl apply, masters' pages {answers} s after they answer, gone {gone} s after kubectl delete")
    assert min(answers) < MASTER_S and min(gone) < GONE_S
