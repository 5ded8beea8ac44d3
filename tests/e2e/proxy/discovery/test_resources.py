"""Resources of Spark's operators: rows from their creation to their end, as a fake API server tells of them.

The statuses are those that Kubeflow's operator 2.5 was seen to write, and that Apache's operator is documented to write.
"""

import re

import pytest

from conftest import NAVIGATION, Client, signed_in
from fake_spark import App
from kube_api import APACHE, APACHE_OLD, CONNECTS, KUBEFLOW, SCHEDULES, KubeApi, pod, resource
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready
from spark_cluster import free_port

BAR_S = 1.0
KINDS = (KUBEFLOW, APACHE, SCHEDULES, CONNECTS)
OF_KUBEFLOW, OF_APACHE = "sparkoperator.k8s.io/app-name", "spark.operator/spark-app-name"


@pytest.fixture
def api():
    with KubeApi() as running:
        running.serve(*KINDS)
        yield running


def until_watched(world):
    world.until(lambda: world.api.watching() == 1 and all(world.api.watching(kind) == 1 for kind in KINDS), "watches of every kind")


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    until_watched(made)
    yield made
    made.stop()


def rows(world, client=None):
    """What each row of applications says, without its markup."""
    text = (client or world.client).get("/k/").text
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in re.findall(r'<th scope="row".*?</tr>', text, re.S)]


def until_row(world, *words):
    """Seconds until there is exactly one row, with these words."""
    def is_there():
        found = rows(world)
        return len(found) == 1 and all(word in found[0] for word in words)
    try:
        return world.until(is_there, f"one row with {words}")
    except AssertionError:
        raise AssertionError(f"{words}: not in {rows(world)}") from None


def permalink(world, name, client=None):
    return (client or world.client).get(f"/k/apps/{name}", headers=NAVIGATION)


def leads_to(world, name, ui):
    return permalink(world, name).headers.get("Location", "").endswith(f"/k/proxy/{ui.id}/")


def driver_of(world, name, app, label=OF_KUBEFLOW, pod_name=None, **more):
    return world.driver(pod_name or f"{name}-driver", app=app, labels={label: name, "spark-app-name": name.replace(".", "-")}, **more)


def test_resource_is_a_row_within_a_second_of_its_creation_and_one_row_with_its_driver(world):
    world.api.put(resource(KUBEFLOW, "etl"))
    assert until_row(world, "etl", "SparkApplication spark/etl", "Submitted") < BAR_S
    answer = permalink(world, "etl")
    assert answer.status_code == 503 and "was submitted" in answer.text and "Refresh" in answer.headers
    world.api.put(resource(KUBEFLOW, "etl", "SUBMITTED", app="spark-1"))
    until_row(world, "Pending")
    ui = driver_of(world, "etl", "spark-1")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    until_row(world, "spark-1", "Running")
    for name in ("etl", "spark~k~etl", "spark-1"):
        assert leads_to(world, name, ui), name


def test_name_with_a_dot_is_found_though_sparks_label_has_none(world):
    world.api.put(resource(KUBEFLOW, "my.app", "RUNNING", app="spark-1"))
    ui = driver_of(world, "my.app", "spark-1")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    until_row(world, "my-app", "Running")
    assert leads_to(world, "my.app", ui) and leads_to(world, "my-app", ui)


def test_submission_that_was_refused_says_why_and_stops_asking(world):
    stderr = "Setting spark.hadoop...\n" * 100 + 'Exception in thread "main" pods "x" is forbidden: <b>exceeded quota</b>\n' + "\tat x\n" * 300
    world.api.put(resource(KUBEFLOW, "greedy", "SUBMISSION_FAILED", stderr))
    until_row(world, "Not started", "exceeded quota")
    assert "<b>exceeded" not in world.client.get("/k/").text
    for_scripts = permalink(world, "greedy")
    assert for_scripts.status_code == 404 and "exceeded quota" in for_scripts.json()["detail"]
    answer = signed_in(world.gateway, "user").get("/k/apps/greedy", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "could not be started" in answer.text and "exceeded quota" in answer.text
    assert "Refresh" not in answer.headers and "SparkApplication spark/greedy" in answer.text


def test_pod_of_a_refused_submission_that_nobody_saw_end_is_no_application_that_finished(world):
    world.api.put(resource(KUBEFLOW, "blink"))
    driver_of(world, "blink", "spark-1", phase="Pending", ip="")
    until_row(world, "spark-1")
    world.api.put(resource(KUBEFLOW, "blink", "SUBMISSION_FAILED", "networkpolicies is forbidden"))
    world.api.delete("blink-driver")
    world.until(lambda: any("Not started" in row and "networkpolicies is forbidden" in row for row in rows(world)), "how it ended")
    assert all("Finished" not in row and "Unknown" not in row for row in rows(world))


def test_retry_is_a_row_of_its_own_until_its_driver_takes_it_over(world):
    world.api.put(resource(KUBEFLOW, "flaky", "RUNNING", app="spark-1"))
    first = driver_of(world, "flaky", "spark-1")
    world.until_status(f"/k/proxy/{first.id}/", 200)
    world.api.put(resource(KUBEFLOW, "flaky", "PENDING_RERUN", "driver container failed with ExitCode: 137", app="spark-1", executionAttempts=2))
    world.api.delete("flaky-driver")
    world.until(lambda: [[word in row for word in ("Retrying", "Failed")] for row in rows(world)] == [[True, False], [False, True]],
                "a retry, and a run that failed")
    assert "Attempt 2. driver container failed with ExitCode: 137" in rows(world)[0]
    assert "tried again" in permalink(world, "flaky").text
    second = driver_of(world, "flaky", "spark-2", pod_name="flaky-driver-2")
    world.api.put(resource(KUBEFLOW, "flaky", "RUNNING", app="spark-2", executionAttempts=2))
    world.until(lambda: leads_to(world, "flaky", second), "the second driver")
    assert len(rows(world)) == 2 and "spark-2" in rows(world)[0] and "spark-1" in rows(world)[1]


def test_failure_that_will_be_tried_again_is_a_retry_and_says_why_until_then(world):
    """The operator clears message and id when the time has come."""
    why, spec = "driver container failed with ExitCode: 137, Reason: OOMKilled", {"restartPolicy": {"type": "OnFailure", "onFailureRetries": 1}}
    world.api.put(resource(KUBEFLOW, "flaky", "RUNNING", app="spark-1", spec=spec, executionAttempts=1))
    first = driver_of(world, "flaky", "spark-1")
    world.until_status(f"/k/proxy/{first.id}/", 200)
    world.api.put(resource(KUBEFLOW, "flaky", "FAILING", why, app="spark-1", spec=spec, executionAttempts=1))
    world.api.delete("flaky-driver")
    world.until(lambda: ["Retrying" in row for row in rows(world)] == [True, False] and why in rows(world)[0], "a retry, and why")
    world.api.put(resource(KUBEFLOW, "flaky", "PENDING_RERUN", spec=spec, executionAttempts=1))
    world.api.put(resource(KUBEFLOW, "marker", "RUNNING"))
    world.until(lambda: len(rows(world)) == 3, "what came later")
    assert any("Retrying" in row and why in row for row in rows(world)) and why in permalink(world, "flaky").text
    world.api.delete("marker", kind=KUBEFLOW)
    world.api.put(resource(KUBEFLOW, "flaky", "SUBMITTED", spec=spec, executionAttempts=2))
    world.until(lambda: any("Pending" in row and "Attempt 2." in row and why not in row for row in rows(world)), "another attempt")
    world.api.put(resource(KUBEFLOW, "flaky", "FAILING", why, app="spark-2", spec=spec, executionAttempts=2))
    world.until(lambda: permalink(world, "flaky").status_code == 404, "that this was the last attempt")


def test_driver_that_died_before_its_operator_says_that_it_was_submitted_is_one_row(world):
    """spark-submit may need long until it ends, and the operator says nothing before."""
    world.api.put(resource(KUBEFLOW, "quick"))
    ui = driver_of(world, "quick", "spark-1")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.api.phase("quick-driver", "Failed")
    until_row(world, "spark-1", "Failed")
    assert "Failed; its history is not ready yet" in permalink(world, "quick").text
    world.api.put(resource(KUBEFLOW, "quick", "SUBMITTED", app="spark-1", executionAttempts=1))
    world.api.put(resource(KUBEFLOW, "marker", "RUNNING"))
    world.until(lambda: len(rows(world)) == 2, "what came later")
    assert "Failed; its history is not ready yet" in permalink(world, "quick").text
    world.api.put(resource(KUBEFLOW, "quick", "PENDING_RERUN", executionAttempts=1))
    world.until(lambda: "tried again" in permalink(world, "quick").text, "a retry")
    world.api.put(resource(KUBEFLOW, "quick", "SUBMITTED", executionAttempts=2))
    world.until(lambda: any("quick" in row and "Pending" in row for row in rows(world)), "another run")
    assert len(rows(world)) == 3


def test_refused_submission_stays_one_when_its_operator_goes_on_to_failed(world):
    world.api.put(resource(KUBEFLOW, "blink", "SUBMISSION_FAILED", "failed to submit: forbidden", submissionAttempts=1))
    until_row(world, "Not started", "forbidden")
    world.api.put(resource(KUBEFLOW, "blink", "FAILED", "failed to submit: forbidden", submissionAttempts=1))
    world.api.put(resource(KUBEFLOW, "marker", "RUNNING"))
    world.until(lambda: len(rows(world)) == 2, "what came later")
    assert any("Not started" in row and "forbidden" in row for row in rows(world))
    page = signed_in(world.gateway, "user").get("/k/apps/blink", headers={"Accept": "text/html"})
    assert page.status_code == 404 and "could not be started" in page.text


def test_suspended_application_is_not_finished(world):
    world.api.put(resource(KUBEFLOW, "night", "RUNNING", app="spark-1"))
    ui = driver_of(world, "night", "spark-1")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.api.put(resource(KUBEFLOW, "night", "SUSPENDED", app="spark-1"))
    world.api.delete("night-driver")
    until_row(world, "Suspended")
    assert "No applications have finished yet" in world.client.get("/k/?state=finished").text
    assert "night" not in world.client.get("/k/?state=running").text.partition("<tbody>")[2]
    answer = permalink(world, "night")
    assert answer.status_code == 503 and "is suspended" in answer.text
    world.api.put(resource(KUBEFLOW, "night", "RESUMING", app="spark-1"))
    world.until(lambda: any("Resuming" in row for row in rows(world)), "that it is resumed")
    again = driver_of(world, "night", "spark-2", pod_name="night-driver-2")
    world.api.put(resource(KUBEFLOW, "night", "RUNNING", app="spark-2"))
    world.until(lambda: leads_to(world, "night", again), "the next driver")
    assert [("Killed" in row, "It was suspended." in row) for row in rows(world)] == [(False, False), (True, True)]


def test_schedules_name_leads_to_its_newest_run(world):
    label = {"sparkoperator.k8s.io/scheduled-app-name": "nightly"}
    world.api.put(resource(SCHEDULES, "nightly", "Scheduled", spec={"schedule": "0 2 * * *"}, nextRun="2027-01-01T02:00:00Z"))
    until_row(world, "nightly", "Scheduled", "Schedule: 0 2 * * *", "2027-01-01T02:00:00Z")
    assert "is scheduled" in permalink(world, "nightly").text
    world.api.put(resource(KUBEFLOW, "nightly-1", "FAILED", "driver failed", app="spark-1", labels=label))
    world.until(lambda: len(rows(world)) == 2, "a run")
    world.until(lambda: "driver failed" in permalink(world, "nightly").text, "what is said of the run")
    world.api.put(resource(KUBEFLOW, "nightly-2", "RUNNING", app="spark-2", labels=label))
    ui = driver_of(world, "nightly-2", "spark-2")
    world.until(lambda: leads_to(world, "nightly", ui), "the newest run")
    assert not leads_to(world, "nightly-1", ui)


def test_released_application_of_apaches_operator_shows_how_it_ended(world):
    history = {"0": {"currentStateSummary": "Submitted"}, "9": {"currentStateSummary": "RunningHealthy"},
               "10": {"currentStateSummary": "Failed", "message": "driver exited with 1"}, "11": {"currentStateSummary": "ResourceReleased"}}
    world.api.put(resource(APACHE, "pi", "RunningHealthy"))
    ui = driver_of(world, "pi", "spark-1", OF_APACHE)
    world.until(lambda: leads_to(world, "pi", ui), "its driver")
    world.api.put(resource(APACHE, "pi", "ResourceReleased", stateTransitionHistory=history))
    world.api.delete("pi-driver")
    until_row(world, "spark-1", "Failed", "driver exited with 1")


def test_older_version_of_apaches_resources_is_watched_where_a_cluster_has_it_alone(tmp_path):
    with KubeApi() as api:
        api.serve(KUBEFLOW, APACHE_OLD, SCHEDULES, CONNECTS)
        world = World(tmp_path, api)
        try:
            world.until(lambda: api.watching(APACHE_OLD) == 1, "a watch")
            api.put(resource(APACHE_OLD, "pi", "DriverRequested"))
            assert until_row(world, "spark/pi", "Pending") < BAR_S
            ui = driver_of(world, "pi", "spark-1", OF_APACHE)
            world.until(lambda: leads_to(world, "pi", ui), "its driver")
            assert world.client.get(f"{world.gateway.admin_url}/ready").json()["resources"]["k"]["spark"][
                "SparkApplications (spark.apache.org/v1)"] == "ok"
            with api.changed:  # its operator is upgraded
                api.serve(APACHE)
                api.kinds[APACHE].update(api.kinds.pop(APACHE_OLD))
                for one in api.kinds[APACHE].values():
                    one["apiVersion"] = "spark.apache.org/v1"
            api.cut()
            world.until(lambda: api.watching(APACHE) == 1, "a watch of the newer version")
            api.put(resource(APACHE, "later", "Submitted"))
            world.until(lambda: any("spark/later" in row for row in rows(world)), "a row of the newer version")
            assert leads_to(world, "pi", ui)
        finally:
            world.stop()


def test_application_that_is_deleted_with_its_resource_says_so(world):
    world.api.put(resource(KUBEFLOW, "gone", "RUNNING", app="spark-1"))
    ui = driver_of(world, "gone", "spark-1")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.api.delete("gone", kind=KUBEFLOW)
    world.api.delete("gone-driver")
    until_row(world, "spark-1", "Deleted", "Its resource was deleted.")
    world.api.put(resource(KUBEFLOW, "never", "SUBMITTED", app="spark-2"))
    world.until(lambda: len(rows(world)) == 2, "another one")
    world.api.delete("never", kind=KUBEFLOW)
    world.until(lambda: permalink(world, "never").status_code == 404, "its end")
    page = signed_in(world.gateway, "user").get("/k/apps/never", headers={"Accept": "text/html"})
    assert "This application was deleted" in page.text and "It ended at" in page.text


def test_application_that_is_deleted_before_it_starts_says_why_it_had_not_started(world):
    world.api.put(resource(KUBEFLOW, "patient", "SUBMITTED", app="spark-1"))
    waiting = pod("patient-driver", "spark-1", phase="Pending", ip="", labels={OF_KUBEFLOW: "patient"})
    waiting["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node is left"}]
    world.api.put(waiting)
    until_row(world, "spark-1", "Unschedulable")
    world.api.delete("patient", kind=KUBEFLOW)
    world.api.delete("patient-driver")
    until_row(world, "spark-1", "Deleted", "Its resource was deleted. Its pod is gone; it had not started: Unschedulable: no node is left")


def test_completed_application_stays_finished_when_its_resource_is_deleted(world):
    world.api.put(resource(KUBEFLOW, "good", "COMPLETED", app="spark-1"))
    until_row(world, "Finished")
    world.api.delete("good", kind=KUBEFLOW)
    marker = resource(KUBEFLOW, "marker", "RUNNING")
    world.api.put(marker)
    world.until(lambda: len(rows(world)) == 2, "what came later")
    assert any("Finished" in row and "good" in row for row in rows(world))


def test_connect_server_is_named_as_what_it_is(world):
    world.api.put(resource(CONNECTS, "notebooks", "Ready"))
    until_row(world, "notebooks", "SparkConnect spark/notebooks", "Running")


def test_s113_connect_server_stays_one_row_with_its_application_when_its_pod_was_long_read(world):
    """Its UI names the application later than the API server tells of the pod."""
    api = world.api
    api.put(resource(CONNECTS, "notebooks", "Ready"))
    labels = {"sparkoperator.k8s.io/connect-name": "notebooks", "spark-role": "driver", "spark-app-name": None}
    port = free_port()
    api.put(pod("notebooks-server", None, labels=labels, port=port))
    for number in range(20):  # what the pod was read from is used again
        api.put(pod("other", None, labels={"spark-role": "driver", "turn": f"{number}-" + "x" * 40}))
    world.apps.append(App("spark-served", "served", port))
    world.until_status("/k/proxy/spark-served/", 200)
    until_row(world, "served", "Connect server")
    assert permalink(world, "spark~c~notebooks").headers["Location"].endswith("/k/proxy/spark-served/")


def test_resource_that_comes_and_goes_while_nobody_watches_is_right_after_the_next_list(world):
    api = world.api
    api.put(resource(KUBEFLOW, "old", "SUBMITTED"))
    until_row(world, "old")
    with api.changed:  # no watch sees any of it
        api.delete("old", kind=KUBEFLOW)
        api.put(resource(KUBEFLOW, "new", "RUNNING"))
        api.compact()
    api.cut()
    world.until(lambda: sorted(("old" in row, "Deleted" in row) for row in rows(world)) == [(False, False), (True, True)], "both")


@pytest.mark.parametrize("lack", ["not there", "not allowed"])
def test_kind_that_is_not_there_or_not_allowed_is_said_once_and_pods_are_as_before(tmp_path, lack):
    with KubeApi() as api:
        if lack == "not allowed":
            api.serve(*KINDS)
            api.forbidden.update(KINDS)
        world = World(tmp_path, api)
        try:
            ui = driver_of(world, "etl", "spark-1")
            world.until(lambda: leads_to(world, "etl", ui), "the driver by the name of its resource")
            ready = world.client.get(f"{world.gateway.admin_url}/ready")
            assert ready.status_code == 200 and ready.json()["kubernetes"] == {"k": {"spark": "ok"}}
            assert set(ready.json()["resources"]["k"]["spark"].values()) == {lack}
            said = [line for line in world.gateway.log_text().splitlines() if "are not watched" in line]
            assert len(said) == len(KINDS) and all("403" in line or "404" in line for line in said)
            told = ready.json()["lacking_rights"]
            assert len(told) == (len(KINDS) if lack == "not allowed" else 0)
            for one in told:  # the log says the same words
                assert (one["cluster"], one["namespace"], one["see"]) == ("k", "spark", "k8s/overlays/resources/")
                words = f"the gateway's role needs {one['needs']}; without that {one['without']}; {one['see']} gives it"
                assert sum(words in line for line in said) == 1, words
            assert "does not answer" not in world.client.get("/k/").text
            api.forbidden.clear()
            api.serve(*(kind for kind in KINDS if kind not in api.kinds))
            world.gateway.reload()  # else it is asked after a minute or two
            until_watched(world)
            ready = world.client.get(f"{world.gateway.admin_url}/ready")
            assert ready.json()["lacking_rights"] == []
            world.api.put(resource(KUBEFLOW, "later"))
            world.until(lambda: len(rows(world)) == 2, "a resource")
            api.forbidden.add(KUBEFLOW)  # what was known is not known any more
            api.cut()
            until_row(world, "spark-1")
        finally:
            world.stop()


@pytest.fixture
def teams(tmp_path, api):
    """People of the namespaces a and b, and one who may see all."""
    with MockProvider() as provider:
        made = World(tmp_path, api, {"auth": teams_auth(tmp_path, provider)}, started=False)
        made.entry["kubernetes"]["namespaces"] = ["*"]
        made.begin()
        wait_ready(made.gateway)
        until_watched(made)
        for name, role in (("a", "team-a"), ("b", "team-b"), ("all", "spark-user")):
            setattr(made, name, Client(made.gateway, provider.access_token(roles=[role], aud="spark")))
        yield made
        made.stop()


def test_s109_resource_is_seen_by_people_of_its_namespace_only(teams):
    teams.api.put(resource(KUBEFLOW, "secret", "FAILED", "quota of b", namespace="b"))
    teams.api.put(resource(KUBEFLOW, "shared", "RUNNING", namespace="a"))
    teams.api.put(resource(KUBEFLOW, "shared", "FAILED", namespace="b"))
    teams.until(lambda: len(rows(teams, teams.all)) == 3, "all of them")
    assert ["shared" in row and "Running" in row for row in rows(teams, teams.a)] == [True]
    assert rows(teams, teams.b) and "No application has" in teams.a.get("/k/?q=secret").text
    assert "quota of b" in permalink(teams, "secret", teams.b).text
    for path in ("secret", "b~k~secret"):
        hidden, nothing = permalink(teams, path, teams.a), permalink(teams, path.replace("secret", "nobody"), teams.a)
        assert (hidden.status_code, nothing.status_code) == (404, 404)
        assert "secret" not in hidden.text and hidden.headers.get("Refresh") is None
    assert "is suspended" not in permalink(teams, "shared", teams.a).text and permalink(teams, "shared", teams.a).status_code == 503
    assert permalink(teams, "shared", teams.b).status_code == 404


def test_s109_pod_and_status_of_another_namespace_take_no_row_over(teams):
    """b has the application; a's resource names its id, and a's pod would be b's resource."""
    teams.api.put(resource(KUBEFLOW, "victim", "RUNNING", app="spark-v", namespace="b"))
    victim = driver_of(teams, "victim", "spark-v", namespace="b")
    teams.until_status(f"/k/proxy/{victim.id}/", 200)
    teams.api.put(resource(KUBEFLOW, "thief", "FAILED", "never shown on it", app="spark-v", namespace="a"))
    driver_of(teams, "victim", "spark-t", pod_name="thief-driver", namespace="a")
    teams.until(lambda: len(rows(teams, teams.all)) == 3, "a row each")
    assert len(rows(teams, teams.b)) == 1 and "never shown" not in rows(teams, teams.b)[0]
    assert permalink(teams, "victim", teams.b).headers["Location"].endswith("/k/proxy/spark-v/")
    assert all("spark-v" not in row for row in rows(teams, teams.a))
    assert permalink(teams, "spark-v", teams.a).status_code == 404


def mib_more(world, before):
    return (world.gateway.peak_kib() - before) / 1024


def test_two_thousand_pods_and_two_thousand_resources_cost_less_than_24_mib(tmp_path, api):
    from kube_api import pod
    world = World(tmp_path, api)
    try:
        until_watched(world)
        idle = world.gateway.resident_kib()
        with api.changed:
            for i in range(2000):
                app = f"spark-{i:04}"
                api.put(pod(f"driver-{i}", app, phase="Succeeded", labels={OF_KUBEFLOW: f"app-{i}"}, started="2026-01-31T12:00:00Z"))
                api.put(resource(KUBEFLOW, f"app-{i}", "COMPLETED", app=app, spec={"arguments": ["x" * 60] * 60}))
            api.compact()
        api.cut()
        world.until(lambda: "2,000</b> finished" in world.client.get("/k/").text or ">2,000</span>" in world.client.get("/k/").text, "all of them", 600)
        more = mib_more(world, idle)
        print(f"2,000 driver pods and 2,000 resources: {more:.1f} MiB at most")
        assert more < 24
    finally:
        world.stop()


def test_two_thousand_apache_resources_of_300_kb_cost_less_than_24_mib(tmp_path, api):
    """One status, as big as transitions with the pod's whole status make it."""
    world = World(tmp_path, api)
    try:
        until_watched(world)
        idle = world.gateway.resident_kib()
        seen = {"currentStateSummary": "RunningHealthy", "message": "", "lastObservedDriverStatus": {"conditions": [{"message": "m" * 90, "n": n} for n in range(70)]}}
        history = {str(n): seen for n in range(30)}
        with api.changed:
            for i in range(2000):
                api.put(resource(APACHE, f"app-{i}", "RunningHealthy", stateTransitionHistory=history))
            api.compact()
        api.cut()
        world.until(lambda: ">2,000</span>" in world.client.get("/k/").text, "all of them", 600)
        more = mib_more(world, idle)
        print(f"2,000 resources of 300 KB: {more:.1f} MiB at most")
        assert more < 24
    finally:
        world.stop()
