"""The life of a driver's pod on our pages: why it waits, that it starts, how it ended, as a fake API server tells of it."""

import time

import pytest

from conftest import Client, signed_in
from fake_spark import App
from kube_api import pod
from kube_world import World

PAGE = {"Accept": "text/html"}
OOM = {"name": "spark-kubernetes-driver", "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes have <enough> memory"}


class Late(App):
    """A driver whose web server is there before its application."""

    is_there = False
    says = 503, "not yet"

    def answer(self, request):
        status, text = self.says
        return super().answer(request) if self.is_there else (status, "text/html", text, [])


@pytest.fixture(params=["with history", "without history"])
def world(tmp_path, api, request):
    made = World(tmp_path, api, started=False)
    if request.param == "without history":
        del made.entry["history"]
    made.begin()
    made.person = signed_in(made.gateway, "user")
    made.until(lambda: api.watching() == 1, "a watch")
    yield made
    made.stop()


def seconds_ago(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


def status(api, name, **more):
    before = api.pods["spark", name]
    api.put({**before, "status": {**before["status"], **more}})


def home(world):
    return world.person.get("/k/", headers=PAGE).text


def test_driver_that_dies_of_memory_says_so_though_its_pod_is_deleted_at_once(world, api):
    ui = world.driver("greedy")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    status(api, "greedy", containerStatuses=[OOM])
    api.delete("greedy")
    took = world.until(lambda: "OOMKilled, exit code 137" in home(world), "the reason")
    assert took < 2
    page = world.person.get(f"/k/apps/{ui.id}", headers=PAGE)
    assert "OOMKilled, exit code 137" in page.text and "It ended at" in page.text
    if "history" in world.entry:  # which may still list it
        assert page.status_code == 503 and page.headers["Refresh"]
        assert "Failed; its history is not ready yet" in page.text
    else:
        assert page.status_code == 404 and "Refresh" not in page.headers
        assert "This application failed" in page.text
        problem = world.client.get(f"/k/apps/{ui.id}").json()
        assert (problem["reason"], problem["detail"]) == ("gone", "OOMKilled, exit code 137")


def test_pod_that_waits_says_why(world, api):
    api.put(pod("patient", "spark-patient", phase="Pending", ip=""))
    world.until(lambda: "patient" in home(world), "its row")
    status(api, "patient", conditions=[UNSCHEDULABLE])
    why = "Unschedulable: 0/3 nodes have &lt;enough&gt; memory"
    world.until(lambda: why in home(world), "the reason")
    assert 'href="/k/apps/spark-patient">' in home(world)
    page = world.person.get("/k/apps/patient", headers=PAGE)
    assert page.status_code == 503 and page.headers["Retry-After"] == "3"
    assert "This application is starting" in page.text and why in page.text
    api.delete("patient")
    world.until(lambda: "had not started: Unschedulable" in home(world), "what became of it")


@pytest.mark.parametrize("says", [(503, "not yet"), (200, "Spark is starting up. Please wait a while until it's ready.")], ids=["503", "Spark's own words"])
def test_driver_whose_ui_is_not_there_yet_is_starting_and_no_impostor(world, api, says):
    ui = Late("spark-late", "late")
    ui.says = says
    world.apps.append(ui)
    api.put(pod("late", ui.id, port=ui.server.server_port))
    world.until(lambda: "it is starting" in home(world), "its row")
    for path in ("/k/apps/late", f"/k/proxy/{ui.id}/"):
        page = world.person.get(path, headers=PAGE)
        assert (page.status_code, page.headers["Retry-After"]) == (503, "3")
        assert "This application is starting" in page.text and "refuses" not in page.text
        problem = world.client.get(path)
        assert (problem.status_code, problem.json()["reason"], problem.headers["Retry-After"]) == (503, "starting", "3")
    ui.is_there = True
    world.until_status(f"/k/proxy/{ui.id}/", 200)


def test_driver_whose_ui_does_not_come_within_two_minutes_is_not_starting_any_more(world, api):
    ui = Late("spark-late", "late")
    world.apps.append(ui)
    api.put(pod("late", ui.id, port=ui.server.server_port, started=seconds_ago(180)))
    world.until(lambda: "it refuses to say who it is" in home(world), "its row")
    assert "it is starting" not in home(world)


@pytest.mark.parametrize("ago", [60, 301])
def test_permalink_asks_for_history_until_five_minutes_after_the_end(world, api, ago):
    ui = world.driver("greedy")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    ended = {"terminated": {**OOM["state"]["terminated"], "finishedAt": seconds_ago(ago)}}
    status(api, "greedy", containerStatuses=[{**OOM, "state": ended}])
    world.until(lambda: "OOMKilled, exit code 137" in home(world), "the reason")
    page = world.person.get(f"/k/apps/{ui.id}", headers=PAGE)
    if "history" in world.entry and ago == 60:
        assert page.status_code == 503 and page.headers["Refresh"] and "its history is not ready yet" in page.text
    else:
        assert page.status_code == 404 and "Refresh" not in page.headers and "This application failed" in page.text
    assert "OOMKilled, exit code 137" in page.text


def test_both_names_of_an_application_are_found_after_a_restart_without_its_pod(tmp_path, api):
    world = World(tmp_path, api)
    try:
        ui = world.driver("etl-daily", "spark-etl")
        world.history.apps[ui.id] = ("ETL daily", False, int(time.time() * 1000))
        world.until_status(f"/k/proxy/{ui.id}/", 200)
        links = ["/k/apps/etl-daily", "/k/apps/ETL%20daily"]
        by_pod, by_log = (Client(world.gateway, world.gateway.create_token(name.split()[0], "user", "--scope", f"view app:{name.split()[0]}*")["access_token"])
                          for name in ("etl-daily", "ETL daily"))
        for link in links:
            world.until_status(link, 302)
        began = world.history.apps[ui.id][2]
        world.history.apps[ui.id] = ("ETL daily", True, began)
        api.delete("etl-daily")
        world.until(lambda: "/shs/" in world.client.get(links[0]).headers.get("Location", ""), "history")
        world.restart()
        for client in (world.client, by_pod, by_log):
            for link in links:
                world.until(lambda client=client, link=link: "/shs/" in client.get(link).headers.get("Location", ""), link)
        assert "etl-daily" in world.client.get("/k/").text
    finally:
        world.stop()
