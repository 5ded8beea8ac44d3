"""What the gateway's ServiceAccount may do on a real API server, asked with its own token: see pods of one namespace, nothing else."""

import json
import re
import subprocess

import pytest

from gateway import binary
from manifests import render

PODS = ("pods", "[list watch]")
ALLOWED = [("GET", "/api/v1/namespaces/spark/pods?limit=1"),
           ("GET", "/api/v1/namespaces/spark/pods?watch=true&timeoutSeconds=1&labelSelector=spark-role%3Ddriver")]
REFUSED = [
    ("GET", "/api/v1/namespaces/spark/pods/driver"), ("GET", "/api/v1/pods"), ("GET", "/api/v1/namespaces/default/pods"), ("GET", "/api/v1/namespaces/sparkgate/pods"),
    ("GET", "/api/v1/namespaces/spark/pods/driver/log"), ("POST", "/api/v1/namespaces/spark/pods/driver/exec?command=id"),
    ("GET", "/api/v1/namespaces/spark/pods/driver/proxy/"), ("POST", "/api/v1/namespaces/spark/pods"),
    ("DELETE", "/api/v1/namespaces/spark/pods/driver"), ("GET", "/api/v1/namespaces/spark/secrets"),
    ("GET", "/api/v1/namespaces/sparkgate/secrets/sparkgate-session"), ("GET", "/api/v1/namespaces/spark/configmaps"),
    ("POST", "/api/v1/namespaces/sparkgate/serviceaccounts/sparkgate/token"), ("GET", "/api/v1/namespaces"), ("GET", "/api/v1/nodes")]


@pytest.fixture(scope="module")
def kubeconfig(kube):
    """The ServiceAccount's, after the base was applied."""
    kube.kubectl("apply", "-f", "-", given=render("base"))
    return kube.write_kubeconfig("gateway", kube.token("sparkgate", "sparkgate"))


def rights(kube, kubeconfig, namespace):
    """What `kubectl auth can-i --list` says: (resource or URL, verbs)."""
    lines = kube.kubectl("auth", "can-i", "--list", "-n", namespace, kubeconfig=kubeconfig).stdout.splitlines()[1:]
    found = set()
    for line in lines:
        names = re.match(r"(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+(\[.*\])", line)
        found.add((names.group(1) or names.group(2), names.group(4)) if not names.group(3) else line)
    return found


def nobody_special(kube):
    """Of a ServiceAccount that nothing was granted: what Kubernetes lets every account do."""
    if kube.request("GET", "/api/v1/namespaces/default/serviceaccounts/nobody")[0] == 404:
        kube.must("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "nobody"}})
    return kube.write_kubeconfig("nobody", kube.token("default", "nobody"))


def test_it_may_see_pods_where_drivers_run_and_nothing_more(kube, kubeconfig):
    everyones = rights(kube, nobody_special(kube), "spark")
    assert rights(kube, kubeconfig, "spark") - everyones == {PODS}
    assert everyones - rights(kube, kubeconfig, "spark") == set()


@pytest.mark.parametrize("namespace", ["sparkgate", "default", "kube-system"])
def test_elsewhere_it_may_do_what_every_account_may(kube, kubeconfig, namespace):
    assert rights(kube, kubeconfig, namespace) == rights(kube, nobody_special(kube), namespace)


def doctor(kubeconfig, folder, namespace):
    config = folder / "doctor.yaml"
    config.write_text(json.dumps({"clusters": [{"name": "k8s", "kubernetes": {"namespaces": [namespace], "kubeconfig": str(kubeconfig)}}], "store": "memory:"}))
    return subprocess.run([str(binary()), "doctor", "--config", str(config)], capture_output=True, text=True, timeout=120)


def test_doctor_says_which_rights_the_account_has_and_which_manifest_gives_others(kube, kubeconfig, tmp_path):
    said = doctor(kubeconfig, tmp_path, "spark")
    assert said.returncode == 0 and "fine   rights of k8s in spark: the verbs list and watch of pods" in said.stdout, said.stdout
    assert "without the verb get of pods/log no log of a pod is shown or kept; k8s/overlays/pod-logs/ gives it" in said.stdout
    elsewhere = doctor(kubeconfig, tmp_path, "default")
    assert elsewhere.returncode == 1 and "wrong  rights of k8s in default: lacks the verbs list and watch of pods" in elsewhere.stdout


def test_the_overlay_for_logs_gives_logs_and_events_of_that_namespace_and_nothing_more(kube):
    kube.kubectl("apply", "-f", "-", given=render("overlays/pod-logs"))
    kubeconfig = kube.write_kubeconfig("reader", kube.token("sparkgate", "sparkgate"))
    try:
        assert rights(kube, kubeconfig, "spark") - rights(kube, nobody_special(kube), "spark") == {
            PODS, ("pods/log", "[get]"), ("events", "[list]")}
        assert rights(kube, kubeconfig, "default") == rights(kube, nobody_special(kube), "default")
    finally:
        for kind in ("rolebindings", "roles"):
            kube.must("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/spark/{kind}/sparkgate-logs")


def test_s134_the_overlay_for_launches_lets_it_make_and_delete_applications_of_one_namespace_and_write_nothing_else(kube):
    kube.kubectl("apply", "-f", "-", given=render("overlays/launch"))
    kubeconfig = kube.write_kubeconfig("launcher", kube.token("sparkgate", "sparkgate"))
    verbs = "[create delete list watch]"
    try:
        assert rights(kube, kubeconfig, "spark") - rights(kube, nobody_special(kube), "spark") == {
            PODS, ("pods/log", "[get]"), ("events", "[list]"), ("configmaps", "[create delete]"),
            ("sparkapplications.sparkoperator.k8s.io", verbs), ("sparkapplications.spark.apache.org", verbs)}
        for namespace in ("default", "sparkgate"):
            assert rights(kube, kubeconfig, namespace) == rights(kube, nobody_special(kube), namespace)
    finally:
        for name in ("sparkgate-logs", "sparkgate-launch"):
            for kind in ("rolebindings", "roles"):
                kube.must("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/spark/{kind}/{name}")


def test_every_account_may_only_ask_about_itself_and_the_servers_health(kube):
    resources = {name for name, _ in rights(kube, nobody_special(kube), "spark") if not name.startswith("/")}
    assert {name.partition(".")[0] for name in resources} == {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}


@pytest.mark.parametrize(("method", "path"), ALLOWED)
def test_its_token_opens(kube, kubeconfig, method, path):
    assert kube.request(method, path, token=kube.token("sparkgate", "sparkgate"))[0] == 200


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_its_token_does_not_open(kube, kubeconfig, method, path):
    body = {} if method == "POST" else None
    assert kube.request(method, path, body, token=kube.token("sparkgate", "sparkgate"))[0] == 403
