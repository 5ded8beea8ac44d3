"""Who reaches drivers and Connect servers with overlays/operator/driver-fence.yaml, and what Spark 4.2's submission takes."""

import pytest
import yaml

from manifests import K8S

KUBEFLOW = "sparkoperator.k8s.io"
DRIVER, EXECUTOR, STRANGER = {"spark-role": "driver"}, {"spark-role": "executor"}, {"app": "shell"}
CONNECT = {"spark-role": "connect-server", f"{KUBEFLOW}/connect-name": "shared"}
GATEWAY, CLIENT = {"app.kubernetes.io/name": "sparkgate"}, {"spark-connect": "client"}


def matches(selector, labels):
    def holds(row):
        has = row["key"] in labels
        return {"Exists": has, "In": has and labels[row["key"]] in row.get("values", [])}[row["operator"]]
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        holds(row) for row in selector.get("matchExpressions", []))


def is_open(row, port):
    return row["port"] <= port <= row.get("endPort", row["port"])


def reaches(namespace, labels, target, port):
    """As Kubernetes puts the policies of a namespace together: a pod that none of them selects is open, else one rule is enough."""
    policies = yaml.safe_load_all((K8S / "overlays/operator/driver-fence.yaml").read_text())
    mine = [row["spec"] for row in policies if matches(row["spec"]["podSelector"], target)]
    rules = [rule for spec in mine for rule in spec["ingress"] if any(is_open(row, port) for row in rule["ports"])]
    return not mine or any(
        (matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}) if "namespaceSelector" in peer else namespace == "spark")
        and matches(peer.get("podSelector", {}), labels) for rule in rules for peer in rule["from"])


@pytest.mark.parametrize("target", [DRIVER, CONNECT], ids=["driver", "connect_server"])
def test_s68_uis_are_for_the_gateway_alone_at_any_port(target):
    for port in (4040, 4041, 1024, 18080, 45678):
        assert reaches("sparkgate", GATEWAY, target, port)
        for namespace, labels in (("spark", STRANGER), ("spark", EXECUTOR), ("spark", CLIENT), ("other", GATEWAY), ("sparkgate", STRANGER)):
            assert not reaches(namespace, labels, target, port), (namespace, labels, port)


def test_executors_reach_their_driver_and_clients_their_connect_server():
    for target in (DRIVER, CONNECT):
        assert reaches("spark", EXECUTOR, target, 7078) and reaches("spark", EXECUTOR, target, 7079)
        assert not reaches("other", EXECUTOR, target, 7078) and not reaches("spark", STRANGER, target, 7078)
    assert reaches("spark", CLIENT, CONNECT, 15002)
    assert not reaches("spark", STRANGER, CONNECT, 15002) and not reaches("other", CLIENT, CONNECT, 15002)
    assert not reaches("spark", CLIENT, DRIVER, 15002)


def test_the_examples_role_has_the_verbs_of_sparks_network_policies():
    role = next(row for row in yaml.safe_load_all((K8S / "examples/operator/network-policies.yaml").read_text()) if row["kind"] == "Role")
    assert role["rules"] == [{"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["get", "create", "patch", "delete"]}]
    assert "webhook" in (K8S / "examples/operator/spark-pi.yaml").read_text()  # without which its volumes are dropped
