"""The README's steps as they stand there, the example's Redis with the gateway on it, and the sidecar's history server on loopback."""

import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
import requests
import yaml

from gateway import Gateway
from manifests import K8S, ROOT, documents, lay_out, new_kubectl, old_kubectl, the_one
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for
from spark_install import ensure_spark

README = (K8S / "README.md").read_text()


def block(language, starts):
    """The README's code block of this language that has this text in it."""
    found = [text for text in re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.M | re.S) if starts in text]
    assert len(found) == 1
    return "\n".join(line[3:] for line in found[0].splitlines()) + "\n"


@pytest.fixture(scope="module")
def secrets(kube, tmp_path_factory):
    """The folder that the README's commands fill, having made the Secrets."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "k8s").symlink_to(K8S)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "client-secret").write_text("a-client-secret-of-the-tests\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "kubectl").symlink_to(new_kubectl())
    env = {**os.environ, "KUBECONFIG": str(kube.kubeconfig), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    result = subprocess.run(["sh", "-eu", "-c", block("sh", "create secret")], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return folder / "secrets"


def references(rows):
    """(Secret, key) of every one that a pod mounts."""
    for row in rows:
        for volume in row.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", []):
            sources = [source["secret"] for source in volume.get("projected", {}).get("sources", []) if "secret" in source]
            for secret in sources + ([volume["secret"]] if "secret" in volume else []):
                for item in secret["items"]:
                    yield secret.get("name") or secret["secretName"], item["key"]


def test_the_readmes_commands_make_the_secrets_that_pods_mount(kube, secrets):
    wanted = set(references(documents("examples/redis")))
    assert len(wanted) == 4
    for name, key in wanted:
        assert key in kube.must("GET", f"/api/v1/namespaces/sparkgate/secrets/{name}")["data"]


@pytest.mark.parametrize("program", [old_kubectl, new_kubectl])
def test_a_folder_of_ones_own_has_its_image_and_its_configuration(tmp_path, program):
    shutil.copytree(K8S, tmp_path / "sparkgate" / "k8s")
    mine = tmp_path / "gateway"
    mine.mkdir()
    (mine / "kustomization.yaml").write_text(block("yaml", "gateway/kustomization.yaml"))
    (mine / "sparkgate.yaml").write_text("# mine\n")
    rows = documents(mine, program())
    assert the_one(rows, "ConfigMap")["data"]["sparkgate.yaml"] == "# mine\n"
    assert the_one(rows, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/sparkgate:1"


def test_the_examples_redis_user_is_the_one_that_auth_documents():
    documented = re.search(r"ACL SETUSER gate on >PASSWORD (.*?)\n```", (ROOT / "docs" / "stores.md").read_text(), re.S).group(1).split()
    lines = (K8S / "examples" / "redis" / "users.acl").read_text().splitlines()
    assert lines[0] == "user default off"
    assert lines[1].split()[4:] == documented


@pytest.fixture
def redis(secrets, tmp_path):
    """A Redis with the example's file, but for its paths and its port."""
    port = free_port()
    conf = the_one(documents("examples/redis"), "ConfigMap", "sparkgate-redis")["data"]["redis.conf"]
    users = lay_out(tmp_path / "users", {"users.acl": (secrets / "users.acl").read_text()})
    (tmp_path / "data").mkdir()
    file = tmp_path / "redis.conf"
    file.write_text(conf.replace("/run/secrets/redis", str(users)).replace("/data", str(tmp_path / "data")))
    daemon = Daemon("redis", ["redis-server", str(file), "--port", str(port), "--bind", HOST], dict(os.environ), tmp_path, tmp_path / "redis.log")
    try:
        wait_for(lambda: "Ready to accept connections" in daemon.log.read_text(), "Redis", 20, daemon.check)
        yield port
    finally:
        daemon.stop()


def test_the_gateway_works_on_the_examples_redis(redis, secrets, upstream, tmp_path):
    """With its user and the password file that the pod mounts."""
    base = yaml.safe_load((K8S / "base" / "sparkgate.yaml").read_text())
    mount = lay_out(tmp_path / "mount", {"redis-password": (secrets / "password").read_text(), "session-key": (secrets / "key").read_text()})
    settings = {"store": base["store"].replace("sparkgate-redis:6379", f"{HOST}:{redis}"), "store_password_file": f"{mount}/redis-password",
                "session": {"key_file": f"{mount}/session-key"}}
    with Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], "/gate", settings) as running:
        assert is_up(f"{running.admin_url}/ready")
        token = running.create_token("tests")["access_token"]
        wait_for(lambda: running.get_with_token("/other/ui/echo/", token) == 200, "the UI with a token of the store", 10)


def annotations():
    """Of the Ingress that asks, without their prefix."""
    fields = the_one(documents("examples/ext-auth"), "Ingress", "dashboard")["metadata"]["annotations"]
    return {name.removeprefix("nginx.ingress.kubernetes.io/"): value for name, value in fields.items()}


def test_the_ingress_asks_and_sends_people_where_the_gateway_is():
    service = the_one(documents("base"), "Service")["metadata"]
    public_url = yaml.safe_load((K8S / "base" / "sparkgate.yaml").read_text())["server"]["public_url"]
    asked = f"http://{service['name']}.{service['namespace']}.svc.cluster.local:8480/_gate/auth/nginx"
    assert (annotations()["auth-url"], annotations()["auth-signin"]) == (asked, f"{public_url}_gate/login?next=$escaped_request_uri")


def ask(gateway, token=None):
    """As ingress-nginx does for these annotations."""
    url = urllib.parse.urlsplit(annotations()["auth-url"])
    fields = {"Host": url.hostname, "X-Original-URL": f"{gateway.origin}/dashboard/?panel=1", "X-Original-Method": "GET", "X-Request-ID": "1",
              "X-Sent-From": "nginx-ingress-controller", "X-Real-IP": "10.1.2.3", "X-Forwarded-For": "10.1.2.3",
              "X-Auth-Request-Redirect": "/dashboard/?panel=1", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    if token:
        fields["Authorization"] = f"Bearer {token}"
    return requests.get(gateway.origin + url.path, headers=fields, allow_redirects=False, timeout=10)


def test_ingress_nginx_is_answered_as_it_asks(upstream):
    settings = {"server": {"trusted_proxies": [f"{HOST}/32"]}}
    with Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], "/", settings) as running:
        assert ask(running).status_code == 401
        answer = ask(running, running.create_token("ann")["access_token"])
        names = re.split(r",\s*", annotations()["auth-response-headers"])
        assert answer.status_code == 200 and len(names) == 7 and all(name in answer.headers for name in names)
        assert answer.headers["X-Auth-Request-User"] == "client:ann"


def listening(pid):
    """Local addresses that this process listens on, as /proc has them: hexadecimal, the bytes of each word reversed."""
    sockets = {os.readlink(file) for file in pathlib.Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()}
    rows = [line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return {tuple(row[1].split(":")) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}


def test_the_sidecars_history_server_listens_on_loopback_only(upstream, tmp_path):
    """Real Spark, with the container's command and environment but for folder, memory and port."""
    spec = the_one(documents("overlays/sidecar-history"), "Deployment")["spec"]["template"]["spec"]
    container = next(row for row in spec["containers"] if row["name"] == "history")
    port, home = free_port(), ensure_spark("4.3")
    env = {row["name"]: row["value"].replace("/var/spark-events", str(tmp_path)).replace("18080", str(port)) for row in container["env"]}
    command = [container["command"][0].replace("/opt/spark", str(home)), *container["command"][1:]]
    daemon = Daemon("history", command, {**os.environ, "SPARK_HOME": str(home), **env, "SPARK_DAEMON_MEMORY": "512m"}, tmp_path,
                    tmp_path / "history.log")
    try:
        wait_for(lambda: is_up(f"http://{HOST}:{port}/"), "the history server", 60, daemon.check)
        found = listening(daemon.pid)
        assert (f"{port:04X}" in {port for _, port in found}) and {address for address, _ in found} <= LOOPBACK
        with Gateway([{"name": "spark", "history": f"http://{HOST}:{port}"}], "/gate") as running:
            token = running.create_token("tests")["access_token"]
            wait_for(lambda: running.get_with_token("/spark/shs/", token) == 200, "history through the gateway", 30)
    finally:
        daemon.stop()
