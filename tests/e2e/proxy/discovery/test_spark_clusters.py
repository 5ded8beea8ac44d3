"""Whole clusters of Kubernetes: SparkCluster resources become clusters of the gateway, as a fake API server tells of them.

Nobody schedules them: each master is a played one of the test's own, and its pod's address is loopback.
"""

import re
import time
import urllib.parse

import pytest
import requests

from conftest import NAVIGATION, Client, signed_in
from fake_spark import App, FakeSpark
from gateway import mounts_of
from killing_spark import KillingSpark
from kube_api import CLUSTERS, HOST, SERVICES, master_pod, pod, service, spark_cluster
from kube_world import History, World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready

ROW_S, MASTER_S = 1.0, 2.0


class Clusters(World):
    """A gateway that finds clusters; each made here has a played master."""

    def __init__(self, folder, api, settings=None, namespaces=("spark",), started=True):
        api.serve(CLUSTERS, SERVICES)
        super().__init__(folder, api, settings, started=False)
        self.entry["kubernetes"].update(clusters=True, namespaces=list(namespaces))
        self.entry["poll"] = "2s"
        if started:
            self.begin()

    def begin(self):
        super().begin()
        each = len(self.entry["kubernetes"]["namespaces"])
        self.until(lambda: len(self.api.watchers) >= 4 * each, "watches")

    def master(self, cluster, namespace="spark", spark=None, **more):
        """Its pod runs and its master answers."""
        spark = spark or FakeSpark()
        self.apps.append(spark)
        self.api.put(master_pod(cluster, spark.server.server_port, namespace=namespace, **more))
        return spark

    def create(self, name, namespace="spark", state="RunningHealthy", spark=None):
        self.api.put(spark_cluster(name, state, namespace))
        return self.master(name, namespace, spark)

    def drop(self, name, namespace="spark"):
        self.api.delete(name, namespace, CLUSTERS)
        self.api.delete(f"{name}-master-0", namespace)

    def home(self, client=None):
        return (client or self.client).get("/", headers=NAVIGATION).text

    def shows(self, path, client=None):
        return f'href="{path}/"' in self.home(client)


@pytest.fixture
def world(tmp_path, api):
    made = Clusters(tmp_path, api)
    yield made
    made.stop()


def test_spark_cluster_is_a_cluster_from_its_creation_to_its_deletion(world):
    world.api.put(spark_cluster("nightly"))
    listed = world.until(lambda: world.shows("/nightly"), "a cluster on the home page")
    assert listed < ROW_S
    assert "SparkCluster in spark: Submitted" in world.home()
    assert world.status("/nightly/proxy/master/") == 503  # it starts
    spark = world.master("nightly")
    answers = world.until_status("/nightly/proxy/master/", 200)
    assert answers < MASTER_S
    print(f"on the home page after {listed * 1000:.0f} ms, its master's page {answers * 1000:.0f} ms after it answers")
    world.api.put(spark_cluster("nightly", "RunningHealthy"))
    world.until(lambda: "SparkCluster in spark: RunningHealthy" in world.home(), "its state")
    app = spark.add(App("app-20261129004500-0001", "report"))
    world.until_status(f"/nightly/proxy/{app.id}/", 200)
    assert "UI of report" in world.client.get(f"/nightly/proxy/{app.id}/").text
    world.drop("nightly")
    goes = [world.until(lambda: not world.shows("/nightly"), "a home page without it")]
    for name in ("second", "third"):  # on a busy machine one may be slow
        world.create(name)
        world.until_status(f"/{name}/proxy/master/", 200)
        world.drop(name)
        goes.append(world.until(lambda: not world.shows(f"/{name}"), "a home page without it"))
    assert min(goes) < ROW_S
    person = signed_in(world.gateway, "user")
    for path in ("/nightly/", "/nightly/proxy/master/"):
        page = person.get(path, headers=NAVIGATION)
        assert page.status_code == 404
        assert "This cluster was deleted" in page.text and "of the namespace spark was deleted" in page.text
        assert "Its last state was RunningHealthy" in page.text
    page = person.get(f"/nightly/proxy/{app.id}/", headers=NAVIGATION)
    assert page.status_code == 404 and "report" in page.text and "was deleted" in page.text
    assert "report" in person.get("/nightly/apps/report", headers=NAVIGATION).text


def test_s148_deleted_cluster_is_remembered_by_all_gateways_and_after_a_restart(world):
    for name in ("nightly", "again"):
        world.create(name)
        world.until_status(f"/{name}/proxy/master/", 200)
        world.drop(name)
        world.until_status(f"/{name}/", 404)
    person = signed_in(world.gateway, "user")
    said = person.get("/nightly/", headers=NAVIGATION).text
    when = re.search(r"<p>SparkCluster .*?</p>", said, re.S)[0]
    assert "Its last state was RunningHealthy" in when
    world.create("again")
    world.until_status("/again/proxy/master/", 200)
    world.restart()
    person = signed_in(world.gateway, "user")
    world.until(lambda: "This cluster was deleted" in person.get("/nightly/", headers=NAVIGATION).text, "what it was")
    for path in ("/nightly/", "/nightly/proxy/master/"):
        page = person.get(path, headers=NAVIGATION)
        assert page.status_code == 404 and when in page.text
    assert not world.shows("/nightly")
    world.until_status("/again/proxy/master/", 200)  # what came again is no deleted one
    world.drop("again")
    world.until_status("/again/", 404)
    world.create("nightly")
    world.until_status("/nightly/proxy/master/", 200)
    world.restart()
    world.until_status("/nightly/proxy/master/", 200)
    world.until(lambda: "This cluster was deleted" in signed_in(world.gateway, "user").get("/again/", headers=NAVIGATION).text, "the other one")


def test_spark_cluster_that_was_there_before_the_gateway_is_found_and_one_that_went_meanwhile_is_gone(tmp_path, api):
    world = Clusters(tmp_path, api, started=False)
    world.create("early")
    world.begin()
    world.until_status("/early/proxy/master/", 200)
    with api.changed:  # no watch sees any of it
        world.drop("early")
        world.create("later")
        api.compact()
    api.cut()
    world.until_status("/later/proxy/master/", 200)
    world.until(lambda: not world.shows("/early"), "a home page without it")
    world.stop()


def test_spark_cluster_that_comes_again_is_the_same_cluster(world):
    world.create("again")
    world.until_status("/again/proxy/master/", 200)
    world.drop("again")
    world.until(lambda: not world.shows("/again"), "a home page without it")
    world.create("again")
    world.until_status("/again/proxy/master/", 200)
    assert world.shows("/again")


def test_master_whose_pod_gets_another_address_is_followed(world):
    world.create("moved")
    world.until_status("/moved/proxy/master/", 200)
    world.api.delete("moved-master-0")
    world.until_status("/moved/proxy/master/", 503)
    world.master("moved")
    assert world.until_status("/moved/proxy/master/", 200) < MASTER_S


def test_history_server_of_the_namespace_is_the_clusters(world):
    history = History()
    history.apps["app-20261129004500-0002"] = ("yesterday", True)
    world.apps.append(history)
    world.create("kept")
    world.until_status("/kept/proxy/master/", 200)
    world.api.put(service("other", history.server.server_port, namespace="elsewhere"))
    world.api.put(service("history", history.server.server_port))
    world.until(lambda: "yesterday" in world.client.get("/kept/").text, "its history")
    found = world.client.get("/kept/apps/yesterday").headers["Location"]
    assert found.endswith("/kept/shs/history/app-20261129004500-0002/")
    assert world.status("/kept/shs/") == 200
    world.drop("kept")
    world.until_status("/kept/", 404)
    assert world.client.get("/kept/apps/yesterday").headers["Location"] == found


def test_real_cluster_is_browsed_as_one_that_is_configured(info, tmp_path, api):
    """Master, workers, applications, a driver in cluster mode and the history server of a real Spark."""
    world = Clusters(tmp_path, api)
    api.put(spark_cluster("real", "RunningHealthy"))
    api.put(master_pod("real", urllib.parse.urlsplit(info["master"]).port))
    api.put(service("history", urllib.parse.urlsplit(info["history"]).port))
    mounts = mounts_of(info, "real")
    for path in mounts:  # an application's first page leads to its jobs
        world.until(lambda: world.status(f"{path}/") in (200, 302), path, 60)
    person = signed_in(world.gateway, "user")
    page = person.get("/real/proxy/master/", headers=NAVIGATION).text
    assert all(f"/real/proxy/{worker['id']}" in page for worker in info["workers"])
    assert not re.search(rf'href="http://{HOST}:(?!{world.gateway.port}/)', page)  # every link leads through the gateway
    assert "Alive" in world.home() and f"Spark {info['spark']}" in world.home()
    world.drop("real")
    gone = [path for path in mounts if not path.endswith("/shs")]
    for path in gone:
        world.until_status(f"{path}/", 404)
    assert "This cluster was deleted" in person.get("/real/", headers=NAVIGATION).text
    finished = next(app for app in info["apps"].values() if not app["ui"])
    assert world.client.get(f"/real/apps/{finished['id']}").headers["Location"].startswith(f"/real/shs/history/{finished['id']}/")
    world.stop()


def test_history_server_that_the_operator_runs_as_an_application_is_the_clusters(world):
    history = History()
    history.apps["app-20261129004500-0003"] = ("retold", True)
    world.apps.append(history)
    world.create("kept")
    world.until_status("/kept/proxy/master/", 200)
    made = pod("history-0-driver", "spark-history", port=history.server.server_port)
    made["spec"]["containers"][1]["args"] = ["driver", "--class", "org.apache.spark.deploy.history.HistoryServer", "local:///x.jar"]
    world.api.put(made)
    world.until(lambda: "retold" in world.client.get("/kept/").text, "its history")
    assert world.status("/kept/shs/") == 200
    world.api.delete("history-0-driver")
    world.until_status("/kept/shs/", 404)


# --- names ---


@pytest.mark.parametrize("name", ["k", "whoami", "shs"])
def test_s108_no_spark_cluster_takes_a_name_that_is_the_gateways(world, name):
    world.create(name)
    world.until_status(f"/{name}.spark/proxy/master/", 200)
    assert "master" not in world.client.get(f"/{name}/proxy/master/", headers=NAVIGATION).text.split("<main")[0]
    assert world.status(f"/{name}/proxy/master/") == 404


@pytest.fixture
def two(tmp_path, api):
    made = Clusters(tmp_path, api, namespaces=("a", "b"))
    yield made
    made.stop()


def test_s108_no_namespace_takes_the_name_of_anothers_cluster(two):
    first = two.create("shared", "a")
    two.until_status("/shared/proxy/master/", 200)
    two.create("shared", "b")
    two.until_status("/shared.b/proxy/master/", 200)
    first.add(App("app-20261129004500-0001", "firsts"))
    two.until(lambda: "firsts" in two.client.get("/shared/").text, "its application")
    assert "firsts" not in two.client.get("/shared.b/").text
    two.drop("shared", "a")
    two.until_status("/shared/", 404)
    two.drop("shared", "b")
    two.until_status("/shared.b/", 404)
    two.restart()
    two.create("shared", "b")  # alone, and still not at the other's path
    two.until_status("/shared.b/proxy/master/", 200)
    assert two.status("/shared/") == 404
    two.create("shared", "a")
    two.until_status("/shared/proxy/master/", 200)


def test_s108_a_configuration_that_takes_the_name_has_it(world):
    world.create("prod")
    world.until_status("/prod/proxy/master/", 200)
    own = FakeSpark()
    world.apps.append(own)
    own.add(App("app-20261129004500-0009", "configured"))
    world.gateway.conf["clusters"].append(own.entry("prod"))
    world.gateway.write_config()
    world.gateway.reload()
    world.until(lambda: "configured" in world.client.get("/prod/").text, "the configured one")
    world.until_status("/prod.spark/proxy/master/", 200)


# --- who sees them ---


@pytest.fixture
def people(tmp_path, api):
    with MockProvider() as provider:
        auth = teams_auth(tmp_path, provider)
        auth["roles"]["custom"] = [
            {"role": "space-a", "namespaces": ["a"], "rights": ["view", "logs"]},
            {"role": "row", "clusters": ["k"], "rights": ["view"]},
            {"role": "one", "clusters": ["alpha"], "rights": ["view"]},
            {"role": "full", "clusters": ["twin.b"], "rights": ["view"]},
            {"role": "another", "clusters": ["elsewhere"], "rights": ["view"]}]
        made = Clusters(tmp_path, api, {"auth": auth}, namespaces=("a", "b"), started=False)
        made.begin()
        wait_ready(made.gateway)
        made.as_role = lambda role: Client(made.gateway, provider.access_token(roles=[role], aud="spark"))
        yield made
        made.stop()


def test_s108_rights_to_a_found_cluster_are_those_to_its_namespace_and_to_the_row_that_finds_it(people):
    apps = {}
    for name, namespace in (("alpha", "a"), ("beta", "b"), ("twin", "a"), ("twin", "b")):
        path = "twin.b" if (name, namespace) == ("twin", "b") else name
        spark = people.create(name, namespace)
        apps[path] = spark.add(App(f"app-20261129004500-000{len(apps)}", f"job-{path}"))
        people.until_status(f"/{path}/proxy/{apps[path].id}/", 200)
    sees = {"spark-admin": set(apps), "spark-user": set(apps), "space-a": {"alpha", "twin"}, "row": set(apps),
            "one": {"alpha"}, "full": {"twin.b"}, "another": set(), "team-b": {"beta", "twin.b"}}
    for role, seen in sees.items():
        client = people.as_role(role)
        nothing = client.get("/nosuch/", headers=NAVIGATION)
        for path, app in apps.items():
            assert people.shows(f"/{path}", client) == (path in seen), (role, path)
            wanted = 200 if path in seen else 404
            assert client.get(f"/{path}/", headers=NAVIGATION).status_code == wanted, (role, path)
            assert client.get(f"/{path}/proxy/{app.id}/", headers=NAVIGATION).status_code == wanted, (role, path)
            # a role of the older form opens applications, and no list
            lists = 200 if path in seen and role != "team-b" else 404
            assert client.get(f"/{path}/proxy/master/", headers=NAVIGATION).status_code == lists, (role, path)
            if path not in seen:
                hidden = client.get(f"/{path}/", headers=NAVIGATION)
                assert strip(hidden, path) == strip(nothing, "nosuch")
        for address in (f"{people.gateway.url}/whoami", f"{people.gateway.admin_url}/api/v1/whoami"):
            told = requests.get(address, headers=dict(client.headers), timeout=10).json()["clusters"]
            assert {row["name"] for row in told} - {"k"} == seen, (role, address)
    people.drop("beta", "b")
    people.until(lambda: not people.shows("/beta"), "a home page without it")
    assert "was deleted" in people.as_role("spark-user").get("/beta/", headers=NAVIGATION).text
    assert "was deleted" not in people.as_role("space-a").get("/beta/", headers=NAVIGATION).text


def strip(answer, name):
    request = answer.headers.get("X-Request-Id", "-")
    return answer.status_code, answer.text.replace(name, "").replace(request, "")


def test_s108_scopes_of_tokens_hold_for_found_clusters(two):
    for name, namespace in (("alpha", "a"), ("beta", "b"), ("alpha", "b")):
        two.create(name, namespace)
        two.until_status(f"/{name if (name, namespace) != ('alpha', 'b') else 'alpha.b'}/proxy/master/", 200)
    sees = {"view cluster:k": {"alpha", "beta", "alpha.b"}, "view cluster:beta": {"beta"}, "view cluster:alpha.b": {"alpha.b"},
            "view namespace:a": {"alpha"}, "view cluster:k namespace:b": {"beta", "alpha.b"}, "view cluster:elsewhere": set()}
    for scope, seen in sees.items():
        token = two.gateway.create_token("limited", "user", "--scope", scope)["access_token"]
        client = Client(two.gateway, token)
        for path in ("alpha", "beta", "alpha.b"):
            wanted = 200 if path in seen else 404
            assert client.get(f"/{path}/", headers=NAVIGATION).status_code == wanted, (scope, path)
            assert client.get(f"/{path}/proxy/master/", headers=NAVIGATION).status_code == wanted, (scope, path)


def test_application_of_a_found_cluster_is_killed_at_its_master_by_who_may(people):
    spark = people.create("alpha", "a", spark=KillingSpark())
    app = spark.add(App("app-20261129004500-0001", "report"))
    people.until_status(f"/alpha/proxy/{app.id}/", 200)
    path = f"/alpha/apps/{app.id}/kill"
    asks = {"Origin": people.gateway.origin, **NAVIGATION}
    for role, status in (("spark-user", 403), ("space-a", 403), ("another", 404)):
        client = people.as_role(role)
        assert all(path not in client.get(page, headers=NAVIGATION).text for page in ("/", "/alpha/")), role
        assert client.get(path, headers=NAVIGATION).status_code == status, role
        assert client.post(path, data={}, headers=asks).status_code == status, role
    assert spark.asked == []
    client = people.as_role("spark-admin")
    for page in ("/", "/alpha/"):
        assert f'href="{path}"' in client.get(page, headers=NAVIGATION).text, page
    assert "Kill this application?" in client.get(path, headers=NAVIGATION).text
    assert "The application is killed" in client.post(path, data={}, headers=asks).text
    assert spark.over == {app.id}
    people.until(lambda: path not in client.get("/alpha/", headers=NAVIGATION).text, "a page without the link")


# --- what is not what it says ---


@pytest.mark.parametrize("ip", ["169.254.169.254", "100.100.100.200", "8.8.8.8"])
def test_s108_master_outside_the_fence_is_not_connected_to(world, ip):
    world.api.put(spark_cluster("lure"))
    world.api.put(master_pod("lure", 8080, ip=ip))
    world.until_status("/lure/proxy/master/", 403)
    assert world.client.get("/lure/proxy/master/").headers.get("Server") is None


def test_s108_pod_by_another_name_is_no_master(world):
    world.api.put(spark_cluster("mine"))
    world.master("mine", name="mine-master-1")
    world.master("mine", name="other-master-0")
    world.until_status("/mine/proxy/master/", 503)
    time.sleep(1)
    assert world.status("/mine/proxy/master/") == 503
    world.master("mine")
    world.until_status("/mine/proxy/master/", 200)


def test_s108_what_does_not_answer_as_a_master_gets_nobody(world):
    class Kubelet(FakeSpark):
        def answer(self, request):
            return 200, "application/json", '{"kind": "PodList"}', []

    site = Kubelet()
    world.apps.append(site)
    world.api.put(spark_cluster("fake"))
    world.api.put(master_pod("fake", site.server.server_port))
    world.until(lambda: world.shows("/fake"), "the cluster")
    time.sleep(1)
    assert world.status("/fake/proxy/master/") == 503


# --- where the account may not ---


def test_clusters_that_the_account_may_not_list_are_said_once_and_pods_work(tmp_path, api):
    api.forbidden.add(CLUSTERS)
    world = Clusters(tmp_path, api, started=False)
    World.begin(world)
    ui = world.driver("still")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.until(lambda: "SparkClusters (spark.apache.org/v1) of namespace spark" in world.gateway.log_text(), "a word in the log")
    time.sleep(1.5)
    assert "needs the verbs list and watch of sparkclusters (spark.apache.org); without that no SparkCluster is found" in world.gateway.log_text()
    assert world.gateway.log_text().count("SparkClusters (spark.apache.org/v1) of namespace spark are not watched") == 1
    world.stop()


def test_without_the_key_no_spark_cluster_is_asked_for(tmp_path, api):
    api.serve(CLUSTERS, SERVICES)
    world = World(tmp_path, api)
    api.put(spark_cluster("unasked"))
    api.put(pod("driver", "spark-1"))
    world.until(lambda: "driver" in world.client.get("/k/").text, "a pod")
    assert 'href="/unasked/"' not in world.client.get("/").text
    assert not [path for path, _ in [*api.requests, *api.others] if "sparkclusters" in path]
    world.stop()
