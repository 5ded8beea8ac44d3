"""Spark's own ports refuse whoever goes round the gateway (T57): Spark 4.3 with its JWSFilter, and what the gateway shows to whom."""

import base64
import hashlib
import hmac
import json
import time

import pytest
import requests

from conftest import Client, await_everything, signed_in
from fake_spark import App, FakeSpark
from gateway import Gateway, cluster_entry, mounts_of
from kube_api import CLUSTERS, KubeApi, master_pod, spark_cluster
from spark_cluster import Cluster, wait_for
from upstream import Upstream

FILTER = "org.apache.spark.ui.JWSFilter"
APP = "app-20260101000000-0001"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


KEY, DRIVERS_KEY, OTHER_KEY = (b64url(bytes([number]) * 32) for number in (1, 2, 3))


def signature(text, key):
    return b64url(hmac.new(base64.urlsafe_b64decode(key + "="), text.encode(), hashlib.sha256).digest())


def bearer(key, life=3600):
    text = ".".join(b64url(json.dumps(part).encode()) for part in ({"alg": "HS256"}, {"exp": int(time.time()) + life}))
    return {"Authorization": f"Bearer {text}.{signature(text, key)}"}


def is_signed(field, key):
    """By this key, and good for two minutes at most."""
    text, _, signed = (field or "").removeprefix("Bearer ").rpartition(".")
    if not text or signed != signature(text, key):
        return False
    claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    return 0 < claims["exp"] - time.time() <= 120


def key_file(folder, name, key):
    path = folder / name
    path.write_text(key + "\n")
    path.chmod(0o600)
    return str(path)


# --- Spark ---


@pytest.fixture(scope="module")
def filtered():
    """A cluster all of whose UIs have the filter; it also insists on tokens that end."""
    conf = {"spark.ui.filters": FILTER, f"spark.{FILTER}.param.secretKey": KEY,
            f"spark.{FILTER}.param.requireExpiration": "true"}
    with Cluster("4.3", workers=1, conf=conf, apps=False, headers=bearer(KEY)) as cluster:
        cluster.apps["running"] = cluster.await_app(cluster.submit("running", "running app"))
        yield cluster.info()


@pytest.fixture(scope="module")
def guard(filtered, tmp_path_factory):
    folder = tmp_path_factory.mktemp("jws")
    with Gateway([{**cluster_entry(filtered), "jws_key_file": key_file(folder, "key", KEY)}]) as gateway:
        gateway.admin_token = await_everything(gateway, filtered)
        yield gateway


def test_t57_every_ui_of_spark_opens_through_the_gateway(filtered, guard):
    client = Client(guard, guard.admin_token)
    browser = signed_in(guard, "user")
    app = filtered["apps"]["running"]["id"]
    pages = [f"{mount}/" for mount in mounts_of(filtered)]
    pages += [f"/local/proxy/{app}/{path}" for path in ("jobs/", "executors/", "static/webui.css", "api/v1/applications")]
    pages += ["/local/shs/api/v1/applications", "/local/proxy/master/json/", f"/local/proxy/master/app/?appId={app}"]
    for page in pages:
        assert client.get(page, follow=True).status_code == 200, page
        assert browser.get(page, follow=True).status_code == 200, page
    assert app in browser.get("/local/").text


def test_t57_who_goes_round_the_gateway_is_refused(filtered, guard):
    ours = guard.admin_token
    wrong = {"no token": {}, "the gateway's own": {"Authorization": f"Bearer {ours}"}, "another key": bearer(OTHER_KEY),
             "an old one": bearer(KEY, -1), "nothing": {"Authorization": "Bearer "}}
    for url in mounts_of(filtered).values():
        for path in ("/", "/static/webui.css", "/json/", "/api/v1/applications"):
            for what, headers in wrong.items():
                assert requests.get(url + path, headers=headers, timeout=20).status_code == 403, (url, path, what)
        assert requests.get(url + "/", headers=bearer(KEY), timeout=20).status_code == 200


def test_t57_with_another_key_the_log_says_what_is_wrong(filtered, tmp_path):
    entry = {**cluster_entry(filtered), "jws_key_file": key_file(tmp_path, "key", OTHER_KEY)}
    with Gateway([entry]) as gateway:
        for place in (filtered["master"], filtered["history"]):
            wait_for(lambda: f"{place} does not answer: status 403, as Spark's JWSFilter says" in gateway.log_text(), place, 30)


# --- what is shown to whom ---


class Master(FakeSpark):
    def __init__(self):
        super().__init__()
        self.seen = []

    def answer(self, request):
        self.seen.append(request.headers.get("Authorization"))
        return super().answer(request)


def authorizations(app):
    return [dict(fields).get("authorization") for _, _, fields in app.seen]


def signed_by(seen):
    """The keys that the last requests were signed with."""
    return [key for key in (KEY, DRIVERS_KEY, OTHER_KEY) if any(is_signed(field, key) for field in seen)]


@pytest.fixture()
def spark():
    with Master() as made:
        made.add(App(APP, "billing"))
        yield made


def test_t57_a_clients_credentials_never_reach_spark(spark, tmp_path):
    with Upstream() as other:
        entry = {**spark.entry(), "uis": [{"name": "other", "url": other.url}], "jws_key_file": key_file(tmp_path, "key", KEY)}
        with Gateway([entry]) as gateway:
            token = gateway.create_token(role="admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{APP}/", "/local/proxy/master/"], token)
            for client in (Client(gateway, token), signed_in(gateway, "user")):
                for page in (f"/local/proxy/{APP}/jobs/", f"/local/proxy/{APP}/static/x.css", "/local/proxy/master/"):
                    assert client.get(page).status_code == 200
                fields = dict(client.get("/local/ui/other/").json()["fields"])
                assert "authorization" not in fields  # a UI that is not Spark's has no use for Spark's key
            seen = authorizations(spark.apps[0]) + spark.seen
            assert all(is_signed(field, KEY) for field in seen) and len(seen) > 6


def test_t57_drivers_see_a_token_of_their_own_key_only(spark, tmp_path):
    entry = {**spark.entry(), "jws_key_file": key_file(tmp_path, "key", KEY),
             "jws_driver_key_file": key_file(tmp_path, "drivers", DRIVERS_KEY)}
    with Gateway([entry]) as gateway:
        token = gateway.create_token(role="admin")["access_token"]
        gateway.await_mounts([f"/local/proxy/{APP}/", "/local/proxy/master/"], token)
        assert all(is_signed(field, DRIVERS_KEY) for field in authorizations(spark.apps[0]))
        assert all(is_signed(field, KEY) for field in spark.seen)


def test_s108_found_cluster_is_shown_drivers_tokens_only(spark, tmp_path):
    """Whoever may create a SparkCluster decides what runs as its master, and so sees what that is shown."""
    with KubeApi() as api:
        api.serve(CLUSTERS)
        api.put(spark_cluster("found"))
        api.put(master_pod("found", spark.server.server_port))
        entry = {"name": "k", "poll": "1s", "jws_key_file": key_file(tmp_path, "key", KEY),
                 "jws_driver_key_file": key_file(tmp_path, "drivers", DRIVERS_KEY),
                 "kubernetes": {"namespaces": ["spark"], "clusters": True, "kubeconfig": str(api.kubeconfig(tmp_path))}}
        with Gateway([entry]) as gateway:
            client = Client(gateway, gateway.create_token(role="admin")["access_token"])
            pages = f"/found/proxy/{APP}/jobs/", "/found/proxy/master/"
            for page in pages:
                wait_for(lambda: client.get(page).status_code == 200, page, 20)
            seen = authorizations(spark.apps[0]) + spark.seen
            assert seen and all(is_signed(field, DRIVERS_KEY) for field in seen)


def test_t57_another_key_is_used_after_a_reload(spark, tmp_path):
    entry = {**spark.entry(), "jws_key_file": key_file(tmp_path, "key", KEY)}
    with Gateway([entry]) as gateway:
        client = Client(gateway, gateway.create_token(role="admin")["access_token"])
        wait_for(lambda: client.get(f"/local/proxy/{APP}/jobs/").status_code == 200, "the application", 20)
        key_file(tmp_path, "key", OTHER_KEY)
        gateway.reload()

        def is_used():
            del spark.apps[0].seen[:], spark.seen[:]
            client.get(f"/local/proxy/{APP}/jobs/")
            return signed_by(authorizations(spark.apps[0])) == [OTHER_KEY]
        wait_for(is_used, "the new key at the driver", 20)
        wait_for(lambda: signed_by(spark.seen) == [OTHER_KEY], "the new key at the master", 20)
        client.get("/local/proxy/master/")
        assert signed_by(spark.seen) == [OTHER_KEY]
