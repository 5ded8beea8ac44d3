"""Who may read logs and events of an application's pods: while they are there, while they are followed, and when they were kept."""

import time

import pytest
import requests

from conftest import NAVIGATION, Client
from fake_spark import App
from kube_api import pod, terminated, with_state
from pod_logs_world import RUNNING, follow, of_teams, page, run
from signon import wait_ready
from spark_cluster import free_port


@pytest.fixture
def teams(tmp_path):
    with of_teams(tmp_path) as made:
        yield made


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
