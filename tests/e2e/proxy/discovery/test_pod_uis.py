"""Drivers that no spark-submit made: notebooks and servers, whose pods say by an annotation at which ports UIs may be."""

import ssl

import pytest

from conftest import NAVIGATION, Client, signed_in
from fake_spark import App
from kube_api import HOST, pod
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready
from spark_cluster import free_port
from tls_front import write_certificate

PAGE = {"Accept": "text/html"}
HISTORY_CLASS = "org.apache.spark.deploy.history.HistoryServer"
CONNECT_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    made.person = signed_in(made.gateway, "user")
    made.until(lambda: api.watching() == 1, "a watch")
    yield made
    made.stop()


def notebook(name, uis, app=None, args=None, **more):
    """A pod whose UIs are where its annotation says, if there is one."""
    made = pod(name, app, annotations={"sparkgate.io/ui": uis} if uis else {}, **more)
    if args:
        made["spec"]["containers"][1]["args"] = args
    return made


def app(world, ident, name, port=0):
    made = App(ident, name, port)
    world.apps.append(made)
    return made


def home(world):
    return world.person.get("/k/", headers=PAGE).text


def test_applications_of_one_notebook_server_are_browsable_each_by_its_own_id(world, api):
    first, second = app(world, "spark-aa", "first notebook"), app(world, "spark-bb", "second notebook")
    ports = f"{first.server.server_port}, {second.server.server_port}"
    api.put(notebook("jupyter", ports))
    for one in (first, second):
        world.until_status(f"/k/proxy/{one.id}/", 200)
        assert f"UI of {one.name}" in world.client.get(f"/k/proxy/{one.id}/").text
        assert world.client.get(f"/k/apps/{one.name}").headers["Location"].endswith(f"/k/proxy/{one.id}/")
    api.delete("jupyter")
    for one in (first, second):
        world.until(lambda one=one: world.status(f"/k/proxy/{one.id}/") == 404, "its end")
    assert "Its pod is gone" in home(world)


def test_pod_is_a_row_that_says_why_it_waits_until_its_ui_answers(world, api):
    port = free_port()
    waits = {"name": "spark-kubernetes-driver", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no <such> image"}}}
    made = notebook("jupyter", str(port), phase="Pending", ip="")
    api.put(made)
    assert world.until(lambda: "Its pod has no address yet" in home(world), "its row") < 1
    api.put({**made, "status": {**made["status"], "containerStatuses": [waits]}})
    world.until(lambda: "ImagePullBackOff: no &lt;such&gt; image" in home(world), "the reason")
    link = "/k/apps/spark~p~jupyter"
    assert "Pod spark/jupyter" in home(world) and f'href="{link}"' in home(world)
    page = world.person.get(link, headers=PAGE)
    assert page.status_code == 503 and page.headers["Refresh"] == "3" and "This application is starting" in page.text
    assert "ImagePullBackOff" in page.text
    api.put(notebook("jupyter", str(port)))
    world.until(lambda: "No application answers at its ports yet" in home(world), "it runs")
    assert "This application waits" in world.person.get("/k/apps/jupyter", headers=PAGE).text
    ui = app(world, "spark-aa", "first notebook", port)
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.until(lambda: "Pod spark/jupyter" not in home(world), "one row")
    for old in (link, "/k/apps/jupyter"):  # what somebody has kept
        assert world.client.get(old).headers["Location"].endswith(f"/k/proxy/{ui.id}/")
    api.put(notebook("other", str(free_port())))
    world.until(lambda: "Pod spark/other" in home(world), "another one")
    api.delete("other")
    world.until(lambda: "Pod spark/other" not in home(world), "a page without it")


def test_application_that_follows_at_the_same_port_has_an_address_of_its_own(world, api):
    before = app(world, "spark-before", "before")
    port = before.server.server_port
    api.put(notebook("jupyter", str(port)))
    world.until_status(f"/k/proxy/{before.id}/", 200)
    world.apps.remove(before)
    before.stop()
    world.until(lambda: "Its UI is gone; its pod runs on" in home(world), "its end")
    assert world.status(f"/k/proxy/{before.id}/") == 404
    after = app(world, "spark-after", "after", port)
    world.until_status(f"/k/proxy/{after.id}/", 200)
    assert world.status(f"/k/proxy/{before.id}/") == 404


def test_ui_of_a_submitted_driver_is_at_the_port_of_its_annotation(world, api):
    ui = app(world, "spark-elsewhere", "elsewhere")
    api.put(notebook("elsewhere", str(ui.server.server_port), ui.id, port=1))
    world.until_status(f"/k/proxy/{ui.id}/", 200)


def test_annotation_may_name_a_port_and_an_address_of_the_host(world, api):
    ui = app(world, "spark-named", "named")
    made = notebook("named", "spark-ui", port=ui.server.server_port, ip="")
    made["spec"]["hostNetwork"], made["status"]["hostIP"] = True, HOST
    api.put(made)
    world.until_status(f"/k/proxy/{ui.id}/", 200)


def test_s113_pod_takes_no_id_that_can_be_guessed_and_no_port_of_the_system(world, api):
    local, low = app(world, "local-1700000000000", "local"), app(world, "spark-honest", "honest")
    api.put(notebook("guess", f"80,{local.server.server_port},{low.server.server_port}"))
    world.until_status(f"/k/proxy/{low.id}/", 200)
    assert world.status(f"/k/proxy/{local.id}/") == 404 and "local-17" not in home(world)


def test_history_server_in_a_drivers_pod_is_no_application_and_a_connect_server_says_what_it_is(world, api):
    history, connect = app(world, "spark-history", "history"), app(world, "spark-connect", "connect")
    args = ["driver", "--class", HISTORY_CLASS, "spark-internal"]
    api.put(notebook("history", None, history.id, args, port=history.server.server_port))
    api.put(notebook("connect", None, connect.id, ["driver", "--class", CONNECT_CLASS, "spark-internal"], port=connect.server.server_port))
    world.until_status(f"/k/proxy/{connect.id}/", 200)
    page = home(world)
    assert "Connect server" in page and "spark-history" not in page
    assert world.status(f"/k/proxy/{history.id}/") == 404


def test_connect_server_of_an_operator_is_found_without_an_annotation(world, api):
    ui = app(world, "spark-served", "served")
    labels = {"sparkoperator.k8s.io/connect-name": "shared", "spark-role": "connect-server", "spark-app-name": None}
    api.put(notebook("shared-server", None, labels=labels, port=ui.server.server_port))
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    assert "Connect server" in home(world)


class Secure(App):
    """A driver's UI with spark.ssl.ui.enabled."""

    def __init__(self, ident, name, certificate):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        super().__init__(ident, name)


def test_ui_may_be_https(tmp_path, api):
    certificate = write_certificate(tmp_path, [HOST])
    secure = World(tmp_path, api, started=False)
    secure.entry["ca_file"] = str(certificate)
    secure.begin()
    ui = Secure("spark-secure", "secure", certificate)
    secure.apps.append(ui)
    try:
        api.put(notebook("secure", f"https:{ui.server.server_port}"))
        secure.until_status(f"/k/proxy/{ui.id}/", 200)
        assert "UI of secure" in secure.client.get(f"/k/proxy/{ui.id}/").text
    finally:
        secure.stop()


def test_s113_notebook_of_another_namespace_is_not_there_and_takes_nothing_by_naming_its_id(tmp_path, api):
    with MockProvider() as provider:
        world = World(tmp_path, api, {"auth": teams_auth(tmp_path, provider)}, started=False)
        world.entry["kubernetes"]["namespaces"] = ["a", "b"]
        world.begin()
        wait_ready(world.gateway)
        one, two = (Client(world.gateway, provider.access_token(roles=[f"team-{name}"], aud="spark")) for name in "ab")
        mine, thief = app(world, "spark-mine", "mine"), app(world, "spark-mine", "stolen")
        path = f"/k/proxy/{mine.id}/"
        try:
            api.put(notebook("jupyter", str(mine.server.server_port), namespace="a"))
            world.until(lambda: one.get(path, headers=NAVIGATION).status_code == 200, "its own people see it")
            api.put(notebook("thief", str(thief.server.server_port), namespace="b"))
            world.until(lambda: len(thief.seen) > 1, "the other pod to be asked")
            assert two.get(path, headers=NAVIGATION).status_code == 404 and "mine" not in two.get("/k/").text
            assert "UI of mine" in one.get(path).text
            api.put(notebook("idle", str(free_port()), namespace="a"))
            world.until(lambda: "Pod a/idle" in one.get("/k/").text, "its own people see a pod that waits")
            assert "idle" not in two.get("/k/").text
            assert [client.get("/k/apps/idle", headers=NAVIGATION).status_code for client in (one, two)] == [503, 404]
        finally:
            world.stop()
