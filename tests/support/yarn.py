"""A real YARN of Hadoop 3.4.2, ResourceManager and one NodeManager, and Spark 3.5 on it; install.sh puts Hadoop into build/hadoop/lib.

    with Yarn() as yarn, yarn.spark() as app: yarn.url, yarn.node_port, app.id
"""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
import textwrap
import urllib.request

from other_uis import ROOT
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for
from spark_install import ensure_spark, full_version

LIB = ROOT / "build" / "hadoop" / "lib"
JAVA = ["java", "-Xmx300m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--add-opens", "java.base/java.lang=ALL-UNNAMED"]
PATIENCE = 240
LOG = """log4j.rootLogger=WARN,a
log4j.appender.a=org.apache.log4j.ConsoleAppender
log4j.appender.a.layout=org.apache.log4j.PatternLayout
log4j.appender.a.layout.ConversionPattern=%d %p %c: %m%n
"""
# a job of two tasks that lasts until it is killed, again and again
APPLICATION = """
import time
from pyspark.sql import SparkSession
context = SparkSession.builder.appName("on yarn").getOrCreate().sparkContext
while True:
    try:
        context.parallelize(range(2), 2).map(lambda n: time.sleep(600)).count()
    except Exception as ended:
        print(ended)
"""


def site(properties):
    rows = "".join(f"<property><name>{name}</name><value>{value}</value></property>\n" for name, value in properties.items())
    return f"<configuration>\n{rows}</configuration>\n"


def ask(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


class Yarn:
    def __enter__(self):
        assert LIB.is_dir(), f"{LIB} is not there: tests/support/install.sh test-all makes it"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-yarn-"))
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.port, self.node_port = free_port(), free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.conf = self.folder / "conf"
        self.write_conf()
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def write_conf(self):
        self.conf.mkdir()
        at = {name: f"{HOST}:{free_port()}" for name in ("manager", "scheduler", "tracker", "admin", "node", "localizer")}
        (self.conf / "log4j.properties").write_text(LOG)
        (self.conf / "core-site.xml").write_text(site({"hadoop.tmp.dir": self.folder / "tmp", "fs.defaultFS": "file:///"}))
        manager, node = "yarn.resourcemanager", "yarn.nodemanager"
        (self.conf / "yarn-site.xml").write_text(site({
            f"{manager}.hostname": HOST, f"{manager}.bind-host": HOST, f"{manager}.webapp.address": f"{HOST}:{self.port}",
            f"{manager}.address": at["manager"], f"{manager}.scheduler.address": at["scheduler"],
            f"{manager}.resource-tracker.address": at["tracker"], f"{manager}.admin.address": at["admin"],
            f"{manager}.scheduler.class": "org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler",
            f"{node}.hostname": HOST, f"{node}.address": at["node"], f"{node}.localizer.address": at["localizer"],
            f"{node}.webapp.address": f"{HOST}:{self.node_port}", f"{node}.local-dirs": self.folder / "local",
            f"{node}.log-dirs": self.folder / "logs", f"{node}.resource.memory-mb": 4096, f"{node}.resource.cpu-vcores": 8,
            f"{node}.vmem-check-enabled": "false", f"{node}.pmem-check-enabled": "false",
            f"{node}.disk-health-checker.max-disk-utilization-per-disk-percentage": 99.9,
            "yarn.scheduler.minimum-allocation-mb": 128}))

    def start(self):
        for name in ("resourcemanager.ResourceManager", "nodemanager.NodeManager"):
            command = [*JAVA, "-cp", f"{self.conf}:{LIB}/*", f"org.apache.hadoop.yarn.server.{name}"]
            daemon = Daemon(name, command, dict(os.environ), self.folder, self.folder / f"{name}.log")
            self.stack.callback(daemon.stop)
        wait_for(self.has_node, "a NodeManager that runs", PATIENCE, daemon.check)

    def has_node(self):
        try:
            nodes = ask(f"{self.url}/ws/v1/cluster/nodes")["nodes"]
        except OSError:
            return False
        return any(row["state"] == "RUNNING" for row in (nodes or {}).get("node", []))

    def running(self):
        """The first application that runs, as the ResourceManager has it, or None."""
        apps = (ask(f"{self.url}/ws/v1/cluster/apps?states=RUNNING")["apps"] or {}).get("app", [])
        return apps[0] if apps and apps[0]["amContainerLogs"] else None

    @contextlib.contextmanager
    def spark(self):
        """A driver beside the cluster, whose UI the ResourceManager hands on; gives the application's row. It is of Spark 3.5:
        4.3 kills by POST only, which YARN's proxy does not take."""
        home = ensure_spark(full_version("3.5"))
        (self.folder / "app.py").write_text(textwrap.dedent(APPLICATION))
        env = {**os.environ, "HADOOP_CONF_DIR": str(self.conf), "SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST}
        settings = {"spark.yarn.am.memory": "512m", "spark.driver.host": HOST, "spark.driver.bindAddress": HOST,
                    "spark.yarn.jars": f"local:{home}/jars/*", "spark.ui.port": str(free_port())}
        daemon = Daemon("spark-submit", [
            f"{home}/bin/spark-submit", "--master", "yarn", "--driver-memory", "512m", "--executor-memory", "512m", "--num-executors",
            "1", *(word for name, value in settings.items() for word in ("--conf", f"{name}={value}")), "app.py"],
            env, self.folder, self.folder / "spark.log")
        try:
            wait_for(self.running, "an application that runs", PATIENCE, daemon.check)
            row = self.running()
            jobs = f"{self.url}/proxy/{row['id']}/jobs/"
            wait_for(lambda: is_up(jobs), jobs, PATIENCE, daemon.check)
            yield row
        finally:
            daemon.stop()
