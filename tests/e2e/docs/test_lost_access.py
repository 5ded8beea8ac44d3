"""docs/lost-access.md as it is written, on the machines of docs/production.md."""

import os

import pytest

from doc_machines import Page
from doc_site import documented_site

PAGE, PRODUCTION = Page("lost-access.md"), Page("production.md")
TOKEN, NEW_KEY = PAGE.shell("token create"), PAGE.shell("del sparkgate:meta")
SEALED = "sealed with another session key: put the old one on the second line of session.key_file"
DERIVED = "sealed with another session key: it is made of auth.oidc's client secret"
ASK = "curl -sS -o answer -w '%{http_code}' -H 'Host: spark.example.com' -H @token.header http://10.0.0.11:8480/whoami"
HEADER = "jq -r '\"Authorization: Bearer \" + .access_token' token.json > token.header"

pytestmark = pytest.mark.skipif(os.getuid() != 0 and not os.environ.get("CI"), reason="network namespaces need root")


@pytest.fixture(scope="module")
def site():
    with documented_site() as running:
        yield running


def again(site, name="gate1", settings=""):
    site.stop(site.gates[name])
    site.gates[name] = site.start_gate(name, settings)


def key_file(site, text):
    site.run("gate1", f"{text} > session-key; install -o sparkgate -g sparkgate -m 0400 session-key /etc/sparkgate/")


@pytest.fixture
def alone(site):
    """gate1, with a Redis that nobody else uses; afterwards both are as they were."""
    site.run("gate1", "cp session-key session-key.kept")
    site.stop(site.gates["gate2"])
    yield site
    key_file(site, "cat session-key.kept")
    site.write("/etc/sparkgate/sparkgate.yaml", PRODUCTION.files["/etc/sparkgate/sparkgate.yaml"])
    site.run("redis", NEW_KEY)
    again(site)
    site.gates["gate2"] = site.start_gate("gate2")


def test_an_administrator_s_token_is_made_used_and_revoked(site):
    site.run("gate1", TOKEN + HEADER)
    assert site.run("here", ASK) == "200"
    site.run("gate1", PAGE.shell("token revoke"))
    site.run("here", f"for i in 1 2 3 4 5 6; do test $({ASK}) = 401 && exit; sleep 0.5; done; exit 1")


def test_the_old_key_on_the_second_line_starts_the_gateway(alone):
    key_file(alone, "openssl rand -base64 32")
    alone.stop(alone.gates["gate1"])
    assert SEALED in alone.refusal_of_start("gate1")
    key_file(alone, "(openssl rand -base64 32; cat session-key.kept)")
    alone.gates["gate1"] = alone.start_gate("gate1")
    key_file(alone, "head -1 /etc/sparkgate/session-key")
    again(alone)


def test_without_any_old_key_a_new_signing_key_is_made(alone):
    alone.run("gate1", TOKEN + HEADER)
    alone.stop(alone.gates["gate1"])
    key_file(alone, "openssl rand -base64 32")
    assert SEALED in alone.refusal_of_start("gate1")
    alone.run("redis", NEW_KEY)
    alone.gates["gate1"] = alone.start_gate("gate1")
    assert alone.run("here", ASK) == "401"
    alone.run("gate1", TOKEN + HEADER)
    assert alone.run("here", ASK) == "200"


def test_a_new_client_secret_and_a_later_key_file_change_a_derived_key(alone):
    text = PRODUCTION.files["/etc/sparkgate/sparkgate.yaml"]
    derived = text.replace("session: {key_file: /etc/sparkgate/session-key}", "auth:\n  oidc: {issuer: 'http://127.0.0.1:9/', client_id: sparkgate, "
                           "client_secret_file: /etc/sparkgate/oidc}\n  roles: {claim: groups, admin: [spark-admin]}")
    secret = "echo {}-client-secret-0123456789 > oidc; install -o sparkgate -g sparkgate -m 0400 oidc /etc/sparkgate/"
    alone.write("/etc/sparkgate/sparkgate.yaml", derived)
    alone.run("gate1", secret.format("old"))
    alone.stop(alone.gates["gate1"])
    alone.run("redis", NEW_KEY)
    alone.gates["gate1"] = alone.start_gate("gate1")
    alone.run("gate1", TOKEN + HEADER)
    alone.stop(alone.gates["gate1"])
    alone.run("gate1", secret.format("new"))
    assert DERIVED in alone.refusal_of_start("gate1")
    alone.run("gate1", secret.format("old"))
    alone.write("/etc/sparkgate/sparkgate.yaml", derived + "session: {key_file: /etc/sparkgate/session-key}\n")
    assert SEALED in alone.refusal_of_start("gate1")
    alone.write("/etc/sparkgate/sparkgate.yaml", derived)
    alone.gates["gate1"] = alone.start_gate("gate1")
    assert alone.run("here", ASK) == "200", "the old secret opens what it sealed"


def test_commands_on_sessions_and_tokens(site):
    for words in ("session end --all", "--user ann"):
        site.run("gate1", PAGE.shell(words))


def test_a_backup_of_a_sqlite_store_is_restored_and_lost_keys_are_made_anew(alone):
    alone.write("/etc/sparkgate/sparkgate.yaml", "\n".join(
        line for line in PRODUCTION.files["/etc/sparkgate/sparkgate.yaml"].splitlines() if not line.startswith(("store", "session"))) +
        "\nstore: sqlite:/var/lib/sparkgate/state.db\n")
    again(alone)
    alone.run("gate1", TOKEN + HEADER + "\n" + PRODUCTION.shell(".backup"))
    alone.run("here", "printf '#!/bin/sh\\n' > /opt/bin/systemctl; chmod 755 /opt/bin/systemctl")  # the test starts and ends it
    alone.stop(alone.gates["gate1"])
    alone.run("gate1", "rm /var/lib/sparkgate/*")
    alone.run("gate1", PAGE.shell("systemctl"))
    alone.gates["gate1"] = alone.start_gate("gate1")
    assert alone.run("here", ASK) == "200"
    alone.stop(alone.gates["gate1"])
    alone.run("gate1", "rm /var/lib/sparkgate/signing-key.pem")
    alone.gates["gate1"] = alone.start_gate("gate1")
    assert alone.run("here", ASK) == "401"
    renew = "jq -r .refresh_token token.json > refresh; curl -fsS -H 'Host: spark.example.com' http://10.0.0.11:8480/_gate/oauth/token -d grant_type=refresh_token --data-urlencode refresh_token@refresh"
    assert '"access_token"' in alone.run("here", renew.replace("refresh_token@refresh", "refresh_token=$(cat refresh)"))
