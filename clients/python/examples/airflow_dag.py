"""A DAG for Airflow 3: one Spark application a day, through sparkgate.

Its worker needs sparkgate-client, and these variables:

    SPARKGATE_URL          https://gw.example
    SPARKGATE_TOKEN_FILE   /run/secrets/sparkgate.json, of `sparkgate-client tokens create`
"""

import os

import pendulum
from airflow.sdk import dag, get_current_context, task
from sparkgate_client import Gate

FILE = os.environ.get("ETL_FILE", os.path.join(os.path.dirname(__file__), "etl.py"))


@dag(schedule="@daily", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["spark"])
def spark_daily():
    @task(retries=0)
    def etl() -> str:
        day = get_current_context()["logical_date"].strftime("%Y-%m-%d")
        gate = Gate(os.environ["SPARKGATE_URL"])
        app = gate.launch(FILE, "--day", day, cluster=os.environ.get("SPARK_CLUSTER", "prod"),
                          profile=os.environ.get("SPARK_PROFILE", "nightly"), name=f"etl {day}")
        try:
            for line in app.logs(follow=True):
                print(line)
            app.wait()
        except BaseException:  # the task was ended: so is the application
            app.kill()
            raise
        if app.state != "finished":
            raise RuntimeError(f"{app.id} {app.state}: {app.reason}")
        return app.ui or app.id

    etl()


spark_daily()
