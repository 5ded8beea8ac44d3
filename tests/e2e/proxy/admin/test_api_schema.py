"""The token API against its own description: schemathesis asks every operation as nobody, as a user and as an administrator.

All of its checks and phases run, none is switched off. What it makes up comes of one seed, so that a failure comes again.
"""

import pathlib
import re
import subprocess
import sys

import pytest
import requests
from gateway import Gateway
from mock_provider import MockProvider
from played_spark import PlayedSpark
from spark_cluster import wait_for

TOKENS = "/api/v1/tokens"
DESCRIPTION = "/api/v1/openapi.json"
OPERATIONS = 27
EXAMPLES = 60  # of each operation: about 10 s a role
SEED = 20240229
ROLES = {"user": ["ops"], "admin": ["root"]}


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """Callers come with an issuer's tokens: those of ours could be revoked by what schemathesis does with the list."""
    with MockProvider() as provider:
        bearer = {"issuer": provider.issuer, "audience": ["spark"]}
        settings = {"auth": {"bearer": [bearer], "roles": {"claim": "roles", "admin": ["root"], "user": ["ops"]}},
                    "tokens": {"per_user": 10000, "access_ttl": {"default": "10m", "max": "36h"}, "refresh_ttl": {"max": "90d"}}}
        other = {"name": "other", "uis": [{"name": "echo", "url": "http://127.0.0.1:1"}]}
        profile = {"name": "small", "roles": ["everyone"], "running": 3, "may_set": ["spark.sql.*"]}
        with PlayedSpark() as spark, Gateway([spark.entry(allow=["file:/opt/apps/*"], profiles=[profile]), other], "/gate", settings, folder=tmp_path_factory.mktemp("schema")) as gateway:
            gateway.provider = provider
            wait_for(lambda: status(gateway, "admin") == 200, "the issuer's keys", 20)
            yield gateway


def headers(gateway, role):
    return {"Authorization": f"Bearer {gateway.provider.access_token(f'a-{role}', roles=ROLES[role])}"} if role else {}


def status(gateway, role):
    return requests.get(f"{gateway.admin_url}{TOKENS}?limit=1", headers=headers(gateway, role), timeout=10).status_code


def schemathesis(gateway, role, folder):
    settings = folder / "schemathesis.toml"  # content that is too long is refused before it is read
    settings.write_text('[checks.negative_data_rejection]\nexpected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]\n')
    command = [str(pathlib.Path(sys.executable).with_name("st")), "--config-file", str(settings), "run", gateway.admin_url + DESCRIPTION, "--checks", "all",
               "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(EXAMPLES), "--seed", str(SEED),
               "--generation-database", "none", "--continue-on-failure", "--request-timeout", "10", "--no-color"]
    for name, value in headers(gateway, role).items():
        command += ["--header", f"{name}: {value}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("role", [None, "user", "admin"])
def test_s35_every_operation_does_what_the_description_says(gate, tmp_path, role):
    result = schemathesis(gate, role, tmp_path)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert f"Tested: {OPERATIONS}" in result.stdout and int(re.search(r"(\d+) passed", result.stdout.split("Test cases:")[1])[1]) > 300
    if role:
        assert status(gate, role) == 200, "the caller was locked out on the way"
        listed = requests.get(f"{gate.admin_url}{TOKENS}", params={"user": f"a-{role}"}, headers=headers(gate, role), timeout=10)
        assert role == "admin" or len(listed.json()["tokens"]) > 10, "nothing was made"


def test_description_has_the_limits_of_the_running_policy(gate):
    def limits():
        schemas = requests.get(gate.admin_url + DESCRIPTION, timeout=10).json()["components"]["schemas"]
        return schemas["AccessTtl"], schemas["RefreshTtl"]

    access, refresh = limits()
    assert (access["default"], access["maximum"], refresh["maximum"]) == (600, 36 * 3600, 90 * 86400)
    for text, good in {"1s": 1, "129600s": 1, "129601s": 0, "2160m": 1, "2161m": 0, "36h": 1, "37h": 0, "1d": 1, "2d": 0, "0s": 0,
                       "01h": 0, "9m": 1, "1ms": 0, "100000s": 1, "99999s": 1, "1000000s": 0}.items():
        assert bool(re.search(access["pattern"], text)) == bool(good), text
        answer = requests.post(gate.admin_url + TOKENS, json={"client_name": "ttl", "access_ttl": text}, headers=headers(gate, "admin"), timeout=10)
        assert answer.status_code == (201 if good else 400), (text, answer.text)
    was = gate.conf["tokens"]
    gate.merge({"tokens": {"access_ttl": {"default": "10m", "max": "1h"}}})
    gate.reload()
    wait_for(lambda: limits()[0]["maximum"] == 3600, "the reload", 5)
    gate.merge({"tokens": was})
    gate.reload()
    wait_for(lambda: limits()[0]["maximum"] == 36 * 3600, "the reload", 5)


@pytest.mark.parametrize("name", ["client_name", "note", "user"])
def test_lengths_count_characters_as_the_description_does(gate, name):
    most = {"client_name": 128, "note": 512, "user": 255}[name]
    for text, expected in (("\N{GRINNING FACE}" * most, 201), ("ü" * (most + 1), 400), ("x" * most, 201), ("x" * (most + 1), 400)):
        answer = requests.post(gate.admin_url + TOKENS, json={"client_name": "long", name: text}, headers=headers(gate, "admin"), timeout=10)
        assert answer.status_code == expected, (len(text), answer.text[:300])
        assert expected == 400 or answer.json()[name] == text
