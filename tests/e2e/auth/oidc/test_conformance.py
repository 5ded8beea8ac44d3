"""The relying-party modules of the OpenID conformance suite, by their names, against a provider that misbehaves as they do."""

import html
import json
import urllib.parse
import uuid

import pytest
import requests

from mock_provider import Key, MockProvider
from signon import UI, Browser, gateway_for, secret_file
from spark_cluster import wait_for
from upstream import Upstream


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(provider, tmp_path_factory):
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path_factory.mktemp("gate")) as running:
        wait_ready(running)
        yield running


def wait_ready(gateway):
    wait_for(lambda: requests.get(f"{gateway.admin_url}/ready", timeout=5).json()["identity_provider"] == "ok", "the provider", 20)


@pytest.fixture(autouse=True)
def clean(provider):
    provider.faults, provider.error, provider.subject, provider.expires_in = set(), None, "alice", 300
    provider.claims = {"roles": ["spark-user"], "name": "Alice Example"}
    yield


def refused(answer, browser):
    """A page that says so, and nothing more: no session, and no way round and round."""
    assert answer.status_code in (400, 401, 403), (answer.status_code, answer.text[:300])
    assert "Location" not in answer.headers and browser.session() is None
    assert answer.headers["X-Request-Id"] in answer.text
    return answer


def accepted(answer, gateway, browser):
    assert answer.status_code == 303, (answer.status_code, answer.text[:500])
    assert urllib.parse.urljoin(gateway.url, answer.headers["Location"]) == gateway.url + UI
    assert browser.go(gateway).status_code == 200


@pytest.mark.parametrize("fault", [None, "KidAbsentSingleJwks", "IssParameterValid", "UnverifiedEmail", "ScopeUserInfoClaims"])
def test_s21_what_is_right_is_accepted(gate, provider, fault):
    provider.faults = {fault}
    browser = Browser()
    accepted(browser.sign_in(gate), gate, browser)


@pytest.mark.parametrize("fault", [
    "NonceInvalid", "NonceMissing", "MissingIat", "MissingSub", "MissingAud", "InvalidAud", "InvalidIssuer", "InvalidSignature",
    "IdTokenSigNone", "IdTokenSigHS256", "Expired", "InvalidAtHash", "NoIdToken", "IssParameterWrong"])
def test_s21_sign_in_is_refused(gate, provider, fault):
    provider.faults = {fault}
    browser = Browser()
    refused(browser.sign_in(gate), browser)


@pytest.fixture
def rotating(upstream, tmp_path):
    """A provider, and a gateway of its own, for keys that change: unknown ones are asked for once a minute at most (S19)."""
    with MockProvider(alg="RS256") as provider, gateway_for(provider, upstream, tmp_path) as gateway:
        wait_ready(gateway)
        yield provider, gateway


def test_s21_id_token_signed_using_rs256_and_invalid_signature_with_rs256(rotating):
    provider, gateway = rotating
    browser = Browser()
    accepted(browser.sign_in(gateway), gateway, browser)
    provider.faults, browser = {"InvalidSignature"}, Browser()
    refused(browser.sign_in(gateway), browser)


def test_client_secret_basic_and_nothing_of_it_in_the_form(gate, provider):
    Browser().sign_in(gate)
    head, form = provider.last_token_request
    assert head.startswith("Basic ") and "client_secret" not in form


def test_userinfo_bearer_header_and_no_token_in_the_address(gate, provider):
    """Of the suite's two ways, header and body; which it is, is the client's choice."""
    Browser().sign_in(gate)
    path, method, head = provider.last_userinfo
    assert (path, method) == ("/idp/userinfo", "GET") and head.startswith("Bearer ")


def test_s21_kid_absent_and_several_keys_that_fit_is_refused(provider, tmp_path):
    provider.faults = {"KidAbsentMultipleJwks"}
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path) as gateway:
        wait_ready(gateway)
        browser = Browser()
        refused(browser.sign_in(gateway), browser)


@pytest.mark.parametrize("fault", ["StateInvalid", "StateMissing", "CodeTwice"])
def test_s21_callback_that_is_not_to_a_sign_in_of_this_browser_is_refused(gate, provider, fault):
    provider.faults = {fault}
    browser, before = Browser(), provider.counts["code"]
    refused(browser.sign_in(gate), browser)
    assert provider.counts["code"] == before  # the code was not spent


def test_s21_callback_in_another_browser_is_refused(gate, provider):
    victim, attacker = Browser(), Browser()
    answer = victim.get(attacker.at_provider(attacker.begin(gate)))
    assert answer.status_code == 303 and answer.headers["Location"].startswith(provider.issuer)  # one of their own
    assert victim.session() is None


def test_s21_callback_twice_leads_home_and_asks_the_provider_once(gate, provider):
    browser = Browser()
    callback = browser.at_provider(browser.begin(gate))
    before = provider.counts["code"]
    accepted(browser.get(callback), gate, browser)
    again = browser.get(callback)
    assert again.status_code == 303 and provider.counts["code"] == before + 1


def test_s30_invalid_sub_in_userinfo_response_is_refused(gate, provider):
    provider.faults = {"InvalidSubInUserinfoResponse"}
    browser = Browser()
    refused(browser.sign_in(gate), browser)


def test_error_of_the_provider_is_a_page_that_escapes_what_it_says(gate, provider):
    provider.error = {"error": "access_denied", "error_description": "<b>no & never</b>"}
    browser = Browser()
    answer = refused(browser.sign_in(gate), browser)
    assert "<b>no" not in answer.text and "start=sso" in answer.text


def test_token_endpoint_that_is_down_is_503_and_no_loop(gate, provider):
    provider.faults = {"TokenEndpointDown"}
    browser = Browser()
    answer = browser.sign_in(gate)
    assert answer.status_code == 503 and "Retry-After" in answer.headers and "Location" not in answer.headers


def test_client_that_the_token_endpoint_refuses_is_the_administrators_trouble(gate, provider):
    """RFC 6749 §5.2: after invalid_client nobody's account is at fault."""
    right = provider.client_secret
    provider.client_secret = "another one"
    try:
        browser = Browser()
        answer = browser.sign_in(gate)
        assert answer.status_code == 503 and "Location" not in answer.headers and browser.session() is None
        assert "refuses this gateway's own client id or secret" in html.unescape(answer.text)
        assert "Tell the gateway's administrator" in html.unescape(answer.text)
        assert "Nothing is wrong with your account" in answer.text
        said = f"refuses the gateway's own client id or secret: look at auth.oidc.client_id ({provider.client_id}) and client_secret_file"
        wait_for(lambda: said in gate.log_text(), "the log to name the client", 10)
        assert right not in answer.text and right not in gate.log_text()
        refused = [line for line in gate.access_log() if line["path"].endswith("/_gate/callback") and line["status"] == 503]
        assert [line["reason"] for line in refused][-1:] == ["own_credentials"]
    finally:
        provider.client_secret = right
    browser = Browser()
    accepted(browser.sign_in(gate), gate, browser)


def test_s31_email_is_no_identity(gate, provider):
    provider.subject, provider.claims = "mallory", {"email": "alice@example.org", "email_verified": True, "roles": []}
    browser = Browser()
    assert browser.sign_in(gate).status_code == 303
    assert browser.go(gate).status_code == 403


# --- configuration

def test_discovery_issuer_mismatch_signs_nobody_in(provider, tmp_path):
    provider.faults = {"DiscoveryIssuerMismatch"}
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path) as gateway:
        answer = requests.get(f"{gateway.admin_url}/ready", timeout=5)
        assert answer.status_code == 200 and answer.json()["identity_provider"] == "down"
        provider.faults = set()
        wait_ready(gateway)


def test_s19_signing_key_rotation_is_followed(provider, tmp_path):
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path) as gateway:
        wait_ready(gateway)
        browser = Browser()
        accepted(browser.sign_in(gateway), gateway, browser)
        provider.rotate_key()
        browser = Browser()
        accepted(browser.sign_in(gateway), gateway, browser)


def test_s19_signing_key_rotation_just_before_signing_is_followed(rotating):
    """The browser is on its way to the provider when the keys change."""
    provider, gateway = rotating
    browser = Browser()
    start = browser.begin(gateway)
    provider.rotate_key()
    accepted(browser.get(browser.at_provider(start)), gateway, browser)


def test_s19_ignores_unparseable_key_in_jwks(provider, tmp_path):
    provider.faults = {"IgnoresUnparseableKeyInJwks"}
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path) as gateway:
        wait_ready(gateway)
        browser = Browser()
        accepted(browser.sign_in(gateway), gateway, browser)


def test_provider_that_is_down_at_the_start_is_found_without_a_restart(tmp_path):
    provider = MockProvider().start()
    provider.stop()
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path) as gateway:
        ready = requests.get(f"{gateway.admin_url}/ready", timeout=5)
        assert ready.status_code == 200 and ready.json()["identity_provider"] == "down"
        answer = Browser().get(f"{gateway.url}/_gate/login?start=sso")
        assert answer.status_code == 503 and "Retry-After" in answer.headers
        with provider:
            wait_ready(gateway)
            browser = Browser()
            accepted(browser.sign_in(gateway), gateway, browser)


# --- refreshing

@pytest.fixture
def short(provider):
    """Access tokens that have run out when they come."""
    provider.expires_in = 0
    browser = Browser()
    yield browser


def test_s27_refresh_keeps_the_session_and_takes_the_new_roles(gate, provider, short):
    short.sign_in(gate)
    before = provider.counts["refresh"]
    assert short.go(gate).status_code == 200
    assert provider.counts["refresh"] > before
    provider.claims = {"roles": ["nothing"]}
    assert short.go(gate).status_code == 403  # S32
    provider.claims = {"roles": ["spark-user"]}
    assert short.go(gate).status_code == 200
    assert provider.counts["reuse"] == 0


@pytest.mark.parametrize("fault", ["InvalidGrant", "RefreshOtherSubject", "RefreshTokenInvalidIssuer"])
def test_s27_refresh_that_fails_for_good_ends_the_session(gate, provider, short, fault):
    short.sign_in(gate)
    provider.faults = {fault}
    assert short.go(gate).status_code == 302
    provider.faults = set()
    assert short.go(gate).status_code == 302


def test_s27_session_goes_on_while_the_token_endpoint_is_down(gate, provider, short):
    short.sign_in(gate)
    provider.faults = {"TokenEndpointDown"}
    assert short.go(gate).status_code == 200
    assert short.go(gate).status_code == 200


# --- back-channel logout

def sid_of(provider):
    import base64
    payload = provider.last_id_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"]


def log_out(gate, token):
    return requests.post(f"{gate.url}/_gate/logout", data={"logout_token": token}, timeout=10)


@pytest.mark.parametrize("by", ["sub", "sid"])
def test_s28_back_channel_logout_ends_the_session(gate, provider, by):
    provider.subject = f"leaver-{by}"
    browser = Browser()
    browser.sign_in(gate)
    token = provider.logout_token(subject=provider.subject) if by == "sub" else provider.logout_token(sid=sid_of(provider))
    answer = log_out(gate, token)
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    assert browser.go(gate).status_code == 302
    assert log_out(gate, token).status_code == 400  # its jti was used


@pytest.mark.parametrize("fault", ["AlgNone", "NoEvent", "WithNonce", "WrongAlg", "WrongAud", "WrongEvent", "WrongIssuer"])
def test_s28_back_channel_logout_is_refused(gate, provider, fault):
    browser = Browser()
    browser.sign_in(gate)
    answer = log_out(gate, provider.logout_token(fault, subject=provider.subject))
    assert answer.status_code == 400 and "no-store" in answer.headers["Cache-Control"]
    assert browser.go(gate).status_code == 200


# --- bearer tokens of the provider

@pytest.fixture(scope="module")
def bearer_gate(provider, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bearer")
    secret = secret_file(folder, "introspection-secret", provider.client_secret)
    with MockProvider() as opaque, Upstream() as upstream:
        rows = [{"issuer": provider.issuer, "audience": ["spark"], "algorithms": ["ES256", "PS256", "ES384", "EdDSA"]},
                {"issuer": opaque.issuer, "audience": ["spark"],
                 "introspection": {"client_id": opaque.client_id, "client_secret_file": secret}}]
        with gateway_for(provider, upstream, folder, {"auth": {"bearer": rows}}) as running:
            wait_ready(running)
            running.opaque = opaque
            yield running


def ask(gateway, token):
    return requests.get(gateway.url + UI, headers={"Authorization": f"Bearer {token}"}, timeout=10, allow_redirects=False).status_code


@pytest.mark.parametrize("alg", ["ES256", "PS256", "ES384", "EdDSA"])
def test_s13_algorithms_of_the_allow_list_are_taken(provider, tmp_path, alg):
    rows = [{"issuer": provider.issuer, "audience": ["spark"], "algorithms": [alg]}]
    provider.rotate_key(alg)
    with Upstream() as upstream, gateway_for(provider, upstream, tmp_path, {"auth": {"bearer": rows}}) as gateway:
        wait_for(lambda: ask(gateway, provider.access_token()) == 200, "the keys", 20)
        assert ask(gateway, provider.access_token(key=Key("RS256"))) == 401
    provider.rotate_key()


def test_s18_id_token_is_no_bearer_token(bearer_gate, provider):
    browser = Browser()
    browser.sign_in(bearer_gate)
    assert ask(bearer_gate, provider.last_id_token) == 401


def test_s41_token_of_another_service_is_refused(bearer_gate, provider):
    wait_for(lambda: ask(bearer_gate, provider.access_token()) == 200, "the keys", 70)
    assert ask(bearer_gate, provider.access_token(aud=["billing"])) == 401
    assert ask(bearer_gate, bearer_gate.opaque.opaque_token(aud=["billing"])) == 401


def test_token_of_two_hundred_groups_opens_and_one_that_no_head_holds_is_431(bearer_gate, provider):
    """Entra's, at the most that it puts into a token."""
    wait_for(lambda: ask(bearer_gate, provider.access_token()) == 200, "the keys", 70)
    token = provider.access_token(groups=[str(uuid.uuid4()) for _ in range(200)])
    assert 10 * 1024 < len(token) < 16 * 1024
    assert ask(bearer_gate, token) == 200
    assert ask(bearer_gate, provider.access_token(groups=[str(uuid.uuid4()) for _ in range(400)])) == 431


def test_opaque_token_is_introspected_once_while_it_is_good(bearer_gate):
    token, before = bearer_gate.opaque.opaque_token(), bearer_gate.opaque.counts["introspect"]
    assert [ask(bearer_gate, token) for _ in range(4)] == [200] * 4
    assert bearer_gate.opaque.counts["introspect"] - before <= 2  # one for each worker
    assert ask(bearer_gate, "never-issued-by-anybody") == 401
