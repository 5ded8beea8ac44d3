"""The home page's way to kill an application, on real Spark: 4.3 wants the csrfToken of its page, 3.5 has none (T43)."""

import html
import re

import pytest
import requests

from conftest import BASE, NAVIGATION, VERSIONS, signed_in
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster, wait_for


@pytest.fixture(scope="module", params=VERSIONS)
def world(request):
    with Cluster(request.param, workers=1, apps=False) as cluster:
        app = cluster.await_app(cluster.submit("running", "to be killed"))
        with Gateway([cluster_entry(cluster.info())], BASE) as gateway:
            token = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([f"/local/proxy/{app['id']}/"], token)
            yield cluster, gateway, app


def test_real_spark_ends_what_the_home_page_kills(world):
    cluster, gateway, app = world
    admin, path = signed_in(gateway, "admin"), f"/local/apps/{app['id']}/kill"
    assert f'href="{BASE.rstrip("/")}{path}"' in admin.get("/local/", headers=NAVIGATION).text
    assert admin.get(path, headers=NAVIGATION).status_code == 200
    assert app["id"] in cluster.ids_of("activeapps")
    answer = admin.post(path, data={"reason": "it eats the cluster"}, headers={"Origin": gateway.origin})
    assert html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", answer.text)[1]) == "The application is killed"
    assert app["id"] not in cluster.ids_of("activeapps")
    ended = {entry["id"]: entry["state"] for entry in requests.get(f"{cluster.master_url}/json/", timeout=10).json()["completedapps"]}
    assert ended[app["id"]] == "KILLED"
    wait_for(lambda: '"stated_reason":"it eats the cluster"' in gateway.log_text().replace('": "', '":"'), "the audit line", 10)
    wait_for(lambda: path not in admin.get("/local/", headers=NAVIGATION).text, "the gateway to see the end", 20)
    again = admin.post(path, data={}, headers={"Origin": gateway.origin})
    assert again.status_code == 409
