"""docs/production.md as it is written: two gateways and a Redis behind HAProxy, nginx and Caddy with TLS; a new sealing key; a backup."""

import json
import os

import pytest

from callers import visiting_from
from doc_machines import Page
from doc_site import documented_site
from gateway import ROOT
from spark_cluster import wait_for

PAGE = Page("production.md")
CADDY = ROOT / "build" / "caddy" / "usr" / "bin" / "caddy"
CERTIFICATE = f"""{PAGE.shell("openssl req")}
cp {CADDY} /opt/bin/
cat spark.crt spark.key > /etc/haproxy/spark.pem
for folder in nginx caddy; do mkdir -p /etc/$folder; cp spark.crt spark.key /etc/$folder/; done
cat spark.crt >> /etc/ssl/certs/ca-certificates.crt"""
PROXIES = {
    "haproxy": ("/etc/haproxy/haproxy.cfg", "haproxy -c -f /etc/haproxy/haproxy.cfg", "haproxy -db -f /etc/haproxy/haproxy.cfg"),
    "nginx": ("/etc/nginx/conf.d/sparkgate.conf", "rm -f /etc/nginx/sites-enabled/*; nginx -t", "nginx -g 'daemon off;'"),
    "caddy": ("/etc/caddy/Caddyfile", "caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile",
              "caddy run --config /etc/caddy/Caddyfile --adapter caddyfile"),
}
TOKEN = PAGE.shell("token create")
RESTARTS = 5
WHOAMI = "curl -fsS -H @token.header https://spark.example.com/whoami"

pytestmark = pytest.mark.skipif(os.getuid() != 0 and not os.environ.get("CI"), reason="network namespaces need root")


@pytest.fixture(scope="module")
def site():
    with documented_site() as running:
        yield running


@pytest.fixture(scope="module")
def certified(site):
    site.run("here", CERTIFICATE)
    return site


@pytest.fixture(params=PROXIES)
def front(certified, request):
    """Step 4, with each of the proxies."""
    path, check, run = PROXIES[request.param]
    certified.write(path, PAGE.files[path])
    certified.run("proxy", check)
    daemon = certified.start("proxy", run, "curl -fsS https://spark.example.com/_gate/jwks.json")
    yield certified
    certified.stop(daemon)


def test_the_commands_of_step_5_make_and_use_a_token_and_a_websocket(front):
    said = front.run("gate1", TOKEN)
    assert '"subject"' in said and '"tokens"' in said and "101 Switching Protocols" in said, said
    assert "404" in front.run("here", "curl -sS -o answer -w '%{http_code}' https://spark-tokens.example.com/metrics")
    assert "https://spark.example.com/" in front.run("here", "curl -sS -o answer -w '%{redirect_url}' http://spark.example.com/")


def test_the_log_has_the_client_s_address_and_not_the_proxy_s(front):
    front.run("gate1", TOKEN)
    lines = "".join(daemon.log.read_text() for daemon in front.gates.values()).splitlines()
    assert {json.loads(line)["client"] for line in lines if '"user":"client:me"' in line and '"event":"access"' in line} == {"10.0.0.11"}


def test_a_gateway_ends_and_is_there_again_and_no_request_fails(front):
    front.run("gate1", TOKEN)
    visits = front.start("here", f"sh -c 'while sleep 0.05; do {WHOAMI} >> visits 2>&1 || echo failed; done'")
    front.stop(front.gates["gate1"])
    front.run("here", WHOAMI)
    front.gates["gate1"] = front.start_gate("gate1")
    front.stop(visits)
    assert "failed" not in visits.log.read_text()


def serves(gate):
    """A request has come to this process by way of the proxy."""
    return '"client":"10.0.0.20"' in gate.log.read_text()


@pytest.mark.parametrize("front", ["haproxy"], indirect=True)
def test_s181_five_restarts_one_after_the_other_behind_a_proxy_that_follows_readiness_fail_no_request_under_load(front):
    front.run("gate1", TOKEN)
    token = front.run("gate1", "cat token.header").strip()
    jar = front.run("here", "curl -fsS -o /dev/null -c - -H 'Origin: https://spark.example.com' --data-urlencode \"token=$(jq -r .access_token token.json)\" "
                            "https://spark.example.com/_gate/login")
    session = "; ".join("=".join(line.split("\t")[5:7]) for line in jar.splitlines() if "\t" in line)
    trusting = front.inside("here", "env", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
    with visiting_from(trusting, "https://spark.example.com", "/whoami", 32, [token, f"Cookie: {session}"]) as visitors:
        for i in range(RESTARTS):
            name = ("gate1", "gate2")[i % 2]
            front.stop(front.gates[name])
            front.gates[name] = front.start_gate(name)
            wait_for(lambda: serves(front.gates[name]), "the proxy to come to it again", 30)
    assert visitors["wrong"] == [] and visitors["least"] > RESTARTS, visitors


def test_a_new_sealing_key_in_three_steps_leaves_tokens_and_gateways_as_they_are(site):
    ask = "curl -fsS -H 'Host: spark.example.com' -H @token.header http://10.0.0.12:8480/whoami"
    site.run("gate1", "\n".join(line for line in TOKEN.splitlines() if "https:" not in line and "curl -sS" not in line))
    site.run("gate1", PAGE.shell("session-key session-key.new"))
    for gate in site.gates.values():
        gate.signal(1)
    site.run("gate1", PAGE.shell("session-key.new session-key >"))
    for name, gate in site.gates.items():
        site.stop(gate)
        site.gates[name] = site.start_gate(name)
    site.run("gate1", PAGE.shell("mv session-key.new"))
    for gate in site.gates.values():
        gate.signal(1)
    for name, gate in site.gates.items():
        site.stop(gate)
        site.gates[name] = site.start_gate(name)
    site.run("here", ask)
    assert site.run("gate1", "wc -l < /etc/sparkgate/session-key").strip() == "1"
