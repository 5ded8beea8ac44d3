"""docs/keycloak.md as it is written, on a real Keycloak; only addresses and folders are those of the test."""

import os
import subprocess

import pytest
import requests
import yaml

from doc_machines import Page
from gateway import Gateway
from keycloak import ADMIN, PASSWORD
from keycloak_install import ensure_keycloak
from spark_cluster import wait_for
from sso import UI, User, await_provider, await_upstream, entry_of, is_signed_in

PAGE = Page("keycloak.md")
REALM = "of-the-page"


@pytest.fixture(scope="module")
def realm(keycloak):
    """A realm with people and nothing else, as the page expects it."""
    people = [{"username": name, "enabled": True, "email": f"{name}@platform.example", "firstName": name, "lastName": "Example",
               "credentials": [{"type": "password", "value": "password", "temporary": False}]} for name in ("alice", "nobody")]
    keycloak.admin("POST", "/admin/realms", {"realm": REALM, "enabled": True, "sslRequired": "none", "users": people})
    return keycloak


@pytest.fixture(scope="module")
def gate(realm, upstream, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keycloak-page")
    gateway = Gateway([entry_of(upstream)], folder=folder)
    names = {"https://idp.example.com": realm.url, "/realms/spark": f"/realms/{REALM}", "-r spark ": f"-r {REALM} ", "--user admin": f"--user {ADMIN}",
             "https://spark.example.com": gateway.url, "https://spark-tokens.example.com": gateway.admin_url, "/etc/sparkgate/": f"{folder}/"}

    def here(text):
        for there, now in names.items():
            text = text.replace(there, now)
        return text

    (folder / "admin-password").write_text(PASSWORD)
    command = folder / "bin" / "kcadm.sh"  # the installed one is not executable
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec sh {ensure_keycloak()}/bin/kcadm.sh "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "HOME": str(folder), "PATH": f"{command.parent}:{os.environ['PATH']}"}
    assert len(PAGE.commands) == 6
    for _, code in PAGE.commands:
        done = subprocess.run(["sh", "-euc", here(code)], cwd=folder, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (code, done.stdout, done.stderr)
    gateway.merge(yaml.safe_load(here(PAGE.files["/etc/sparkgate/sparkgate.yaml"])))
    with gateway:
        await_provider(gateway)
        await_upstream(gateway)
        yield gateway


def test_alice_signs_in_with_the_role_of_her_group_and_keycloak_signs_her_out(gate, realm):
    alice = User("alice")
    assert alice.enter(gate).status_code == 200
    told = alice.step(f"{gate.url}/whoami", headers={"Accept": "application/json"}).json()
    assert (told["role"], told["claim"], told["claim_found"]) == ("user", "groups", True)
    user = realm.admin("GET", f"/admin/realms/{REALM}/users?username=alice&exact=true")[0]["id"]
    realm.admin("POST", f"/admin/realms/{REALM}/users/{user}/logout")
    wait_for(lambda: not is_signed_in(alice, gate), "the session to end", 5)


def test_who_is_in_no_group_is_told_what_is_missing(gate):
    assert User("nobody").enter(gate).status_code == 403


def test_both_sites_are_registered(gate):
    for site in (gate.url, gate.admin_url):
        page = User("alice").step(f"{site}/_gate/login?start=sso")
        assert page.status_code in (302, 303)
        at_keycloak = requests.get(page.headers["Location"], timeout=30)
        assert at_keycloak.status_code == 200 and "Invalid parameter" not in at_keycloak.text


def test_keycloak_s_own_access_token_is_for_the_gateway(gate, realm):
    client = realm.admin("GET", f"/admin/realms/{REALM}/clients?clientId=sparkgate")[0]
    realm.admin("PUT", f"/admin/realms/{REALM}/clients/{client['id']}", {**client, "directAccessGrantsEnabled": True})
    token = realm.form(f"{realm.url}/realms/{REALM}/protocol/openid-connect/token", {
        "grant_type": "password", "client_id": "sparkgate", "client_secret": (gate.folder / "oidc-secret").read_text().strip(), "username": "alice",
        "password": "password", "scope": "openid"})["access_token"]
    assert gate.get_with_token(UI, token) == 200
