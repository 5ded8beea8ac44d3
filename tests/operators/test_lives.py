"""Lives of applications that a real operator runs, each to its end: what every row said on the way, and the permalink at each step.

The drivers' pods are made by a real spark-submit and get their node from a real scheduler; what a kubelet would tell of them is written here.
"""

import re
import time

import pytest

from fake_spark import App
from lives import APPS, BY_HAND, GONE_S, GROUP, REASON_S, ROW_S, Life, application, figure, retrying, text_of

WAITS = "((Waiting|Pending) > )*"  # the pod's word or its operator's
STARTS = f"(Submitted > )?{WAITS}Running"


def started(life):
    """Its driver runs; pod and UI."""
    pod = life.until_pod()
    ui = life.run(pod)
    life.until_live(ui)
    life.until_row("Running")
    return pod, ui


def test_application_that_completes(world):
    with Life(world, "completes") as life:
        figure("from the resource's creation to its row", life.until_row("SparkApplication spark/completes", "Submitted"), ROW_S)
        assert life.get().status_code == 503 and "was submitted" in life.get().text
        pod = life.until_pod()
        life.until_row("No UI yet")
        assert "is starting" in life.get().text
        ui = life.run(pod)
        life.until_live(ui)
        for name in (ui.id, f"spark~k~{life.name}"):
            life.until_live(ui, name)
        life.until_row("Running", ui.id)
        assert "Scheduled" in life.get(ui.id, "/events").text  # the real scheduler's own
        assert "a line of a container" in text_of(life.get(ui.id, "/logs").text)
        with life.follow(ui) as answer:
            lines = answer.iter_lines()
            assert next(lines) == b"a line of a container"
            world.kube.write_log("and what it says while somebody reads")
            assert b"and what it says while somebody reads" in lines
        life.end(pod, 0, "Completed")
        life.until_row("Finished", ui.id)
        life.until_link(lambda answer: "This application has finished" in answer.text, "its end")
        assert life.answer.status_code == 404 and "Refresh" not in life.answer.headers
        life.until_state("COMPLETED")
        life.save("completed")
        life.delete()
        time.sleep(2)
        life.until_row("Finished")
        assert re.fullmatch(f"{STARTS} > Finished", life.told())


def test_driver_that_waits_for_a_node_says_why(world):
    with Life(world, "waits", driver={"nodeSelector": {"disk": "none-has-it"}}) as life:
        pod = life.until_pod(scheduled=False)
        life.until_row("Unschedulable", "node affinity/selector")
        page = life.get()
        assert page.status_code == 503 and "This application is starting" in page.text and "Unschedulable" in page.text
        app = pod["metadata"]["labels"]["spark-app-selector"]
        assert "FailedScheduling" in life.get(app, "/events").text
        life.delete()
        life.until_row("Deleted", "had not started")
        assert app in life.rows[0]


def test_driver_whose_volume_claim_is_missing_says_so(world):
    volumes = [{"name": "events", "persistentVolumeClaim": {"claimName": "nobody-made-it"}}]
    with Life(world, "claims", volumes=volumes, driver={"volumeMounts": [{"name": "events", "mountPath": "/events"}]}) as life:
        life.until_row("Unschedulable", "nobody-made-it")
        assert "nobody-made-it" in life.get().text
        life.delete()
        life.until_row("Deleted")


def test_image_that_cannot_be_pulled_is_said(world):
    with Life(world, "pulls") as life:
        pod = life.until_pod()
        life.kube.hold_pod(APPS, pod["metadata"]["name"], "ImagePullBackOff", 'Back-off pulling image "spark"')
        life.until_row("ImagePullBackOff", "Back-off pulling image")
        assert "ImagePullBackOff" in life.get().text
        life.delete()
        life.until_row("Deleted", "ImagePullBackOff")


def test_driver_that_fails_is_failed_and_says_its_exit_code(world):
    with Life(world, "fails") as life:
        pod, ui = started(life)
        at = life.end(pod, 3, "Error")
        life.until_link(lambda answer: "exit code 3" in answer.text, "the reason", ui.id)
        figure("from the driver's end to its reason on the permalink", time.monotonic() - at, REASON_S)
        life.until_state("FAILED")
        life.save("failed")
        life.until_row("Failed", "exit code 3")
        life.until_link(lambda answer: "This application failed" in answer.text, "how it ended")
        assert life.answer.status_code == 404 and "a line of a container" in text_of(life.answer.text)  # kept
        assert re.fullmatch(f"{STARTS} > Failed", life.told())


def test_driver_that_is_oom_killed_says_so_although_the_operator_deletes_it(world):
    with Life(world, "greedy", restartPolicy=retrying(1)) as life:
        runs = []
        for number in (1, 2):
            pod, ui = started(life) if number == 1 else (life.until_pod(runs[0][0]["metadata"]["uid"]), None)
            if number == 2:
                ui = life.run(pod)
                life.until_live(ui)
            runs.append((pod, ui))
            at = life.end(pod, 137, "OOMKilled")
            life.until_link(lambda answer: "OOMKilled" in answer.text, "the reason by the application's id", ui.id)
            by_id = time.monotonic() - at
            life.until_link(lambda answer: "OOMKilled" in answer.text, "the reason by the resource's name")
            figure(f"from OOM kill {number} to its reason on the permalink by id", by_id, REASON_S)
            figure(f"from OOM kill {number} to its reason on the permalink by name", time.monotonic() - at, REASON_S)
            if number == 1:
                life.until_row("Retrying", "OOMKilled", rows=2)
                life.until_row("Failed", "OOMKilled, exit code 137", rows=2)
                assert "tried again" in life.get().text
                life.save("retrying")
        life.until_state("FAILED")
        life.save("failed-after-retries")
        life.until_row("Failed", "OOMKilled", runs[1][1].id, rows=2)
        life.until_row("Failed", "OOMKilled", runs[0][1].id, rows=2)
        for _, ui in runs:
            page = life.get(ui.id)
            assert page.status_code == 404 and "OOMKilled, exit code 137" in page.text and "This application failed" in page.text
        assert re.fullmatch(rf"{STARTS} > (Failed > )?Retrying\+Failed > ((Submitted|Waiting|Pending)\+Failed > )*Running\+Failed > Failed\+Failed", life.told())


def test_application_that_is_suspended_and_resumed(world):
    with Life(world, "sleeps") as life:
        pod, first = started(life)
        life.until_state("RUNNING")  # a change before SUBMITTED makes the operator submit twice
        life.patch({"suspend": True})
        life.until_state("SUSPENDED")
        life.save("suspended")
        life.until_row("Suspended")
        page = life.get()
        assert page.status_code == 503 and "is suspended" in page.text
        life.patch({"suspend": False})
        pod = life.until_pod(other_than=pod["metadata"]["uid"])
        second = life.run(pod)
        life.until_live(second)
        life.until_row("Running", second.id, rows=2)
        life.until_row("Killed", "It was suspended.", first.id, rows=2)
        life.end(pod, 0, "Completed")
        life.until_row("Finished", second.id, rows=2)
        assert re.fullmatch(rf"{STARTS} > (Killed > )?Suspended > (Resuming\+Killed > )?((Submitted|Waiting|Pending)\+Killed > )*Running\+Killed > Finished\+Killed",
                            life.told())


def test_schedule_leads_to_its_newest_run(world):
    template = application(31999)
    spec = {"schedule": "@every 20s", "concurrencyPolicy": "Forbid", "successfulRunHistoryLimit": 1, "failedRunHistoryLimit": 1, "template": template}
    with Life(world, "nightly", "ScheduledSparkApplication", spec) as life:
        life.until_row("ScheduledSparkApplication spark/nightly", "Scheduled", "@every 20s")
        life.until_link(lambda answer: "is scheduled" in answer.text or "was submitted" in answer.text, "its own page")
        def run_of(other=None):
            return next((name for name in (one["metadata"]["name"] for one in runs_of(world)) if name != other), None)
        life.until_link(lambda _: run_of(), "a run")
        first = run_of()
        pod = life.until_pod(name=first)
        ui = life.run(pod)
        life.until_live(ui)
        life.until_live(ui, first)
        life.end(pod, 0, "Completed")
        life.until_link(lambda _: run_of(first), "the next run", timeout=120)
        second = run_of(first)
        life.patch({"suspend": True})
        pod = life.until_pod(name=second)
        ui = life.run(pod)
        life.until_live(ui)
        life.save("schedule")
        life.end(pod, 0, "Completed")
        life.until_link(lambda answer: "This application has finished" in answer.text, "the end of the newest run")
        life.delete()
        life.until_row("Deleted")
        assert re.fullmatch(r"Scheduled( > Suspended)? > Deleted", life.told())


def runs_of(world):
    runs = world.kube.must("GET", f"/apis/{GROUP}/v1beta2/namespaces/{APPS}/sparkapplications?labelSelector={GROUP}/scheduled-app-name=nightly")
    return runs["items"]


@pytest.fixture
def without_network_policies(world):
    """As if nobody had bound the Role of k8s/examples/operator/."""
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{APPS}/rolebindings/spark-network-policies"
    binding = world.kube.must("GET", path)
    world.kube.must("DELETE", path)
    yield
    del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
    world.kube.must("POST", path.rpartition("/")[0], binding)


def test_submission_that_may_make_no_network_policy_is_refused_and_says_why(world, without_network_policies):
    """Its driver's pod is there for a moment."""
    with Life(world, "refused") as life:
        life.until_state("SUBMISSION_FAILED", "FAILED")
        life.save("refused")
        life.until_row("Not started", "networkpolicies")
        page = life.get()
        assert page.status_code == 404 and "could not be started" in page.text and "networkpolicies" in page.text
        assert re.fullmatch(f"(Submitted > )?{WAITS}(Submitted > )?Not started", life.told())


def test_submission_for_an_account_that_is_not_there_is_refused_and_says_why(world):
    with Life(world, "nobody", driver={"serviceAccount": "nobody-made-it"}) as life:
        life.until_row("Not started", "nobody-made-it")
        page = life.get()
        assert page.status_code == 404 and "could not be started" in page.text and "nobody-made-it" in page.text
        assert re.fullmatch("Submitted > Not started", life.told())


def test_application_that_is_deleted_while_it_runs(world):
    with Life(world, "deleted") as life:
        _, ui = started(life)
        at = life.delete()
        life.until_row("Deleted", ui.id)
        figure("from the deletion to the row that says so", time.monotonic() - at, GONE_S)
        page = life.get()
        assert page.status_code == 404 and "was deleted" in page.text
        assert re.fullmatch(f"{STARTS} > Deleted", life.told())


def test_connect_server(world):
    port = 31998
    spec = {"sparkVersion": "4.3.0", "image": "spark", "executor": {"instances": 1, "cores": 1, "memory": "600m"},
            "server": {"cores": 1, "memory": "600m", "template": {
                "metadata": {"annotations": {**BY_HAND, "sparkgate.io/ui": str(port)}}, "spec": {"containers": [{"name": "spark-kubernetes-driver"}]}}}}
    with Life(world, "notebooks", "SparkConnect", spec) as life:
        life.until_row("SparkConnect spark/notebooks")
        pod = life.until_link(lambda _: server_of(world), "its pod") and server_of(world)
        ui = App("spark-served", "notebooks", port)
        life.uis.append(ui)
        world.kube.run_pod(APPS, pod["metadata"]["name"])
        life.until_live(ui)
        life.until_row("Running", "Connect server")
        life.save("connect")
        life.delete()
        life.until_row("Deleted")
        assert "deleted" in text_of(life.get().text)
        assert re.fullmatch(f"(Submitted > )?{WAITS}Running > Deleted", life.told())


def server_of(world):
    return next((one for one in world.kube.pods(APPS, f"{GROUP}/connect-name=notebooks") if one["spec"].get("nodeName")), None)
