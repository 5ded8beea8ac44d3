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
    (folder / "state" / "logs").mkdir(parents=True)  # a volume
    text = text.replace(MOUNT, str(folder / "secrets")).replace("/var/lib/sparkgate", str(folder / "state"))
    file = lay_out(folder / "etc", {"sparkgate.yaml": text}, 0o644) / "sparkgate.yaml"
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


WITHOUT_MORE = {"/whoami"}  # nothing is below it


def published(rows, kind):
    """What an Ingress or the routes show: (host name, path, name of the Service's port)."""
    for row in rows:
        if row["kind"] == kind == "Ingress" and row["metadata"]["name"] == "sparkgate":
            for rule in row["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    assert path["pathType"] == ("Exact" if path["path"] in WITHOUT_MORE else "Prefix")
                    yield rule["host"], path["path"], path["backend"]["service"]["port"]["name"]
        elif row["kind"] == kind == "HTTPRoute" and "backendRefs" in row["spec"]["rules"][0]:
            for rule in row["spec"]["rules"]:
                port = {8480: "http", 8481: "admin"}[rule["backendRefs"][0]["port"]]
                for match in rule.get("matches", [{"path": {"type": "PathPrefix", "value": "/"}}]):
                    assert match["path"]["type"] == ("Exact" if match["path"]["value"] in WITHOUT_MORE else "PathPrefix")
                    yield from ((host, match["path"]["value"], port) for host in row["spec"]["hostnames"])


INGRESSES = [("overlays/ingress", "Ingress"), ("examples/redis", "Ingress"), ("overlays/gateway-api", "HTTPRoute")]


@pytest.mark.parametrize(("name", "kind"), INGRESSES)
def test_hosts_are_those_of_the_public_urls(name, kind):
    conf = yaml.safe_load(configuration(name))
    wanted = {conf[part]["public_url"].split("/")[2]: port for part, port in (("server", "http"), ("admin", "admin"))}
    wanted[conf["server"]["app_origins"].split("/")[2].replace("{id}", "*")] = "http"
    assert {host: port for host, _, port in published(documents(name), kind)} == wanted


def is_below(path, prefix):
    """As both kinds of prefix are defined: by whole segments."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


@pytest.mark.parametrize(("name", "kind"), INGRESSES)
def test_s68_of_the_admin_listener_only_what_people_and_scripts_use_is_published(name, kind):
    shown = list(published(documents(name), kind))
    admin = {path for _, path, port in shown if port == "admin"}
    assert admin == {"/tokens", "/sessions", "/audit", "/whoami", "/_gate", "/api"}
    for path in ("/metrics", "/ready", "/ping", "/", "/metricsx", "/tokensx"):
        assert not any(is_below(path, prefix) for prefix in admin), path
    for path in ("/tokens", "/tokens/abc/revoke", "/_gate/login", "/_gate/static/a.css", "/api/v1/tokens"):
        assert any(is_below(path, prefix) for prefix in admin), path
    assert {path for _, path, port in shown if port == "http"} == {"/"}


@pytest.mark.parametrize(("name", "kind"), INGRESSES)
def test_s68_each_application_has_a_host_with_a_wildcard_certificate(name, kind):
    rows = documents(name)
    wildcard = yaml.safe_load(configuration(name))["server"]["app_origins"].split("/")[2].replace("{id}", "*")
    if kind == "Ingress":
        secrets = {host: row["secretName"] for row in the_one(rows, "Ingress")["spec"]["tls"] for host in row["hosts"]}
        assert secrets[wildcard] == "sparkgate-apps-tls" and list(secrets.values()).count("sparkgate-apps-tls") == 1
    else:
        listeners = {row.get("hostname"): row for row in the_one(rows, "Gateway")["spec"]["listeners"] if row["port"] == 443}
        assert listeners[wildcard]["tls"]["certificateRefs"] == [{"name": "sparkgate-apps-tls"}]
        route = the_one(rows, "HTTPRoute", "sparkgate-apps")["spec"]
        assert route["parentRefs"][0]["sectionName"] == listeners[wildcard]["name"]


@pytest.mark.parametrize("name", GATEWAYS)
def test_s68_each_application_has_an_origin_in_every_configuration(name):
    server = yaml.safe_load(configuration(name))["server"]
    assert "{id}" in server["app_origins"]
    assert not server["app_origins"].endswith(server["public_url"].split("/")[2].partition(".")[2] + "/")  # another domain


def admits(rows, port, namespace, labels):
    """May a pod in this namespace with these labels reach the port?"""
    def matches(selector, given):
        return all(given.get(key) == value for key, value in (selector or {}).get("matchLabels", {}).items())
    for rule in the_one(rows, "NetworkPolicy")["spec"]["ingress"]:
        if port not in {row["port"] for row in rule["ports"]}:
            continue
        if "from" not in rule:
            return True
        for peer in rule["from"]:
            in_namespace = (matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace})
                            if "namespaceSelector" in peer else namespace == "sparkgate")
            if in_namespace and matches(peer.get("podSelector"), labels):
                return True
    return False


@pytest.mark.parametrize(("namespace", "labels"), [
    ("sparkgate", {"gateway.networking.k8s.io/gateway-name": "sparkgate"}),
    ("envoy-gateway-system", {"gateway.envoyproxy.io/owning-gateway-name": "sparkgate",
                              "gateway.envoyproxy.io/owning-gateway-namespace": "sparkgate"}),
    ("traefik", {"app.kubernetes.io/name": "traefik"})], ids=["beside_the_gateway", "envoy", "traefik"])
def test_s68_the_policy_admits_the_gateway_apis_data_plane(namespace, labels):
    rows = documents("overlays/gateway-api")
    assert admits(rows, 8480, namespace, labels) and admits(rows, 8481, namespace, labels)
    assert admits(rows, 8481, "monitoring", {})
    assert not admits(rows, 8481, "spark", {**labels, "spark-role": "driver"})
    assert not admits(rows, 8481, "sparkgate", {"app.kubernetes.io/name": "sparkgate-redis"})


def test_s68_the_policy_admits_an_ingress_controller_and_prometheus():
    for name in ("base", "overlays/ingress"):
        rows = documents(name)
        assert admits(rows, 8481, "ingress-nginx", {}) and admits(rows, 8481, "monitoring", {})
        assert not admits(rows, 8481, "spark", {})


def size(text):
    number, unit = re.fullmatch(r"(\d+)(Ki|KiB|Mi|MiB|Gi|GiB|)", str(text)).groups()
    return int(number) << {"": 0, "K": 10, "M": 20, "G": 30}[unit[:1]]


@pytest.mark.parametrize("name", GATEWAYS)
def test_s68_connections_fit_into_the_memory_that_the_container_has(name):
    """An exchange whose client reads slowly holds a queue to it and what its UI sent meanwhile; what others hold has limits of its own."""
    _, container = gateway_pod(documents(name))
    limits = yaml.safe_load(configuration(name))["server"]["limits"]
    process, exchange = 25 << 20, 512 << 10
    most = process + size(limits.get("static_files", "64MiB")) + size(limits.get("memory", "64MiB")) + limits["connections"] * exchange
    assert most <= size(container["resources"]["limits"]["memory"])


@pytest.mark.parametrize(("name", "what"), [("overlays/sidecar-history", "history"), ("overlays/operator", "kubernetes"),
                                             ("overlays/spark-clusters", "kubernetes"),
                                            ("overlays/pod-logs", "kubernetes")])
def test_an_overlay_says_the_same_but_for_one_thing(name, what):
    base, other = (yaml.safe_load(configuration(folder)) for folder in ("base", name))
    assert base["clusters"][0].pop(what) != other["clusters"][0].pop(what)
    assert base == other


def test_the_overlay_for_resources_adds_two_verbs_on_what_the_gateway_watches_and_nothing_else():
    base, other = ({(row["kind"], row["metadata"]["name"]): row for row in documents(folder)} for folder in ("base", "overlays/resources"))
    added = {key: other[key] for key in other.keys() - base.keys()}
    assert {key: other[key] for key in base} == base and set(added) == {(kind, "sparkgate-resources") for kind in ("Role", "RoleBinding")}
    rules = added["Role", "sparkgate-resources"]["rules"]
    table = (K8S.parent / "proxy/discovery/kubernetes/kube_resource.c").read_text()
    watched = set(re.findall(r'\.api = "/apis/([^/]+)/[^"]+",\s+(?:\.older_api = "[^"]+",\s+)?\.plural = "(\w+)"', table))
    assert {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]} == watched and len(watched) == 4
    assert all(rule["verbs"] == ["list", "watch"] for rule in rules)


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
