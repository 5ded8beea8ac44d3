"""A running sparkgate for the tests and the demo: writes its configuration, starts it, ends it by its pid.

Standard library only. The binary is $SPARKGATE, or build/sparkgate of this checkout.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from spark_cluster import HOST, Daemon, free_port, is_up, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"https?://\S+/_gate/login\?link=\S+")


def binary():
    return pathlib.Path(os.environ.get("SPARKGATE", ROOT / "build" / "sparkgate"))


def cluster_entry(info, name="local"):
    """The `clusters:` entry for what spark_cluster.Cluster.info() describes."""
    return {"name": name, "masters": [info["master"]], "history": info["history"], "poll": "1s"}


class Gateway:
    """One gateway process in front of `clusters`. `settings` are merged over the generated configuration."""

    def __init__(self, clusters, base="/", settings=None, port=None, admin_port=None, folder=None):
        self.port, self.admin_port = port or free_port(), admin_port or free_port()
        self.base = base.rstrip("/")
        self.origin = f"http://{HOST}:{self.port}"
        self.url, self.admin_url = self.origin + self.base, f"http://{HOST}:{self.admin_port}"
        self.own_folder = None if folder else tempfile.TemporaryDirectory(prefix="sparkgate-gate-")
        self.folder = pathlib.Path(folder or self.own_folder.name)
        self.config = self.folder / "sparkgate.yaml"
        self.daemon = None
        self.conf = {
            "server": {"listen": f"{HOST}:{self.port}", "public_url": f"{self.url}/", "threads": 2},
            "admin": {"listen": f"{HOST}:{self.admin_port}", "public_url": f"{self.admin_url}/"},
            "clusters": clusters, "store": f"sqlite:{self.folder}/state.db",
            "log": {"format": "json", "level": "info", "access": True},
        }
        self.merge(settings or {})

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def merge(self, settings):
        """Lays `settings` over the configuration; for what can be told only when the ports are known."""
        for section, values in settings.items():
            self.conf[section] = {**self.conf.get(section, {}), **values} if isinstance(values, dict) else values

    def write_config(self):
        """JSON is YAML."""
        self.config.write_text(json.dumps(self.conf, indent=2) + "\n")

    def start(self):
        """Returns when the admin listener answers /ping; `link` is the one-time link, or None after the first start."""
        self.write_config()
        log = self.folder / f"gateway-{len(list(self.folder.glob('gateway-*.log')))}.log"
        command = [str(binary()), "--config", str(self.config)]
        self.daemon = Daemon("sparkgate", command, dict(os.environ), self.folder, log)
        try:
            wait_for(lambda: is_up(f"{self.admin_url}/ping"), f"{self.admin_url}/ping", 20, self.daemon.check)
            # the line is printed just after the listeners are open
            wait_for(lambda: '"event":"start"' in self.log_text() or LINK.search(self.log_text()), "the first log line",
                     20, self.daemon.check)
        except BaseException:
            self.stop()
            raise
        match = LINK.search(self.log_text())
        self.link = match.group(0) if match else None
        return self

    def stop(self):
        """Clients' connections that are kept open have their second only where a test is about it: asked twice, a gateway ends at once."""
        if self.daemon:
            self.daemon.stop(again_after=0.3)
        if self.own_folder:
            self.own_folder.cleanup()

    def reload(self):
        self.write_config()
        self.daemon.signal(signal.SIGHUP)

    @property
    def pid(self):
        return self.daemon.pid

    def log_text(self):
        return self.daemon.log.read_text(errors="replace")

    def access_log(self):
        """The access lines so far, as dicts."""
        lines = (json.loads(line) for line in self.log_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == "access"]

    def resident_kib(self, field="VmRSS"):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status).group(1))

    def peak_kib(self):
        """The most there ever was."""
        return self.resident_kib("VmHWM")

    def command(self, *words, check=True):
        """Runs `sparkgate WORDS… --config FILE`; CalledProcessError shows what it said."""
        result = subprocess.run([str(binary()), *words[:2], "--config", str(self.config), *words[2:]],
                                capture_output=True, text=True, timeout=30)
        if check and result.returncode != 0:
            raise RuntimeError(f"{words}: exit {result.returncode}: {result.stderr}")
        return result

    def create_token(self, name="tests", role="user", *more):
        """What `token create` prints, as a dict with `id` and `access_token`."""
        return json.loads(self.command("token", "create", "--client-name", name, "--token-type", role, *more).stdout)

    def get_with_token(self, path, token):
        """Status of a bearer GET below the base path, redirects followed."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    def await_mounts(self, paths, token, timeout=60):
        """Returns when every path below the base answers 200: discovery has verified what lies there."""
        for path in paths:
            wait_for(lambda: self.get_with_token(path, token) == 200, f"{path} through the gateway", timeout,
                     self.daemon.check)


def mounts_of(info, name="local"):
    """Gateway mount -> URL of the UI behind it, for every UI of a cluster."""
    mounts = {f"/{name}/proxy/master": info["master"], f"/{name}/shs": info["history"]}
    for worker in info["workers"]:
        mounts[f"/{name}/proxy/{worker['id']}"] = worker["url"]
    for app in info["apps"].values():
        if app["ui"]:
            mounts[f"/{name}/proxy/{app['id']}"] = app["ui"]
    driver = info["driver"]
    if driver:
        mounts[f"/{name}/proxy/{driver['app']}"] = driver["ui"]
        mounts[f"/{name}/proxy/{driver['id']}"] = next(w["url"] for w in info["workers"] if w["id"] == driver["worker"])
    return mounts
