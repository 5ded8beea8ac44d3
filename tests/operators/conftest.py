"""Fixtures: one whole Kubernetes with Kubeflow's operator, and the gateway before it with the rights of our manifests alone."""

import pathlib
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("support", "e2e", "k8s"):
    sys.path.insert(0, str(ROOT / "tests" / folder))

from gateway import Gateway  # noqa: E402
from kube_cluster import KubeCluster  # noqa: E402
from manifests import new_kubectl, render  # noqa: E402
from person import Person  # noqa: E402
from spark_cluster import wait_for  # noqa: E402
from spark_operator import SparkOperator  # noqa: E402

OVERLAYS = ["overlays/resources", "overlays/pod-logs"]


@pytest.fixture(scope="session")
def kube():
    with KubeCluster() as running:
        running.namespace("spark")
        yield running


@pytest.fixture(scope="session")
def operator(kube):
    with SparkOperator(kube) as running:
        kube.kubectl("apply", "-f", str(ROOT / "k8s/examples/operator/network-policies.yaml"))
        yield running


@pytest.fixture(scope="session")
def gate(kube, operator):
    kube.kubectl("apply", "-f", str(ROOT / "k8s/base/namespace.yaml"))
    for overlay in OVERLAYS:
        kube.kubectl("apply", "-f", "-", given=render(overlay, new_kubectl()))
    account = kube.write_kubeconfig("gateway", kube.token("sparkgate", "sparkgate"))
    with Gateway([{"name": "k", "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(account), "keep_logs": "24h"}}]) as running:
        running.token = running.create_token("tests", "admin")["access_token"]
        for words in ("SparkApplications (sparkoperator.k8s.io/v1beta2)", "SparkConnects (sparkoperator.k8s.io/v1alpha1)", "pods"):
            said = f"{words} of namespace spark are watched"
            wait_for(lambda: said in running.log_text(), said, 60, running.daemon.check)  # noqa: B023
        running.person = Person(running, running.token)
        yield running


@pytest.fixture
def world(kube, operator, gate):
    def check():
        for one in (kube, operator, gate.daemon):
            one.check()
    return types.SimpleNamespace(kube=kube, operator=operator, gate=gate, person=gate.person, check=check, saved=ROOT / "build" / "operators")
