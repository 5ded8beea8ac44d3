"""`sparkgate init` writes a configuration; `doctor` tries what a configuration names, and says what is wrong and what to do; --check shows all mistakes."""

import datetime
import http.server
import json
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest
import requests

from gateway import ROOT, Gateway, binary
from oidc_provider import OidcProvider
from redis_server import USER, RedisServer
from s3_server import S3Server
from signon import shared_store
from spark_cluster import HOST, free_port
from tls_front import write_certificate

MASTER_JSON = {"url": "spark://x:7077", "aliveworkers": 0, "workers": [], "activeapps": [], "completedapps": [], "activedrivers": [],
               "completeddrivers": [], "status": "ALIVE", "cores": 0, "coresused": 0, "memory": 0, "memoryused": 0}

ORDINARY = 65534  # an account that is not root


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.server.answers.get(self.path.split("?")[0], (404, "nothing"))
        if self.server.key and not self.headers.get("Authorization", "").startswith("Bearer ey"):
            status, body = 403, "JWSFilter"
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(status)
        date = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.server.ahead)
        self.send_header("Date", date.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        """A SelfSubjectAccessReview: what `rights` has is allowed."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["spec"]["resourceAttributes"]
        words = "/".join(text for text in (asked["group"], asked["resource"], asked["subresource"]) if text)
        content = json.dumps({"status": {"allowed": f"{asked['verb']} {words} {asked['namespace']}" in self.server.rights}}).encode()
        self.send_response_only(201)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Played:
    """A server with these answers, path for path."""

    def __init__(self, answers, ahead=0, key=False, rights=()):
        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.server.answers, self.server.ahead, self.server.key = answers, ahead, key
        self.server.rights = rights
        self.url = f"http://{HOST}:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def spark(**more):
    page = '<html><span class="version">4.1.0</span></html>'
    return Played({"/json/": (200, MASTER_JSON), "/app/": (200, page), "/api/v1/version": (200, {"spark": "4.1.0"}), "/api/v1/applications": (200, [])}, **more)


def doctor(clusters, settings=None, folder=None):
    gateway = Gateway(clusters, settings=settings, folder=folder)
    try:
        gateway.write_config()
        return subprocess.run([str(binary()), "doctor", "--config", str(gateway.config)], capture_output=True, text=True, timeout=120)
    finally:
        gateway.stop()


def line(said, start):
    return next((text for text in said.stdout.splitlines() if text.startswith(start)), said.stdout + said.stderr)


def test_all_that_answers_is_fine(tmp_path):
    with spark() as one:
        said = doctor([{"name": "prod", "masters": [one.url], "history": one.url, "uis": [{"name": "hdfs", "url": one.url}]}])
    assert said.returncode == 0, said.stdout
    assert re.search(rf"^fine +master of prod, {one.url}: Spark", said.stdout, re.M)
    assert f"fine   history server of prod, {one.url}: Spark 4.1.0" in said.stdout
    assert "fine   UI hdfs of prod: it answers (status 404)" in said.stdout
    assert said.stdout.splitlines()[-1].endswith("0 wrong") and said.stderr == ""


@pytest.mark.parametrize("url, why, todo", [
    (f"http://{HOST}:1", "connect", "start it, or correct its address"),
    ("http://no-such-name.invalid:8080", "resolve", "correct the name, or this machine's DNS")])
def test_what_does_not_answer_is_wrong_and_the_line_says_what_to_do(url, why, todo):
    said = doctor([{"name": "prod", "masters": [url]}])
    assert said.returncode == 1
    assert why in line(said, f"wrong  master of prod, {url}") and f"-> {todo}" in said.stdout


def test_a_server_that_is_no_master_is_told_from_one():
    with Played({"/json/": (200, {"status": "ALIVE"})}) as other, Played({}) as nothing:
        said = doctor([{"name": "a", "masters": [other.url]}, {"name": "b", "masters": [nothing.url]}])
    assert "not as a Spark master" in line(said, "wrong  master of a") and "status 404" in line(said, "wrong  master of b")


def test_a_key_that_the_filter_wants_is_missed_and_found(tmp_path):
    key = tmp_path / "jws"
    key.write_text("A" * 44)
    key.chmod(0o600)
    with spark(key=True) as one:
        without = doctor([{"name": "prod", "masters": [one.url]}])
        having = doctor([{"name": "prod", "masters": [one.url], "jws_key_file": str(key)}])
    assert "status 403" in line(without, "wrong  master of prod") and "set clusters[].jws_key_file" in without.stdout
    assert having.returncode == 0, having.stdout


def test_a_clock_that_is_another_one_is_named():
    with spark(ahead=300) as one:
        said = doctor([{"name": "prod", "history": one.url}])
    assert said.returncode == 1 and re.search(r"its clock is (299|300|301) s ahead of this machine's", said.stdout) and "NTP" in said.stdout


def test_a_redis_is_tried_with_its_rights(tmp_path):
    with spark() as one, RedisServer() as redis:
        good = doctor([{"name": "prod", "history": one.url}], shared_store(redis, tmp_path))
        assert "fine   store: it answers, and can be written" in good.stdout, good.stdout
    gone = doctor([{"name": "prod", "history": f"http://{HOST}:1"}], {"store": f"redis://{HOST}:1/0"}, tmp_path)
    assert line(gone, "wrong  store") and gone.returncode == 1


def test_a_right_at_redis_that_is_lacking_is_named_as_an_acl_names_it(tmp_path):
    acl = " ".join(re.search(r"ACL SETUSER gate on >PASSWORD (.*?)\n```", (ROOT / "docs/stores.md").read_text(), re.S).group(1).split())
    with spark() as one, RedisServer(acl=True) as redis:
        shared, prod = shared_store(redis, tmp_path), [{"name": "prod", "history": one.url}]
        redis.call("ACL", "SETUSER", USER, "reset", "on", f">{redis.secret}", *acl.split())
        assert "fine   rights at Redis: each command" in doctor(prod, shared).stdout
        redis.call("ACL", "SETUSER", USER, "-zcard", "-publish", "-zrevrangebylex")
        said = doctor(prod, shared)
        assert line(said, "wrong  rights at Redis").endswith(": +zcard +zrevrangebylex +publish") and said.returncode == 1
        assert redis.call("EXISTS", "sparkgate:doctor") == 0


def test_a_certificate_and_a_key_of_another_one_are_no_pair(tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    one, two = write_certificate(tmp_path / "a", [HOST]), write_certificate(tmp_path / "b", [HOST])
    for pem in (one, two):
        pem.chmod(0o600)
    tls = {"server": {"public_url": f"https://{HOST}:{free_port()}/", "tls": {"certificate": str(one), "key": str(two)}}}
    gateway = Gateway([{"name": "x", "history": f"http://{HOST}:1"}], settings=tls, folder=tmp_path)
    gateway.write_config()
    check = subprocess.run([str(binary()), "--config", str(gateway.config), "--check"], capture_output=True, text=True, timeout=20)
    assert check.returncode == 1 and "is not this certificate's" in check.stderr, check.stderr
    said = doctor([{"name": "x", "history": f"http://{HOST}:1"}], tls, tmp_path)
    assert "is not this certificate's" in line(said, "wrong  server.tls")


# --- Kubernetes; tests/k8s/test_rbac.py asks a real API server ---


def kubernetes(folder, url):
    config = folder / "kubeconfig"
    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "x", "clusters": [{"name": "x", "cluster": {"server": url}}],
        "users": [{"name": "x", "user": {"token": "canary-of-the-account"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "spark"}}]}))
    config.chmod(0o600)
    return [{"name": "k8s", "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(config)}}]


def test_rights_in_kubernetes_are_asked_one_by_one(tmp_path):
    version = {"/version": (200, {"gitVersion": "v1.36.3"})}
    with Played(version, rights=("list pods spark", "watch pods spark", "get pods/log spark")) as api:
        said = doctor(kubernetes(tmp_path, api.url))
    assert said.returncode == 0, said.stdout
    assert "fine   rights of k8s in spark: the verbs list and watch of pods" in said.stdout
    assert "fine   rights of k8s in spark: the verb get of pods/log" in said.stdout
    assert "without the verb list of events no event of a pod is shown or kept; k8s/overlays/pod-logs/ gives it" in line(said, "note   rights of k8s")
    with Played(version, rights=("list pods spark",)) as api:
        said = doctor(kubernetes(tmp_path, api.url))
    assert "lacks the verbs list and watch of pods: without it no driver is shown" in line(said, "wrong  rights of k8s in spark")
    assert "apply k8s/base/spark-namespace.yaml" in said.stdout and said.returncode == 1 and "canary" not in said.stdout
    with Played({"/version": (401, {})}) as api:
        assert "it does not know the account" in line(doctor(kubernetes(tmp_path, api.url)), "wrong  API server of k8s")


# --- all mistakes at once ---


def test_check_shows_all_mistakes_at_once(tmp_path):
    config = tmp_path / "sparkgate.yaml"
    config.write_text("""server:
  listne: 127.0.0.1:8480
  threads: many
clusters:
  - {name: prod, masters: ["not a url"], poll: 2 weeks}
  - {name: proxy, history: "http://127.0.0.1:1"}
log: {level: loud}
store: "memory:"
""")
    check = subprocess.run([str(binary()), "--config", str(config), "--check"], capture_output=True, text=True, timeout=20)
    told = [text.partition(": key ")[0].rsplit(":", 2)[1] for text in check.stderr.splitlines()]
    assert check.returncode == 1 and sorted(told) == ["2", "3", "5", "5", "6", "7"], check.stderr
    doctor_said = subprocess.run([str(binary()), "doctor", "--config", str(config)], capture_output=True, text=True, timeout=20)
    assert doctor_said.returncode == 1 and doctor_said.stdout.splitlines()[-1].endswith("6 wrong")


# --- certificates and clusters in the metrics ---


def test_metrics_say_which_clusters_are_up_and_when_the_certificate_ends(tmp_path):
    pem = write_certificate(tmp_path, [HOST])
    pem.chmod(0o600)
    port = free_port()
    settings = {"server": {"public_url": f"https://{HOST}:{port}/", "tls": {"certificate": str(pem), "key": str(pem)}}}
    with spark() as one, socket.socket() as closed:
        closed.bind((HOST, 0))
        clusters = [{"name": "up", "history": one.url}, {"name": "down", "history": f"http://{HOST}:{closed.getsockname()[1]}"}]
        with Gateway(clusters, settings=settings, port=port) as gate:
            text, until = "", time.monotonic() + 20
            while '{cluster="up"} 1' not in text and time.monotonic() < until:
                text = requests.get(f"{gate.admin_url}/metrics", timeout=5).text
                time.sleep(0.2)
    assert 'sparkgate_cluster_up{cluster="up"} 1' in text and 'sparkgate_cluster_up{cluster="down"} 0' in text
    ends = int(re.search(r"^sparkgate_certificate_expiry_seconds (\d+)$", text, re.M).group(1))
    assert ends > time.time()


# --- the provider ---


def secret_file(folder, text):
    path = folder / f"secret-{len(text)}"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_the_clients_secret_is_tried_where_that_is_harmless(tmp_path):
    with OidcProvider() as provider, spark() as one:
        gateway = Gateway([{"name": "prod", "history": one.url}])
        oidc = {"issuer": provider.issuer, "client_id": "doctor"}
        secret = provider.add_client("doctor", [gateway])
        said = {}
        for word, text in (("good", secret), ("bad", "not-the-secret-of-this-client-canary")):
            gateway.merge({"auth": {"oidc": {**oidc, "client_secret_file": secret_file(tmp_path, text)}, "roles": {"claim": "roles", "user": ["u"]}}})
            gateway.write_config()
            said[word] = subprocess.run([str(binary()), "doctor", "--config", str(gateway.config)], capture_output=True, text=True, timeout=120)
        gateway.stop()
    assert "the provider refuses them" in line(said["bad"], "wrong  client id and secret"), said["bad"].stdout
    assert said["bad"].returncode == 1 and "canary" not in said["bad"].stdout + said["bad"].stderr
    assert f"fine   client id and secret at {provider.issuer}" in said["good"].stdout, said["good"].stdout
    assert f"fine   provider {provider.issuer}" in said["good"].stdout and said["good"].returncode == 0


def test_an_issuer_of_opaque_tokens_is_tried_with_the_gateways_client(tmp_path):
    with OidcProvider() as provider, spark() as one:
        secret = provider.add_service("doctor")
        said = {}
        for word, text in (("good", secret), ("bad", "not-the-secret-of-this-client-canary")):
            row = {"issuer": provider.issuer, "audience": ["doctor"],
                   "introspection": {"client_id": "doctor", "client_secret_file": secret_file(tmp_path, text)}}
            said[word] = doctor([{"name": "prod", "history": one.url}], {"auth": {"bearer": [row], "roles": {"claim": "roles", "user": ["u"]}}})
    assert "the issuer refuses them" in line(said["bad"], "wrong  introspection at"), said["bad"].stdout
    assert said["bad"].returncode == 1 and "canary" not in said["bad"].stdout + said["bad"].stderr
    assert f"fine   introspection at {provider.issuer}: " in said["good"].stdout, said["good"].stdout


def test_a_rest_server_is_told_from_what_is_none():
    status = {"action": "SubmissionStatusResponse", "serverSparkVersion": "4.1.0", "submissionId": "sparkgate-doctor", "success": False}
    launch = {"profiles": [{"name": "small", "roles": ["everyone"]}], "allow": ["file:/opt/*"]}
    with Played({"/v1/submissions/status/sparkgate-doctor": (200, status)}) as rest, spark() as one:
        for url, verdict in ((rest.url, "fine   REST server of prod"), (one.url, "wrong  REST server of prod")):
            said = doctor([{"name": "prod", "masters": [one.url], "launch": {**launch, "rest": [url]}}])
            assert line(said, verdict).startswith(verdict), said.stdout


def test_an_object_storage_is_tried_with_the_gateways_key(tmp_path):
    with S3Server() as s3, spark() as one:
        artifacts = s3.conf()
        launch = {"profiles": [{"name": "small", "roles": ["everyone"]}], "rest": [one.url], "artifacts": artifacts}
        prod = [{"name": "prod", "masters": [one.url], "launch": launch}]
        assert line(doctor(prod), "fine   object storage of prod").endswith(": it lists the bucket")
        s3.write_keys("AKIDOFTHETESTS", "another-secret-canary")
        said = doctor(prod)
        assert "(403)" in line(said, "wrong  object storage of prod") and "canary" not in said.stdout + said.stderr
        artifacts["s3"] = f"http://{HOST}:1/apps"
        assert line(doctor(prod), "wrong  object storage of prod").startswith("wrong")


@pytest.mark.parametrize("host, verdict", [(HOST, "note   log.gelf: "), ("nobody.invalid", "wrong  log.gelf: ")])
def test_where_log_lines_go_is_looked_up_and_said(host, verdict):
    with spark() as one:
        assert verdict in doctor([{"name": "prod", "history": one.url}], {"log": {"gelf": f"udp://{host}:12201"}}).stdout


# --- sparkgate init ---


def init(folder, *words):
    return subprocess.run([str(binary()), "init", *words], capture_output=True, text=True, timeout=20, cwd=folder, stdin=subprocess.DEVNULL)


def test_init_writes_a_file_that_passes_its_check_and_is_the_owners_alone(tmp_path):
    secret = secret_file(tmp_path, "a-client-secret")
    words = ["--master", "http://m1:8080,http://m2:8080", "--history", "http://h:18080", "--network", "10.1.0.0/16", "--public-url", "https://spark.example.net/ui/",
             "--issuer", "https://idp.example.net/realms/x", "--client-id", 'spark"gate', "--client-secret-file", secret, "--roles-claim", "groups",
             "--admin-role", "ops,root", "--user-role", "all", "--store", f"sqlite:{tmp_path}/state.db"]
    made = init(tmp_path, *words)
    assert made.returncode == 0, made.stderr
    assert "sparkgate doctor --config sparkgate.yaml" in made.stdout
    assert (tmp_path / "sparkgate.yaml").stat().st_mode & 0o777 in (0o600, 0o640)
    shown = subprocess.run([str(binary()), "--config", str(tmp_path / "sparkgate.yaml"), "--print-config"], capture_output=True, text=True, timeout=20).stdout
    for text in ("http://m2:8080", "http://h:18080", "10.1.0.0/16", "https://spark.example.net/ui/", "https://idp.example.net/realms/x", "ops", "groups"):
        assert text in shown, shown
    assert [path.name for path in tmp_path.iterdir() if "sparkgate" in path.name] == ["sparkgate.yaml"]


def test_init_without_anything_to_show_says_what_to_give(tmp_path):
    said = init(tmp_path)
    assert said.returncode == 1 and "give --master URL, or --history URL" in said.stderr and not list(tmp_path.iterdir())


def test_what_init_writes_for_an_ordinary_account_is_a_gateway_that_this_account_can_start():
    with tempfile.TemporaryDirectory(prefix="sparkgate-init-") as folder:
        account = {"user": ORDINARY, "group": ORDINARY} if os.geteuid() == 0 else {}
        program = shutil.copy(binary(), folder)
        os.chmod(folder, 0o777)
        made = subprocess.run([program, "init", "--master", "http://m:8080"], cwd=folder, env={"HOME": folder}, capture_output=True, text=True,
                              timeout=20, stdin=subprocess.DEVNULL, **account)
        assert made.returncode == 0, made.stderr
        text = pathlib.Path(folder, "sparkgate.yaml").read_text()
    assert text.endswith(f'store: "sqlite:{folder}/.local/state/sparkgate/state.db"\n')


def test_init_replaces_a_file_by_force_only_and_never_by_a_wrong_one(tmp_path):
    (tmp_path / "sparkgate.yaml").write_text("mine")
    again = init(tmp_path, "--master", "http://m:8080")
    assert again.returncode == 1 and "--force replaces it" in again.stderr
    wrong = init(tmp_path, "--master", "ftp://m", "--public-url", "nowhere", "--force")
    assert wrong.returncode == 1 and 'clusters[0].masters[0]"' in wrong.stderr and 'server.public_url"' in wrong.stderr
    assert (tmp_path / "sparkgate.yaml").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    assert init(tmp_path, "--master", "http://m:8080", "--force").returncode == 0
    assert "http://m:8080" in (tmp_path / "sparkgate.yaml").read_text()


def test_init_asks_at_a_terminal_for_what_was_not_said(tmp_path):
    master, slave = pty.openpty()
    with subprocess.Popen([str(binary()), "init", "--history", "http://h:18080"], stdin=slave, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        os.write(master, b"http://m:8080\n\n\n\n\n")
        said = process.communicate(timeout=20)[0]
    os.close(slave), os.close(master)
    assert process.returncode == 0 and "Web address of the Spark master" in said and "history server" not in said and "client id" not in said
    assert "http://m:8080" in (tmp_path / "sparkgate.yaml").read_text() and "http://h:18080" in (tmp_path / "sparkgate.yaml").read_text()
