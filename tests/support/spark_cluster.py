"""A real Spark standalone cluster on loopback: master, workers, history server, a finished and a running application.

As a module: `with Cluster(spark="4.3") as cluster: cluster.info()`. As a program: `spark_cluster.py --spark 4.3`
starts one, prints info() as JSON when everything answers, and ends all of it at SIGINT or SIGTERM.

Every port is a free one above 1023, every file lies in one temporary folder, every process leads its own process
group and is ended by its pid. Needs Java 17, for Spark 3.2 and older Java 8 (java_install.py), and nothing but the standard
library.
"""

import argparse
import ctypes
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from java_install import java_8, java_own
from spark_install import ensure_spark, full_version, minor

HOST = "127.0.0.1"
HERE = pathlib.Path(__file__).resolve().parent
TIMES = float(os.environ.get("WAIT_TIMES", "1"))  # how often all waits are taken: more for what runs behind other work
# what a JVM that lives for a minute needs not: a second compiler, and proofs of Spark's own classes (a sixth of its start)
JAVA_OPTS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
# what spark-submit opens by itself on Java 17, but a worker that launches a 3.5 driver does not
OPENS = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
    "sun.util.calendar"))
DEPLOY = "org.apache.spark.deploy"
LAST_ON_JAVA_8 = (3, 2)
FIRST_WITH_OUR_PYTHON = (3, 4)
REPL = "-Dscala.usejavacp=true"  # what spark-shell needs
TLS_PORT_BESIDE = 400  # Spark adds it to the port that it was given (T41)
ANY_CERTIFICATE = ssl._create_unverified_context()  # of a cluster that speaks https on loopback
libc = ctypes.CDLL(None)


def flags(settings):
    return [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]


class ClusterError(Exception):
    """The cluster did not come up; the message holds the end of the log that tells why."""


_given = set()
_locks = os.open(f"{tempfile.gettempdir()}/sparkgate-test-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _is_ours(port):
    try:
        fcntl.lockf(_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    except OSError:
        return False


def free_port():
    """A free port below the range the kernel takes for outgoing connections, so that none of these steals it. It is this
    program's until it ends: no other program of the tests gets it (tests/support/port.h), and it is given once, since it
    may not be listened on yet."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _given or not _is_ours(port):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            _given.add(port)
            return port


def fetch(url, headers=None, timeout=10):
    """Body of a 200 answer as text; URLError or HTTPError otherwise."""
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=timeout, context=ANY_CERTIFICATE) as response:
        return response.read().decode("utf-8", "replace")


def fetch_json(url, headers=None):
    """The JSON at `url`, or None while it does not answer with any."""
    try:
        return json.loads(fetch(url, headers))
    except (OSError, ValueError):
        return None


def a_stage(ui):
    """The path of the first stage that is complete, as the application's API has it."""
    app = json.loads(fetch(f"{ui}/api/v1/applications", timeout=30))[0]["id"]
    stages = json.loads(fetch(f"{ui}/api/v1/applications/{app}/stages?status=complete", timeout=30))
    return f"/stages/stage/?id={stages[0]['stageId']}&attempt=0"


def is_up(url, headers=None):
    try:
        fetch(url, headers)
        return True
    except (OSError, ValueError):
        return False


def wait_for(condition, what, timeout=120, alive=lambda: None):
    """The first true value of condition(); ClusterError after `timeout` seconds, TIMES over. `alive` may raise to end it early."""
    deadline = time.monotonic() + timeout * TIMES
    while True:
        value = condition()
        if value:
            return value
        alive()
        if time.monotonic() > deadline:
            raise ClusterError(f"gave up after {timeout * TIMES:g} s waiting for {what}")
        time.sleep(0.1)


def die_with_parent(number):
    """Ends a child when the tests are killed without a chance to clean up (PR_SET_PDEATHSIG = 1)."""
    libc.prctl(1, number)


class Daemon:
    """One process, leader of its own group, its output in a log file. `orphaned` is the signal that ends it when the tests were killed."""

    def __init__(self, name, command, env, cwd, log, orphaned=signal.SIGTERM):
        self.name, self.log = name, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=lambda: die_with_parent(orphaned))

    @property
    def pid(self):
        return self.process.pid

    def check(self):
        code = self.process.poll()
        if code is not None:
            raise ClusterError(f"{self.name} ended with {code}:\n{self.tail()}")

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def ends_within(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, patience=15, again_after=None):
        """Ends the whole group: politely, after `again_after` seconds once more, then for good."""
        self.signal(signal.SIGTERM)
        if again_after is not None and not self.ends_within(again_after):
            self.signal(signal.SIGTERM)
        self.ends_within(patience)
        self.signal(signal.SIGKILL)
        self.process.wait()


class Cluster:
    """See the head of this file. `conf` is added to spark-defaults.conf; `apps=False` starts none; `headers` are what
    its UIs are asked with, where they have a filter; `env` is added to the variables of all processes."""

    def __init__(self, spark="4.3", workers=2, conf=None, apps=True, cluster_driver=False, daemon_memory="512m",
                 say=lambda text: None, headers=None, env=None):
        self.version = full_version(spark)
        self.worker_count, self.conf, self.with_apps = workers, dict(conf or {}), apps
        self.cluster_driver, self.daemon_memory, self.say, self.headers = cluster_driver, daemon_memory, say, headers
        self.variables = dict(env or {})
        self.daemons, self.workers, self.apps, self.driver = [], [], {}, None
        self.master_url = self.history_url = self.spark_url = None
        self.count = 0

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # -- start and stop ------------------------------------------------------------------------------------------

    def prepare(self):
        """Everything but the daemons, for who starts them one by one."""
        self.home = ensure_spark(self.version)
        self.java = java_8() if minor(self.version) <= LAST_ON_JAVA_8 else None  # None: the machine's
        self.java_home = self.java or java_own()  # None: as PATH or JAVA_HOME have it
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-spark-"))
        self.write_conf()

    def start(self):
        self.prepare()
        self.say(f"starting Spark {self.version}: master and history server")
        self.start_master()
        self.start_history()
        self.wait_up(self.master_url, "the master's page")
        self.say(f"starting {self.worker_count} workers")
        for _ in range(self.worker_count):
            self.start_worker()
        self.await_workers()
        if self.with_apps:
            self.start_apps()
        self.wait_up(self.history_url, "the history server's page")
        return self

    def stop(self):
        """Ends every process and removes the folder. Safe to call twice."""
        threads = [threading.Thread(target=daemon.stop) for daemon in reversed(self.daemons)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.daemons.clear()
        if getattr(self, "dir", None):
            shutil.rmtree(self.dir, ignore_errors=True)

    def check(self):
        for daemon in self.daemons:
            daemon.check()

    def wait_for(self, condition, what, timeout=120):
        return wait_for(condition, what, timeout, self.check)

    def wait_up(self, url, what):
        self.wait_for(lambda: is_up(url, self.headers), f"{what} at {url}")

    def url_of(self, port):
        if self.conf.get("spark.ssl.enabled") == "true":
            return f"https://{HOST}:{port + TLS_PORT_BESIDE}"
        return f"http://{HOST}:{port}"

    # -- daemons -------------------------------------------------------------------------------------------------

    def write_conf(self):
        for name in ("conf", "events", "tmp", "warehouse"):
            (self.dir / name).mkdir()
        events = (self.dir / "events").as_uri()
        settings = {
            "spark.driver.host": HOST, "spark.driver.bindAddress": HOST,
            "spark.eventLog.enabled": "true", "spark.eventLog.dir": events, "spark.eventLog.compress": "false",
            "spark.history.fs.logDirectory": events, "spark.history.fs.update.interval": "1s",
            "spark.history.ui.port": str(free_port()), "spark.master.rest.enabled": "false",
            "spark.ui.prometheus.enabled": "true",  # the default since 4.0
            "spark.ui.killEnabled": "true", "spark.ui.heapHistogramEnabled": "true",
            "spark.driver.memory": "512m", "spark.executor.memory": "512m", "spark.executor.cores": "2",
            "spark.driver.extraJavaOptions": self.java_opts(), "spark.executor.extraJavaOptions": self.java_opts(),
            "spark.sql.shuffle.partitions": "2", "spark.default.parallelism": "2",
            "spark.sql.warehouse.dir": (self.dir / "warehouse").as_uri(), "spark.local.dir": str(self.dir / "tmp"),
        }
        settings.update(self.conf)
        self.history_url = self.url_of(int(settings["spark.history.ui.port"]))
        lines = [f"{key} {value}\n" for key, value in settings.items()]
        (self.dir / "conf" / "spark-defaults.conf").write_text("".join(lines))

    def java_opts(self):
        """Spark unpacks native libraries into the JVM's own temporary folder, whatever spark.local.dir says."""
        return f"{JAVA_OPTS} -Djava.io.tmpdir={self.dir / 'tmp'}"

    def env(self):
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "JAVA_HOME") if key in os.environ}
        if self.java_home:
            kept["JAVA_HOME"] = str(self.java_home)
        return {
            **kept, "SPARK_HOME": str(self.home), "SPARK_CONF_DIR": str(self.dir / "conf"), "SPARK_LOCAL_IP": HOST,
            "SPARK_PUBLIC_DNS": HOST, "SPARK_LOCAL_HOSTNAME": HOST, "SPARK_MASTER_HOST": HOST,
            "SPARK_DAEMON_MEMORY": self.daemon_memory, "SPARK_DAEMON_JAVA_OPTS": self.java_opts(),
            "SPARK_LAUNCHER_OPTS": self.java_opts(), "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable, "TMPDIR": str(self.dir / "tmp"), **self.variables,
        }

    def spawn(self, name, command, env=None):
        self.count += 1
        log = self.dir / f"{self.count:02d}-{name}.log"
        daemon = Daemon(name, [str(word) for word in command], {**self.env(), **(env or {})}, self.dir, log)
        self.daemons.append(daemon)
        return daemon

    def start_master(self):
        port, ui = free_port(), free_port()
        self.spark_url, self.master_url = f"spark://{HOST}:{port}", self.url_of(ui)
        self.master = self.spawn("master", [self.home / "bin/spark-class", f"{DEPLOY}.master.Master", "--host", HOST,
                                            "--port", port, "--webui-port", ui])

    def start_history(self):
        self.history = self.spawn("history", [self.home / "bin/spark-class", f"{DEPLOY}.history.HistoryServer"])

    def start_worker(self, cores=6, memory="3g"):
        """A further worker; await_workers() or worker_id() tells when the master knows it."""
        port, ui = free_port(), free_port()
        daemon = self.spawn("worker", [
            self.home / "bin/spark-class", f"{DEPLOY}.worker.Worker", "--host", HOST, "--port", port,
            "--webui-port", ui, "--cores", cores, "--memory", memory, "--work-dir", self.dir / f"work-{ui}",
            self.spark_url])
        worker = {"id": None, "url": self.url_of(ui), "port": port, "pid": daemon.pid, "daemon": daemon}
        self.workers.append(worker)
        return worker

    def stop_worker(self, worker):
        worker["daemon"].stop()
        self.daemons.remove(worker["daemon"])
        self.workers.remove(worker)

    def master_json(self):
        return fetch_json(self.master_url + "/json/", self.headers)

    def await_workers(self):
        """Returns when the master lists every worker as ALIVE, and notes their ids."""
        def registered():
            known = {w["port"]: w["id"] for w in (self.master_json() or {}).get("workers", []) if w["state"] == "ALIVE"}
            for worker in self.workers:
                worker["id"] = known.get(worker["port"])
            return all(worker["id"] for worker in self.workers)
        self.wait_for(registered, "the workers to register")

    # -- applications --------------------------------------------------------------------------------------------

    def submit(self, role, name, cores=4, conf=None, env=None, more=()):
        """Starts spark_app.py in a process of its own; see await_app(). `more` are options of spark-submit."""
        status = self.dir / f"status-{self.count}-{role}.json"
        ui = free_port()
        program, settings = self.program(role, status)
        settings.update({"spark.app.name": name, "spark.cores.max": cores, "spark.ui.port": ui, **(conf or {})})
        daemon = self.spawn(role, [self.home / "bin/spark-submit", "--master", self.spark_url, *flags(settings), *more, *program],
                            {**({"SPARK_SUBMIT_OPTS": REPL} if self.is_old() else {}), **(env or {})})
        return {"daemon": daemon, "status": status, "name": name}

    def is_old(self):
        """Its Python part knows no Python 3.11."""
        return minor(self.version) < FIRST_WITH_OUR_PYTHON

    def program(self, role, status):
        """What spark-submit is given, and the settings that belong to it."""
        if not self.is_old():
            return [HERE / "spark_app.py", role, status], {}
        # spark-shell would be Hive's
        settings = {"spark.sparkgate.role": role, "spark.sparkgate.status": status, "spark.sql.catalogImplementation": "in-memory"}
        return ["--class", "org.apache.spark.repl.Main", "spark-shell", "-i", HERE / "spark_app.scala"], settings

    def await_app(self, app, timeout=600):
        """Fills in `id` and `ui` when the application has written its status file."""
        self.wait_for(app["status"].exists, f"the application {app['name']!r}", timeout)
        app.update(json.loads(app["status"].read_text()), pid=app["daemon"].pid)
        app["ui"] = (app["ui"] or "").rstrip("/") or None
        return app

    def stop_app(self, app):
        """Ends an application the way an operator would: SIGTERM, so that its event log is closed."""
        app["daemon"].stop()
        self.daemons.remove(app["daemon"])

    def run_finished(self, name, **submit):
        """Runs a short application to its end; returns it once the master lists it as finished."""
        app = self.run_to_its_end(name, **submit)
        self.wait_for(lambda: app["id"] in self.ids_of("completedapps"), f"{name!r} to be finished")
        return app

    def run_to_its_end(self, name, **submit):
        app = self.submit("finished", name, cores=2, **submit)
        self.daemons.remove(app["daemon"])  # it may end by itself
        wait_for(lambda: app["status"].exists() or app["daemon"].process.poll(), f"the application {name!r}", 600)
        if app["daemon"].process.wait(60) != 0:
            raise ClusterError(f"{name} failed:\n{app['daemon'].tail()}")
        app.update(json.loads(app["status"].read_text()), ui=None, pid=None)
        return app

    def ids_of(self, key):
        return [entry["id"] for entry in (self.master_json() or {}).get(key, [])]

    def start_apps(self):
        self.say("submitting a running and a finished application")
        running = self.submit("running", "running app")
        driver = self.submit_cluster_driver() if self.cluster_driver else None
        self.apps["finished"] = self.run_finished("finished app")
        self.apps["running"] = self.await_app(running)
        if driver:
            self.await_cluster_driver(driver)
        for role in ("finished", "running"):
            app_id = self.apps[role]["id"]
            self.await_history_of(app_id)

    def await_history_of(self, app_id):
        try:
            self.wait_up(f"{self.history_url}/api/v1/applications/{app_id}", f"{app_id} in the history server")
        except ClusterError as error:
            raise ClusterError(f"{error}\n{self.history.tail()}") from error

    # Neither a Python application nor a shell can be submitted in cluster mode to a standalone master, but the class that runs
    # one is a main class like any other: that gives a driver on a worker without a Java compiler.
    def submit_cluster_driver(self):
        name, status = "cluster driver app", self.dir / "status-driver.json"
        jar = next((self.home / "jars").glob("spark-launcher_*.jar"))
        program, settings = self.program("running", status)
        java = [self.java_opts(), *([] if self.java else [OPENS]), *([REPL] if self.is_old() else [])]
        settings.update({"spark.app.name": name, "spark.cores.max": 2, "spark.ui.port": free_port(),
                         "spark.driver.extraJavaOptions": " ".join(java)})
        main, words = "PythonRunner", [program[0], "", *program[1:]]
        if self.is_old():
            main, words = "SparkSubmit", ["--master", self.spark_url, "--deploy-mode", "client", *flags(settings), *program]
        command = [self.home / "bin/spark-submit", "--master", self.spark_url, "--deploy-mode", "cluster",
                   "--class", f"{DEPLOY}.{main}", *flags(settings), jar.as_uri(), *words]
        daemon = self.spawn("submit-driver", command)
        self.daemons.remove(daemon)  # it ends as soon as the master has taken the driver
        return {"daemon": daemon, "status": status, "name": name}

    def await_cluster_driver(self, driver):
        if driver["daemon"].process.wait(120) != 0:
            raise ClusterError(f"the driver was refused:\n{driver['daemon'].tail()}")
        self.wait_for(lambda: driver["status"].exists() or self.ids_of("completeddrivers"), "the cluster driver", 600)
        if not driver["status"].exists():
            logs = "\n".join(path.read_text() for path in self.dir.glob("work-*/driver-*/std*"))
            raise ClusterError(f"the cluster-mode driver failed:\n{logs[-4000:]}")
        app = json.loads(driver["status"].read_text())
        entry = self.master_json()["activedrivers"][0]
        self.driver = {"id": entry["id"], "worker": entry["worker"], "app": app["id"], "name": app["name"],
                       "ui": app["ui"].rstrip("/")}

    # -- what tests read -----------------------------------------------------------------------------------------

    def info(self):
        """URLs and ids of everything, ready for json.dumps()."""
        def public(entry, keys):
            return {key: entry.get(key) for key in keys}
        return {
            "spark": self.version, "home": str(self.home), "dir": str(self.dir), "pid": os.getpid(),
            "spark_url": self.spark_url, "master": self.master_url, "history": self.history_url,
            "workers": [public(worker, ("id", "url", "pid")) for worker in self.workers],
            "apps": {role: public(app, ("id", "name", "ui", "pid")) for role, app in self.apps.items()},
            "driver": self.driver,
        }


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spark", default="4.3", help="2.4 to 4.3 (default)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE", help="added to spark-defaults.conf")
    parser.add_argument("--cluster-driver", action="store_true", help="also a driver submitted in cluster mode")
    parser.add_argument("--no-apps", action="store_true", help="start no application")
    parser.add_argument("--daemon-memory", default="512m")
    parser.add_argument("--json", metavar="FILE", help="write the JSON there, too")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: (stop.set(), sys.exit(0)) if not stop.is_set() else None)
    cluster = Cluster(args.spark, args.workers, dict(item.split("=", 1) for item in args.conf), not args.no_apps,
                      args.cluster_driver, args.daemon_memory, lambda text: print(text, file=sys.stderr, flush=True))
    try:
        with cluster:
            text = json.dumps(cluster.info(), indent=2)
            print(text, flush=True)
            if args.json:
                pathlib.Path(args.json).write_text(text + "\n")
            stop.wait()
    except ClusterError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
