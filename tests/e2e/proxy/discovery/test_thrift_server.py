"""A real Spark Thrift server behind a driver's pod that is played: started as sbin/start-thriftserver.sh starts it, in local mode."""

import os
import re
import subprocess

import pytest

from conftest import NAVIGATION
from kube_api import pod, terminated, with_state
from kube_world import World
from spark_cluster import HOST, JAVA_OPTS, Daemon, free_port
from spark_install import ensure_spark

THRIFT_CLASS = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
ID = "spark-7d1f0c4a5b6e4f8f9a0b1c2d3e4f5a6b"


class ThriftServer:
    def __init__(self, folder):
        self.home, self.ui_port, self.port, self.folder = ensure_spark("4.3"), free_port(), free_port(), folder
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "JAVA_HOME") if key in os.environ}
        self.env = {**kept, "SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": HOST, "SPARK_LAUNCHER_OPTS": JAVA_OPTS}
        conf = {"spark.test.appId": ID, "spark.ui.port": self.ui_port, "spark.app.name": "warehouse", "spark.driver.memory": "600m",
                "spark.driver.extraJavaOptions": f"{JAVA_OPTS} -Dderby.system.home={folder}", "spark.sql.warehouse.dir": folder / "warehouse"}
        self.daemon = Daemon("thrift-server", [
            self.home / "bin" / "spark-submit", "--master", "local[1]", "--class", THRIFT_CLASS,
            *[word for key, value in conf.items() for word in ("--conf", f"{key}={value}")], "spark-internal",
            "--hiveconf", f"hive.server2.thrift.port={self.port}", "--hiveconf", f"hive.server2.thrift.bind.host={HOST}"],
            self.env, folder, folder / "thrift.log")

    def ask(self, query):
        """By JDBC; the session ends with it."""
        command = [self.home / "bin" / "beeline", "-u", f"jdbc:hive2://{HOST}:{self.port}/", "-n", "ann", "-e", query]
        return subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def thrift(tmp_path):
    made = ThriftServer(tmp_path)
    yield made
    made.daemon.stop()


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    yield made
    made.stop()


def row_of(world):
    page = world.client.get("/k/", headers=NAVIGATION).text
    return next((row for row in re.findall(r'<th scope="row".*?</tr>', page, re.S) if "warehouse" in row), "")


def test_thrift_server_is_named_as_what_it_is_and_its_sessions_are_browsed(world, api, thrift):
    made = pod("warehouse", ID, port=thrift.ui_port)
    made["spec"]["containers"][1]["args"] = ["driver", "--properties-file", "/opt/spark/conf/spark.properties", "--class", THRIFT_CLASS, "spark-internal"]
    api.put(made)
    world.until(lambda: "Thrift server" in row_of(world), "a row that says so")
    world.until(lambda: thrift.daemon.check() or world.status(f"/k/proxy/{ID}/jobs/") == 200, "its UI", 180)
    world.until(lambda: thrift.daemon.check() or "ThriftBinaryCLIService" in thrift.daemon.log.read_text(), "its port", 180)
    answer = thrift.ask("SELECT 41 + 1 AS answer")
    assert answer.returncode == 0 and "42" in answer.stdout, answer.stderr
    page = world.client.get(f"/k/proxy/{ID}/sqlserver/", headers=NAVIGATION)
    assert page.status_code == 200 and "SELECT 41 + 1 AS answer" in page.text and ">ann<" in re.sub(r"\s", "", page.text)
    session = re.search(rf'href="(?:http://[^/"]*)?(/k/proxy/{ID}/sqlserver/session/?\?id=[^"]+)"', page.text).group(1)
    assert "SELECT 41 + 1 AS answer" in world.client.get(session.replace("&amp;", "&"), headers=NAVIGATION).text
    assert f"{HOST}:{thrift.ui_port}" not in page.text
    assert "Thrift server" in row_of(world)
    api.put(with_state({**api.pods["spark", "warehouse"], "status": {"phase": "Failed"}}, terminated(143, "Error")))
    world.until(lambda: "Thrift server" in row_of(world) and "exit code 143" in row_of(world), "a row that says how it ended")
