"""Releases of k8s/chart/ on a real API server, by both Helms: installed, upgraded, rolled back, uninstalled and installed again."""

import base64
import hashlib
import os
import re
import subprocess

import pytest

from chart import CHART, HELMS, run
from kube_programs import ensure_program
from manifests import new_kubectl

INSTALL_S = 60
SECRETS = {"redis": {"existing": "", "generate": True}}


class Release:
    """One release in a namespace of its own, which admits restricted pods only."""

    def __init__(self, kube, helm):
        self.kube, self.helm, self.namespace = kube, helm, f"gateways-{helm}"
        self.name = helm.replace("helm-", "gate")
        self.fullname = f"{self.name}-sparkgate"
        kube.namespace(self.namespace, {"pod-security.kubernetes.io/enforce": "restricted"})

    def run(self, *words, **options):
        return run(self.helm, *words, "-n", self.namespace, kubeconfig=self.kube.kubeconfig, **options)

    def install(self, **values):
        return self.run("install", self.name, str(CHART), values={"secrets": SECRETS, **values})

    def upgrade(self, **values):
        return self.run("upgrade", self.name, str(CHART), values={"secrets": SECRETS, **values})

    def of(self, kind, name, api="/api/v1"):
        return self.kube.must("GET", f"{api}/namespaces/{self.namespace}/{kind}/{name}")

    def secrets(self):
        """The generated ones: name -> data."""
        return {name: self.of("secrets", f"{self.fullname}-{name}")["data"] for name in ("session", "redis")}

    def configuration(self):
        return self.of("configmaps", self.fullname)["data"]["sparkgate.yaml"]

    def pod(self):
        return self.of("deployments", self.fullname, "/apis/apps/v1")["spec"]["template"]

    def is_there(self, kind, name, api):
        return self.kube.request("GET", f"{api}/{kind}/{name}")[0] == 200


@pytest.fixture(scope="module", params=HELMS)
def release(kube, request):
    running = Release(kube, request.param)
    running.notes = running.install().stdout
    yield running
    running.run("uninstall", running.name, check=False)


def test_s220_generated_secrets_survive_upgrades_a_rollback_and_a_new_installation(release):
    first = release.secrets()
    assert len(base64.b64decode(base64.b64decode(first["session"]["key"]))) == 32
    release.upgrade(config={"server": {"threads": 3}})
    assert release.secrets() == first and "threads: 3" in release.configuration()
    release.run("rollback", release.name, "1")
    assert release.secrets() == first and "threads: 2" in release.configuration()
    release.run("uninstall", release.name)
    assert release.secrets() == first
    assert not release.is_there(f"namespaces/{release.namespace}/deployments", release.fullname, "/apis/apps/v1")
    release.install()
    assert release.secrets() == first


def test_s220_a_key_that_was_rotated_by_hand_stays_at_an_upgrade(release):
    before = release.secrets()["session"]["key"]
    both = base64.b64encode(base64.b64encode(os.urandom(32)) + b"\n" + base64.b64decode(before)).decode()
    path = f"/api/v1/namespaces/{release.namespace}/secrets/{release.fullname}-session"
    release.kube.must("PATCH", path, {"data": {"key": both}}, content_type="application/merge-patch+json")
    release.upgrade()
    assert release.secrets()["session"]["key"] == both


def test_s220_somebody_elses_secret_is_not_taken_over(release):
    path = f"/api/v1/namespaces/{release.namespace}/secrets"
    release.kube.must("POST", path, {"metadata": {"name": "other-sparkgate-session"}, "stringData": {"key": "mine"}})
    result = release.run("install", "other", str(CHART), values={"secrets": SECRETS}, check=False)
    assert result.returncode != 0 and "other-sparkgate-session" in result.stderr
    assert release.of("secrets", "other-sparkgate-session")["data"] == {"key": base64.b64encode(b"mine").decode()}


def test_redis_generated_password_is_the_one_of_its_users(release):
    data = {key: base64.b64decode(value) for key, value in release.secrets()["redis"].items()}
    assert f"#{hashlib.sha256(data['password']).hexdigest()} ".encode() in data["users.acl"] and b"DIGEST" not in data["users.acl"]
    assert re.fullmatch(rb"[A-Za-z0-9]{64}", data["password"])


def test_an_upgrade_restarts_pods_when_the_configuration_changes_only(release):
    release.upgrade()
    first = release.pod()
    release.upgrade()
    assert release.pod() == first
    release.upgrade(config={"log": {"level": "debug"}})
    assert release.pod() != first
    release.upgrade()
    assert release.pod() == first


def replicas(release):
    return release.of("deployments", release.fullname, "/apis/apps/v1")["spec"]["replicas"]


def scale(release, number):
    release.kube.kubectl("-n", release.namespace, "scale", "deployment", release.fullname, f"--replicas={number}")


@pytest.mark.parametrize("values", [{"replicas": None}, {"autoscaling": {"enabled": True}}], ids=["null", "autoscaling"])
def test_who_else_scales_keeps_the_last_word(release, values):
    release.upgrade()
    scale(release, 5)
    for more in ({}, {"config": {"log": {"level": "debug"}}}):
        release.upgrade(**values, **more)  # also the first, which takes the chart's number away
        assert replicas(release) == 5
    scale(release, 2)  # as the chart's number, which the next upgrade has again
    release.upgrade()


def test_an_upgrade_after_a_scaling_by_hand_needs_what_the_readme_says(release):
    release.upgrade()
    scale(release, 5)
    refused = release.run("upgrade", release.name, str(CHART), values={"secrets": SECRETS}, check=False)
    if release.helm == "helm-4":
        assert refused.returncode != 0 and ".spec.replicas" in refused.stderr and replicas(release) == 5
        release.run("upgrade", release.name, str(CHART), "--force-conflicts", values={"secrets": SECRETS})
    assert replicas(release) == 2
    assert "--force-conflicts" in (CHART / "README.md").read_text()
    release.upgrade()


def test_its_pod_is_admitted_where_restricted_pods_are(release):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**release.pod()["metadata"], "name": "one"}, "spec": release.pod()["spec"]}
    status, answer = release.kube.request("POST", f"/api/v1/namespaces/{release.namespace}/pods?dryRun=All&fieldValidation=Strict", pod)
    assert status == 201, answer


def test_its_account_may_see_pods_of_drivers_and_no_secret(release):
    token = release.kube.token(release.namespace, release.fullname)
    assert release.kube.request("GET", "/api/v1/namespaces/spark/pods", token=token)[0] == 200
    for path in (f"namespaces/{release.namespace}/secrets", "namespaces/spark/pods/driver/log", "namespaces/default/pods"):
        assert release.kube.request("GET", f"/api/v1/{path}", token=token)[0] == 403


def test_notes_say_three_commands_about_what_is_there(release):
    commands = re.findall(r"^ +kubectl (.*)$", release.notes, re.M)
    assert len(commands) == 3
    for command in commands:
        assert f"-n {release.namespace}" in command
        kind, name = re.search(r"(deployment|service)/(\S+)", command).groups()
        release.kube.kubectl("-n", release.namespace, "get", kind, name)


def readme_commands():
    blocks = re.findall(r"^```sh\n(.*?)^```", (CHART / "README.md").read_text(), re.M | re.S)
    return next(text for text in blocks if "helm install" in text)


@pytest.mark.parametrize("helm", HELMS)
def test_the_readmes_commands_install_the_chart(kube, tmp_path, helm):
    """As they stand there, but for the names: `sparkgate` is what the base's tests have on this server."""
    name = helm.replace("helm-", "readme")
    (tmp_path / "client-secret").write_text("a-client-secret-of-the-tests\n")
    (tmp_path / "redis-password").write_text("a-password-of-the-tests\n")
    (tmp_path / "my.yaml").write_text("replicas: 3\n")
    (tmp_path / "k8s").symlink_to(CHART.parent)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(new_kubectl())
    (tmp_path / "bin" / "helm").symlink_to(ensure_program(helm) / "bin" / helm)
    text = readme_commands().replace("-n sparkgate", f"-n {name}").replace("namespace sparkgate", f"namespace {name}").replace("install sparkgate", f"install {name}")
    text = text.replace(f"install {name}", f"install {name}-sparkgate")
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "KUBECONFIG": str(kube.kubeconfig)}
    result = subprocess.run(["sh", "-eu", "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=INSTALL_S)
    assert result.returncode == 0, result.stderr
    try:
        assert kube.must("GET", f"/apis/apps/v1/namespaces/{name}/deployments/{name}-sparkgate")["spec"]["replicas"] == 3
    finally:
        run(helm, "uninstall", f"{name}-sparkgate", "-n", name, kubeconfig=kube.kubeconfig)
