"""The dashboard and the rules of k8s/monitoring, in a real Prometheus that scrapes a real gateway."""

import json
import re
import subprocess

import pytest
import requests
import yaml

from conftest import ROOT, Client
from gateway import Gateway
from spark_cluster import HOST, Daemon, fetch_json, free_port, is_up, wait_for
from upstream import Upstream

FOLDER = ROOT / "k8s" / "monitoring"
TOOLS = ROOT / "build" / "prometheus" / "usr" / "bin"
UI = "/other/ui/echo/"
METRIC = re.compile(r"(?<![\w:])(sparkgate_\w+|up)(?![\w:])(?:\{([^}]*)\})?")
RECORDED = re.compile(r"\b(\w+:\w+:\w+)\b")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"')
GROUPED = re.compile(r"\b(?:by|without) \(([^)]*)\)")
OURS = {"job", "instance"}  # Prometheus' own labels
PROVIDER = "sparkgate_identity_provider_up"  # there when one is configured
CERTIFICATE = "sparkgate_certificate_expiry_seconds"  # nor this one without TLS


def queries_of(board):
    """(title, query) of every panel, variables filled in as Grafana does."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            text = target["expr"].replace("$job", "sparkgate").replace("$instance", ".*").replace("$__rate_interval", "1m")
            assert "$" not in text, text
            yield panel["title"], text


def board():
    return json.loads((FOLDER / "dashboard.json").read_text())


def rules():
    return [rule for group in yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


QUERIES = list(queries_of(board())) + [(rule.get("alert", rule.get("record")), rule["expr"]) for rule in rules()]


def promtool(*words):
    done = subprocess.run([TOOLS / "promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


class Scraper(Daemon):
    """Prometheus with the rules as they are, in front of `gateway`'s admin listener."""

    def __init__(self, gateway, folder):
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(FOLDER / "rules.yaml")],
            "scrape_configs": [{"job_name": "sparkgate", "static_configs": [{"targets": [f"{HOST}:{gateway.admin_port}"]}]}]}))
        command = [str(TOOLS / "prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address={HOST}:{port}"]
        super().__init__("prometheus", command, {}, folder, folder / "prometheus.log")

    def query(self, text):
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": text}, timeout=10).json()
        assert answer["status"] == "success" and not answer.get("warnings"), (text, answer)
        return answer["data"]["result"]


def traffic(gateway):
    """Something of everything: let in and refused, by token and session, answered and not."""
    token = gateway.create_token("traffic")["access_token"]
    gateway.await_mounts([UI], token)
    client, browser = Client(gateway, token), Client(gateway)
    assert browser.post("/_gate/login", data={"token": token}, headers={"Origin": gateway.origin}).status_code == 303
    browser.post("/_gate/login", data={"token": "none"}, headers={"Origin": gateway.origin})
    for _ in range(3):
        assert [client.get(UI).status_code, browser.get(UI).status_code, Client(gateway, "x.y.z").get(UI).status_code] == [200, 200, 401]
    assert client.get("/other/ui/gone/").status_code >= 502


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder, nowhere = tmp_path_factory.mktemp("monitoring"), free_port()
    with Upstream() as upstream:
        uis = [{"name": "echo", "url": upstream.url}, {"name": "gone", "url": f"http://{HOST}:{nowhere}"}]
        with Gateway([{"name": "other", "uis": uis}], "/gate", folder=folder) as gateway:
            scraper = Scraper(gateway, folder)
            try:
                wait_for(lambda: is_up(f"{scraper.url}/-/ready"), "Prometheus", 60, scraper.check)
                wait_for(lambda: scraper.query('up{job="sparkgate"} == 1'), "the first scrape", 30, scraper.check)
                traffic(gateway)
                # two scrapes with it, for a rate
                wait_for(lambda: scraper.query('rate(sparkgate_requests_total{code=~"5.."}[1m])'), "the traffic", 30, scraper.check)
                scraper.gateway = gateway
                yield scraper
            finally:
                scraper.stop()


@pytest.fixture(scope="module")
def families(world):
    """Metric name -> labels, of /metrics."""
    found = {}
    for line in requests.get(f"{world.gateway.admin_url}/metrics", timeout=5).text.splitlines():
        match = re.match(r"(\w+)(?:\{(.*)\})? ", line)
        if match and not line.startswith("#"):
            found.setdefault(match[1], set()).update(MATCHER.findall(match[2] or ""))
    return found


@pytest.mark.parametrize("title,query", QUERIES)
def test_query_names_only_what_the_gateway_has(families, title, query):
    known = {**families, "up": set(), PROVIDER: set(), CERTIFICATE: set()}
    used = METRIC.findall(query)
    assert used or RECORDED.search(query), query
    labels = set().union(*(known[name] for name, _ in used)) if used else {"reason"}
    for name, matchers in used:
        assert set(MATCHER.findall(matchers)) <= known[name] | OURS, (name, matchers)
    for group in GROUPED.findall(query):
        assert set(group.replace(" ", "").split(",")) <= labels | OURS | {"le"}, group
    assert set(RECORDED.findall(query)) <= {rule["record"] for rule in rules() if "record" in rule}


@pytest.mark.parametrize("title,query", QUERIES)
def test_query_is_answered_by_prometheus(world, title, query):
    world.query(query)


def test_panels_show_something_after_some_traffic(world):
    empty = {title for title, query in queries_of(board()) if not world.query(query)}
    # neither a provider nor TLS is configured
    assert empty == {"Identity provider", "Certificate"}


def test_records_are_written_and_no_rule_fails(world):
    for rule in rules():
        if "record" in rule:
            wait_for(lambda: world.query(rule["record"]), rule["record"], 20, world.check)
    groups = fetch_json(f"{world.url}/api/v1/rules")["data"]["groups"]
    state = {rule["name"]: (rule["health"], rule.get("lastError")) for group in groups for rule in group["rules"]}
    assert len(state) == len(rules()) and set(state.values()) == {("ok", None)}, state
    firing = {alert["labels"]["alertname"] for alert in fetch_json(f"{world.url}/api/v1/alerts")["data"]["alerts"]
              if alert["state"] == "firing"}
    assert firing == set()


def test_promtool_finds_nothing_wrong_and_alerts_fire_when_they_should():
    promtool("check", "rules", "rules.yaml")
    promtool("test", "rules", "rules_test.yaml")


def test_dashboard_is_one_that_grafana_imports():
    it = board()
    ids = [panel["id"] for panel in it["panels"]]
    assert len(set(ids)) == len(ids) and it["uid"] and it["schemaVersion"] >= 36 and "id" not in it
    assert {variable["name"] for variable in it["templating"]["list"]} == {"datasource", "job", "instance"}
    for panel in it["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        others = [other["gridPos"] for other in it["panels"] if other is not panel]
        assert not [o for o in others if o["x"] < grid["x"] + grid["w"] and grid["x"] < o["x"] + o["w"]
                    and o["y"] < grid["y"] + grid["h"] and grid["y"] < o["y"] + o["h"]], panel["title"]
    sources = {target["datasource"]["uid"] for panel in it["panels"] for target in panel.get("targets", [])}
    assert sources == {"${datasource}"}


def test_kustomization_names_files_that_are_there():
    made = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["configMapGenerator"]
    files = [entry.split("=")[1] for generator in made for entry in generator["files"]]
    assert files == ["dashboard.json", "rules.yaml"] and all((FOLDER / name).is_file() for name in files)
