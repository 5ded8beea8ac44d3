"""What real providers do in ways of their own: nanoidp, idpyoidc and django-oauth-toolkit, asked about their opaque tokens."""

import contextlib

import pytest

from conftest import BASE, Client
from gateway import Gateway
from python_providers import SECRET, DjangoProvider, Idpyoidc, NanoIdp
from sso import secret_file
from upstream import Upstream

UI = "/other/ui/echo/"


@contextlib.contextmanager
def gateway_of(provider, folder, user, secret=SECRET, **row):
    """A gateway that asks `provider` about tokens, and knows these subjects and roles as users."""
    asks = {"client_id": "gate", "client_secret_file": secret_file(folder, "secret", secret)}
    if provider.introspection:
        asks["url"] = provider.introspection
    settings = {"auth": {"bearer": [{"issuer": provider.issuer, **row, "introspection": asks}], "roles": {"claim": "roles", "user": user}},
                "log": {"format": "json", "level": "info", "access": True}}
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], BASE, settings, folder=folder) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            yield gateway


def answer(gateway, token):
    return Client(gateway).get(UI, headers={"Authorization": f"Bearer {token}"})


def status(gateway, token):
    return answer(gateway, token).status_code


def subject(gateway, token):
    said = Client(gateway).get("/whoami", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
    return said.json()["subject"]


@pytest.fixture(scope="module")
def nanoidp():
    with NanoIdp() as provider:
        yield provider


@pytest.fixture(scope="module")
def idpyoidc():
    with Idpyoidc() as provider:
        yield provider


@pytest.fixture(scope="module")
def toolkit():
    with DjangoProvider() as provider:
        yield provider


def test_s86_nanoidp_reads_the_secret_as_it_stands_and_is_told_so_once(nanoidp, tmp_path):
    with gateway_of(nanoidp, tmp_path, ["spark-user"], audience=["spark"]) as gateway:
        for _ in range(2):
            assert status(gateway, nanoidp.tokens("ann")["access_token"]) == 403, "known, without a role"
        assert gateway.log_text().count("takes the client secret in another way: HTTP Basic without form encoding") == 1


def test_s48_signed_refresh_token_of_nanoidp_opens_nothing(nanoidp, tmp_path):
    with gateway_of(nanoidp, tmp_path, ["sub:ann"], audience=["spark"]) as gateway:
        tokens = nanoidp.tokens("ann")
        assert status(gateway, tokens["access_token"]) == 200
        assert status(gateway, tokens["refresh_token"]) == 401


def test_s48_opaque_refresh_token_of_idpyoidc_opens_nothing(idpyoidc, tmp_path):
    with gateway_of(idpyoidc, tmp_path, ["spark-user"], audience=["spark"]) as gateway:
        tokens = idpyoidc.tokens("ann")
        assert status(gateway, tokens["access_token"]) == 403, "known, without a role"
        assert status(gateway, tokens["refresh_token"]) == 401
        assert "takes the client secret in another way" in gateway.log_text()


def test_s87_people_of_django_oauth_toolkit_are_who_they_are(toolkit, tmp_path):
    with gateway_of(toolkit, tmp_path, ["sub:username:ann", "sub:1"], insecure_no_audience=True) as gateway:
        ann, bob, first = toolkit.token("ann"), toolkit.token("bob"), toolkit.token("1")
        assert status(gateway, ann) == 200
        assert status(gateway, bob) == 403, "bob is not ann"
        assert status(gateway, first) == 403, "a name is no subject"
        assert [subject(gateway, token) for token in (ann, bob, first)] == ["username:ann", "username:bob", "username:1"]


def test_client_that_the_provider_refuses_is_the_operators_trouble(toolkit, tmp_path):
    with gateway_of(toolkit, tmp_path, ["sub:username:ann"], secret="another", insecure_no_audience=True) as gateway:
        refused = answer(gateway, toolkit.token("ann"))
        assert refused.status_code == 503 and refused.json()["reason"] == "own_credentials", refused.text
        assert "refuses the gateway's own credentials" in gateway.log_text()
        assert "(gate)" in gateway.log_text()
