"""Logs and events of drivers that are kept after their pods are gone, and the ways there."""

import time

import pytest

from kube_api import event, executor, pod, terminated, with_state
from pod_logs_world import DRIVER, RUNNING, add_executor, keeping, kept, page, plain, run, session, until_events, until_kept


@pytest.fixture
def keeper(tmp_path, api):
    with keeping(tmp_path, api) as made:
        yield made


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
    folder = tmp_path / "volume" / "logs"
    with keeping(tmp_path, api, logs_dir=str(folder)) as world:
        driver = run(world, log=b"the end\n")
        api.put(with_state(api.pods["spark", "etl"], terminated(1, "Error")))
        world.until(lambda: api.sent, "the log is read", 5)
        api.delete("etl")
        until_kept(world, driver, "the end")
        assert len(list((folder / "k").iterdir())) == 1


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


def test_without_keep_logs_the_page_of_a_pod_that_is_gone_says_so(tmp_path, api):
    with plain(tmp_path, api) as world:
        driver = run(world)
        world.api.delete("etl")
        world.until(lambda: "was not kept" in kept(world, driver).text, "a word on the page")
        answer = world.client.get(f"/k/apps/{driver['app']}/logs")
        assert answer.status_code == 404 and "keep_logs" in answer.json()["detail"]


# --- ways there ---

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
