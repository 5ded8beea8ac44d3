"""The example DAG, as it is printed, run by a real Airflow: `make recipes`, for Airflow takes gigabytes and minutes to install.

The launches are played: what is tested is that Airflow can run the file, and what becomes of its task.
"""

import os
import shutil
import subprocess

import pytest

from conftest import ROOT
from played_launches import Played

AIRFLOW = ROOT / "build" / "recipes" / "airflow" / "bin"
EXAMPLE = ROOT / "clients" / "python" / "examples" / "airflow_dag.py"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    shutil.copy(EXAMPLE, folder / "dags")
    (folder / "dags" / "etl.py").write_text("print('hello')\n")
    token = folder / "token.json"
    token.touch(0o600)
    token.write_text('{"access_token": "good"}')
    with Played() as running:
        running.env = {**os.environ, "AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
                       "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PATH": f"{AIRFLOW}:{os.environ['PATH']}",
                       "PYTHONPATH": str(ROOT / "clients" / "python"), "PYTHONDONTWRITEBYTECODE": "1",
                       "SPARKGATE_URL": running.url, "SPARKGATE_TOKEN_FILE": str(token)}
        airflow(running, "db", "migrate")
        yield running


def airflow(played, *words, code=0):
    done = subprocess.run([AIRFLOW / "airflow", *words], env=played.env, capture_output=True, text=True, timeout=600)
    assert done.returncode == code, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout + done.stderr


def test_airflow_runs_the_example_and_shows_the_applications_log(played):
    said = airflow(played, "dags", "test", "spark_daily", "2026-01-01")
    assert "\none\ntwo\nthree\n" in said and f"{played.url}/prod/apps/app-1" in said
    assert next(iter(played.apps.values()))["name"] == "etl 2026-01-01"


def test_task_of_an_application_that_fails_fails(played):
    played.state, played.exit_code = "failed", 3
    assert "RuntimeError" in airflow(played, "dags", "test", "spark_daily", "2026-01-02", code=1)
