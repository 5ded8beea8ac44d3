"""Logs and events of an application's driver and executors, as a fake API server gives them."""

import contextlib
import time

import pytest
import requests

from conftest import NAVIGATION, Client
from fake_spark import App
from kube_api import KubeApi, event, executor, pod, terminated, with_state
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready
from spark_cluster import free_port

DRIVER = "spark-kubernetes-driver"
RUNNING = {"running": {"startedAt": "2026-01-31T12:00:00Z"}}


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    yield made
    made.stop()


def run(world, name="etl", log=b"first line\nlast line\n", **more):
    """An application that runs; gives its driver's pod."""
    ui = world.driver(name, **more)
    key = more.get("namespace", "spark"), name
    driver = world.api.put(with_state(world.api.pods[key], RUNNING))
    world.api.write(name, log)
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    driver["app"] = ui.id
    return driver


def add_executor(world, driver, number, log, **more):
    one = world.api.put(executor(f"etl-exec-{number}", driver["app"], driver, **more))
    world.api.write(one["metadata"]["name"], log, "spark-kubernetes-executor")
    return one


def page(client, path):
    return client.get(path, headers=NAVIGATION)


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


def follow(world, driver, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else dict(world.client.headers)
    return requests.get(world.gateway.url + f"/k/apps/{driver['app']}/logs?follow=true", headers=headers, stream=True, timeout=60)


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


# --- rights ---

@pytest.fixture
def teams(tmp_path):
    with MockProvider() as provider, KubeApi() as api:
        auth = teams_auth(tmp_path, provider)
        auth["roles"]["custom"] = [{"role": "lookers", "namespaces": ["a"], "rights": ["view"]},
                                   {"role": "readers", "namespaces": ["a"], "rights": ["view", "logs"]}]
        made = World(tmp_path, api, {"auth": auth}, started=False)
        made.entry["kubernetes"]["namespaces"] = ["a", "b"]
        made.begin()
        for name in ("team-a", "team-b", "lookers", "readers"):
            setattr(made, name.replace("-", "_"), Client(made.gateway, provider.access_token(roles=[name], aud="spark")))
        wait_ready(made.gateway)
        made.until(lambda: api.watching() == 2, "watches")
        yield made
        made.stop()


def test_s44_logs_and_events_of_another_namespace_are_not_there(teams):
    driver = run(teams, namespace="a")
    teams.until(lambda: page(teams.team_a, f"/k/proxy/{driver['app']}/").status_code == 200, "team-a sees it")
    for leaf in ("logs", "events"):
        path, nothing = f"/k/apps/{driver['app']}/{leaf}", f"/k/apps/{driver['app'][:-1]}x/{leaf}"
        assert page(teams.team_a, path).status_code == 200
        assert teams.readers.get(path).status_code == 200
        asked = len(teams.api.requests)
        for headers in ({}, NAVIGATION):
            hidden, absent = (teams.team_b.get(one, headers=headers) for one in (path, nothing))
            assert hidden.status_code == absent.status_code == 404
            assert [field for field in hidden.headers if field not in ("X-Request-Id", "Date")] == [
                field for field in absent.headers if field not in ("X-Request-Id", "Date")]
            assert len(hidden.content) == len(absent.content)
        assert len(teams.api.requests) == asked


def test_s147_followed_log_ends_for_who_may_not_see_what_comes_later_in_its_pod(teams):
    """A notebook's pod gets a second application; a token for the first one does not open it."""
    first = App("spark-first", "first")
    teams.apps.append(first)
    port = free_port()
    made = pod("notebook", None, namespace="a", annotations={"sparkgate.io/ui": f"{first.server.server_port},{port}"})
    teams.api.put(with_state(made, RUNNING))
    teams.api.write("notebook", b"of the first\n")
    teams.until(lambda: page(teams.team_a, f"/k/proxy/{first.id}/").status_code == 200, "team-a sees it")
    one = teams.gateway.create_token("one", "user", "--scope", "view logs app:first")["access_token"]
    every = teams.gateway.create_token("every", "user")["access_token"]
    driver = {"app": first.id}
    with follow(teams, driver, one) as limited, follow(teams, driver, every) as whole:
        lines, more = limited.iter_lines(), whole.iter_lines()
        assert next(lines) == next(more) == b"of the first"
        second = App("spark-second", "second", port)
        teams.apps.append(second)
        teams.until(lambda: page(teams.team_a, f"/k/proxy/{second.id}/").status_code == 200, "the second one")
        time.sleep(3)
        teams.api.write("notebook", b"of the second\n")
        assert next(more) == b"of the second"
        with pytest.raises(requests.exceptions.RequestException):
            raise AssertionError(f"it goes on: {next(lines)}")
    assert Client(teams.gateway, one).get(f"/k/apps/{first.id}/logs").status_code == 403


def test_role_without_logs_reads_neither_logs_nor_events(teams):
    driver = run(teams, namespace="a")
    teams.until(lambda: page(teams.lookers, f"/k/proxy/{driver['app']}/").status_code == 200, "lookers see it")
    for leaf in ("logs", "events"):
        assert teams.lookers.get(f"/k/apps/{driver['app']}/{leaf}").status_code == 403
        assert teams.readers.get(f"/k/apps/{driver['app']}/{leaf}").status_code == 200


# --- kept after the pod is gone ---

@pytest.fixture
def keeper(tmp_path, api):
    made = World(tmp_path, api, started=False)
    made.entry["kubernetes"]["keep_logs"] = "24h"
    made.begin()
    made.until(lambda: api.watching() == 1, "a watch")
    yield made
    made.stop()


def kept(world, driver):
    return page(world.client, f"/k/apps/{driver['app']}/logs")


def until_kept(world, driver, *words):
    return world.until(lambda: all(word in kept(world, driver).text for word in ("Kept log of", *words)), f"kept: {words}")


def test_driver_that_is_oom_killed_is_understood_after_its_pod_is_gone_and_a_restart(keeper):
    driver = run(keeper, log=b"".join(b"line %d\n" % i for i in range(200_000)) + b"java.lang.OutOfMemoryError\n", user="ann")
    began = time.monotonic()
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(137, "OOMKilled")))
    keeper.until(lambda: keeper.api.sent, "the log is read", 5)
    keeper.api.delete("etl")  # as an operator does that tries again
    until_kept(keeper, driver, "exit code 137", "OOMKilled", "java.lang.OutOfMemoryError")
    assert time.monotonic() - began < 2
    folder = keeper.gateway.folder / "logs" / "k"
    ages = [path.stat().st_mtime for path in folder.iterdir()]
    keeper.restart()
    keeper.until(lambda: kept(keeper, driver).status_code == 200, "known again")
    until_kept(keeper, driver, "exit code 137", "OOMKilled", "java.lang.OutOfMemoryError")
    text = keeper.client.get(f"/k/apps/{driver['app']}/logs")
    assert text.status_code == 200 and text.text.endswith("line 199999\njava.lang.OutOfMemoryError\n")
    assert len(text.content) <= 1 << 20 and keeper.client.get(f"/k/apps/{driver['app']}/logs?tail=1").text.count("\n") == 1
    assert "etl" in keeper.client.get("/k/").text
    assert [path.stat().st_mtime for path in folder.iterdir()] == ages  # what is kept does not grow young
    assert [oct(path.stat().st_mode & 0o777) for path in folder.iterdir()] == ["0o600"]


def test_kept_logs_lie_in_the_folder_that_the_configuration_names(tmp_path, api):
    world, folder = World(tmp_path, api, started=False), tmp_path / "volume" / "logs"
    world.entry["kubernetes"].update({"keep_logs": "24h", "logs_dir": str(folder)})
    world.begin()
    try:
        world.until(lambda: api.watching() == 1, "a watch")
        driver = run(world, log=b"the end\n")
        api.put(with_state(api.pods["spark", "etl"], terminated(1, "Error")))
        world.until(lambda: api.sent, "the log is read", 5)
        api.delete("etl")
        until_kept(world, driver, "the end")
        assert len(list((folder / "k").iterdir())) == 1
    finally:
        world.stop()


def until_events(world, driver, *expected):
    path = f"/k/apps/{driver['app']}/events"
    world.until(lambda: [(one["reason"], one["pod"]) for one in world.client.get(path).json()["events"]] == list(expected), f"events: {expected}")
    return world.client.get(path).json()


def test_events_of_driver_and_executors_are_kept_after_their_pods_and_kubernetes_forgot_them(keeper):
    driver = run(keeper)
    first = add_executor(keeper, driver, 1, b"")
    keeper.api.incidents += [event(first, "FailedScheduling", "0/3 nodes <are> available", at="2026-01-31T12:00:09Z", count=4),
                             event(driver, "Scheduled", "Successfully assigned", "Normal", "2026-01-31T12:00:00Z"),
                             event(first, "Long", "x" * 3000, at="2026-01-31T11:00:00Z")]
    told = [("FailedScheduling", "etl-exec-1"), ("Scheduled", "etl"), ("Long", "etl-exec-1")]
    until_events(keeper, driver, *told)
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(137, "OOMKilled")))
    folder = keeper.gateway.folder / "logs" / "k"
    keeper.until(lambda: any("FailedScheduling" in path.read_text() for path in folder.glob("*.log")), "events are kept", 5)
    keeper.api.delete("etl-exec-1")
    until_events(keeper, driver, *told)  # each once
    keeper.api.delete("etl")
    keeper.until(lambda: "not there any more" not in kept(keeper, driver).text and "Kept log of" in kept(keeper, driver).text, "it is gone")
    keeper.api.incidents.clear()
    for _ in range(2):
        answer = until_events(keeper, driver, *told)
        assert answer["events"][0]["count"] == 4 and answer["events"][0]["message"] == "0/3 nodes <are> available" and not answer["problems"]
        assert answer["events"][2]["message"] == "x" * 1024
        shown = page(keeper.client, f"/k/apps/{driver['app']}/events").text
        assert "0/3 nodes &lt;are&gt; available" in shown and "4 times" in shown
        keeper.restart()
        keeper.until(lambda: kept(keeper, driver).status_code == 200, "known again")
    until_kept(keeper, driver, "last line", "OOMKilled", "exit code 137")


def test_events_of_an_executor_that_was_deleted_before_its_driver_ended_are_told_and_kept(keeper):
    """As Spark deletes those that failed."""
    keeper.until(lambda: keeper.api.watching(role="executor") == 1, "a watch of executors")
    driver = run(keeper)
    failed = add_executor(keeper, driver, 1, b"")
    stranger = keeper.api.put(with_state(pod("other", "spark-other"), RUNNING))
    claimed = keeper.api.put(executor("etl-exec-9", driver["app"], stranger))
    keeper.api.incidents += [event(failed, "Evicted", "The node was low on memory", at="2026-01-31T12:00:09Z"),
                             event(claimed, "Claimed", "secret", at="2026-01-31T12:00:08Z")]
    keeper.api.delete("etl-exec-1")
    keeper.api.delete("etl-exec-9")
    told = [("Evicted", "etl-exec-1")]
    until_events(keeper, driver, *told)
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    folder = keeper.gateway.folder / "logs" / "k"
    keeper.until(lambda: any("Evicted" in path.read_text() for path in folder.glob("*.log")), "events are kept", 5)
    keeper.api.delete("etl")
    keeper.until(lambda: "Kept log of" in kept(keeper, driver).text, "it is gone")
    keeper.api.incidents.clear()
    until_events(keeper, driver, *told)


def test_event_that_happened_again_after_it_was_kept_is_told_once(keeper):
    driver = run(keeper)
    keeper.api.incidents.append(event(driver, "Killing", "Stopping container", at="2026-01-31T12:00:00Z"))
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    folder = keeper.gateway.folder / "logs" / "k"
    keeper.until(lambda: any("Killing" in path.read_text() for path in folder.glob("*.log")), "events are kept", 5)
    keeper.api.incidents[:] = [event(driver, "Killing", "Stopping container", at="2026-01-31T12:00:05Z", count=2)]
    assert [one["count"] for one in until_events(keeper, driver, ("Killing", "etl"))["events"]] == [2]


def test_s160_events_of_who_only_says_to_be_an_executor_are_not_kept(keeper):
    driver = run(keeper)
    stranger = keeper.api.put(with_state(pod("other", "spark-other"), RUNNING))
    claimed = keeper.api.put(executor("etl-exec-9", driver["app"], stranger))
    keeper.api.incidents += [event(claimed, "Claimed", "secret"), event(stranger, "Others", "secret"),
                             event(driver, "Scheduled", "Successfully assigned", "Normal"),
                             *[event(driver, f"Noise{i}", "n" * 1000, at="2026-01-30T12:00:00Z") for i in range(190)]]
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    folder = keeper.gateway.folder / "logs" / "k"
    keeper.until(lambda: any("Scheduled" in path.read_text() for path in folder.glob("*.log")), "events are kept", 5)
    written = "".join(path.read_text() for path in folder.glob("*.log"))
    assert "Claimed" not in written and "Others" not in written and "secret" not in written
    assert len(written) < 64 << 10


def test_where_the_role_may_not_list_events_logs_are_kept_as_before(keeper):
    keeper.api.forbidden.add("events")
    driver = run(keeper)
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    keeper.until(lambda: keeper.api.sent, "the log is read", 5)
    keeper.api.delete("etl")
    until_kept(keeper, driver, "last line", "exit code 1")
    assert keeper.gateway.log_text().count("the gateway's role needs the verb list of events") == 1


def test_pod_that_is_deleted_is_followed_to_its_end(keeper):
    driver = run(keeper, log=b"before\n")
    one = keeper.api.pods["spark", "etl"]
    keeper.api.put({**one, "metadata": {**one["metadata"], "deletionTimestamp": "2026-01-31T12:00:00Z"}})
    keeper.until(lambda: keeper.api.sent, "the log is followed", 5)
    keeper.api.write("etl", b"shutdown hook\n")
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(143, "Error")))
    time.sleep(0.3)
    keeper.api.delete("etl")
    until_kept(keeper, driver, "before", "shutdown hook", "exit code 143")


def test_pod_that_is_gone_before_its_log_is_read_tells_what_it_said_and_that_there_is_no_log(keeper):
    driver = run(keeper)
    with keeper.api.changed:  # both come at once
        keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error", "last words of the container")))
        keeper.api.delete("etl")
    keeper.until(lambda: "exit code 1" in kept(keeper, driver).text, "how it ended")
    shown = kept(keeper, driver).text
    assert "last words of the container" in shown and "was deleted before it could be read" in shown
    assert keeper.client.get(f"/k/apps/{driver['app']}/logs").status_code == 404


def test_s146_log_of_a_pod_that_took_the_name_is_not_kept_as_another_ones(keeper):
    """Sixteen slow pods take all turns, so that the next one waits; meanwhile its name is another's."""
    slow = [run(keeper, f"slow-{n}", log=b"slow\n") for n in range(16)]
    ended = run(keeper, "etl", log=b"of the first\n")
    for one in slow:
        keeper.api.put({**keeper.api.pods["spark", one["metadata"]["name"]],
                        "metadata": {**one["metadata"], "deletionTimestamp": "2026-01-31T12:00:00Z"}})
    keeper.until(lambda: len(keeper.api.sent) == 16, "all turns are taken")
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    keeper.until(lambda: "exit code 1" in kept(keeper, ended).text, "its end")
    with keeper.api.changed:
        keeper.api.delete("etl")
        keeper.api.logs["etl", DRIVER] = b"of the second\n"
        keeper.api.put(with_state(pod("etl", "spark-second"), RUNNING))
    keeper.until(lambda: "not there any more" in kept(keeper, ended).text, "it is gone")
    for one in slow:
        keeper.api.delete(one["metadata"]["name"])
    keeper.until(lambda: "was deleted before it could be read" in kept(keeper, ended).text, "its turn")
    assert "of the second" not in kept(keeper, ended).text and keeper.client.get(f"/k/apps/{ended['app']}/logs").status_code == 404
    until_kept(keeper, slow[0], "slow")


def test_s146_log_is_not_kept_if_another_pod_took_the_name_while_it_was_read(keeper):
    driver = run(keeper, log=b"of the first\n")
    one = keeper.api.pods["spark", "etl"]
    keeper.api.put({**one, "metadata": {**one["metadata"], "deletionTimestamp": "2026-01-31T12:00:00Z"}})
    keeper.until(lambda: keeper.api.sent, "the log is followed", 5)
    with keeper.api.changed:
        keeper.api.delete("etl")
        keeper.api.put(with_state(with_state(pod("etl", "spark-second"), RUNNING), terminated(0, "Completed")))
    keeper.until(lambda: "another pod has the name" in kept(keeper, driver).text, "a word")
    assert "of the first" not in kept(keeper, driver).text


def test_log_is_not_kept_where_the_role_does_not_allow_it_and_that_is_said(keeper):
    keeper.api.forbidden.add("pods/log")
    driver = run(keeper)
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    keeper.until(lambda: "needs the verb get of pods/log" in keeper.gateway.log_text(), "a word in the log")
    keeper.api.delete("etl")
    keeper.until(lambda: "lacks the verb get of pods/log" in kept(keeper, driver).text, "a word on the page")


def test_without_keep_logs_the_page_of_a_pod_that_is_gone_says_so(world):
    driver = run(world)
    world.api.delete("etl")
    world.until(lambda: "was not kept" in kept(world, driver).text, "a word on the page")
    answer = world.client.get(f"/k/apps/{driver['app']}/logs")
    assert answer.status_code == 404 and "keep_logs" in answer.json()["detail"]


def test_s112_what_is_kept_is_for_those_who_could_read_it_before(teams):
    teams.entry["kubernetes"]["keep_logs"] = "24h"
    teams.restart()
    wait_ready(teams.gateway)
    driver = run(teams, namespace="a")
    path = f"/k/apps/{driver['app']}/logs"
    teams.until(lambda: page(teams.team_a, path).status_code == 200, "team-a sees it")
    teams.api.put(with_state(teams.api.pods["a", "etl"], terminated(137, "OOMKilled")))
    folder = teams.gateway.folder / "logs" / "k"  # what was sent says nothing: the page reads the log too
    teams.until(lambda: any("OOMKilled" in path.read_text() for path in folder.glob("*.log")), "its end is kept")
    teams.api.delete("etl", "a")
    for _ in range(2):
        teams.until(lambda: "Kept log of" in page(teams.team_a, path).text, "what was kept")
        assert page(teams.team_b, path).status_code in (404, 503)  # 503 while a namespace is not listed yet
        teams.until(lambda: page(teams.team_b, path).status_code == 404, "404 once all namespaces are listed", 5)
        assert page(teams.lookers, path).status_code == 403
        teams.restart()


# --- ways there ---

def session(world, scope):
    """A person in a browser, with a session of this scope."""
    token = world.gateway.create_token(scope, "user", "--scope", scope)["access_token"]
    person = Client(world.gateway)
    answer = person.post("/_gate/login", data={"token": token}, headers={"Origin": world.gateway.origin})
    assert answer.status_code == 303
    return person


def test_permalink_of_a_driver_that_died_shows_last_lines_to_who_may_read_logs(keeper):
    del keeper.entry["history"]
    keeper.restart()
    driver = run(keeper, log=b"".join(b"line %d\n" % i for i in range(5000)) + b"java.lang.OutOfMemoryError <heap>\n")
    reader, looker = session(keeper, "view logs"), session(keeper, "view")
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(137, "OOMKilled")))
    keeper.until(lambda: keeper.api.sent, "the log is read", 5)
    keeper.api.delete("etl")
    link = f"/k/apps/{driver['app']}"
    assert keeper.until(lambda: "java.lang.OutOfMemoryError &lt;heap&gt;" in page(reader, link).text, "last lines") < 2
    shown = page(reader, link)
    assert shown.status_code == 404 and "Refresh" not in shown.headers
    assert "OOMKilled, exit code 137" in shown.text and "line 4999" in shown.text and "line 4000\n" not in shown.text
    assert all(f'href="{link}/{leaf}"' in shown.text for leaf in ("logs", "events"))
    for path in ("/", "/k/"):
        assert f'href="{link}/logs"' in page(reader, path).text
    for path in (link, "/", "/k/"):
        shown = page(looker, path).text
        assert "OOMKilled" in shown and "OutOfMemoryError" not in shown and f"{link}/logs" not in shown


def test_page_that_waits_for_history_shows_last_lines_to_who_may_read_logs(keeper):
    driver = run(keeper, log=b"java.lang.OutOfMemoryError <heap>\n")
    reader, looker = session(keeper, "view logs"), session(keeper, "view")
    keeper.api.put(with_state({**keeper.api.pods["spark", "etl"], "status": {"phase": "Failed"}}, terminated(137, "OOMKilled")))
    keeper.until(lambda: keeper.api.sent, "the log is read", 5)
    keeper.api.delete("etl")
    link = f"/k/apps/{driver['app']}"
    keeper.until(lambda: "java.lang.OutOfMemoryError &lt;heap&gt;" in page(reader, link).text, "last lines")
    shown, other = page(reader, link), page(looker, link)
    for one in (shown, other):
        assert one.status_code == 503 and one.headers["Refresh"] == "3" and "its history is not ready yet" in one.text
    assert "OutOfMemoryError" not in other.text and "OOMKilled" in other.text
    assert "OutOfMemoryError" not in reader.get(link).text  # a script's answer
