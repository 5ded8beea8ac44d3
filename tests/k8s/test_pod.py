"""The base's pod without a kubelet: its user, its mounts, its read-only root and its access to the API server are the manifests', in a
mount namespace of the test's own, which takes root to make. Only addresses are changed.
"""

import os
import pathlib
import subprocess
import time

import pytest
import requests
import yaml

import gateway
from manifests import documents, lay_out, render, the_one
from redis_server import RedisServer
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for
from test_drivers import BAR_S, Drivers

BEGIN = "-----BEGIN CERTIFICATE-----"  # the tests' file has the key before it
# What a container has: folders mounted, nothing to write to, the user of the manifest and no capabilities. Arguments: a file with
# "where what" for each mount, the program, user, group, then variables and a command for env.
CONTAINER = """
mounts=$1 program=$2 user=$3 group=$4; shift 4
mount --make-rprivate /
mount -t tmpfs -o mode=755 none /run
mkdir /run/bin
install -m 755 "$program" /run/bin/sparkgate
cp -a /etc /run/etc
mount --bind /run/etc /etc
while read -r where what; do mkdir -p "$where"; mount --bind "$what" "$where"; mount -o remount,bind,ro "$where"; done <"$mounts"
mount -o remount,bind,ro /etc
mount -o remount,ro /run
mount -o remount,bind,ro /
exec setpriv --reuid "$user" --regid "$group" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs env -i PATH=/run/bin:/usr/bin "$@"
"""


class Pod:
    """The gateway's container of the base. `folder`: of the test, for what is mounted."""

    def __init__(self, kube, redis, folder):
        rows = documents("base")
        self.spec = the_one(rows, "Deployment")["spec"]["template"]["spec"]
        self.container = self.spec["containers"][0]
        self.folder, self.kube, self.port, self.admin_port = folder, kube, free_port(), free_port()
        text = the_one(rows, "ConfigMap")["data"]["sparkgate.yaml"]
        for old, new in ((":8480", f":{self.port}"), (":8481", f":{self.admin_port}"), ("sparkgate-redis:6379", f"{HOST}:{redis.port}"),
                         ("http://spark-history.spark.svc:18080", f"http://{HOST}:1")):
            assert old in text
            text = text.replace(old, new)
        self.conf = yaml.safe_load(text)
        secrets = {"sparkgate-oidc": {"client-secret": "a-client-secret"}, "sparkgate-redis": {"password": redis.secret},
                   "sparkgate-session": {"key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}
        self.volumes = {"config": {"sparkgate.yaml": text}, "secrets": self.projected("secrets", secrets),
                        "kubernetes": self.projected("kubernetes", secrets)}

    def projected(self, name, secrets):
        """Files of a projected volume, as a kubelet gathers them."""
        volume, files = next(row["projected"] for row in self.spec["volumes"] if row["name"] == name), {}
        for source in volume["sources"]:
            for item in source.get("secret", {}).get("items", []):
                files[item["path"]] = secrets[source["secret"]["name"]][item["key"]] + "\n"
            for item in source.get("configMap", {}).get("items", []):
                files[item["path"]] = BEGIN + self.kube.ca_file.read_text().partition(BEGIN)[2]
            for item in source.get("downwardAPI", {}).get("items", []):
                files[item["path"]] = "sparkgate"
            if "serviceAccountToken" in source:
                files[source["serviceAccountToken"]["path"]] = self.kube.token("sparkgate", self.spec["serviceAccountName"])
        return files

    def mount(self):
        """The table of mounts, whose files are root's and the pod's group's."""
        lines = []
        for row in self.container["volumeMounts"]:
            where = lay_out(self.folder / row["name"], self.volumes[row["name"]], 0o644 if row["name"] == "config" else 0o440)
            for file in where.rglob("*"):
                os.chown(file, 0, self.spec["securityContext"]["fsGroup"], follow_symlinks=False)
            lines.append(f"{row['mountPath']} {where}\n")
        table = self.folder / "mounts"
        table.write_text("".join(lines))
        return table

    def command(self, *words):
        user = self.spec["securityContext"]
        host, port = self.kube.url.removeprefix("https://").split(":")
        return ["unshare", "--mount", "sh", "-eu", "-c", CONTAINER, "container", str(self.folder / "mounts"), str(gateway.binary()),
                str(user["runAsUser"]), str(user["runAsGroup"]), f"KUBERNETES_SERVICE_HOST={host}", f"KUBERNETES_SERVICE_PORT={port}", *words]

    def __enter__(self):
        self.mount()
        self.daemon = Daemon("pod", self.command(*self.container["command"]), dict(os.environ), self.folder, self.folder / "pod.log")
        try:
            for probe in ("startupProbe", "readinessProbe"):
                path = self.container[probe]["httpGet"]["path"]
                wait_for(lambda: is_up(f"http://{HOST}:{self.admin_port}{path}"), path, 30, self.daemon.check)
        except BaseException:
            self.daemon.stop()
            raise
        return self

    def __exit__(self, *_):
        self.daemon.stop()

    def get(self, path, token):
        """As an ingress passes it on."""
        fields = {"Host": self.conf["server"]["public_url"].split("/")[2], "Authorization": f"Bearer {token}"}
        return requests.get(f"http://{HOST}:{self.port}{path}", headers=fields, allow_redirects=False, timeout=10)


@pytest.fixture(scope="module")
def pod(kube, tmp_path_factory):
    kube.kubectl("apply", "-f", "-", given=render("base"))
    with RedisServer(acl=True) as redis:
        redis.call("ACL", "SETUSER", "sparkgate", "on", f">{redis.secret}", "~*", "&*", "+@all")
        with Pod(kube, redis, tmp_path_factory.mktemp("pod")) as running:
            yield running


@pytest.fixture(scope="module")
def token(pod):
    words = [*pod.container["command"][:1], "token", "create", *pod.container["command"][1:], "--client-name", "tests", "--token-type", "admin"]
    result = subprocess.run(pod.command(*words), capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return yaml.safe_load(result.stdout)["access_token"]


def test_it_runs_as_the_manifest_says(pod):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pod.daemon.pid}/status").read_text().splitlines() if ":\t" in line)
    user = str(pod.spec["securityContext"]["runAsUser"])
    assert status["Uid"].split() == [user] * 4 and status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    mounts = [line.split() for line in pathlib.Path(f"/proc/{pod.daemon.pid}/mounts").read_text().splitlines()]
    assert all(options.split(",")[0] == "ro" for _, where, _, options, *_ in mounts if where in ("/", "/run", "/etc"))


def test_it_watches_the_namespace_of_its_role_by_its_own_account(pod):
    ready = requests.get(f"http://{HOST}:{pod.admin_port}/ready", timeout=10).json()
    wait_for(lambda: "pods of namespace spark are watched" in pod.daemon.log.read_text(), "the watch", 20, pod.daemon.check)
    assert ready["store"] == "ok"
    assert requests.get(f"http://{HOST}:{pod.admin_port}/ready", timeout=10).json()["kubernetes"] == {"spark": {"spark": "ok"}}


def test_a_driver_is_browsed_through_it_within_a_second(kube, pod, token):
    drivers = Drivers(kube)
    ui = drivers.submit("in-a-pod")
    try:
        drivers.run("in-a-pod")
        began = time.monotonic()
        wait_for(lambda: pod.get(f"/spark/proxy/{ui.id}/", token).status_code == 200, "the driver's UI", 20, pod.daemon.check)
        assert time.monotonic() - began < BAR_S
        assert "UI of in-a-pod" in pod.get(f"/spark/proxy/{ui.id}/", token).text
    finally:
        drivers.delete("in-a-pod")
        ui.stop()
