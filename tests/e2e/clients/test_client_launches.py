"""From `pip install` to the last line of the log: sparkgate-client, a gateway, a real standalone Spark and a real object storage."""

import os
import subprocess
import sys

import pytest

import hadoop_aws
from client_install import install, token_file
from conftest import ROOT
from gateway import Gateway, cluster_entry
from s3_server import S3Server
from spark_cluster import HOST, OPENS, Cluster, free_port, wait_for
from visitors import AdminVisitor

sys.path.insert(0, str(ROOT / "clients" / "python"))

from sparkgate_client import Gate, GateError  # noqa: E402

ETL = """
import sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("sum", spark.range(100).selectExpr("sum(id)").first()[0], sys.argv[1:], flush=True)
while "wait" in sys.argv:
    print("still here", flush=True)
    time.sleep(0.5)
if "fail" in sys.argv:
    raise SystemExit(3)
print("the last line", flush=True)
"""
SIX_LINES = """
from sparkgate_client import Gate
gate = Gate()
app = gate.launch("etl.py", "--day", "2026-11-28", cluster="local", profile="small")
for line in app.logs(follow=True, stream="stdout"): print(line)
app.wait()
print(app.state, app.exit_code, app.ui)
"""


@pytest.fixture(scope="module")
def s3():
    with S3Server() as running:
        yield running


@pytest.fixture(scope="module")
def cluster(s3, tmp_path_factory):
    """With the REST server, the object storage, and a file that may be launched where it lies."""
    folder, rest = tmp_path_factory.mktemp("apps"), free_port()
    (folder / "etl.py").write_text(ETL)
    conf = {"spark.master.rest.enabled": "true", "spark.master.rest.port": rest, **hadoop_aws.spark_conf(s3)}
    with Cluster("4.3", workers=1, conf=conf, apps=False) as running:
        running.etl, running.rest = f"file:{folder}/etl.py", f"http://{HOST}:{rest}"
        yield running


@pytest.fixture(scope="module")
def gate(cluster, s3, tmp_path_factory):
    size = {"cores": 1, "memory": "512m"}
    small = {"name": "small", "roles": ["everyone"], "driver": size, "executor": size, "executors": 1, "running": 2,
             "conf": {"spark.driver.extraJavaOptions": f"{cluster.java_opts()} {OPENS}", "spark.driver.host": HOST, **hadoop_aws.spark_conf(s3)}}
    launch = {"rest": cluster.rest, "allow": [cluster.etl], "artifacts": s3.conf(), "profiles": [small]}
    with Gateway([{**cluster_entry(cluster.info()), "launch": launch}], "/gate", folder=tmp_path_factory.mktemp("gate")) as gateway:
        yield gateway


@pytest.fixture
def ann(gate, tmp_path):
    return Gate(gate.url, token_file(gate, tmp_path))


def test_six_lines_lead_from_pip_install_to_the_last_line_of_the_log(gate, tmp_path):
    programs, file, ann = install(gate, tmp_path / "venv"), tmp_path / "token.json", AdminVisitor(gate, "ann")
    env = {**os.environ, "SPARKGATE_TOKEN_FILE": str(file), "SPARKGATE_URL": gate.url}
    login = subprocess.Popen([programs / "sparkgate-client", "login"], env=env, stderr=subprocess.PIPE, text=True)
    ann.allow(login.stderr.readline().split("user_code=")[1].strip())
    assert login.wait(60) == 0
    (tmp_path / "etl.py").write_text(ETL)
    done = subprocess.run([programs / "python", "-c", SIX_LINES], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["sum 4950 ['--day', '2026-11-28']", "the last line"], (lines, gate.log_text()[-3000:])
    state, code, ui = lines[2].split()
    assert (state, code) == ("finished", "0") and f"{gate.url}/local/apps/app-" in ui


def test_running_application_is_followed_killed_and_restarted(ann, cluster):
    app = ann.launch(cluster.etl, "wait", cluster="local", profile="small", name="waits")
    lines = app.logs(follow=True, stream="stdout")
    assert next(lines).startswith("sum 4950") and next(lines) == "still here"
    assert app.state == "running"
    assert app.id in [one.id for one in ann.applications(state="live")]
    wait_for(lambda: app.app_id, "Spark's id", 60)
    assert ann.get(f"/local/proxy/{app.app_id}/jobs/").status_code in (200, 503)
    app.kill()
    assert app.wait(120).state == "killed" and set(lines) <= {"still here"}
    again = app.restart()
    assert again.id != app.id and again.kill().wait(120).state == "killed"
    assert [event["text"] for event in app.events()]


def test_application_that_fails_fails_the_command(gate, ann, cluster, tmp_path):
    words = [sys.executable, "-m", "sparkgate_client.command", "launch", "--url", gate.url, "--token-file", str(tmp_path / "token.json"),
             "--cluster", "local", "--profile", "small", cluster.etl, "fail"]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}, capture_output=True, text=True, timeout=300)
    assert done.returncode not in (0, 2) and "sum 4950" in done.stdout and " failed" in done.stderr, (done.stdout[-2000:], done.stderr)


def test_refusals_are_the_gateways_sentences(ann, cluster):
    for wish, word in (({"profile": "huge"}, "small"), ({"executors": 5}, "executors"), ({"conf": {"spark.jars": "x"}}, "spark.jars"),
                       ({"cluster": "none"}, "cluster")):
        with pytest.raises(GateError, match=word) as caught:
            ann.launch(cluster.etl, **{"cluster": "local", "profile": "small", **wish})
        assert caught.value.status in (400, 403, 404) and caught.value.request_id


def test_profiles_tell_what_may_be_launched(ann):
    assert [(one["cluster"], one["name"], one["executors"]) for one in ann.profiles()] == [("local", "small", 1)]
