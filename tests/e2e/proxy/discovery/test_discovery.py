"""What comes and goes in a cluster comes and goes in the gateway, within two polls."""

import re
import time

import pytest

from conftest import BASE, NAVIGATION, VERSIONS, Client, await_everything, signed_in
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster, wait_for

POLL = 1.0
SLACK = 1.5  # what two polls take on a busy machine, beside waiting for them


class World:
    """A small cluster of its own that may be changed, and its gateway."""

    def __init__(self, cluster, gateway, client):
        self.cluster, self.gateway, self.client = cluster, gateway, client

    def status(self, path):
        return self.client.get(path, headers=NAVIGATION).status_code

    def page(self, path):
        """As a person sees it: programs, which send a token, are told in JSON."""
        return signed_in(self.gateway, "user").get(path, headers=NAVIGATION)

    def await_status(self, path, status, timeout):
        began = time.monotonic()
        wait_for(lambda: self.status(path) == status, f"{status} for {path}", timeout)
        return time.monotonic() - began


@pytest.fixture(scope="module", params=VERSIONS)
def world(request):
    with Cluster(request.param, workers=1) as cluster:
        info = cluster.info()
        with Gateway([cluster_entry(info)], BASE) as gateway:
            yield World(cluster, gateway, Client(gateway, await_everything(gateway, info)))


def test_new_worker_appears_and_a_dead_one_says_so(world):
    worker = world.cluster.start_worker()
    world.cluster.await_workers()
    path = f"/local/proxy/{worker['id']}/"
    world.await_status(path, 200, 2 * POLL + SLACK)
    assert worker["id"] in world.client.get("/local/").text
    world.cluster.stop_worker(worker)
    # the master itself needs a moment to notice; then the page is ours
    wait_for(lambda: world.status(path) in (404, 502), "a page of our own", 60)
    page = world.page(path)
    assert page.headers["Content-Type"].startswith("text/html")
    assert worker["id"] in page.text


def test_new_application_appears_and_ends_in_history(world):
    cluster = world.cluster
    app = cluster.await_app(cluster.submit("running", "short lived", cores=2))
    live, permalink = f"/local/proxy/{app['id']}/", f"/local/apps/{app['id']}"
    world.await_status(live, 302, 2 * POLL + SLACK)  # Spark's / leads to /jobs/
    assert world.client.get(permalink).headers["Location"].endswith(f"{BASE}{live}")
    assert world.client.get("/local/apps/short%20lived").headers["Location"].endswith(f"{BASE}{live}")
    cluster.stop_app(app)
    world.await_status(live, 404, 60)
    page = world.page(live)
    assert app["id"] in page.text
    assert re.search(rf'href="[^"]*{re.escape(app["id"])}', page.text), "no way to history"
    history = f"{BASE}/local/shs/history/{app['id']}/"
    wait_for(lambda: world.client.get(permalink).headers.get("Location", "").endswith(history), "the permalink", 60)
    wait_for(lambda: world.client.get(permalink, follow=True).status_code == 200, "the history page", 60)


def test_permalink_keeps_its_query(world):
    app = world.cluster.info()["apps"]["running"]
    assert world.client.get(f"/local/apps/{app['id']}?a=1&b=%2F").headers["Location"].endswith(f"{app['id']}/?a=1&b=%2F")


def test_unknown_application_or_worker_is_not_found(world):
    for path in ("/local/apps/app-20000101000000-9999", "/local/proxy/app-20000101000000-9999/", "/local/proxy/nobody/",
                 "/local/proxy/127.0.0.1:22/", "/local/nothing/", "/elsewhere/"):
        answer = world.client.get(path, headers=NAVIGATION)
        assert answer.status_code == 404, path


def test_mount_without_its_slash_is_redirected_with_the_query(world):
    """T31: relative links need it."""
    for path in ("/local", "/local/proxy/master", "/local/shs"):
        answer = world.client.get(f"{path}?a=%20b")
        assert answer.status_code in (301, 302, 308)
        assert answer.headers["Location"].removeprefix(world.gateway.origin) == f"{BASE}{path}/?a=%20b"


def test_master_that_stops_is_reported_and_comes_back_by_itself(world):
    """The home page says so, and other UIs go on."""
    master = world.cluster.master
    app = world.cluster.info()["apps"]["running"]["id"]
    master.process.send_signal(19)  # SIGSTOP: it hangs, which is worse than being gone
    try:
        wait_for(lambda: "UNREACHABLE" in world.client.get("/local/").text.upper(), "the home page to say so", 60)
        assert world.status(f"/local/proxy/{app}/jobs/") == 200
    finally:
        master.process.send_signal(18)
    wait_for(lambda: world.status("/local/proxy/master/") == 200, "the master", 30)
    wait_for(lambda: "UNREACHABLE" not in world.client.get("/local/").text.upper(), "the home page to be well", 30)
