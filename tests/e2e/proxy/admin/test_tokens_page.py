"""The page of tokens on the admin listener: its own sign-in, what it lets whom do, and what it refuses to others' pages."""

import contextlib
import html
import http.client
import pathlib
import re
import socket
import struct
import subprocess
import urllib.parse

import pytest
import requests

from browser import Notebook, chromium
from browser import enter as enter_at_provider
from conftest import COOKIE as PUBLIC, NAVIGATION, ROOT, Client, signed_in
from gateway import Gateway
from mock_provider import MockProvider
from sso import gateways, seen_by_upstream, set_cookies
from spark_cluster import wait_for
from upstream import Upstream

UI = "/other/ui/echo/"
SCREENSHOTS = ROOT / "build" / "screenshots"
LABEL = "Sign in with Example"
COOKIE = PUBLIC.replace("_", "-admin_")
REACHABLE = re.compile(r"https?://(127\.0\.0\.1|localhost)[:/]")


@contextlib.contextmanager
def gateway_with(provider, folder, settings=None):
    roles = {"claim": "roles", "admin": ["spark-admin"], "user": ["spark-user"]}
    auth = {"oidc": {"issuer": provider.issuer, "client_id": "gate", "label": LABEL}, "roles": roles}
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], "/gate", {"auth": auth, "tokens": {"per_user": 50}, **(settings or {})}, folder=folder) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            wait_for(lambda: "start=sso" in requests.get(f"{gateway.admin_url}/_gate/login", timeout=5).text, "the provider", 10)
            yield gateway


@pytest.fixture(scope="module")
def mock():
    with MockProvider() as running:
        running.client_id, running.client_secret = "gate", None
        yield running


@pytest.fixture(scope="module")
def gate(mock, tmp_path_factory):
    with gateway_with(mock, tmp_path_factory.mktemp("gate")) as gateway:
        gateway.create_token("another admin", "admin", "--user", "somebody", "--access-ttl", "1d")
        yield gateway


@pytest.fixture(autouse=True)
def ada(mock):
    mock.error, mock.subject = None, "ada"
    mock.claims = {"name": "Ada", "roles": ["spark-admin"]}


class Visitor(requests.Session):
    """A browser without a screen at the admin site; `token` signs it in."""

    def __init__(self, gateway, token=None):
        super().__init__()
        self.gateway, self.trust_env = gateway, False
        self.origin = gateway.admin_url
        if token:
            answer = self.post("/_gate/login", data={"token": token})
            assert answer.status_code == 303, answer.text

    def request(self, method, url, headers=None, **options):
        options.setdefault("timeout", 10)
        fields = {**NAVIGATION, **({"Origin": self.origin} if method.upper() == "POST" else {}), **(headers or {})}
        options["allow_redirects"] = False
        return super().request(method, url if "://" in url else self.gateway.admin_url + url, headers=fields, **options)

    def form_token(self):
        return re.search(r'name="form" value="([^"]+)"', self.get("/tokens").text).group(1)

    def submit(self, path, **fields):
        """A form of this session."""
        return self.post(path, data={"form": self.form_token(), **fields})

    def create(self, name="robot", **fields):
        answer = self.submit("/tokens", client_name=name, **fields)
        assert answer.status_code == 201, answer.text
        return answer

    def make(self, name="robot", **fields):
        """Gives a new token's id and secret."""
        text = self.create(name, **fields).text
        return re.search(r"/tokens/([0-9a-f]{32})", text).group(1), secret_on(text)

    def names(self, query=""):
        """Clients in the list, newest first."""
        return [html.unescape(name) for name in re.findall(r'class="what"><a [^>]*><bdi>([^<]*)</bdi>', self.get(f"/tokens{query}").text)]


def secret_on(text, which="access"):
    return html.unescape(re.search(rf'<textarea id="{which}"[^>]*>([^<]+)</textarea>', text).group(1))


@pytest.fixture
def admin(gate):
    return Visitor(gate, gate.create_token("ops", "admin")["access_token"])


@pytest.fixture
def ann(gate, request):
    return Visitor(gate, gate.create_token("ann's", "user", "--user", f"ann-{request.node.name[:60]}")["access_token"])


def opens(gate, token):
    return Client(gate, token).get(UI).status_code == 200


def text_of(answer):
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def raw_get(gateway, target, headers):
    """Status and fields of a GET at the admin site whose target and Host are as given."""
    link = http.client.HTTPConnection("127.0.0.1", gateway.admin_port, timeout=10)
    try:
        link.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            link.putheader(name, value)
        link.endheaders()
        answer = link.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        link.close()


# --- the site: its session is its own

def test_s0_sign_in_sets_a_strict_cookie_of_its_own(gate):
    visitor = Visitor(gate)
    answer = visitor.post("/_gate/login", data={"token": gate.create_token("x", "admin")["access_token"], "next": "/tokens?show=living"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens?show=living")
    cookie, = set_cookies(answer)
    assert re.fullmatch(rf"{COOKIE}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Strict", cookie)


def test_s0_session_of_the_gateway_opens_nothing_here_and_the_other_way_round(gate, admin):
    public = signed_in(gate, "admin").cookies.get(PUBLIC)
    own = admin.cookies.get(COOKIE)
    for cookies in (f"{PUBLIC}={public}", f"{COOKIE}={public}", f"{PUBLIC}={own}"):
        answer = Visitor(gate).get("/tokens", headers={"Cookie": cookies})
        assert answer.status_code == 302 and "/_gate/login" in answer.headers["Location"], cookies
    for cookies in (f"{COOKIE}={own}", f"{PUBLIC}={own}"):
        assert Client(gate).get(UI, headers={"Cookie": cookies}).status_code == 401
    assert admin.get("/tokens").status_code == 200
    assert Client(gate).get(UI, headers={"Cookie": f"{PUBLIC}={public}"}).status_code == 200


def test_s0_bearer_token_or_public_cookie_is_no_way_into_the_page(gate):
    token = gate.create_token("x", "admin")["access_token"]
    answer = Visitor(gate).get("/tokens", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401 and "Set-Cookie" not in answer.headers


def test_s0_cookies_of_the_site_reach_no_upstream(gate):
    token = gate.create_token("x")["access_token"]
    cookies = "; ".join(f"{name}=x" for name in (COOKIE, f"{COOKIE}-login", f"__Host-{COOKIE}", f"__Host-{COOKIE}-login", "theirs"))
    seen = seen_by_upstream(Client(gate, token).get(UI, headers={"Cookie": cookies}))
    assert seen["cookie"] == "theirs=x"


def test_stranger_is_sent_to_sign_in_and_a_script_is_told_401(gate):
    visitor = Visitor(gate)
    answer = visitor.get("/tokens?show=living")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/_gate/login?next=%2Ftokens%3Fshow%3Dliving")
    assert visitor.get("/").headers["Location"] == "/tokens"
    for headers in ({"Accept": "application/json"}, {"Sec-Fetch-Mode": "cors"}):
        answer = visitor.get("/tokens", headers=headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"
    for path in ("/tokens", f"/tokens/{'0' * 32}/revoke", f"/tokens/{'0' * 32}/disable"):
        assert visitor.post(path, data={"form": "x"}).status_code == 401


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/tokens", "/\\evil.example", "/tokens/%2e%2e//evil.example", "/ping"])
def test_s24_sign_in_leads_to_tokens_only(gate, target):
    answer = Visitor(gate).post("/_gate/login", data={"token": gate.create_token("x")["access_token"], "next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens")


def test_bad_token_is_told_and_not_repeated(gate):
    answer = Visitor(gate).post("/_gate/login", data={"token": "planted-secret"})
    assert answer.status_code == 401 and "This token is not valid" in answer.text
    assert "planted-secret" not in answer.text and "planted-secret" not in gate.log_text()
    assert Visitor(gate).post("/_gate/login", data={}).status_code == 400


def test_revoking_the_token_that_signed_in_ends_the_session(gate):
    made = gate.create_token("mine", "user", "--user", "max")
    visitor = Visitor(gate, made["access_token"])
    assert visitor.submit(f"/tokens/{made['id']}/revoke").status_code == 303
    assert visitor.get("/tokens").status_code == 302


def test_s29_signing_out_ends_this_sites_session_alone(gate):
    token = gate.create_token("x", "admin")["access_token"]
    visitor = Visitor(gate, token)
    public = Client(gate)
    public.post("/_gate/login", data={"token": token}, headers={"Origin": gate.origin})
    assert visitor.post("/_gate/logout").status_code == 403, "a form without the session's token"
    answer = visitor.submit("/_gate/logout")
    assert answer.status_code == 200 and "Max-Age=0" in answer.headers["Set-Cookie"]
    assert visitor.get("/tokens").status_code == 302
    assert public.get(UI).status_code == 200
    again = Visitor(gate, token)
    assert again.submit("/_gate/logout", everywhere="1").status_code == 200
    wait_for(lambda: public.get(UI).status_code == 401, "the public session to end", 2)


def test_s21_sign_in_begun_at_one_site_is_not_finished_at_the_other(gate):
    public = Client(gate)
    begun = public.get("/_gate/login?start=sso", headers=NAVIGATION)
    callback = requests.get(begun.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    query = urllib.parse.urlsplit(callback).query
    visitor = Visitor(gate)
    visitor.cookies.update({name.replace("sparkgate-login", "sparkgate-admin-login"): value for name, value in public.cookies.items()})
    visitor.cookies.update(public.cookies)
    answer = visitor.get(f"/_gate/callback?{query}")
    assert answer.status_code == 400 and "began in another browser" in answer.text


# --- what others' pages may not do

@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "", "public"])
def test_s0_form_that_no_page_of_this_origin_sent_is_refused(gate, admin, origin):
    form, known = admin.form_token(), admin.names()
    origin = gate.origin if origin == "public" else origin
    target = gate.create_token("target")["id"]
    for path in ("/tokens", f"/tokens/{target}/revoke", f"/tokens/{target}/disable", "/_gate/login", "/_gate/logout"):
        fields = {"form": form, "client_name": "stolen", "token": "x"}
        answer = admin.post(path, data=fields, headers={"Origin": origin})
        assert answer.status_code == 403, (path, origin)
        assert "must come from a page of this gateway" in answer.text
    assert sorted(admin.names()) == sorted(["target", *known])
    assert "Active" in admin.get(f"/tokens/{target}").text


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_s0_form_that_the_browser_says_came_from_elsewhere_is_refused(gate, admin, site):
    answer = admin.post("/tokens", data={"form": admin.form_token(), "client_name": "stolen"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403


def test_s35_form_of_another_session_is_refused(gate, admin, ann):
    for form in ("", "x", ann.form_token(), admin.form_token()[:-1], admin.form_token() + "A"):
        answer = admin.post("/tokens", data={"form": form, "client_name": "stolen"})
        assert answer.status_code == 403 and "The form belongs to another session" in answer.text
    assert admin.post("/tokens", data={"client_name": "stolen"}).status_code == 403
    form = admin.form_token()
    assert admin.post("/tokens", data=[("form", form), ("form", form), ("client_name", "stolen")]).status_code == 403
    assert admin.post("/tokens", data=f"form={form}&client_name=stolen", headers={"Content-Type": "text/plain"}).status_code == 400
    assert "stolen" not in admin.names()


@pytest.mark.parametrize("fields", [
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}])
def test_s0_page_of_another_origin_neither_loads_nor_frames_anything(admin, fields):
    for path in ("/tokens", "/_gate/login", "/_gate/static/gateway.css"):
        assert admin.get(path, headers=fields).status_code == 403


def test_s0_every_page_is_locked(gate, admin):
    policy = ("default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; "
              "base-uri 'none'")
    wanted = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
              "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
    token, _ = admin.make()
    answers = [admin.get(path) for path in ("/tokens", f"/tokens/{token}", "/_gate/login", "/_gate/logout", "/nowhere", "/", "/tokens?cursor=x")]
    answers += [admin.create(), admin.post("/tokens"), Visitor(gate).get("/tokens")]
    for answer in answers:
        for name, value in {**wanted, "Cache-Control": "no-store"}.items():
            assert answer.headers.get(name) == value, (answer.url, name)
        assert not re.search(r"<style|style=|<script(?! src=)| on\w+=", answer.text)
    static = admin.get("/_gate/static/gateway.css")
    assert static.status_code == 200 and all(static.headers.get(name) == value for name, value in wanted.items())


@pytest.mark.parametrize("path", ["/tokens", "/_gate/login", "/_gate/callback?state=x&code=y", "/_gate/static/gateway.css", "/"])
def test_s5_rebound_name_reaches_no_page_and_probes_answer_to_any(gate, admin, path):
    own = {"Cookie": f"{COOKIE}={admin.cookies.get(COOKIE)}", **NAVIGATION}
    for host in ("evil.example", f"evil.example:{gate.admin_port}", "127.0.0.1.evil.example", f"127.0.0.1:{gate.port}"):
        assert raw_get(gate, path, {**own, "Host": host})[0] == 400, host
    for probe in ("/ping", "/ready", "/metrics"):
        assert raw_get(gate, probe, {"Host": "10.0.0.7:8481"})[0] == 200
    status, fields = raw_get(gate, path, {**own, "Host": f"localhost:{gate.admin_port}"})
    assert status == 307 and fields["location"] == gate.admin_url + path, "another loopback name leads to the configured one"


def test_s6_address_that_reads_two_ways_is_refused(gate, admin):
    host = {"Host": f"127.0.0.1:{gate.admin_port}", **NAVIGATION}
    assert raw_get(gate, "/_gate/login", host)[0] == 200
    for target in ("/tokens/%2e%2e/x", "//tokens", "/tokens/../tokens", "/tokens%2f"):
        assert raw_get(gate, target, host)[0] == 400
    for target in ("/tokens/", "/tokens/x", f"/tokens/{'0' * 31}", f"/tokens/{'0' * 32}/nothing", "/_gate/static/openapi"):
        assert admin.get(target).status_code == 404, target
    assert admin.get(f"/tokens/{'0' * 32}").status_code == 404
    assert admin.get(f"/tokens/{'0' * 32}/revoke").status_code == 405
    assert admin.put("/tokens").status_code == 405
    head = admin.head("/tokens")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) > 1000


# --- who may do what

def test_s35_user_sees_and_changes_own_tokens_only(gate, admin, ann):
    theirs, secret = admin.make("an admin's")
    own, own_secret = ann.make("own")
    assert set(ann.names()) == {"own", "ann's"} == set(ann.names("?owner=client:an%20admin%27s"))
    assert {"own", "an admin's"} <= set(admin.names())
    for path in ("", "/revoke", "/disable", "/enable"):
        answer = ann.submit(f"/tokens/{theirs}{path}") if path else ann.get(f"/tokens/{theirs}")
        assert answer.status_code == 404
    assert opens(gate, secret) and opens(gate, own_secret)
    page = ann.get("/tokens").text
    assert 'name="user"' not in page and 'name="token_type"' not in page and 'name="owner"' not in page
    for fields in ({"user": "somebody"}, {"token_type": "admin"}):
        answer = ann.submit("/tokens", client_name="more", **fields)
        assert answer.status_code == 403 and 'role="alert"' in answer.text and 'value="more"' in answer.text


def test_s35_narrowed_token_manages_none(gate):
    visitor = Visitor(gate, gate.create_token("narrow", "admin", "--scope", "view")["access_token"])
    answer = visitor.get("/tokens")
    assert answer.status_code == 403 and 'lacks the scope "tokens"' in text_of(answer)


def test_who_has_no_role_is_told_so(gate, mock):
    mock.subject, mock.claims = "nobody", {"name": "No Body", "roles": []}
    visitor = Visitor(gate)
    enter(visitor)
    answer = visitor.get("/tokens")
    assert answer.status_code == 403 and "spark-admin" in answer.text and "No Body" in answer.text


def enter(visitor):
    """Signs in at the provider; gives what the callback answers."""
    begun = visitor.get("/_gate/login?start=sso&next=/tokens?show=living")
    assert begun.status_code == 303 and "SameSite=Lax" in begun.headers["Set-Cookie"]
    callback = visitor.get(begun.headers["Location"]).headers["Location"]
    assert callback.startswith(f"{visitor.origin}/_gate/callback?")
    return visitor.get(callback, headers={"Sec-Fetch-Site": "cross-site"})


def test_s25_callback_goes_on_by_a_page_for_a_redirect_would_lose_the_strict_cookie(gate, mock):
    visitor = Visitor(gate)
    answer = enter(visitor)
    assert answer.status_code == 200 and answer.headers["Refresh"] == "0; url=/tokens?show=living"
    assert any(cookie.startswith(f"{COOKIE}=") and "SameSite=Strict" in cookie for cookie in set_cookies(answer))
    assert "You are signed in" in answer.text and 'href="/tokens?show=living"' in answer.text
    assert visitor.get("/tokens").status_code == 200
    stale = visitor.get(answer.url)
    assert stale.status_code == 303 and stale.headers["Location"].startswith(f"{mock.issuer}/")  # it begins again


def test_refused_by_the_provider_is_a_page(gate, mock):
    mock.error = {"error": "access_denied", "error_description": "<b>not you</b>"}
    answer = enter(Visitor(gate))
    assert answer.status_code == 403 and "&lt;b&gt;not you&lt;/b&gt;" in answer.text and "start=sso" in answer.text


def test_s35_last_administrators_token_asks_twice(mock, tmp_path):
    with gateway_with(mock, tmp_path) as gateway:
        made = gateway.create_token("the last", "admin")
        visitor = Visitor(gateway, made["access_token"])
        for verb, words in (("disable", "Disable anyway"), ("revoke", "Revoke anyway")):
            answer = visitor.submit(f"/tokens/{made['id']}/{verb}")
            assert answer.status_code == 409 and words in answer.text and "last active administrator token" in answer.text
            assert 'name="force" value="1"' in answer.text
        assert opens(gateway, made["access_token"])
        assert visitor.submit(f"/tokens/{made['id']}/revoke", force="1").status_code == 303
        assert not opens(gateway, made["access_token"])


# --- tokens

def test_created_token_works_on_the_next_request_and_its_secret_is_shown_once(gate, admin):
    answer = admin.create("report", access_ttl="2h", refresh_ttl="0", scope="view", note="nightly")
    token = secret_on(answer.text)
    assert opens(gate, token)
    assert "Refresh token" not in answer.text
    page = re.search(r"/tokens/[0-9a-f]{32}", answer.text).group(0)
    for path in ("/tokens", page):
        assert token not in admin.get(path).text
    assert token not in gate.log_text()
    shown = text_of(admin.get(page))
    assert "nightly" in shown and "view" in shown and "client:report" in shown


def test_disabled_enabled_and_revoked_tokens_do_as_it_says(gate, admin):
    token, secret = admin.make()
    for verb, works, words in (("disable", False, "Disabled"), ("enable", True, "Active"), ("revoke", False, "Revoked")):
        answer = admin.submit(f"/tokens/{token}/{verb}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/tokens/{token}?changed=1")
        wait_for(lambda: opens(gate, secret) == works, verb, 1)
        page = admin.get(answer.headers["Location"])
        assert f">{words}</span>" in page.text and 'role="status"' in page.text
    answer = admin.submit(f"/tokens/{token}/enable")
    assert answer.status_code == 409 and "A revoked token stays revoked" in answer.text


@pytest.mark.parametrize("fields, words", [
    ({"client_name": ""}, "Enter a client name"), ({"client_name": "x" * 200}, "the client name must have 1 to 128 characters"),
    ({"access_ttl": "long"}, "such as 30m"), ({"access_ttl": "400d"}, "access_ttl"), ({"refresh_ttl": "-1"}, "or 0 for none"),
    ({"refresh_ttl": "400d"}, "refresh_ttl"), ({"scope": "nonsense"}, "scope"), ({"token_type": "root"}, "user or admin"),
    ({"user": "client:x"}, "client:"), ({"note": "n" * 600}, "the note must have 1 to 512 characters"), ({"client_name": "a\nb"}, "control character")])
def test_form_that_is_wrong_comes_back_with_what_is(admin, fields, words):
    before = len(admin.names())
    answer = admin.submit("/tokens", **{"client_name": "wrong", **fields})
    assert answer.status_code == 400 and 'role="alert"' in answer.text and words in text_of(answer), answer.text
    assert len(admin.names()) == before


def test_token_for_another_person_is_registered_by_them(gate, admin):
    answer = admin.create("desk", user="bob")
    secret = secret_on(answer.text, "registration")
    assert 'id="access"' not in answer.text
    page = re.search(r"/tokens/[0-9a-f]{32}", answer.text).group(0)
    assert ">Pending</span>" in admin.get(page).text and secret not in admin.get(page).text
    given = run_line(answer.text, "register")
    assert opens(gate, given["access_token"])
    assert ">Active</span>" in admin.get(page).text


def line_on(text, name):
    return html.unescape(re.search(rf'<code id="{name}">([^<]+)</code>', text).group(1))


def run_line(text, name):
    """Runs a command as the page has it; gives its JSON."""
    result = subprocess.run(["sh", "-c", f"{line_on(text, name)} --silent --fail --show-error"], capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stderr
    return requests.models.complexjson.loads(result.stdout)


def test_curl_lines_work_as_written(gate, admin):
    answer = admin.create("liner")
    used = subprocess.run(["sh", "-c", line_on(answer.text, "use") + " --silent -o /dev/null -w '%{http_code}'"],
                          capture_output=True, text=True, timeout=20)
    assert used.stdout == "200"
    renewed = run_line(answer.text, "renew")
    assert opens(gate, renewed["access_token"]) and renewed["refresh_token"]


def every_id(admin, query):
    """Of all pages of a list, one after the other."""
    seen = []
    while query:
        page = admin.get(f"/tokens{query}").text
        seen += re.findall(r'class="what"><a href="/tokens/([0-9a-f]{32})', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        query = html.unescape(older.group(1)).removeprefix("/tokens") if older else None
    return seen


def test_list_is_filtered_and_has_every_token_once(gate, admin):
    ids = [gate.create_token(f"many-{n}", "user", "--user", "paul")["id"] for n in range(54)]
    assert sorted(every_id(admin, "?owner=paul")) == sorted(ids)
    admin.submit(f"/tokens/{ids[0]}/revoke")
    assert sorted(every_id(admin, "?owner=paul")) == sorted(ids)
    assert sorted(every_id(admin, "?owner=paul&show=living")) == sorted(ids[1:])
    for bad in ("cursor=x", "cursor=1.2", "cursor=-1." + "0" * 32, "owner=a&owner=b", "show=%00"):
        assert admin.get(f"/tokens?{bad}").status_code == 400


def test_clients_that_leave_before_the_answer_are_forgotten(gate, admin):
    """Who they are is known only after they have gone."""
    token, form = gate.create_token("leaver", "admin")["access_token"], admin.form_token()
    bodies = [("/_gate/login", f"token={token}"), ("/tokens", f"form={form}&client_name=left"), ("/_gate/logout", f"form={form}x")]
    for path, body in bodies * 20:
        with socket.create_connection(("127.0.0.1", gate.admin_port)) as link:
            link.sendall((f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{gate.admin_port}\r\nOrigin: {gate.admin_url}\r\n"
                          f"Cookie: {COOKIE}={admin.cookies.get(COOKIE)}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # signing in ends the session that the cookie names (S22)
    assert Visitor(gate, token).get("/tokens").status_code == 200


def test_s40_pages_leave_a_line_without_secrets(gate, admin):
    token, secret = admin.make("logged")
    lines = [line for line in gate.log_text().splitlines() if '"event":"admin"' in line and '"method":"POST"' in line]
    assert any('"path":"/tokens"' in line and '"status":201' in line for line in lines)
    for planted in (secret, admin.form_token(), admin.cookies.get(COOKIE)):
        assert planted not in gate.log_text()


# --- in a real browser

@contextlib.contextmanager
def screen(playwright, gate, **options):
    """A page of a new browser profile; nothing may have gone wrong on it in the end."""
    with chromium(playwright, reachable=REACHABLE, **options) as context:
        page = context.new_page()
        notes = Notebook(page, gate.conf["admin"]["public_url"].rstrip("/"))
        yield page
        assert notes.failed == [] and notes.errors == []


def sign_in_by_token(page, gate, token):
    page.goto(f"{gate.admin_url}/")
    page.get_by_text("Use an access token").click()
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{gate.admin_url}/tokens")


def create_on(page, name, **fields):
    page.get_by_text("New token", exact=True).click()
    page.get_by_label("Client name").fill(name)
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Create token").click()
    page.get_by_text("Copy it now").wait_for()


def go_through(page, gate):
    """Everything a person does with a token, by what they see."""
    create_on(page, "reports", Scope="view", Note="nightly")
    secret = page.get_by_label("Access token").input_value()
    assert opens(gate, secret)
    page.get_by_role("link", name="Done").click()
    row = page.get_by_role("row").filter(has_text="reports").first
    assert row.get_by_text("Active").is_visible()
    row.get_by_role("button", name="Disable").click()
    page.get_by_role("status").filter(has_text="The token is disabled").wait_for()
    wait_for(lambda: not opens(gate, secret), "the change", 1)
    page.get_by_role("button", name="Enable").click()
    page.get_by_role("status").filter(has_text="The token is active again").wait_for()
    wait_for(lambda: opens(gate, secret), "the change", 1)
    page.get_by_role("link", name="All tokens").click()
    page.get_by_role("row").filter(has_text="reports").first.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("status").filter(has_text="revoked permanently").wait_for()
    wait_for(lambda: not opens(gate, secret), "the change", 1)
    assert secret not in page.content()


def test_person_signs_in_by_token_and_manages_tokens(gate, playwright):
    with screen(playwright, gate) as page:
        sign_in_by_token(page, gate, gate.create_token("ops", "admin")["access_token"])
        go_through(page, gate)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="You are signed out").wait_for()
        page.goto(f"{gate.admin_url}/tokens")
        page.get_by_role("heading", name="Sign in").wait_for()


def test_page_works_without_javascript(gate, playwright):
    with screen(playwright, gate, java_script_enabled=False) as page:
        page.goto(f"{gate.admin_url}/")
        page.get_by_role("link", name=LABEL).click()
        page.wait_for_url(f"{gate.admin_url}/tokens")
        go_through(page, gate)
        page.goto(f"{gate.admin_url}/tokens")
        create_on(page, "plain")
        assert page.get_by_role("button", name="Copy").count() == 0, "what would do nothing is not there"


def test_s25_person_comes_by_the_provider_of_another_site_and_by_its_links(mock, playwright, tmp_path):
    """Chromium takes localhost and 127.0.0.1 for two sites: the Strict cookie stays back on the way in."""
    with gateway_with(mock, tmp_path) as gateway:
        gateway.conf["admin"]["public_url"] = f"http://localhost:{gateway.admin_port}/"
        gateway.daemon.stop()
        gateway.start()
        site = f"http://localhost:{gateway.admin_port}"
        wait_for(lambda: "start=sso" in requests.get(f"{site}/_gate/login", timeout=5).text, "the provider", 10)
        with screen(playwright, gateway) as page:
            page.goto(f"{site}/tokens?show=living")
            page.get_by_role("link", name=LABEL).click()
            page.wait_for_url(f"{site}/tokens?show=living")
            assert "Ada" in page.locator("header").inner_text()
            cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE)
            assert (cookie["sameSite"], cookie["httpOnly"], cookie["path"]) == ("Strict", True, "/")
            # the gateway's own pages lead here, and are another site now
            page.goto(f"{gateway.url}/")
            page.get_by_role("link", name=LABEL).click()
            page.wait_for_url(f"{gateway.url}/")
            page.get_by_role("link", name="Tokens").click()
            page.wait_for_url(f"{site}/tokens")
            page.get_by_role("heading", name="Access tokens").wait_for()


def test_person_enters_by_a_real_provider_and_out_there(provider, upstream, playwright, tmp_path):
    with gateways(tmp_path, provider, upstream, client="tokens-page") as (gateway,):
        with chromium(playwright) as context:
            page = context.new_page()
            enter_at_provider(page, f"{gateway.admin_url}/tokens", "alice")
            page.get_by_role("heading", name="Your access tokens").wait_for()
            create_on(page, "mine")
            assert opens(gateway, page.get_by_label("Access token").input_value())
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url(lambda url: url.startswith(f"{provider.issuer}/session/end"))
            page.get_by_role("button", name="Yes").click()
            page.wait_for_url(f"{gateway.admin_url}/_gate/logout**")
            page.get_by_role("heading", name="You are signed out").wait_for()


def press_to(page, wanted, limit=60):
    """Tab until the focus is on something of this name; it must be visible there."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        name = page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
        if name.startswith(wanted):
            shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert shown != "none", f"the focus on {wanted} is not seen"
            return
    raise AssertionError(f"no way to {wanted} by keyboard")


def test_everything_is_done_by_keyboard(gate, playwright):
    with screen(playwright, gate) as page:
        page.goto(f"{gate.admin_url}/")
        press_to(page, LABEL)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{gate.admin_url}/tokens")
        press_to(page, "Skip to content", 1)
        press_to(page, "New token")
        page.keyboard.press("Enter")
        press_to(page, "Client name")
        page.keyboard.type("by-keyboard")
        press_to(page, "Create token")
        page.keyboard.press("Enter")
        page.get_by_text("Copy it now").wait_for()
        secret = page.get_by_label("Access token").input_value()
        press_to(page, "Copy")
        page.keyboard.press("Enter")
        page.get_by_role("status").filter(has_text=re.compile("Copied|selected")).wait_for()
        press_to(page, "Details of this token")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="by-keyboard").wait_for()
        press_to(page, "Disable")
        page.keyboard.press("Space")
        page.get_by_role("status").filter(has_text="disabled").wait_for()
        press_to(page, "Revoke")
        page.keyboard.press("Enter")
        page.get_by_role("status").filter(has_text="revoked").wait_for()
        wait_for(lambda: not opens(gate, secret), "the change", 1)


def test_copy_button_copies(gate, playwright):
    with screen(playwright, gate) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        sign_in_by_token(page, gate, gate.create_token("ops", "admin")["access_token"])
        create_on(page, "copied")
        for button, source in (("Copy access token", "#access"), ("Copy refresh token", "#refresh")):
            page.get_by_role("button", name=button).click()
            page.locator("#copied").filter(has_text="Copied").wait_for()
            assert page.evaluate("navigator.clipboard.readText()") == page.locator(source).input_value()
        page.get_by_role("button", name="Copy command").first.click()
        page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('curl ')")
        line = page.evaluate("navigator.clipboard.readText()")
        assert line == page.locator("#use").inner_text()


def test_screen_readers_get_names_for_everything(gate, playwright):
    with screen(playwright, gate) as page:
        sign_in_by_token(page, gate, gate.create_token("ops", "admin")["access_token"])
        page.get_by_text("New token", exact=True).click()
        nameless = page.evaluate("""() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")]
            .filter(e => !(e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label"))).map(e => e.outerHTML)""")
        assert nameless == []
        hints = page.evaluate("""() => [...document.querySelectorAll("[aria-describedby]")]
            .filter(e => !document.getElementById(e.getAttribute("aria-describedby"))).map(e => e.outerHTML)""")
        assert hints == []
        ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        heads = page.locator("table.tokens thead th")
        assert all(scope == "col" for scope in heads.evaluate_all("all => all.map(e => e.scope)"))
        assert page.locator("tbody th[scope=row]").count() == page.locator("tbody tr").count() > 0
        assert page.locator("h1").count() == 1 and page.locator("main").count() == 1
        buttons = page.get_by_role("button", name=re.compile("^Disable ."))
        assert buttons.count() > 0, "a button in a row says of which token"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_pages_look_right(gate, playwright, scheme, width):
    """The pictures are for people; what can be asked is whether anything sticks out or is too faint."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with screen(playwright, gate, color_scheme=scheme) as page:
        page.set_viewport_size({"width": width, "height": 900})
        def look(name):
            page.screenshot(path=pathlib.Path(SCREENSHOTS) / f"tokens-{name}-{scheme}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            faint = page.evaluate(CONTRAST)
            assert faint == [], (name, faint)
        page.goto(f"{gate.admin_url}/tokens")
        look("login")
        sign_in_by_token(page, gate, gate.create_token("ops", "admin")["access_token"])
        for options in (("pending", "--user", "bob"), ("narrow", "--scope", "cluster:prod app:report-* view logs metrics")):
            gate.create_token(options[0], "user", *options[1:])
        page.goto(f"{gate.admin_url}/tokens")
        look("list")
        page.get_by_text("New token", exact=True).click()
        look("form")
        page.goto(f"{gate.admin_url}/tokens")
        create_on(page, "a client with a long name " * 4)
        look("made")
        page.get_by_role("link", name="Details of this token").click()
        look("one")
        page.goto(f"{gate.admin_url}/tokens")
        create_on(page, "desk", For_another_person="bob")
        look("registration")


CONTRAST = """() => {
    const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const back = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
    return [...document.querySelectorAll("main *, header *")].filter(e => e.checkVisibility() && !e.closest(".vh, svg") &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
        const one = light(parse(getComputedStyle(e).color)), two = light(back(e));
        return [(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), e.outerHTML.slice(0, 120)];
    }).filter(([ratio]) => ratio < 4.5);
}"""
