"""What k8s/ holds: built by old and new kustomize (monitoring/ by the new one), taken by a real API server, and telling the gateway nothing it refuses."""

import copy
import ipaddress
import re
import subprocess

import pytest
import yaml

import gateway
from manifests import (FOLDERS, GATEWAYS, K8S, MOUNT, SECRETS, configuration, documents, lay_out, new_kubectl, old_kubectl, render,
                       the_one)

RESTRICTED = "sparkgate"  # the namespace, whose pods the Pod Security Standard "restricted" is enforced on


def key_of(row):
    return row["kind"], row["metadata"].get("namespace"), row["metadata"]["name"]


def without_digests(rows):
    """Old and new kustomize name what they generate by another digest, and the old one writes empty maps."""
    for row in rows:
        row["metadata"] = {key: value for key, value in row["metadata"].items() if value}
    text = yaml.safe_dump(sorted(rows, key=key_of), sort_keys=True)
    for row in rows:
        if row["kind"] == "ConfigMap":
            text = text.replace(row["metadata"]["name"], row["metadata"]["name"].rpartition("-")[0])
    return text


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "monitoring"])
def test_old_and_new_kustomize_build_the_same(name):
    assert without_digests(documents(name, old_kubectl())) == without_digests(documents(name, new_kubectl()))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_real_api_server_takes_every_manifest(kube, name):
    answer = kube.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", given=render(name, new_kubectl()))
    said = answer.stdout.splitlines()
    assert len(said) == len(documents(name, new_kubectl())) and all(line.endswith("(server dry run)") for line in said), answer.stdout
    assert [line for line in answer.stderr.splitlines() if "last-applied-configuration" not in line] == []  # no warning either


def pods_of(rows):
    """What a controller would create of each template."""
    for row in rows:
        if row["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = copy.deepcopy(row["spec"]["template"])
        claims = [claim["metadata"]["name"] for claim in row["spec"].get("volumeClaimTemplates", [])]
        pod["spec"].setdefault("volumes", []).extend({"name": claim, "emptyDir": {}} for claim in claims)
        pod["metadata"]["name"] = row["metadata"]["name"]
        yield {"apiVersion": "v1", "kind": "Pod", **pod}


def create(kube, pod):
    return kube.request("POST", f"/api/v1/namespaces/{RESTRICTED}/pods?dryRun=All&fieldValidation=Strict", pod)


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_pod_meets_the_restricted_standard(kube, name):
    for pod in pods_of(documents(name)):
        status, answer = create(kube, pod)
        assert status == 201, answer
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_restricted_standard_is_enforced_here(kube):
    pod = next(pods_of(documents("base")))
    pod["spec"]["containers"][0]["securityContext"]["capabilities"] = {}
    status, answer = create(kube, pod)
    assert status == 403 and "restricted" in answer["message"]


def run_check(folder, text):
    """`sparkgate --check` of this text, with the pod's secrets where it mounts them."""
    lay_out(folder / "secrets", {name: f"{value}\n" for name, value in SECRETS.items()})
    file = lay_out(folder / "etc", {"sparkgate.yaml": text.replace(MOUNT, str(folder / "secrets"))}, 0o644) / "sparkgate.yaml"
    return subprocess.run([str(gateway.binary()), "--config", str(file), "--check"], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_gateway_takes_its_configuration(tmp_path, name):
    result = run_check(tmp_path, configuration(name))
    assert result.returncode == 0, result.stderr


def gateway_pod(rows):
    spec = the_one(rows, "Deployment")["spec"]["template"]["spec"]
    return spec, next(row for row in spec["containers"] if row["name"] == "sparkgate")


def mounted_files(spec, container):
    """Where the pod has which key of which Secret: path -> (name, key)."""
    mounts = {row["name"]: row["mountPath"] for row in container["volumeMounts"]}
    files = {}
    for volume in spec["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("secret", {}).get("items", []):
                files[f"{mounts[volume['name']]}/{item['path']}"] = (source["secret"]["name"], item["key"])
    return files


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_secrets_it_reads_are_those_the_pod_mounts_for_its_group_alone(name):
    rows = documents(name)
    spec, container = gateway_pod(rows)
    assert set(re.findall(rf"{MOUNT}/[\w-]+", configuration(name))) == set(mounted_files(spec, container))
    assert all(volume["projected"]["defaultMode"] == 0o440 for volume in spec["volumes"] if "projected" in volume)
    assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsGroup"]
    assert not [row for row in rows if row["kind"] == "Secret"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_ports_are_the_same_everywhere(name):
    rows = documents(name)
    _, container = gateway_pod(rows)
    conf = yaml.safe_load(configuration(name))
    ports = {"http": int(conf["server"]["listen"].rpartition(":")[2]), "admin": int(conf["admin"]["listen"].rpartition(":")[2])}
    assert {row["name"]: row["containerPort"] for row in container["ports"]} == ports
    assert {row["targetPort"]: row["port"] for row in the_one(rows, "Service")["spec"]["ports"]} == ports
    policy = the_one(rows, "NetworkPolicy")["spec"]
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == set(ports.values())
    assert container["command"] == ["sparkgate", "--config", "/etc/sparkgate/sparkgate.yaml"]


def test_probes_ask_what_the_gateway_answers(upstream):
    _, container = gateway_pod(documents("base"))
    with gateway.Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}]) as running:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] == "admin" and gateway.is_up(running.admin_url + asked["path"])
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


def hosts(rows, kind):
    """Host name -> port of the Service behind it."""
    found = {}
    for row in rows:
        if row["kind"] == kind == "Ingress" and row["metadata"]["name"] == "sparkgate":
            for rule in row["spec"]["rules"]:
                found[rule["host"]] = rule["http"]["paths"][0]["backend"]["service"]["port"]["name"]
        elif row["kind"] == kind == "HTTPRoute" and "backendRefs" in row["spec"]["rules"][0]:
            for host in row["spec"]["hostnames"]:
                found[host] = {8480: "http", 8481: "admin"}[row["spec"]["rules"][0]["backendRefs"][0]["port"]]
    return found


@pytest.mark.parametrize(("name", "kind"), [("overlays/ingress", "Ingress"), ("overlays/gateway-api", "HTTPRoute")])
def test_hosts_are_those_of_the_public_urls(name, kind):
    conf = yaml.safe_load(configuration(name))
    wanted = {conf[part]["public_url"].split("/")[2]: port for part, port in (("server", "http"), ("admin", "admin"))}
    assert hosts(documents(name), kind) == wanted


@pytest.mark.parametrize(("name", "what"), [("overlays/sidecar-history", "history"), ("overlays/operator", "kubernetes")])
def test_an_overlay_says_the_same_but_for_one_thing(name, what):
    base, other = (yaml.safe_load(configuration(folder)) for folder in ("base", name))
    assert base["clusters"][0].pop(what) != other["clusters"][0].pop(what)
    assert base == other


def test_an_operator_is_told_what_its_chart_knows(kube):
    chart = yaml.safe_load((kube.home / "crd" / "values.yaml").read_text())
    ours = yaml.safe_load((K8S / "overlays" / "operator" / "operator-values.yaml").read_text())

    def missing(mine, theirs, path=""):
        for key, value in mine.items():
            if key not in theirs:
                yield path + key
            elif isinstance(value, dict):
                yield from missing(value, theirs[key], f"{path}{key}.")
    assert list(missing(ours, chart)) == []


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_policy_lets_the_gateway_reach_what_its_configuration_names(name):
    """And not every address on every port."""
    rules = the_one(documents(name), "NetworkPolicy")["spec"]["egress"]
    open_ports = {port["port"] for rule in rules if "to" not in rule for port in rule["ports"]}
    assert open_ports == {443, 6443}
    assert not [peer for rule in rules for peer in rule.get("to", []) if "ipBlock" in peer
                and ipaddress.ip_network(peer["ipBlock"]["cidr"]).prefixlen == 0]
