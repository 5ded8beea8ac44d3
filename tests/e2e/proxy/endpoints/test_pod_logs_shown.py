"""Logs and events of an application's driver and executors, while their pods are there, as a fake API server gives them."""

import contextlib
import time

import pytest
import requests

from kube_api import event, executor, pod, terminated, with_state
from pod_logs_world import DRIVER, RUNNING, add_executor, follow, page, plain, run


@pytest.fixture
def world(tmp_path, api):
    with plain(tmp_path, api) as made:
        yield made


def test_log_of_the_driver_is_text_for_scripts_and_a_page_for_people(world):
    driver = run(world)
    path = f"/k/apps/{driver['app']}/logs"
    text = world.client.get(path)
    assert text.status_code == 200 and text.text == "first line\nlast line\n"
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8" and text.headers["Cache-Control"] == "no-store"
    assert text.headers["X-Content-Type-Options"] == "nosniff"
    assert world.client.get(path + "?tail=1").text == "last line\n"
    shown = page(world.client, path)
    assert shown.status_code == 200 and "last line" in shown.text and "running" in shown.text
    assert page(world.client, path + "?format=text").text == "first line\nlast line\n"
    assert world.client.head(path).status_code == 200
    assert world.client.post(path).status_code == 405


def test_long_log_is_streamed_whole(world):
    line = b"0123456789" * 10 + b"\n"
    driver = run(world, log=line * 200_000)
    before = world.gateway.resident_kib()
    with requests.get(world.gateway.url + f"/k/apps/{driver['app']}/logs", headers=dict(world.client.headers), stream=True,
                      timeout=60) as answer:
        pieces = answer.iter_content(65536)
        got = len(next(pieces))
        time.sleep(1)  # the gateway waits as its client does
        got += sum(len(piece) for piece in pieces)
    assert got == len(line) * 200_000
    assert world.gateway.resident_kib() - before < 8 << 10


def test_log_that_is_followed_goes_on_until_its_container_ends(world):
    driver = run(world, log=b"first\n")
    with follow(world, driver) as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"first"
        world.api.write("etl", b"second\n")
        assert next(lines) == b"second"
        world.api.put(with_state(world.api.pods["spark", "etl"], terminated(0, "Completed")))
        assert list(lines) == []


def test_log_that_is_followed_ends_with_the_token_of_who_reads_it(world):
    driver = run(world, log=b"first\n")
    token = world.gateway.create_token("reader", "user")
    with follow(world, driver, token["access_token"]) as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"first"
        world.gateway.command("token", "revoke", token["id"])
        began = time.monotonic()
        with pytest.raises(requests.exceptions.RequestException):
            next(lines)
        assert time.monotonic() - began < 5


def test_s111_one_person_who_follows_many_logs_leaves_room_for_others(world):
    driver = run(world, log=b"first\n")
    token = world.gateway.create_token("reader", "user")["access_token"]
    with contextlib.ExitStack() as stack:
        answers = [stack.enter_context(follow(world, driver, token)) for _ in range(40)]
        assert {answer.status_code for answer in answers} == {200, 503}
        assert stack.enter_context(follow(world, driver)).status_code == 200


def test_page_tells_how_a_container_ended(world):
    driver = run(world, log=b"\x1b[31mjava.lang.OutOfMemoryError\x1b[0m <b>\n")
    world.api.put(with_state(world.api.pods["spark", "etl"], terminated(137, "OOMKilled", "the last words")))
    shown = page(world.client, f"/k/apps/{driver['app']}/logs").text
    assert "exit code 137" in shown and "OOMKilled" in shown and "the last words" in shown
    assert "java.lang.OutOfMemoryError &lt;b&gt;" in shown and "\x1b" not in shown


def test_s111_only_logs_of_its_own_pods_are_given(world):
    driver = run(world)
    add_executor(world, driver, 1, b"of executor 1\n")
    stranger = world.api.put(with_state(pod("other", "spark-other"), RUNNING))
    world.api.write("other", b"secret\n")
    claimed = executor("etl-exec-9", driver["app"], stranger)  # of another driver, says its owner
    world.api.put(claimed)
    world.api.write("etl-exec-9", b"secret\n", "spark-kubernetes-executor")
    path = f"/k/apps/{driver['app']}/logs"
    shown = page(world.client, path).text
    assert "etl-exec-1" in shown and "etl-exec-9" not in shown and "hunter2" not in shown
    assert world.client.get(path + "?pod=etl-exec-1").text == "of executor 1\n"
    assert "of executor 1" in page(world.client, path + "?pod=etl-exec-1").text
    for query in ("?pod=other", "?pod=etl-exec-9", "?container=istio", "?pod=etl-exec-1&container=x"):
        assert world.client.get(path + query).status_code == 404, query
    asked = [path for path, _ in world.api.others if path.endswith("/log")]
    assert not any("other" in path or "exec-9" in path for path in asked)


@pytest.mark.parametrize("query", ["?pod=..%2f..%2fsecrets", "?pod=a%2Fb", "?pod=A", "?container=-", "?tail=0", "?tail=x", "?tail=99999",
                                   "?pod=a&pod=b", "?format=html", "?pod=" + "a" * 300])
def test_s111_what_is_no_name_is_refused_before_anybody_is_asked(world, query):
    driver = run(world)
    before = len(world.api.requests)
    assert world.client.get(f"/k/apps/{driver['app']}/logs{query}").status_code == 400
    assert len(world.api.requests) == before


def test_container_that_waits_has_no_log_yet(world):
    ui = world.driver("etl")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    answer = world.client.get(f"/k/apps/{ui.id}/logs")
    assert answer.status_code == 502 and "waiting to start" in answer.json()["detail"]
    waits = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    world.api.put(with_state(world.api.pods["spark", "etl"], waits))
    shown = page(world.client, f"/k/apps/{ui.id}/logs").text
    assert "ImagePullBackOff" in shown and "Back-off pulling image" in shown


def test_events_are_newest_first_and_of_its_pods_only(world):
    driver = run(world)
    first = add_executor(world, driver, 1, b"")
    stranger = world.api.put(pod("other", "spark-other"))
    world.api.incidents += [
        event(driver, "Scheduled", "Successfully assigned", "Normal", "2026-01-31T12:00:00Z"),
        event(first, "BackOff", "Back-off <restarting>", at="2026-01-31T12:00:09Z", count=4),
        event(stranger, "Failed", "secret", at="2026-01-31T12:00:08Z")]
    world.api.incidents += [event(stranger, f"Noise{i}", "secret") for i in range(600)]  # another page
    world.api.incidents += [event(driver, "Filled", "x" * 100_000, at="2026-01-31T12:00:10Z")]  # by whoever may make events
    told = world.client.get(f"/k/apps/{driver['app']}/events").json()
    assert [(one["reason"], one["pod"], one["count"]) for one in told["events"]] == [
        ("BackOff", "etl-exec-1", 4), ("Scheduled", "etl", 1)]
    assert told["events"][0]["time"] == "2026-01-31T12:00:09.000Z" and not told["has_more"] and not told["problems"]
    shown = page(world.client, f"/k/apps/{driver['app']}/events").text
    assert "Back-off &lt;restarting&gt;" in shown and "4 times" in shown and "secret" not in shown


def test_what_the_role_may_not_is_said_on_the_page_and_once_in_the_log(world):
    driver = run(world)
    world.api.forbidden |= {"pods/log", "events"}
    path = f"/k/apps/{driver['app']}"
    for _ in range(2):
        shown = page(world.client, f"{path}/logs")
        assert shown.status_code == 200 and "lacks the verb get of pods/log" in shown.text and DRIVER in shown.text
        assert "lacks the verb list of events" in page(world.client, f"{path}/events").text
    answer = world.client.get(f"{path}/logs")
    assert answer.status_code == 502 and "get of pods/log" in answer.json()["detail"]
    log = world.gateway.log_text()
    assert log.count("the gateway's role needs the verb get of pods/log") == 1
    assert log.count("the gateway's role needs the verb list of events") == 1
    told = world.client.get(f"{world.gateway.admin_url}/ready").json()["lacking_rights"]
    assert [(one["needs"], one["see"]) for one in told] == [
        ("the verb get of pods/log", "k8s/overlays/pod-logs/"), ("the verb list of events", "k8s/overlays/pod-logs/")]
    for one in told:
        assert f"without that {one['without']}; {one['see']} gives it" in log
    assert world.status(f"/k/proxy/{driver['app']}/") == 200


def test_what_the_role_may_not_is_said_at_the_start_before_anybody_wants_it(world):
    world.until(lambda: sorted(world.api.reviews) == [("get", "pods/log", "spark"), ("list", "events", "spark")], "both questions")
    assert "lacking_rights" in world.client.get(f"{world.gateway.admin_url}/ready").json()
    assert "the gateway's role needs" not in world.gateway.log_text()
    world.api.forbidden |= {"pods/log", "events"}
    world.gateway.reload()
    world.until(lambda: len(world.client.get(f"{world.gateway.admin_url}/ready").json()["lacking_rights"]) == 2, "a word of both")
    for needs in ("get of pods/log", "list of events"):
        assert world.gateway.log_text().count(f"the gateway's role needs the verb {needs}") == 1
    world.api.forbidden.clear()
    world.gateway.reload()
    world.until(lambda: world.client.get(f"{world.gateway.admin_url}/ready").json()["lacking_rights"] == [], "they were given")
    assert not [path for path, _ in world.api.others if path.endswith(("/log", "/events"))]


def test_application_without_a_pod_has_no_such_log(world):
    world.history.apps["spark-old"] = ("old", True)
    world.until(lambda: world.client.get("/k/apps/spark-old").status_code == 302, "history")
    answer = page(world.client, "/k/apps/spark-old/logs")
    assert answer.status_code == 404 and "knows no pod" in answer.text


def test_s111_pod_that_took_the_name_of_another_does_not_show_its_log(world):
    driver = run(world)
    with world.api.changed:  # no watch hears of it yet
        world.api.delete("etl")
        world.api.logs.clear()
        again = pod("etl", "spark-again")
        world.api.put(with_state(again, RUNNING))
        world.api.write("etl", b"of another run\n")
        answers = world.client.get(f"/k/apps/{driver['app']}/logs"), page(world.client, f"/k/apps/{driver['app']}/logs")
    assert all("of another run" not in answer.text for answer in answers)
