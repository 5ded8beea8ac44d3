"""Permanent links, logs of what runs, and names as ids, on real Spark (T59, T60, T62)."""

import html

import pytest

from conftest import NAVIGATION, VERSIONS, Client, signed_in
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster, wait_for

# the history server lists nothing new while the tests run; 3.5 knows nothing of names as ids
CONF = {"spark.history.fs.update.interval": "3600s", "spark.master.useAppNameAsAppId.enabled": "true"}


@pytest.fixture(scope="module", params=VERSIONS)
def world(request):
    with Cluster(request.param, workers=1, apps=False, conf=CONF) as cluster:
        ended = cluster.run_finished("over-at-once")
        running = cluster.await_app(cluster.submit("running", "ETL (nightly)", cores=2))
        with Gateway([cluster_entry(cluster.info())]) as gateway:
            gateway.version, gateway.cluster, gateway.ended = request.param, cluster, ended
            gateway.admin = Client(gateway, gateway.create_token("ready", "admin")["access_token"])
            gateway.key = "etl~28nightly~29" if request.param == "4.3" else running["id"]
            wait_for(lambda: gateway.admin.get(f"/local/proxy/{gateway.key}/jobs/").status_code == 200, "the application's UI", 90)
            yield gateway


def test_permalink_opens_an_application_that_the_list_lacks_where_spark_can(world):
    answer = world.admin.get(f"/local/apps/{world.ended['id']}")
    if world.version == "3.5":
        assert answer.status_code == 503
        return
    assert answer.status_code == 302 and "/shs/history/" in answer.headers["Location"]
    assert "over-at-once" in world.admin.get(f"/local/apps/{world.ended['id']}", follow=True).text


def test_t62_log_of_a_running_application_is_not_an_empty_zip(world):
    answer = world.admin.get(f"/local/proxy/{world.key}/api/v1/applications/{world.key}/logs")
    assert answer.status_code == 404 and "does not list it yet" in answer.text


def test_t59_name_with_parentheses_is_an_id(world):
    """The executors page asks the API for what stands in the address."""
    page = signed_in(world, "admin").get("/local/", headers=NAVIGATION).text
    assert f"/local/proxy/{world.key}/" in page and ">ETL (nightly)<" in page
    executors = world.admin.get(f"/local/proxy/{world.key}/api/v1/applications/{world.key}/executors")
    assert executors.status_code == 200 and "driver" in [row["id"] for row in executors.json()]
    assert f"/local/proxy/{world.key}/" in html.unescape(world.admin.get("/local/proxy/master/").text)


def test_t59_name_with_a_slash_is_an_id_and_equal_names_are_told_apart(world):
    if world.version == "3.5":
        return
    cluster = world.cluster
    cluster.await_app(cluster.submit("running", "etl/daily", cores=2))
    jobs = "/local/proxy/etl~2Fdaily/jobs/"
    wait_for(lambda: world.admin.get(jobs).status_code == 200, "the application's UI", 90)
    cluster.await_app(cluster.submit("running", "etl/daily", cores=2, conf={"spark.eventLog.enabled": "false"}))
    page = signed_in(world, "admin")
    wait_for(lambda: page.get("/local/", headers=NAVIGATION).text.count(">etl/daily</span>") == 2, "both on the home page", 60)
    assert world.admin.get(jobs).status_code == 200
    text = page.get("/local/", headers=NAVIGATION).text
    assert "Spark does not say which UI is whose" in html.unescape(text)
    kill = page.get("/local/apps/etl~2Fdaily/kill", headers=NAVIGATION)
    assert kill.status_code == 409 and "Spark would end another application" in kill.text
