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

    def answer(self, request):
        return super().answer(request) if self.is_there else (503, "text/html", "not yet", [])


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


def test_driver_whose_ui_is_not_there_yet_is_starting_and_no_impostor(world, api):
    ui = Late("spark-late", "late")
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
