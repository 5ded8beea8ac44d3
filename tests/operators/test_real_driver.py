"""A driver and an executor that are real processes, run from what the operator and Spark wrote into their pods."""

import pathlib
import re
import time

import pytest

from lives import APPS, REASON_S, Life, figure, text_of
from pod_processes import PodProcesses
from spark_cluster import wait_for

APP = pathlib.Path(__file__).resolve().parents[1] / "support" / "pod_app.py"


@pytest.fixture
def processes(world, tmp_path):
    made = PodProcesses(world.kube, APPS, "spark", {"local:///opt/app.py": APP, "/opt/work": tmp_path})
    yield made
    made.stop()


def python(**more):
    """Its pod is the played kubelet's, which gives it an address."""
    return {"type": "Python", "mainClass": None, "mainApplicationFile": "local:///opt/app.py", "arguments": ["/opt/work"],
            "driver": {"annotations": {}}, **more}


def executors(world, app):
    return [one for one in world.kube.pods(APPS, f"spark-role=executor,spark-app-selector={app}") if one["status"].get("podIP")]


def lose_executor(world, life, app, process):
    """It dies of memory, and the real driver deletes its pod: its log is still there."""
    name = executors(world, app)[0]["metadata"]["name"]
    process.stop()
    at = world.kube.end_pod(APPS, name, 137, "OOMKilled")
    shown = f"/logs?pod={name}"
    life.until_link(lambda _: "OOMKilled" in text_of(life.get(app, shown).text), "why the executor died")
    figure("from an executor's OOM kill to its reason on the page of logs", time.monotonic() - at, REASON_S)
    wait_for(lambda: name not in [one["metadata"]["name"] for one in executors(world, app)], "Spark deletes it", 120, world.check)
    life.until_link(lambda _: "Kept log of" in text_of(life.get(app, shown).text), "what was kept of it")
    page = text_of(life.get(app, shown).text)
    assert "OOMKilled" in page and "exit code 137" in page and "a line of a container" in page


def test_real_driver_and_executor_from_submission_to_completion(world, processes, tmp_path):
    with Life(world, "sums", **python()) as life:
        pod = life.until_pod()
        wait_for(lambda: life.until_pod()["status"].get("podIP"), "its address", 60, world.check)
        pod = life.until_pod()
        driver = processes.run_driver(pod)
        app = pod["metadata"]["labels"]["spark-app-selector"]

        def check():
            world.check()
            driver.check()
        life.until_link(lambda answer: check() or answer.headers.get("Location", "").endswith(f"/k/proxy/{app}/"), "the real driver's UI", timeout=180)
        life.until_row("Running", app)
        executor = processes.run_executor(wait_for(lambda: executors(world, app), "an executor's pod", 120, check)[0])
        (tmp_path / "go").touch()
        wait_for((tmp_path / "sum").exists, "the sum", 180, lambda: (check(), executor.check()))
        assert (tmp_path / "sum").read_text() == "5050"
        assert "Executors" in world.person.page(f"/k/proxy/{app}/executors/").text
        listed = world.person.get(f"{world.gate.url}/k/proxy/{app}/api/v1/applications/{app}/executors", timeout=60).json()
        assert {row["id"] for row in listed} == {"driver", "1"} and all(row["isActive"] for row in listed)
        logs = text_of(life.get(app, "/logs").text)
        assert "driver" in logs and executors(world, app)[0]["metadata"]["name"] in logs
        lose_executor(world, life, app, executor)
        (tmp_path / "end").touch()
        wait_for(lambda: driver.process.poll() is not None, "the driver's end", 120, world.check)
        assert driver.process.returncode == 0, driver.tail()
        life.end(pod, driver.process.returncode, "Completed")
        life.until_state("COMPLETED")
        life.until_row("Finished", app)
        assert not [row for _, _, rows in life.story for row in rows if "claims to be" in row]
        assert re.fullmatch("(Submitted > )?((Waiting|Pending) > )*Running > Finished", life.told())
