"""The gateway's own pages around a sign-in at a provider: what they offer, what they say when it fails, and signing out."""

import contextlib
import html
import re
import urllib.parse

import pytest
import requests

from browser import Notebook, chromium
from conftest import BASE, COOKIE, NAVIGATION, Client, own_cookies, signed_in
from gateway import Gateway
from mock_provider import MockProvider
from spark_cluster import free_port, wait_for
from upstream import Upstream

UI = "/other/ui/echo/"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ROLES = {"claim": "roles", "admin": ["spark-admin"], "user": ["spark-user", "sub:u-9"]}


@contextlib.contextmanager
def gateway_with(issuer, folder):
    settings = {"auth": {"oidc": {"issuer": issuer, "client_id": "gate", "label": "Sign in with Example"}, "roles": ROLES}}
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], BASE, settings, folder=folder) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            yield gateway


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        running.client_id, running.client_secret = "gate", None
        yield running


@pytest.fixture(scope="module")
def gate(provider, tmp_path_factory):
    with gateway_with(provider.issuer, tmp_path_factory.mktemp("gate")) as gateway:
        client = Client(gateway)
        wait_for(lambda: "start=sso" in client.get("/_gate/login", headers=NAVIGATION).text, "the provider to be known", 10)
        yield gateway


@pytest.fixture(autouse=True)
def ada(provider):
    provider.error, provider.subject, provider.sid = None, "u-1", "s-1"
    provider.claims = {"name": "Ada", "roles": ["spark-user"]}


@pytest.fixture
def client(gate):
    return Client(gate)


def begin(client, next_path=f"{BASE}/"):
    """The address at the provider that a sign-in begins with."""
    answer = client.get("/_gate/login", params={"start": "sso", "next": next_path}, headers=NAVIGATION)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def answer_of_provider(client, next_path=f"{BASE}/"):
    """The address of our callback that the provider sends the browser to."""
    return client.get(begin(client, next_path)).headers["Location"]


def sign_in(client, next_path=f"{BASE}/"):
    answer = client.get(answer_of_provider(client, next_path), headers=NAVIGATION)
    assert answer.status_code == 303, answer.text
    return answer


def text_of(answer):
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def start_link(answer):
    """Where "start again" leads, and the path it comes back to."""
    link = html.unescape(re.search(r'href="([^"]*start=sso[^"]*)"', answer.text).group(1))
    return link, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))["next"]


def test_sign_in_comes_back_to_the_very_same_url(gate, client):
    target = f"{BASE}{UI}deep/page?a=%2F&b=1"
    answer = client.get(f"{UI}deep/page?a=%2F&b=1", headers=NAVIGATION)
    assert answer.status_code == 302
    page = client.get(urllib.parse.urljoin(gate.origin, answer.headers["Location"]), headers=NAVIGATION)
    link, next_path = start_link(page)
    assert next_path == target
    begun = client.get(gate.origin + link, headers=NAVIGATION)
    assert begun.status_code == 303
    back = client.get(client.get(begun.headers["Location"]).headers["Location"], headers=NAVIGATION)
    assert (back.status_code, back.headers["Location"].removeprefix(gate.origin)) == (303, target)
    assert client.get(UI).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Accept": "*/*"}, {**NAVIGATION, "Sec-Fetch-Mode": "cors"}, {"Accept": NAVIGATION["Accept"], "X-Requested-With": "XMLHttpRequest"},
    {"Accept": "application/json"}, {**NAVIGATION, "Sec-Fetch-Mode": "no-cors"}])
def test_s23_a_script_never_begins_a_sign_in(client, headers):
    for path in ("/_gate/login?start=sso", UI):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "html" not in answer.headers["Content-Type"]
        assert "Set-Cookie" not in answer.headers


def test_s24_a_sign_in_never_comes_back_to_another_host(gate, client):
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", f"{BASE}/%2e%2e//evil.example", "/elsewhere"):
        where = sign_in(client, target).headers["Location"]
        assert urllib.parse.urljoin(f"{gate.url}/", where).startswith(f"{gate.url}/"), target


def test_s21_a_callback_that_this_browser_did_not_begin_opens_nothing_and_begins_one_of_its_own(gate, client, provider):
    stolen = answer_of_provider(Client(gate))
    answer = client.get(stolen, headers=NAVIGATION)
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{provider.issuer}/")
    assert client.get(UI).status_code == 401
    # once: a browser that keeps no cookies would go round for ever
    callback = requests.get(answer.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    answer = Client(gate).get(callback, headers=NAVIGATION)
    assert answer.status_code == 400
    assert "began in another browser" in text_of(answer) and "keeps no cookies" in text_of(answer)
    assert "Location" not in answer.headers and "Refresh" not in answer.headers
    assert gate.base in start_link(answer)[0]
    assert answer.headers["X-Request-Id"] in answer.text
    assert client.get(UI).status_code == 401


def test_s81_a_program_with_a_callback_that_it_did_not_begin_begins_nothing(gate, client):
    answer = client.get(answer_of_provider(Client(gate)), headers={"Accept": "application/json"})
    assert answer.status_code == 400 and "Set-Cookie" not in answer.headers


def test_s21_an_answer_is_good_once(gate, client):
    callback = answer_of_provider(client)
    cookies = dict(client.cookies)
    assert client.get(callback, headers=NAVIGATION).status_code == 303
    copy = Client(gate)
    copy.cookies.update(cookies)
    assert copy.get(callback, headers=NAVIGATION).status_code == 400
    # who is signed in already, by "back" for example, just goes on
    again = client.get(callback, headers=NAVIGATION)
    assert (again.status_code, again.headers["Location"].removeprefix(gate.origin)) == (303, f"{BASE}/")


@pytest.mark.parametrize("query", ["", "state=x", "code=x", "state=a&state=b&code=c", "state=x&code=y&error=z", "state=%zz&code=y"])
def test_s21_a_broken_callback_is_a_page_that_says_so(client, query):
    answer = client.get(f"/_gate/callback?{query}", headers=NAVIGATION)
    assert answer.status_code == 400
    assert "Start again" in text_of(answer)


def test_callback_is_for_get_alone(client):
    for method in ("HEAD", "POST"):
        assert client.request(method, "/_gate/callback?state=x&code=y", headers=NAVIGATION).status_code == 405


def test_error_of_the_provider_is_told_in_our_words_with_its_own_quoted(gate, client, provider):
    provider.error = {"error": "access_denied", "error_description": "<script>alert(1)</script> Call 555-0199"}
    callback = answer_of_provider(client, f"{BASE}{UI}?a=1")
    answer = client.get(callback, headers=NAVIGATION)
    assert answer.status_code == 403
    text = text_of(answer)
    assert "You or the provider's policy denied access." in text
    assert "<script" not in answer.text
    assert "It says:  <script>alert(1)</script> Call 555-0199" in text
    assert start_link(answer)[1] == f"{BASE}{UI}?a=1"
    assert "access_denied" not in answer.text
    # who sends a link to a made-up error puts no words into our mouth
    made_up = Client(gate).get(callback, headers=NAVIGATION)
    assert made_up.status_code == 303
    assert "555-0199" not in made_up.text + made_up.headers["Location"]


def test_unknown_error_of_the_provider_has_a_sentence_too(client, provider):
    provider.error = {"error": "<b>new"}
    answer = client.get(answer_of_provider(client), headers=NAVIGATION)
    assert answer.status_code == 403
    assert "The provider reports an error" in text_of(answer)


def test_silent_provider_offers_tokens_and_says_what_is_wrong(tmp_path):
    with gateway_with(f"http://127.0.0.1:{free_port()}", tmp_path) as gateway:
        client = Client(gateway)
        page = client.get("/_gate/login", headers=NAVIGATION)
        assert page.status_code == 200
        assert "does not answer. Try again in a few seconds" in text_of(page)
        assert "start=sso" not in page.text
        answer = client.get("/_gate/login?start=sso&next=/gate/x", headers=NAVIGATION)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert start_link(answer)[1] == "/gate/x"
        assert client.get("/_gate/callback?state=x&code=y", headers=NAVIGATION).status_code in (400, 503)
        assert signed_in(gateway, "user").get(UI).status_code == 200


def test_who_has_no_role_learns_which_would_do(client, provider):
    provider.claims["roles"] = ["other"]
    sign_in(client)
    answer = client.get("/", headers=NAVIGATION)
    assert answer.status_code == 403
    text = text_of(answer)
    for word in ("spark-user", "spark-admin", "Ada", "u-1", "Ask an administrator for one of these roles"):
        assert word in text, word
    assert "sub:u-9" not in text
    program = client.get(UI, headers={"Accept": "application/json"})
    assert (program.status_code, program.json()["reason"]) == (403, "no_role")


def test_form_that_meets_an_ended_session_gets_a_page_that_leads_back(gate, client):
    headers = {**NAVIGATION, "Origin": gate.origin, "Referer": f"{gate.url}{UI}jobs?a=1"}
    answer = client.post(f"{UI}kill", data={"id": "1"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Your request was not carried out" in text_of(answer)
    assert f'next={urllib.parse.quote(BASE + UI, safe="")}jobs%3Fa%3D1"' in answer.text


def test_s29_signing_out_goes_on_to_the_provider_and_only_by_post(gate, client, provider):
    sign_in(client)
    page = client.get("/_gate/logout", headers=NAVIGATION)
    assert "Sign out everywhere" in page.text and "Ada" in page.text
    assert client.get(UI).status_code == 200
    refused = client.post("/_gate/logout", headers={**NAVIGATION, "Origin": "https://evil.example"})
    assert refused.status_code == 403
    answer = client.post("/_gate/logout", headers={**NAVIGATION, "Origin": gate.origin})
    assert answer.status_code == 200
    delay, _, where = answer.headers["Refresh"].partition("; url=")
    assert delay == "0" and where.startswith(f"{provider.issuer}/end?")
    assert client.get(UI).status_code == 401
    back = client.get(where).headers["Location"]
    assert back == f"{gate.url}/_gate/logout"
    text = text_of(client.get(back, headers=NAVIGATION))
    assert "You are signed out" in text and "Sign in again" in text


def test_sign_out_everywhere_ends_the_other_browsers_session(gate, client):
    other = Client(gate)
    sign_in(client)
    sign_in(other)
    answer = client.post("/_gate/logout", data={"everywhere": "1"}, headers={**NAVIGATION, "Origin": gate.origin})
    assert "every other browser" in text_of(answer)
    wait_for(lambda: other.get(UI).status_code == 401, "the other session to end", 2)


def test_s28_the_providers_server_ends_sessions_without_a_cookie(gate, client, provider):
    sign_in(client)
    server = Client(gate)
    answer = server.post("/_gate/logout", data={"logout_token": provider.logout_token(sid="s-1")})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    wait_for(lambda: client.get(UI).status_code == 401, "the session to end", 2)


def test_s28_what_is_no_logout_token_is_refused_as_the_specification_says(gate, client, provider):
    sign_in(client)
    token = provider.logout_token(sid="s-1")
    bodies = ["logout_token=", "logout_token=a.b.c", f"logout_token={token}x", f"logout_token={token}&logout_token={token}",
              f"logout_token={provider.logout_token('WithNonce', sid='s-1')}"]
    for body in bodies:
        for headers in (FORM, {**FORM, **NAVIGATION, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
            answer = client.post("/_gate/logout", data=body, headers=headers)
            assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"}), body
            assert answer.headers["Cache-Control"] == "no-store"
    json_body = client.post("/_gate/logout", json={"logout_token": token})
    assert (json_body.status_code, json_body.json()) == (400, {"error": "invalid_request"})
    assert client.get(f"/_gate/logout?logout_token={token}").status_code == 200
    assert client.get(UI).status_code == 200, "nothing of this may end a session"


def test_log_has_no_secret_of_a_sign_in(gate, client):
    begun = begin(client)
    callback = client.get(begun).headers["Location"]
    answer = client.get(callback, headers=NAVIGATION)
    assert COOKIE in own_cookies(answer)
    client.post("/_gate/logout", headers={**NAVIGATION, "Origin": gate.origin})
    wait_for(lambda: "/_gate/callback" in gate.log_text(), "the access line", 5)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback).query))
    for secret in (query["state"], query["code"], "id_token_hint", client.cookies.get(COOKIE) or "Set-Cookie"):
        assert secret not in gate.log_text()


def test_browser_signs_in_by_the_button_and_out_at_the_provider(gate, provider, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gate.origin)
        page.goto(f"{gate.url}/?q=x", wait_until="networkidle")
        page.get_by_role("link", name="Sign in with Example").click()
        page.wait_for_url(f"{gate.url}/?q=x")
        assert "Ada" in page.locator("header").inner_text()
        before = len(provider.ended)
        page.locator("header").get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{gate.url}/_gate/logout")
        page.get_by_role("heading", name="You are signed out").wait_for()
        page.get_by_role("link", name="Sign in again").wait_for()
        assert len(provider.ended) == before + 1 and "id_token_hint" in provider.ended[-1]
        assert notes.failed == [] and notes.errors == []
