"""Logs of executors that are kept after Spark deleted their pods: those that failed, and those that ended with their application."""

import time

import pytest

from kube_api import executor, pod, terminated, with_state
from pod_logs_world import EXECUTOR, RUNNING, add_executor, follow, keeping, kept, kept_text, of_teams, page, run
from signon import wait_ready

OOM = terminated(137, "OOMKilled")


@pytest.fixture
def keeper(tmp_path, api):
    with keeping(tmp_path, api) as made:
        yield made


def end(world, one, state, phase="Failed"):
    """Its container ends, as a kubelet tells."""
    now = world.api.pods[one["metadata"]["namespace"], one["metadata"]["name"]]
    world.api.put(with_state({**now, "status": {**now["status"], "phase": phase}}, state, EXECUTOR))


def ask_to_go(world, one, grace=30):
    now = world.api.pods["spark", one["metadata"]["name"]]
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + grace))
    world.api.put({**now, "metadata": {**now["metadata"], "deletionTimestamp": until, "deletionGracePeriodSeconds": grace}})


def log_page(client, driver, name):
    return page(client, f"/k/apps/{driver['app']}/logs?pod={name}")


def test_executor_that_is_oom_killed_is_understood_after_spark_deleted_it(keeper):
    driver = run(keeper)
    failed = add_executor(keeper, driver, 1, b"".join(b"line %d\n" % i for i in range(200_000)) + b"java.lang.OutOfMemoryError <heap>\n")
    began = time.monotonic()
    end(keeper, failed, OOM)
    keeper.until(lambda: keeper.api.sent, "its log is read", 5)
    keeper.api.delete("etl-exec-1")
    keeper.until(lambda: "Kept log of" in log_page(keeper.client, driver, "etl-exec-1").text, "it was kept")
    assert time.monotonic() - began < 2
    path = f"/k/apps/{driver['app']}/logs"

    def check():
        shown = log_page(keeper.client, driver, "etl-exec-1").text
        assert "java.lang.OutOfMemoryError &lt;heap&gt;" in shown and "exit code 137" in shown and "OOMKilled" in shown
        text = keeper.client.get(f"{path}?pod=etl-exec-1")
        assert text.status_code == 200 and text.text.endswith("line 199999\njava.lang.OutOfMemoryError <heap>\n") and len(text.content) <= 1 << 20
        assert keeper.client.get(f"{path}?pod=etl-exec-1&tail=1").text == "java.lang.OutOfMemoryError <heap>\n"
        assert "?pod=etl-exec-1" in kept(keeper, driver).text and "OOMKilled" in kept(keeper, driver).text
        assert keeper.client.get(f"{path}?pod=etl-exec-1&container=istio-proxy").status_code == 404
        assert keeper.client.get(f"{path}?pod=etl-exec-2").status_code == 404
    check()  # while its driver runs
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    keeper.until(lambda: len(list((keeper.gateway.folder / "logs" / "k").glob("*.log"))) == 1, "the driver's log is kept")
    keeper.api.delete("etl")
    keeper.until(lambda: "Kept log of" in kept(keeper, driver).text, "the driver is gone, too")
    check()
    keeper.restart()
    keeper.until(lambda: kept(keeper, driver).status_code == 200, "known again")
    check()
    assert {oct(path.stat().st_mode & 0o777) for path in (keeper.gateway.folder / "logs" / "k").iterdir()} == {"0o600"}


def test_executor_that_was_gone_before_its_log_was_read_says_how_it_ended(keeper):
    driver = run(keeper)
    failed = add_executor(keeper, driver, 1, b"unread\n")
    with keeper.api.changed:  # both come at once
        end(keeper, failed, OOM)
        keeper.api.delete("etl-exec-1")
    keeper.until(lambda: "was deleted before it could be read" in log_page(keeper.client, driver, "etl-exec-1").text, "a word on the page")
    assert "OOMKilled" in kept(keeper, driver).text and "unread" not in kept_text(keeper)
    assert keeper.client.get(f"/k/apps/{driver['app']}/logs?pod=etl-exec-1").status_code == 404


def test_executors_that_end_with_their_application_are_followed_to_their_end(keeper):
    driver = run(keeper)
    one = add_executor(keeper, driver, 1, b"before\n")
    ask_to_go(keeper, one)
    keeper.until(lambda: keeper.api.sent, "its log is followed", 5)
    keeper.api.write("etl-exec-1", b"shutdown hook\n", EXECUTOR)
    end(keeper, one, terminated(143, "Error"))
    keeper.until(lambda: "shutdown hook" in kept_text(keeper) and '"exitCode":143' in kept_text(keeper).replace(" ", ""), "it is kept", 5)
    keeper.api.delete("etl-exec-1")
    keeper.until(lambda: "Kept log of" in log_page(keeper.client, driver, "etl-exec-1").text, "its log")
    assert keeper.client.get(f"/k/apps/{driver['app']}/logs?pod=etl-exec-1").text == "before\nshutdown hook\n"


def test_log_of_an_executor_is_followed_by_its_reader_until_it_ends(keeper):
    driver = run(keeper)
    one = add_executor(keeper, driver, 1, b"first\n")
    with follow(keeper, driver, pod="etl-exec-1") as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"first"
        end(keeper, one, OOM)
        assert list(lines) == []


def test_s161_log_of_who_only_says_to_be_an_executor_is_neither_read_nor_kept(keeper):
    driver = run(keeper)
    stranger = keeper.api.put(with_state(pod("other", "spark-other"), RUNNING))
    claimed = keeper.api.put(executor("etl-exec-9", driver["app"], stranger))  # of another driver, says its owner
    nobodys = executor("etl-exec-8", driver["app"], driver)
    del nobodys["metadata"]["ownerReferences"]
    nobodys = keeper.api.put(nobodys)
    for one in (claimed, nobodys):
        keeper.api.write(one["metadata"]["name"], b"secret\n", EXECUTOR)
        end(keeper, one, OOM)
    real = add_executor(keeper, driver, 1, b"of executor 1\n")
    end(keeper, real, OOM)
    keeper.until(lambda: "of executor 1" in kept_text(keeper), "the real one is kept")
    for one in (claimed, nobodys, real):
        keeper.api.delete(one["metadata"]["name"])
    keeper.until(lambda: "Kept log of" in log_page(keeper.client, driver, "etl-exec-1").text, "its log")
    shown = kept(keeper, driver).text
    assert "etl-exec-9" not in shown and "etl-exec-8" not in shown
    for name in ("etl-exec-9", "etl-exec-8"):
        assert keeper.client.get(f"/k/apps/{driver['app']}/logs?pod={name}").status_code == 404
    assert not [path for path, _ in keeper.api.others if path.endswith("/etl-exec-8/log")]


def test_s162_an_application_with_many_executors_keeps_its_failed_ones_and_its_drivers_log(keeper):
    driver = run(keeper, log=b"of the driver\n")
    failed = add_executor(keeper, driver, 0, b"java.lang.OutOfMemoryError\n")
    end(keeper, failed, OOM)
    keeper.until(lambda: "OutOfMemoryError" in kept_text(keeper), "the failed one is kept")
    keeper.api.delete("etl-exec-0")
    folder = keeper.gateway.folder / "logs" / "k"
    for number in range(1, 25):  # dynamic allocation: they come and go
        one = add_executor(keeper, driver, number, b"of executor %d.\n" % number)
        end(keeper, one, terminated(0, "Completed"), "Succeeded")
        keeper.until(lambda: f"of executor {number}." in kept_text(keeper), "it is kept")  # noqa: B023
        keeper.api.delete(one["metadata"]["name"])
    assert len(list(folder.glob("*.exec"))) == 16
    shown = kept(keeper, driver).text
    assert "etl-exec-0" in shown and "etl-exec-24" in shown and "etl-exec-1<" not in shown
    keeper.api.put(with_state(keeper.api.pods["spark", "etl"], terminated(1, "Error")))
    keeper.until(lambda: "of the driver" in kept_text(keeper), "the driver's is kept")


def test_s163_kept_log_of_an_executor_is_for_those_who_may_read_its_application(tmp_path):
    with of_teams(tmp_path) as teams:
        teams.entry["kubernetes"]["keep_logs"] = "24h"
        teams.restart()
        wait_ready(teams.gateway)
        driver = run(teams, namespace="a")
        path = f"/k/apps/{driver['app']}/logs?pod=etl-exec-1"
        teams.until(lambda: page(teams.team_a, f"/k/apps/{driver['app']}/logs").status_code == 200, "team-a sees it")
        failed = add_executor(teams, driver, 1, b"java.lang.OutOfMemoryError\n", namespace="a")
        other = teams.api.put(executor("etl-exec-2", driver["app"], driver, namespace="b"))  # of the driver, says a pod of b
        teams.api.write("etl-exec-2", b"secret\n", EXECUTOR)
        for one in (other, failed):
            end(teams, one, OOM)
        teams.until(lambda: "OutOfMemoryError" in kept_text(teams), "it is kept")
        teams.api.delete("etl-exec-1", "a")
        teams.api.delete("etl-exec-2", "b")
        for _ in range(2):
            teams.until(lambda: "java.lang.OutOfMemoryError" in page(teams.team_a, path).text, "what was kept")
            assert "etl-exec-2" not in page(teams.team_a, path).text
            assert "secret" not in page(teams.team_a, path.replace("exec-1", "exec-2")).text
            teams.until(lambda: page(teams.team_b, path).status_code == 404, "404 once all namespaces are listed", 5)
            assert page(teams.lookers, path).status_code == 403 and teams.readers.get(path).text == "java.lang.OutOfMemoryError\n"
            teams.restart()
