"""Applications launched on Kubernetes, through a Spark operator's resources: the API server and the operator are played."""

import base64
import os
import signal
import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from conftest import NAVIGATION, Client
from kube_api import APACHE, CONFIG_MAPS, CONNECTS, KUBEFLOW, SCHEDULES, KubeApi, event, executor, resource, terminated, with_state
from kube_world import teams_auth
from mock_provider import MockProvider
from operator_world import APPLICATIONS, COMPLETED, FAILED, RUNNING, SUBMITTED, LaunchWorld
from signon import wait_ready
from spark_cluster import HOST
from token_client import problem

BOTH = pytest.mark.parametrize("world", [KUBEFLOW, APACHE], indirect=True, ids=["kubeflow", "apache"])
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}


@pytest.fixture
def world(request, tmp_path):
    with KubeApi() as api:
        api.serve(KUBEFLOW, APACHE, SCHEDULES, CONNECTS, CONFIG_MAPS)
        made = LaunchWorld(tmp_path, api, getattr(request, "param", KUBEFLOW))
        yield made
        made.stop()


def pod_name(resource):
    return f"{resource['metadata']['name']}-driver"


@BOTH
def test_a_launch_goes_from_its_resource_to_its_drivers_end(world):
    launch = world.launch(arguments=["--day", "1"], environment={"STAGE": "test"}, conf={"spark.sql.shuffle.partitions": "8"})
    assert launch["state"] in ("queued", "starting")
    made = world.resource(launch)
    assert made["metadata"]["name"].startswith("etl-daily-")
    conf = made["spec"]["sparkConf"]
    assert conf["spark.sql.shuffle.partitions"] == "8" and conf["spark.kubernetes.driver.limit.cores"] == "1"
    assert conf["spark.kubernetes.driverEnv.SPARK_USER"] == launch["user"] and conf["spark.kubernetes.driverEnv.STAGE"] == "test"
    world.until_shown(launch, state="starting")
    world.runs(launch)
    shown = world.show(launch)
    assert shown["links"]["ui"].endswith("/k/proxy/spark-00000000000000000000000000000001/")
    world.until_status("/k/proxy/spark-00000000000000000000000000000001/jobs/", 200)
    driver = world.api.pods["spark", pod_name(made)]
    world.api.put({**with_state(driver, terminated(0, "Completed")), "status": {**driver["status"], "phase": "Succeeded"}})
    world.say(made, COMPLETED, app="spark-00000000000000000000000000000001")
    assert world.until_shown(launch, state="finished")["exit_code"] == 0
    world.api.delete(made["metadata"]["name"], kind=world.kind)  # its time to live is over
    assert world.show(launch)["state"] == "finished"


@BOTH
def test_a_driver_that_dies_tells_its_exit_code_and_why(world):
    launch = world.launch()
    driver = world.runs(launch)
    world.api.put({**with_state(driver, terminated(137, "OOMKilled")), "status": {
        **with_state(driver, terminated(137, "OOMKilled"))["status"], "phase": "Failed"}})
    world.say(world.resource(launch), FAILED, "driver container failed", app="spark-00000000000000000000000000000001")
    shown = world.until_shown(launch, state="failed")
    assert shown["exit_code"] == 137 and "OOMKilled" in shown["reason"]


@BOTH
def test_a_launch_is_ended_by_its_resource(world):
    launch = world.launch()
    world.runs(launch)
    assert world.admin.delete(f"{APPLICATIONS}/{launch['id']}").status_code in (200, 202, 204)
    world.until_shown(launch, state="killed")
    assert world.resources() == [] and world.api.pods == {}


@pytest.mark.parametrize("world", [APACHE], indirect=True)
def test_a_launch_whose_operator_ends_its_driver_before_the_resource_goes_was_killed(world):
    """As Apache's operator does it: the resource has a finalizer, and is released before it goes."""
    launch = world.launch()
    driver = world.runs(launch)
    made = world.resource(launch)
    world.api.put({**made, "metadata": {**made["metadata"], "finalizers": ["sparkapplications.spark.apache.org/finalizer"]}})
    assert world.admin.delete(f"{APPLICATIONS}/{launch['id']}").status_code in (200, 202, 204)
    world.until(lambda: "deletionTimestamp" in world.resource(launch)["metadata"], "the deletion")
    world.api.delete(driver["metadata"]["name"])
    world.say(world.resource(launch), {APACHE: "ResourceReleased"}, "Spark application has been shutdown as requested.")
    shown = world.until_shown(launch, state="killed")
    assert shown["exit_code"] is None and shown["reason"] == "Its resource was deleted."
    world.api.delete(made["metadata"]["name"], kind=APACHE)
    assert world.show(launch)["state"] == "killed"


def test_a_driver_that_is_never_scheduled_says_why_and_can_be_ended(world):
    launch = world.launch()
    made = world.resource(launch)
    world.say(made, SUBMITTED)
    driver = world.driver_of(made, "spark-00000000000000000000000000000002", "Pending", ip=None)
    world.api.put({**driver, "status": {**driver["status"], "conditions": [UNSCHEDULABLE]}})
    world.until_shown(launch, state="starting", reason=lambda text: text and "0/3 nodes are available" in text)
    assert world.log(launch, container="driver").status_code == 404
    world.admin.delete(f"{APPLICATIONS}/{launch['id']}")
    world.until_shown(launch, state="killed")
    assert world.resources() == []


@BOTH
def test_an_image_that_cannot_be_pulled_is_told_by_the_launch_and_its_events(world):
    launch = world.launch()
    made = world.resource(launch)
    world.say(made, SUBMITTED)
    driver = world.driver_of(made, "spark-00000000000000000000000000000003", "Pending", ip=None)
    waits = {"waiting": {"reason": "ErrImagePull", "message": 'failed to pull image "spark:9": not found'}}
    driver = world.api.put(with_state(driver, waits))
    world.api.incidents.append(event(driver, "Failed", 'Failed to pull image "spark:9": not found'))
    world.until_shown(launch, state="starting", reason=lambda text: text and "ErrImagePull" in text)
    events = world.admin.get(f"{APPLICATIONS}/{launch['id']}/events").json()["events"]
    assert any('Failed to pull image "spark:9"' in one["text"] for one in events), events
    world.admin.delete(f"{APPLICATIONS}/{launch['id']}")
    world.until_shown(launch, state="killed")
    assert world.resources() == []


def test_a_suspended_launch_waits_and_one_that_is_deleted_was_killed(world):
    launch = world.launch()
    made = world.resource(launch)
    world.say(made, {KUBEFLOW: "SUSPENDED"})
    world.until_shown(launch, state="starting", reason=lambda text: text and "suspended" in text)
    world.api.delete(made["metadata"]["name"], kind=KUBEFLOW)
    world.until_shown(launch, state="killed")


@pytest.fixture
def people(tmp_path):
    """`ann` and `ben` launch, and see what is their own."""
    with MockProvider() as provider, KubeApi() as api:
        api.serve(KUBEFLOW, APACHE, SCHEDULES, CONNECTS, CONFIG_MAPS)
        auth = teams_auth(tmp_path, provider)
        auth["roles"] = {"claim": "roles", "admin": ["spark-admin"], "custom": [
            {"role": "analysts", "applications": ["own"], "rights": ["view", "logs", "launch", "kill:own"]}]}
        made = LaunchWorld(tmp_path, api, KUBEFLOW, {"roles": ["analysts"]}, {"auth": auth})
        for name in ("ann", "ben"):
            token = provider.access_token(name, roles=["analysts"], aud="spark", preferred_username=name)
            setattr(made, name, Client(made.gateway, token))
        wait_ready(made.gateway)
        yield made
        made.stop()


def test_s132_own_opens_a_launch_to_who_launched_it_and_to_nobody_else(people):
    world, app = people, "spark-00000000000000000000000000000001"
    answer = world.ann.post(APPLICATIONS, json={"resource": "local:///opt/etl.py", "name": "etl"})
    assert answer.status_code == 201, answer.text
    launch = answer.json()
    assert launch["user"] == "ann"
    made = world.resource(launch)
    assert made["metadata"]["annotations"]["sparkgate.io/user"] == "ann"
    driver = world.api.put(with_state(world.driver_of(made, app), {"running": {}}))
    world.say(made, RUNNING, app=app)
    assert [one["value"] for one in driver["spec"]["containers"][1]["env"] if one["name"] == "SPARK_USER"] == ["operator", "ann"]
    world.until(lambda: world.ann.get(f"/k/proxy/{app}/jobs/", headers=NAVIGATION).status_code == 200, "ann's own")
    assert world.ben.get(f"/k/proxy/{app}/jobs/", headers=NAVIGATION).status_code == 404
    assert world.ben.get(f"{APPLICATIONS}/{launch['id']}").status_code == 404
    assert world.ben.delete(f"{APPLICATIONS}/{launch['id']}").status_code == 404
    for members in ({"environment": {"SPARK_USER": "ben"}}, {"conf": {"spark.kubernetes.driverEnv.SPARK_USER": "ben"}}):
        answer = world.ann.post(APPLICATIONS, json={"resource": "local:///opt/etl.py", "name": "etl", **members})
        assert answer.status_code == 403, answer.text
    assert world.ann.delete(f"{APPLICATIONS}/{launch['id']}").status_code in (200, 202, 204)
    world.until(lambda: world.resources() == [], "its end")


def test_a_launch_that_is_asked_for_again_is_another_resource(world):
    first = world.launch(conf={"spark.sql.shuffle.partitions": "8"})
    world.runs(first)
    world.admin.delete(f"{APPLICATIONS}/{first['id']}")
    world.until_shown(first, state="killed")
    answer = world.admin.post(f"{APPLICATIONS}/{first['id']}/restart")
    assert answer.status_code == 201, answer.text
    made = world.resource(answer.json())
    assert made["spec"]["sparkConf"]["spark.sql.shuffle.partitions"] == "8" and len(world.resources()) == 1
    assert world.show(first)["state"] == "killed"


# --- logs and events ---

def test_logs_of_driver_and_executor_are_streamed_and_kept_after_the_end(world):
    launch = world.launch()
    driver = world.runs(launch)
    app = "spark-00000000000000000000000000000001"
    world.api.write(driver["metadata"]["name"], b"one\ntwo\n")
    assert world.log(launch, container="driver").text == "one\ntwo\n"
    assert world.log(launch, container="driver", since="2026-01-31T12:00:00Z").status_code == 200
    assert [query["sinceTime"] for path, query in world.api.others if "sinceTime" in query] == ["2026-01-31T12:00:00Z"]
    for since in ("yesterday", "2026-01-31", "2026-01-31T12:00:00Z&follow=true"):
        assert world.log(launch, container="driver", since=since).status_code == 400
    one = executor("etl-exec-3", app, driver)
    one["metadata"]["labels"]["spark-exec-id"] = "3"
    stranger = executor("etl-exec-4", app, {"metadata": {"name": "x", "uid": "another"}})
    stranger["metadata"]["labels"]["spark-exec-id"] = "4"
    world.api.put(one), world.api.put(stranger)
    for name in ("etl-exec-3", "etl-exec-4"):
        world.api.write(name, b"of an executor\n", "spark-kubernetes-executor")
    assert world.log(launch, container="executor-3").text == "of an executor\n"
    assert world.log(launch, container="executor-4").status_code == 404  # it belongs to another driver
    for container in ("executor-9", "executor-", "executor-x", "other"):
        assert world.log(launch, container=container).status_code in (400, 404)
    world.api.put({**with_state(driver, terminated(0, "Completed")), "status": {
        **with_state(driver, terminated(0, "Completed"))["status"], "phase": "Succeeded"}})
    world.say(world.resource(launch), COMPLETED, app=app)
    world.until_shown(launch, state="finished")
    world.until(lambda: world.api.sent and world.api.sent[-1][0] == driver["metadata"]["name"], "the kept log")
    world.api.delete(driver["metadata"]["name"])
    world.until(lambda: world.log(launch, container="driver").text == "one\ntwo\n" and not world.api.pods.get(("spark", pod_name(
        world.resource(launch)))), "the log that was kept")
    late = world.log(launch, container="driver", since="2026-01-31T12:00:00Z")
    assert late.status_code == 404 and "ask without since" in late.json()["detail"]


@pytest.mark.parametrize("listener", ["public", "admin"])
def test_a_reader_may_leave_a_silent_log_whenever_it_likes(world, listener):
    launch = world.launch()
    driver = world.runs(launch)
    world.api.write(driver["metadata"]["name"], b"")  # it is there, and says nothing
    at = world.gateway.url if listener == "public" else world.gateway.admin_url
    path = f"{at}{APPLICATIONS}/{launch['id']}/logs?follow=true"
    for _ in range(20):  # while the question is under way
        with socket.create_connection((HOST, urlsplit(at).port)) as leaving:
            leaving.sendall(f"GET {urlsplit(path).path}?follow=true HTTP/1.1\r\nHost: {urlsplit(at).netloc}\r\n"
                            f"Authorization: Bearer {world.admin.token}\r\n\r\n".encode())
    for patience in (0.3, 1.5):  # before the first look whether they still may read it, and after
        with pytest.raises(requests.Timeout):
            requests.get(path, headers=world.admin.headers, timeout=(5, patience))
        world.until(lambda: world.api.followers == 0, "the end of reading")
    began = time.monotonic()
    world.until(lambda: time.monotonic() - began > 1.5, "another look", 5)
    world.api.write(driver["metadata"]["name"], b"at last\n")
    reading = requests.get(path, headers=world.admin.headers, timeout=10, stream=True)
    assert next(reading.iter_lines()) == b"at last"
    reading.close()
    world.until(lambda: world.api.followers == 0, "the end of reading")
    assert world.show(launch)["state"] == "running"


def test_events_are_those_of_the_resource_and_its_own_pods(world):
    launch = world.launch()
    driver = world.runs(launch)
    other = world.api.put({**driver, "metadata": {**driver["metadata"], "name": "other", "labels": {"spark-role": "driver"}}})
    world.api.incidents += [event(driver, "Scheduled", "on node 1", "Normal"), event(other, "Secret", "of another")]
    about = event(world.resource(launch), "SparkApplicationAdded", "was added")
    about["involvedObject"]["kind"] = "SparkApplication"
    world.api.incidents.append(about)
    events = world.admin.get(f"{APPLICATIONS}/{launch['id']}/events").json()["events"]
    told = {(one["about"], one["text"]) for one in events}
    assert {("driver", "Scheduled: on node 1"), ("application", "SparkApplicationAdded: was added")} <= told
    assert not any("another" in text for _, text in told)
    assert all(isinstance(one["at"], str) for one in events)


# --- a file that travels ---

HELLO = b"print('hello')\n" * 50000  # 750 KB: in no record of the store


def with_file(content=HELLO, name="etl.py", **more):
    return {"resource": None, "file": {"name": name, "content": base64.b64encode(content).decode()}, **more}


def maps(world):
    return [one for _, one in sorted(world.api.kinds[CONFIG_MAPS].items())]


@BOTH
def test_s171_a_small_file_travels_with_its_launch_and_goes_with_its_end(world):
    launch = world.launch(**with_file())
    made = world.resource(launch)
    travels, = maps(world)
    assert travels["binaryData"] == {"etl.py": base64.b64encode(HELLO).decode()} and travels["immutable"] is True
    assert travels["metadata"]["labels"]["sparkgate.io/launch"] == launch["id"]
    template = made["spec"]["driver"]["template"] if world.kind == KUBEFLOW else made["spec"]["driverSpec"]["podTemplateSpec"]
    assert template["spec"]["volumes"][0]["configMap"]["name"] == travels["metadata"]["name"]
    assert "local:///opt/sparkgate/etl.py" in str(made["spec"])
    assert launch["request"]["file"] == {"name": "etl.py"} and launch["resource"] == "local:///opt/sparkgate/etl.py"
    world.runs(launch)
    driver = world.api.pods["spark", pod_name(made)]
    world.api.put({**with_state(driver, terminated(0, "Completed")), "status": {**driver["status"], "phase": "Succeeded"}})
    world.say(made, COMPLETED, app="spark-00000000000000000000000000000001")
    world.until_shown(launch, state="finished", exit_code=0)
    assert maps(world) == [], "it went before the launch was over"
    again = world.admin.post(f"{APPLICATIONS}/{launch['id']}/restart")
    assert "with the file again" in problem(again, 409)


def test_s171_a_file_survives_the_gateway_and_is_taken_away_when_its_launch_never_starts(world):
    world.gateway.conf["clusters"][0]["launch"]["profiles"][0] |= {"running": 1, "queue": 5}
    world.restart()
    first, queued = world.launch(**with_file()), world.launch(**with_file(b"print(2)\n"))
    assert queued["state"] == "queued" and len(maps(world)) == 2
    world.resource(first)
    os.kill(world.gateway.pid, signal.SIGKILL)
    world.gateway.daemon.process.wait()
    world.gateway.start()
    world.until_shown(first, 40, state="starting")
    assert world.admin.delete(f"{APPLICATIONS}/{queued['id']}").status_code == 200
    world.until_shown(queued, state="killed")
    kept, = maps(world)
    assert kept["metadata"]["labels"]["sparkgate.io/launch"] == first["id"]
    assert world.admin.delete(f"{APPLICATIONS}/{first['id']}").status_code == 200
    world.until_shown(first, state="killed")
    assert maps(world) == [] and world.resources() == []


def test_s171_a_file_that_is_not_taken_fails_its_launch_and_the_same_key_gets_the_same_answer(world):
    world.api.forbidden.add(("create", "configmaps"))
    key, wish = {"Idempotency-Key": "once"}, {"cluster": "k", "profile": "small", "name": "etl", **with_file()}
    launch = world.admin.post(APPLICATIONS, json=wish, headers=key)
    assert launch.status_code == 201, launch.text
    shown = world.until_shown(launch.json(), state="failed")
    assert "its file was not taken" in shown["reason"] and "the verb create of configmaps" in shown["reason"]
    again = world.admin.post(APPLICATIONS, json=wish, headers=key)
    assert again.status_code == 200 and again.json()["id"] == launch.json()["id"]
    other = world.admin.post(APPLICATIONS, json={**wish, **with_file(b"print(3)\n")}, headers=key)
    assert "another request" in problem(other, 409)
    assert world.resources() == [] and maps(world) == []


@pytest.mark.parametrize(("change", "status", "says"), [
    ({"file": {"name": "etl.py", "content": ""}}, 400, "file.content"), ({"file": {"name": "etl.py", "content": "AP9h="}}, 400, "file.content"),
    ({"file": {"name": "etl.py", "content": base64.b64encode(b"x" * (1024 * 1024 + 1)).decode()}}, 400, "1 MiB"),
    ({"file": {"name": "../etl.py", "content": "AP9h"}}, 400, "file.name"), ({"file": {"name": "etl.sh", "content": "AP9h"}}, 400, "file.name"),
    ({"file": {"name": "etl.py"}}, 400, "file.content"), ({"resource": "local:///opt/etl.py"}, 400, "either"),
    ({"file": {"name": "etl.jar", "content": "AP9h"}}, 400, "main_class"), ({"arguments": ["x" * 4096] * 200, **with_file(b"y" * 1024 * 1024)}, 413, "")])
def test_s171_what_is_no_small_file_is_refused_and_nothing_is_made(world, change, status, says):
    answer = world.admin.post(APPLICATIONS, json={"cluster": "k", "profile": "small", "name": "etl", **with_file(), **change})
    assert says in problem(answer, status) and maps(world) == [] and world.resources() == []


def test_s171_profiles_say_whether_a_file_travels(world):
    profile, = world.admin.get("/api/v1/profiles").json()["profiles"]
    assert profile["files"] is True and profile["artifacts"] is False


def test_s116_the_same_key_gets_its_launch_though_the_cluster_lacks_something_by_now(world):
    key, wish = {"Idempotency-Key": "once"}, {"cluster": "k", "profile": "small", "name": "etl", "resource": "local:///opt/etl.py"}
    world.api.forbidden.add(("create", "sparkapplications"))
    launch = world.admin.post(APPLICATIONS, json=wish, headers=key)
    assert launch.status_code == 201, launch.text
    world.until_shown(launch.json(), reason=lambda text: text and "lacks the verb create" in text)
    again = world.admin.post(APPLICATIONS, json=wish, headers=key)
    assert again.status_code == 200 and again.json()["id"] == launch.json()["id"]
    assert "another request" in problem(world.admin.post(APPLICATIONS, json={**wish, "name": "other"}, headers=key), 409)
    assert "lacks the verb create" in problem(world.admin.post(APPLICATIONS, json=wish), 503)


# --- what may go wrong ---

@BOTH
def test_s133_a_lost_answer_and_a_killed_gateway_leave_one_application(world):
    world.api.lost_answers = 1
    launch = world.launch()
    world.resource(launch)
    assert world.api.lost_answers == 0
    os.kill(world.gateway.pid, signal.SIGKILL)
    world.gateway.daemon.process.wait()
    world.gateway.start()
    world.until_shown(launch, 40, state="starting")
    world.runs(launch)
    assert len(world.resources()) == 1 and world.show(launch)["state"] == "running"


def test_s133_a_resource_of_somebody_else_is_neither_used_nor_deleted(world):
    world.api.forbidden.add(("create", "sparkapplications"))
    launch = world.launch()
    world.until(lambda: world.api.writes, "a try")
    _, _, name = world.api.writes[0]
    world.api.put(resource(KUBEFLOW, name, state="RUNNING"))
    world.api.forbidden.clear()
    shown = world.until_shown(launch, state="failed")
    assert "Another SparkApplication" in shown["reason"] and len(world.resources()) == 1


@pytest.mark.parametrize(("fault", "words"), [
    ("right", "lacks the verb create of sparkapplications.sparkoperator.k8s.io"), ("kind", "operator is not installed"),
    ("namespace", "no namespace spark"), ("quota", "quota of the namespace is used up")])
def test_what_the_cluster_lacks_is_said_and_the_launch_goes_on_when_it_is_there(world, fault, words):
    kinds = world.api.kinds[KUBEFLOW]
    if fault == "right":
        world.api.forbidden.add(("create", "sparkapplications"))
    elif fault == "kind":
        del world.api.kinds[KUBEFLOW]
    elif fault == "namespace":
        world.api.no_namespaces.add("spark")
    else:
        world.api.denial = (403, 'sparkapplications "x" is forbidden: exceeded quota: small, used: 3, limited: 3', "Forbidden")
    launch = world.launch()
    world.until_shown(launch, reason=lambda text: text and words in text)
    again = world.admin.post(APPLICATIONS, json={"cluster": "k", "profile": "small", "resource": "local:///opt/etl.py", "name": "another"})
    if fault == "quota":
        assert again.status_code == 201, again.text  # there may be room when its turn comes
    else:
        assert words in problem(again, 503) and again.headers["Retry-After"] == "30"
        assert len(world.admin.get(APPLICATIONS).json()["applications"]) == 1
    world.api.forbidden.clear(), world.api.no_namespaces.clear()
    world.api.kinds[KUBEFLOW], world.api.denial = kinds, None
    world.resource(launch)
    world.until_shown(launch, state="starting")
    world.resource(world.launch(name="afterwards"))


def test_what_a_webhook_refuses_has_failed_with_its_words(world):
    world.api.denial = (400, 'admission webhook "v" denied the request: no such version', "BadRequest")
    shown = world.until_shown(world.launch(), state="failed")
    assert "no such version" in shown["reason"] and world.resources() == []


def test_s131_a_file_of_the_operators_pod_is_no_program(world):
    world.gateway.conf["clusters"][0]["launch"]["allow"] = ["file:/var/*", "local:///opt/*"]
    world.restart()
    shown = world.until_shown(world.launch(resource="file:///var/run/secrets/token.py"), state="failed")
    assert "operator's own pod" in shown["reason"] and world.resources() == []
