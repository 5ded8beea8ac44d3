"""The clients of the READMEs, run as they are printed there: curl, Python, Prometheus, in front of real Spark."""

import json
import os
import re
import subprocess
import sys

import pytest
import requests

from conftest import ROOT
from gateway import Gateway, binary, cluster_entry, mounts_of
from spark_cluster import HOST, Daemon, fetch_json, free_port, is_up, wait_for

PROMETHEUS = ROOT / "build" / "prometheus" / "usr" / "bin" / "prometheus"
CLIENT = ROOT / "clients" / "python"
sys.path.insert(0, str(CLIENT))
BLOCK = re.compile(r"^```(sh|python|yaml)\n(.*?)^```$", re.M | re.S)


def section(readme, title):
    """A README's blocks of code below a heading: files by the name in their first line, commands under "sh"."""
    text = (ROOT / readme).read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    files, commands = {}, []
    for language, code in BLOCK.findall(text):
        if language == "sh":
            commands.append(code)
        else:
            files[re.match(r"# ([\w.]+)", code).group(1)] = code
    return files, commands


class Desk:
    """A folder with the README's files in it; all that is changed is where the gateway is and where its configuration lies."""

    def __init__(self, gateway, folder):
        self.gateway, self.folder = gateway, folder
        self.names = {"https://gw.example": gateway.url, "/etc/sparkgate/sparkgate.yaml": str(gateway.config)}
        self.files, self.commands = section("auth/token/README.md", "Scripts and monitoring")
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "sparkgate").symlink_to(binary())
        (bin_folder / "python3").symlink_to(sys.executable)
        self.env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "VIRTUAL_ENV": sys.prefix,
                    "PYTHONPATH": os.pathsep.join([str(CLIENT), *(path for path in sys.path if path.endswith("site-packages"))])}
        for name, code in self.files.items():
            (folder / name).write_text(self.here(code))

    def here(self, code):
        for there, here in self.names.items():
            code = code.replace(there, here)
        return code

    def run(self, *command, code=0):
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done

    def shell(self, number, but=None):
        """The commands of a block; `but`: without the lines that have this in them."""
        lines = [line for line in self.here(self.commands[number]).splitlines() if but is None or but not in line]
        return self.run("sh", "-euc", "\n".join(lines)).stdout

    def python(self, name, code=0):
        return self.run("python3", name, code=code)

    def tokens(self, name):
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def gate(info):
    with Gateway([cluster_entry(info, "prod")], "/gate") as gateway:
        token = gateway.create_token("ready", "admin")["access_token"]
        gateway.await_mounts([f"{mount}/" for mount in mounts_of(info, "prod")], token)
        gateway.short = gateway.create_token("short", "user", "--access-ttl", "1s")
        yield gateway


@pytest.fixture
def desk(gate, tmp_path):
    return Desk(gate, tmp_path)


@pytest.fixture
def apps(info):
    """Ids of the running applications, a cluster-mode driver's too."""
    return {info["apps"]["running"]["id"], info["driver"]["app"]}


def expire(desk, name):
    """The token that is out is one that was refused: without waiting for the end of a real one."""
    tokens = desk.tokens(name)
    head, payload, signature = tokens["access_token"].split(".")
    tokens["access_token"] = ".".join([head, payload, signature[::-1]])
    (desk.folder / name).write_text(json.dumps(tokens))


def test_the_first_readmes_commands_make_use_narrow_and_revoke_a_token(desk, gate, apps):
    commands = section("README.md", "Tokens for scripts")[1][0]
    *before, revoke = desk.here(commands).strip().splitlines()
    told = json.loads(desk.run("sh", "-euc", "\n".join([line for line in before if "viewer" not in line])).stdout)
    assert {app["id"] for app in told["activeapps"]} == apps
    desk.run("sh", "-euc", "\n".join([line for line in before if "viewer" in line]))
    assert desk.tokens("viewer.json")["scope"] == "view cluster:prod"
    assert json.loads(desk.run("sh", "-euc", revoke).stdout)
    token = desk.tokens("token.json")["access_token"]
    wait_for(lambda: gate.get_with_token("/prod/proxy/master/json/", token) == 401, "the revoked token to be refused", 5)


def test_curl_lists_applications_with_a_header_from_a_file(desk, apps):
    lines = desk.shell(0).splitlines()
    assert {line.split()[0] for line in lines} == apps
    for name in ("report.json", "report.header"):
        assert (desk.folder / name).stat().st_mode & 0o077 == 0


def test_python_session_reads_the_rest_api_of_every_application(desk, apps):
    desk.shell(0)
    lines = desk.python("report.py").stdout.splitlines()
    assert {line.split()[0] for line in lines} == apps
    assert all(int(line.split()[-2]) > 0 for line in lines), lines


def test_python_session_goes_on_when_its_token_runs_out(desk, apps):
    desk.shell(0)
    first = desk.tokens("report.json")
    expire(desk, "report.json")
    assert len(desk.python("report.py").stdout.splitlines()) == len(apps)
    second = desk.tokens("report.json")
    assert second["refresh_token"] != first["refresh_token"]
    assert len(desk.python("report.py").stdout.splitlines()) == len(apps)
    assert desk.tokens("report.json") == second, "a good token is not renewed"


def test_s36_programs_that_share_a_file_renew_once(desk, gate):
    desk.shell(0)
    expire(desk, "report.json")
    code = ("from sparkgate_client import Gate; "
            f"print(Gate({gate.url!r}, 'report.json').get('/prod/proxy/master/json/').status_code)")
    together = [subprocess.Popen(["python3", "-c", code], cwd=desk.folder, env=desk.env, stdout=subprocess.PIPE, text=True)
                for _ in range(4)]
    assert [process.communicate(timeout=60)[0].strip() for process in together] == ["200"] * 4
    assert desk.python("report.py").stdout


class Scraper(Daemon):
    """A real Prometheus on a free port, its data in the desk's folder."""

    def __init__(self, desk, port):
        self.url = f"http://{HOST}:{port}"
        config = desk.folder / "prometheus.yml"
        # as in the README, but for the wait
        config.write_text(config.read_text().replace("scrape_interval: 15s", "scrape_interval: 1s"))
        command = [str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={desk.folder}/data",
                   f"--web.listen-address={HOST}:{port}"]
        super().__init__("prometheus", command, desk.env, desk.folder, desk.folder / "prometheus.log")

    def targets(self):
        return fetch_json(f"{self.url}/api/v1/targets?state=active")["data"]["activeTargets"]

    def query(self, text):
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": text}, timeout=10).json()
        return {sample["metric"].get("instance"): sample for sample in answer["data"]["result"]}


@pytest.fixture
def scraper(desk):
    assert PROMETHEUS.exists(), "tests/support/install.sh test unpacks it"
    desk.shell(0)
    desk.shell(1)
    running = Scraper(desk, free_port())
    try:
        wait_for(lambda: is_up(f"{running.url}/-/ready"), "Prometheus", 60, running.check)
        yield running
    finally:
        running.stop()


def values_of(scraper, query):
    return {name: float(sample["value"][1]) for name, sample in scraper.query(query).items()}


def test_prometheus_scrapes_every_driver_until_its_token_is_revoked(desk, gate, apps, scraper):
    assert (desk.folder / "spark.token").stat().st_mode & 0o077 == 0
    wait_for(lambda: values_of(scraper, "up") == dict.fromkeys(apps, 1), "all targets to be up", 60, scraper.check)
    series = values_of(scraper, 'metrics_executor_maxMemory_bytes{executor_id="driver"}')
    assert set(series) == apps and all(value > 0 for value in series.values())
    assert {target["labels"]["instance"]: target["labels"]["app"] for target in scraper.targets()}.keys() == apps

    gate.command("token", "revoke", desk.tokens("prometheus.json")["id"])
    wait_for(lambda: values_of(scraper, "up") == dict.fromkeys(apps, 0), "all targets to be down", 60, scraper.check)
    assert all("401" in target["lastError"] for target in scraper.targets()), scraper.targets()


def test_prometheus_follows_a_renewed_token_without_a_restart(desk, gate, apps, scraper):
    wait_for(lambda: values_of(scraper, "up") == dict.fromkeys(apps, 1), "all targets to be up", 60, scraper.check)
    (desk.folder / "spark.token").write_text("no token at all")
    wait_for(lambda: values_of(scraper, "up") == dict.fromkeys(apps, 0), "all targets to be down", 60, scraper.check)
    expire(desk, "prometheus.json")
    desk.shell(1, but="token create")
    wait_for(lambda: values_of(scraper, "up") == dict.fromkeys(apps, 1), "all targets to be up again", 60, scraper.check)


def test_token_for_metrics_opens_nothing_else(desk, gate, apps):
    desk.shell(0)
    desk.shell(1)
    token = desk.tokens("prometheus.json")["access_token"]
    app = f"/prod/proxy/{sorted(apps)[0]}"
    assert gate.get_with_token(f"{app}/metrics/executors/prometheus", token) == 200
    for path in (f"{app}/jobs/", f"{app}/api/v1/applications", f"{app}/environment/", "/prod/proxy/master/json/", "/prod/"):
        assert gate.get_with_token(path, token) == 403, path


def test_python_session_goes_on_past_the_real_end_of_its_token(desk, gate):
    from sparkgate_client import Gate
    made = gate.short
    file = desk.folder / "report.json"
    file.touch(0o600)
    file.write_text(json.dumps(made))
    session = Gate(gate.url, file)
    # a minute later, for clocks differ; most of it went by in the tests above
    wait_for(lambda: gate.get_with_token("/prod/proxy/master/json/", made["access_token"]) == 401, "the token's end", 120)
    assert session.get("/prod/proxy/master/json/").ok
