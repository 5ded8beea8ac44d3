"""Pods' own tokens as bearer tokens of the gateway, minted and vouched for by a real API server (docs/service-accounts.md, S18, S41)."""

import pytest

from gateway import Gateway
from kube_apiserver import ISSUER
from manifests import lay_out
from spark_cluster import wait_for

UI = "/other/ui/echo/"
JWKS = "/openid/v1/jwks"


def account(kube, namespace, name):
    kube.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})


@pytest.fixture(scope="module")
def accounts(kube):
    kube.namespace("reports")
    for name in ("gate", "nightly", "stranger", "boss"):
        account(kube, "reports", name)


def settings(kube, token_file):
    bearer = {"issuer": ISSUER, "audience": ["sparkgate"], "jwks_url": kube.url + JWKS, "ca_file": str(kube.ca_file),
              "token_file": str(token_file)}
    subject = "sub:system:serviceaccount:reports:"
    return {"auth": {"bearer": [bearer], "roles": {"user": [f"{subject}nightly"], "admin": [f"{subject}boss"]}}}


@pytest.fixture(scope="module")
def gate(kube, accounts, upstream, tmp_path_factory):
    """With its own pod's token as the kubelet mounts it."""
    mount = lay_out(tmp_path_factory.mktemp("pod") / "issuer", {"token": kube.token("reports", "gate")})
    clusters = [{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}]
    with Gateway(clusters, "/gate", settings(kube, mount / "token")) as running:
        token = kube.token("reports", "nightly", "sparkgate")
        wait_for(lambda: running.get_with_token(UI, token) == 200, "the API server's keys", 30)
        yield running


def test_keys_are_not_for_everybody(kube):
    assert kube.request("GET", JWKS, token=None)[0] in (401, 403)


def test_an_account_with_a_role_gets_in_with_a_token_made_for_the_gateway(kube, gate):
    assert gate.get_with_token(UI, kube.token("reports", "nightly", "sparkgate")) == 200
    assert gate.get_with_token(UI, kube.token("reports", "boss", "sparkgate")) == 200


def test_a_token_made_for_the_api_server_is_refused(kube, gate):
    assert gate.get_with_token(UI, kube.token("reports", "nightly")) == 401


def test_an_account_without_a_role_is_known_and_refused(kube, gate):
    assert gate.get_with_token(UI, kube.token("reports", "stranger", "sparkgate")) == 403


def test_the_log_names_the_account_and_never_the_token(kube, gate):
    token = kube.token("reports", "nightly", "sparkgate")
    assert gate.get_with_token(UI, token) == 200
    wait_for(lambda: any("system:serviceaccount:reports:nightly" in str(line.get("user")) for line in gate.access_log()),
             "the account in the access log", 10)
    assert token.split(".")[2] not in gate.log_text()


def test_without_a_good_token_of_its_own_the_gateway_says_what_it_lacks(kube, accounts, upstream, tmp_path):
    mount = lay_out(tmp_path / "issuer", {"token": "not-a-token"})
    clusters = [{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}]
    with Gateway(clusters, "/gate", settings(kube, mount / "token")) as running:
        wait_for(lambda: f"issuer {ISSUER}: key set: status 401" in running.log_text(), "a line on the keys", 20)
        assert running.get_with_token(UI, kube.token("reports", "nightly", "sparkgate")) in (401, 503)
