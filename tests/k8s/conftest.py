"""Fixtures: one real API server for all, with the namespaces and CRDs that the manifests are for.

Nothing is skipped: what is missing fails. The API server is built at the first use (tests/support/kube_install.py).
"""

import pathlib
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("support", "e2e"):
    sys.path.insert(0, str(ROOT / "tests" / folder))

from kube_apiserver import KubeApiServer  # noqa: E402
from spark_cluster import wait_for  # noqa: E402
from upstream import Upstream  # noqa: E402

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def is_established(kube, name):
    conditions = kube.must("GET", f"{CRDS}/{name}").get("status", {}).get("conditions") or []
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)


@pytest.fixture(scope="session")
def kube():
    """With the namespaces `sparkgate`, as the base has it, and `spark`, which is the operator's of the cluster."""
    with KubeApiServer() as running:
        names = []
        for file in sorted((running.home / "crd").glob("*_*.yaml")):
            crd = yaml.safe_load(file.read_text())
            running.must("POST", CRDS, crd)
            names.append(crd["metadata"]["name"])
        for name in names:
            wait_for(lambda: is_established(running, name), f"the CRD {name}", 60)
        running.namespace("spark")
        running.kubectl("apply", "-f", str(ROOT / "k8s" / "base" / "namespace.yaml"))
        yield running


@pytest.fixture(scope="session")
def upstream():
    """A plain UI for gateways whose tests are about who comes in."""
    with Upstream() as running:
        yield running
