"""YARN under `uis:` with real Hadoop and Spark on it: its tables' links, its NodeManagers, and the drivers' UIs that it hands on,
which have the rights of Spark's UIs (S96)."""

import pytest

from browser import Notebook, chromium
from conftest import BASE, Client, signed_in
from crawler import Crawler, shape
from gateway import Gateway
from spark_cluster import wait_for
from yarn import Yarn

MOUNT = "/local/ui/yarn"


@pytest.fixture(scope="module")
def yarn():
    with Yarn() as running:
        yield running


@pytest.fixture(scope="module")
def app(yarn):
    with yarn.spark() as row:
        yield row


@pytest.fixture(scope="module")
def node(app):
    """What the node calls itself: by a reverse look-up."""
    return app["amHostHttpAddress"].partition(":")[0]


@pytest.fixture(scope="module")
def gate(yarn, app, node):
    manager = app["trackingUrl"].split("/")[2].partition(":")[0]
    uis = [{"name": "yarn", "url": yarn.url, "names": [manager]},
           {"name": "node-*", "url": f"http://*:{yarn.node_port}", "nodes_of": "yarn"}]
    with Gateway([{"name": "local", "uis": uis, "poll": "1s"}], BASE) as running:
        token = running.create_token("waits", "user")["access_token"]
        running.await_mounts([f"{MOUNT}/cluster", f"{node_mount(node)}/node"], token)
        client = Client(running, token)
        wait_for(lambda: "Active Jobs" in client.get(f"{MOUNT}/proxy/{app['id']}/jobs/").text, "the driver's pages", 120)
        yield running


def node_mount(node):
    return f"/local/ui/node-{node.replace('.', '-')}"


@pytest.fixture
def page(gate, playwright):
    with chromium(playwright) as context:
        opened = context.new_page()
        opened.goto(f"{gate.url}/_gate/login")
        opened.locator("[name=token]").fill(gate.create_token("person", "admin")["access_token"])
        opened.locator("form button").first.click()
        opened.wait_for_url(f"{gate.url}/")
        opened.notes = Notebook(opened, gate.origin)
        yield opened


def test_from_the_table_of_applications_to_the_driver_and_to_its_log(gate, app, node, page):
    page.goto(f"{gate.url}{MOUNT}/")
    page.locator(f"#apps a >> text={app['id']}").click()
    page.wait_for_url(f"{gate.url}{MOUNT}/cluster/app/{app['id']}")
    page.locator("#attempts a >> text=Logs").click()
    page.wait_for_url(f"{gate.url}{node_mount(node)}/node/containerlogs/**")
    page.locator("a[href*=stderr]").first.wait_for()
    page.goto(f"{gate.url}{MOUNT}/cluster/apps/RUNNING")
    page.locator("#apps a >> text=ApplicationMaster").click()
    page.wait_for_url(f"{gate.url}{MOUNT}/proxy/{app['id']}/**")
    page.get_by_text("Active Jobs").first.wait_for()
    page.goto(f"{gate.url}{MOUNT}/proxy/{app['id']}/executors/", wait_until="networkidle")
    page.locator("#active-executors-table >> text=driver").first.wait_for()
    assert not page.notes.failed + page.notes.foreign + page.notes.errors


def test_from_the_table_of_nodes_to_a_node_and_back(gate, node, page):
    page.goto(f"{gate.url}{MOUNT}/cluster/nodes")
    page.locator(f"#nodes a >> text={node}").first.click()
    page.wait_for_url(f"{gate.url}{node_mount(node)}/node")
    page.locator("a >> text=List of Applications").click()
    page.wait_for_url(f"{gate.url}{node_mount(node)}/node/allApplications")
    page.locator("a >> text=RM Home").click()
    page.wait_for_url(f"{gate.url}{MOUNT}/cluster")
    assert not page.notes.failed + page.notes.foreign + page.notes.errors


def test_no_link_of_the_driver_that_yarn_hands_on_leaves_the_mount(gate, yarn, app):
    client = Client(gate, gate.create_token("crawls", "user")["access_token"])
    start = f"{BASE}{MOUNT}/proxy/{app['id']}/jobs/"
    crawler = Crawler(client, gate, {MOUNT: yarn.url}, shape=shape).run([start])
    # its root is not the mount's, and a node has no /logs where it logs to its console
    root = f"setUIRoot('{BASE}{MOUNT}/proxy/{app['id']}') is not the mount"
    assert not [text for text in crawler.problems if root not in text and "/logs: 404" not in text], crawler.report()
    assert len(crawler.pages) > 20


def test_s96_a_user_ends_nothing_through_the_resource_manager(gate, app):
    kill = f"{MOUNT}/proxy/{app['id']}/jobs/job/kill/"
    user = signed_in(gate, "user")
    assert user.get(f"{MOUNT}/proxy/{app['id']}/jobs/").status_code == 200
    for path in (kill, f"{MOUNT}/proxy/{app['id']}/stages/stage/kill/", f"{MOUNT}/proxy/{app['id']}/what-is-new/"):
        assert user.post(path, data={"id": "0"}, headers={"Origin": gate.origin}).status_code == 403
    admin = signed_in(gate, "admin")
    jobs = admin.get(f"{MOUNT}/proxy/{app['id']}/api/v1/applications/{app['id']}/jobs?status=running").json()
    of_the_job = {"id": str(jobs[0]["jobId"]), "terminate": "true"}
    assert user.get(kill, params=of_the_job, headers={"Origin": gate.origin}).status_code == 403
    answer = admin.get(kill, params=of_the_job, headers={"Origin": gate.origin})  # its proxy takes no POST
    assert answer.status_code in (200, 302), answer.text
    assert '"action":"kill"' in gate.log_text()
    job = f"{MOUNT}/proxy/{app['id']}/api/v1/applications/{app['id']}/jobs/{jobs[0]['jobId']}"
    wait_for(lambda: admin.get(job).json()["status"] == "FAILED", "the job's end", 60)
