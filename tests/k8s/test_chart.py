"""What k8s/chart/ renders: the same as kustomize's base and overlays, taken by a real API server, with values that a schema knows."""

import base64
import json
import re

import pytest
import yaml

from chart import CHART, HELMS, ONE_HELM, SAME, comparable, rendered, run, template
from kube_programs import ensure_program
from kube_schemas import conform, write_schemas
from manifests import FOLDERS, K8S, documents, new_kubectl, the_one
from test_manifests import admits, create, gateway_pod, mounted_files, pods_of, published, run_check

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
ONE = {"replicas": 1, "config": {"store": "sqlite:/var/lib/sparkgate/state.db", "store_password_file": None},
       "secrets": {"redis": {"existing": ""}}, "persistence": {"enabled": True}}
EXTRAS = {
    "extraEnv": [{"name": "SPARKGATE_LOG_LEVEL", "value": "debug"}], "extraEnvFrom": [{"configMapRef": {"name": "more", "optional": True}}],
    "extraArgs": ["--dumpable"], "extraPorts": [{"name": "redirect", "containerPort": 8080}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}], "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    "extraContainers": [{"name": "side", "image": "side:1", "securityContext": VALUES["securityContext"]}],
    "initContainers": [{"name": "first", "image": "first:1", "securityContext": VALUES["securityContext"]}],
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"a": "b"}}],
    "service": {"type": "NodePort", "annotations": {"a/b": "c"}, "extraPorts": [{"name": "redirect", "port": 8080, "targetPort": "redirect"}]},
    "nodeSelector": {"disk": "fast"}, "tolerations": [{"key": "a", "operator": "Exists"}], "priorityClassName": "high",
    "affinity": {"podAntiAffinity": {}}, "podAnnotations": {"a/b": "c"}, "podLabels": {"team": "data"}, "commonLabels": {"part": "spark"},
    "image": {"repository": "registry.example.com/sparkgate", "digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
    "secrets": {"extra": [{"name": "spark-ui", "key": "secretKey", "path": "spark-ui-jws"}]}}
ROWS = {
    **{name.rpartition("/")[2]: make for name, make in SAME.items()},
    "one_replica": lambda: ONE,
    "extras": lambda: EXTRAS,
    "scaled": lambda: {"autoscaling": {"enabled": True, "memory": 80, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}}},
    "monitored": lambda: {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "all_namespaces": lambda: {"rbac": {"namespaces": ["*"], "resources": True, "logs": True, "sparkClusters": True}},
    "generated": lambda: {"secrets": {"redis": {"existing": "", "generate": True}}},
    "one_origin": lambda: {"config": {"server": {"app_origins": None}}, "ingress": {"enabled": True, "tls": {"appsSecret": ""}}},
    "anothers_gateway": lambda: {"gatewayApi": {"enabled": True, "parent": {"name": "shared", "namespace": "infra"}}},
    "own_config_map": lambda: {"existingConfigMap": "mine", "rbac": {"namespaces": ["spark"]}},
    "nothing_more": lambda: {"rbac": {"create": False}, "serviceAccount": {"create": False, "name": "mine"}, "networkPolicy": {"enabled": False},
                             "podDisruptionBudget": {"enabled": False}, "topologySpreadConstraints": [],
                             "secrets": {"session": {"existing": "sparkgate-session"}}},
    "admin_tls": lambda: {"config": {"admin": {"tls": {"certificate": "/etc/tls/tls.crt", "key": "/etc/tls/tls.key"}}}, "serviceMonitor": {"enabled": True}},
    "base_path": lambda: {"config": {"server": {"public_url": "https://example.com/spark/"}}, "ingress": {"enabled": True}},
}
REFUSED = {  # values, and what is said of them
    "unknown": ({"replicaCount": 3}, "replicaCount"),
    "unknown_below": ({"image": {"name": "x"}}, "name"),
    "a_secret": ({"secrets": {"oidc": {"value": "x"}}}, "value"),
    "a_type": ({"replicas": "two"}, "replicas"),
    "no_cluster": ({"config": {"clusters": []}}, "clusters"),
    "a_listen_address": ({"config": {"server": {"listen": "everywhere"}}}, "listen"),
    "a_shared_file": ({"config": {"store": "sqlite:/var/lib/sparkgate/state.db"}}, "one replica alone"),
    "a_shared_volume": ({"persistence": {"enabled": True}}, "persistence is for one replica"),
    "two_passwords": ({"secrets": {"redis": {"generate": True}}}, "secrets.redis"),
    "a_launch_nowhere": ({"rbac": {"launch": True}}, "launch.operator.namespace"),
    "a_gateway_of_no_class": ({"gatewayApi": {"enabled": True}}, "className"),
    "unseen_namespaces": ({"existingConfigMap": "mine"}, "rbac.namespaces"),
    "a_fence_everywhere": ({"driverFence": {"enabled": True}, "rbac": {"namespaces": ["*"]}}, "driverFence"),
    "no_account": ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
}


@pytest.fixture(scope="module")
def monitors(kube):
    """The API server, which knows the ServiceMonitor, too."""
    crd = next((ensure_program("prometheus-operator") / "files").rglob("*_servicemonitors.yaml"))
    kube.kubectl("apply", "--server-side", "-f", str(crd))
    kube.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/servicemonitors.monitoring.coreos.com")
    return kube


@pytest.fixture(scope="module")
def schemas(monitors, tmp_path_factory):
    return write_schemas(monitors, tmp_path_factory.mktemp("schemas"))


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("name", SAME)
def test_the_chart_is_what_kustomize_builds(helm, name):
    """Object by object, but for the namespace, which --create-namespace makes, and the session key, which the chart generates."""
    wanted = comparable([row for row in documents(name, new_kubectl()) if row["kind"] != "Namespace"])
    found = comparable(rendered(helm, SAME[name]()))
    del found["Secret", "sparkgate", "sparkgate-session"]
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found[key] == row, key


def test_every_overlay_has_values_that_make_the_same():
    assert set(SAME) == {name for name in FOLDERS if name == "base" or name.startswith("overlays/")}


def test_the_users_of_redis_are_those_of_the_example():
    assert (CHART / "users.acl").read_text() == (K8S / "examples" / "redis" / "users.acl").read_text()


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("name", ROWS)
def test_lint_finds_nothing(helm, name):
    said = run(helm, "lint", "--strict", str(CHART), "--kube-version", "1.36.3", values=ROWS[name]())
    assert "0 chart(s) failed" in said.stdout and "[WARNING]" not in said.stdout and "[ERROR]" not in said.stdout


@pytest.mark.parametrize("name", ROWS)
def test_a_real_api_server_takes_what_the_chart_renders(monitors, name):
    answer = monitors.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", given=template(ONE_HELM, ROWS[name]()).stdout)
    said = answer.stdout.splitlines()
    assert len(said) == len(rendered(ONE_HELM, ROWS[name]())) and all(line.endswith("(server dry run)") for line in said), answer.stdout
    assert [line for line in answer.stderr.splitlines() if "last-applied-configuration" not in line] == []


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("name", ROWS)
def test_kubeconform_finds_nothing(schemas, helm, name):
    result = conform(schemas, template(helm, ROWS[name]()).stdout)
    assert result.returncode == 0 and "Invalid: 0, Errors: 0, Skipped: 0" in result.stdout, result.stdout


def test_kubeconform_finds_what_is_wrong(schemas):
    text = template(ONE_HELM, {"strategy": {"rollingUpdat": {}}, "priorityClassName": "a"}).stdout
    result = conform(schemas, text)
    assert result.returncode != 0 and "rollingUpdat" in result.stdout and "Invalid: 1, Errors: 0" in result.stdout


@pytest.mark.parametrize("name", ROWS)
def test_both_helms_render_the_same(name):
    old, new = ([row for row in rendered(helm, ROWS[name]()) if row["kind"] != "Secret"] for helm in HELMS)
    assert old == new


@pytest.mark.parametrize("name", ROWS)
def test_its_pods_meet_the_restricted_standard(kube, name):
    for pod in pods_of(rendered(ONE_HELM, ROWS[name]())):
        pod["spec"].pop("priorityClassName", None)  # the class would have to be there
        status, answer = create(kube, pod)
        assert status == 201, answer


@pytest.mark.parametrize("name", ROWS)
def test_the_gateway_takes_the_configuration_of_its_values(tmp_path, name):
    rows = rendered(ONE_HELM, ROWS[name]())
    texts = [row["data"]["sparkgate.yaml"] for row in rows if row["kind"] == "ConfigMap" and "sparkgate.yaml" in row["data"]]
    assert len(texts) == (0 if name == "own_config_map" else 1)
    for text in texts if name != "admin_tls" else []:  # its certificate is not here
        result = run_check(tmp_path, text)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["base", "one_replica", "generated", "launch"])
def test_the_secrets_it_reads_are_those_that_its_pod_mounts(name):
    rows = rendered(ONE_HELM, ROWS[name]())
    spec, container = gateway_pod(rows)
    text = the_one(rows, "ConfigMap")["data"]["sparkgate.yaml"]
    assert set(re.findall(r"/run/secrets/sparkgate/[\w-]+", text)) == set(mounted_files(spec, container))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("helm", HELMS)
def test_values_that_are_wrong_are_refused_by_name(helm, name):
    values, said = REFUSED[name]
    result = template(helm, values, check=False)
    assert result.returncode != 0 and said in result.stderr


def unknown(values, schema, path=""):
    """Maps that the schema does not close, but those whose keys are Kubernetes' or the configuration's."""
    for key, value in values.items():
        inner = schema.get("properties", {}).get(key)
        if inner is None:
            yield path + key
        elif isinstance(value, dict) and inner.get("additionalProperties") is False:
            yield from unknown(value, inner, f"{path}{key}.")


def test_the_schema_and_the_readme_know_every_value():
    assert list(unknown(VALUES, SCHEMA)) == []
    table = (CHART / "README.md").read_text().partition("\n## Values\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.M)
    assert {name for cell in cells for name in re.findall(r"`(\w+)[\w.]*`", cell)} == set(VALUES)


def test_big_numbers_stay_numbers():
    rows = rendered(ONE_HELM, {"config": {"server": {"limits": {"connections": 2000000}}}})
    assert "connections: 2000000\n" in the_one(rows, "ConfigMap")["data"]["sparkgate.yaml"]


def test_another_configuration_is_a_rolling_restart_and_another_label_is_none():
    def pod(values):
        return the_one(rendered(ONE_HELM, values), "Deployment")["spec"]["template"]
    assert pod({"config": {"server": {"threads": 4}}}) != pod({})
    assert pod({"commonLabels": {"part": "spark"}}) == pod({})


def test_rights_and_network_follow_the_namespaces_of_the_configuration():
    clusters = [{"name": name, "kubernetes": {"namespaces": [name]}} for name in ("etl", "ml")]
    rows = rendered(ONE_HELM, {"config": {"clusters": clusters}, "rbac": {"logs": True}})
    assert {(row["metadata"]["namespace"], row["metadata"]["name"]) for row in rows if row["kind"] == "Role"} == {
        (namespace, name) for namespace in ("etl", "ml") for name in ("sparkgate", "sparkgate-logs")}
    drivers = the_one(rows, "NetworkPolicy")["spec"]["egress"][-1]["to"]
    assert [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in drivers] == ["etl", "ml"]
    assert not [row for row in rows if row["kind"].startswith("ClusterRole")]


def test_an_ingress_has_the_hosts_and_paths_of_the_public_urls():
    rows = rendered(ONE_HELM, ROWS["base_path"]())
    assert ("example.com", "/spark", "http") in set(published(rows, "Ingress"))


def test_admin_tls_is_what_probes_and_prometheus_speak():
    rows = rendered(ONE_HELM, ROWS["admin_tls"]())
    _, container = gateway_pod(rows)
    assert {container[probe]["httpGet"]["scheme"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {"HTTPS"}
    assert the_one(rows, "ServiceMonitor")["spec"]["endpoints"][0]["scheme"] == "https"


def test_scaled_by_an_autoscaler_the_deployment_says_no_number():
    rows = rendered(ONE_HELM, ROWS["scaled"]())
    assert "replicas" not in the_one(rows, "Deployment")["spec"]
    assert {row["resource"]["name"] for row in the_one(rows, "HorizontalPodAutoscaler")["spec"]["metrics"]} == {"cpu", "memory"}


def test_one_replica_with_a_volume_is_never_two():
    spec = the_one(rendered(ONE_HELM, ONE), "Deployment")["spec"]
    assert spec["replicas"] == 1 and spec["strategy"] == {"type": "Recreate"}


def test_the_policy_admits_whom_admin_from_names_and_nobody_else():
    rows = rendered(ONE_HELM, {"networkPolicy": {"adminFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}]}})
    assert admits(rows, 8481, "edge", {}) and not admits(rows, 8481, "monitoring", {}) and admits(rows, 8480, "spark", {})


def test_a_session_key_is_32_bytes_and_another_for_each_rendering():
    keys = [base64.b64decode(the_one(rendered(ONE_HELM, {}), "Secret", "sparkgate-session")["data"]["key"]) for _ in range(2)]
    assert keys[0] != keys[1] and all(len(base64.b64decode(key, validate=True)) == 32 for key in keys)
