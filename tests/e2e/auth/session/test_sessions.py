"""Sessions that several gateways share, and what becomes of them when the store or the provider fails."""

import base64
import concurrent.futures
import json
import re
import secrets
import signal
import time
import urllib.parse

import pytest
import requests

from conftest import COOKIE, NAVIGATION, own_cookies
from mock_provider import MockProvider
from redis_server import RedisByTls, RedisServer, Sentinels
from signon import (UI, Browser, Load, ask, gateway_for, is_let_in, metric, ready, refused_within_a_second, shared_store,
                    stranger_status, two_gateways, wait_ready)
from spark_cluster import wait_for
from sso import LOGIN_COOKIE
from upstream import Upstream

CANARY = "canary-of-this-very-test"


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture
def redis():
    with RedisServer() as running:
        yield running


@pytest.fixture
def pair(provider, redis, upstream, tmp_path):
    """Two gateways on one Redis."""
    with two_gateways(provider, redis, upstream, tmp_path) as (one, two):
        yield one, two


# --- one store, two gateways

def test_sessions_are_shared_by_tls_with_a_clients_certificate_an_acl_user_and_a_servers_name(provider, upstream, tmp_path):
    with RedisByTls() as redis, two_gateways(provider, redis, upstream, tmp_path) as pair:
        browser, copy = Browser(), Browser()
        assert browser.sign_in(pair[0]).status_code == 303
        assert [browser.go(gateway).status_code for gateway in pair] == [200, 200]
        copy.cookies.update(browser.cookies)
        redis.call("CLIENT", "KILL", "TYPE", "normal")
        assert is_let_in(browser, *pair)
        wait_for(lambda: browser.sign_out(pair[1]).status_code != 503, "the sign-out", 5)
        refused_within_a_second(copy, *pair)
        assert all(redis.secret not in gateway.log_text() for gateway in pair)


def test_session_of_one_gateway_is_good_on_the_other(pair):
    one, two = pair
    browser = Browser()
    assert browser.sign_in(one).status_code == 303
    assert [browser.go(gateway).status_code for gateway in (one, two, one, two)] == [200] * 4


def test_session_that_ends_is_refused_by_both_within_a_second(pair):
    one, two = pair
    browser, other = Browser(), Browser()
    browser.sign_in(one)
    other.sign_in(two)
    assert all(who.go(gateway).status_code == 200 for who in (browser, other) for gateway in pair)
    cookie = browser.session()
    assert browser.sign_out(one).status_code in (200, 303)
    browser.cookies.set(COOKIE, cookie, domain="127.0.0.1", path="/")
    refused_within_a_second(browser, one, two)
    assert other.go(one).status_code == 200


def test_command_line_lists_sessions_and_ends_them_within_a_second(pair, provider):
    one, two = pair
    provider.subject = CANARY
    browser = Browser()
    browser.sign_in(two)
    assert browser.go(one).status_code == browser.go(two).status_code == 200
    listed = json.loads(one.command("session", "list").stdout)
    assert [(row["user"], row["via"], row["client"]) for row in listed] == [(CANARY, "oidc", "127.0.0.1")]
    assert json.loads(one.command("session", "end", "--user", CANARY).stdout)["ended"] == 1
    refused_within_a_second(browser, one, two)


@pytest.mark.parametrize("by", ["sub", "sid"])
def test_s70_back_channel_logout_at_one_gateway_ends_own_tokens_at_the_other_within_a_second(provider, redis, upstream, tmp_path, by):
    provider.subject, provider.sid = CANARY, "sid-of-the-canary"
    store = shared_store(redis, tmp_path)
    with gateway_for(provider, upstream, tmp_path, store) as one, \
            gateway_for(provider, upstream, tmp_path, {**store, "server": {"public_url": f"{one.url}/"}}) as two:
        wait_ready(one, two)

        def opens(gateway, token):
            headers = {"Authorization": f"Bearer {token}", "Host": f"127.0.0.1:{one.port}"}  # replicas have one public URL
            return {ask(gateway, headers)[0] for _ in range(8)}
        given = one.create_token("given", "user", "--user", CANARY)["access_token"]
        wait_for(lambda: opens(one, given) == opens(two, given) == {200}, "the UI", 20)
        own = requests.post(f"{two.admin_url}/api/v1/tokens", json={"client_name": "own"},
                            headers={"Authorization": f"Bearer {given}"}, timeout=10).json()["access_token"]
        assert Browser().sign_in(one).status_code == 303
        assert opens(one, own) == opens(two, own) == {200}  # known to their threads
        token = provider.logout_token(**({"subject": CANARY} if by == "sub" else {"sid": provider.sid}))
        assert requests.post(f"{one.url}/_gate/logout", data={"logout_token": token}, timeout=10).status_code == 200
        done = time.monotonic()
        wait_for(lambda: opens(one, own) == opens(two, own) == {401}, "the token's end", 5)
        assert time.monotonic() - done < 1.5
        assert opens(two, own) == {401} and opens(two, given) == {200}  # what was handed out stays


def test_sign_out_everywhere_ends_all_of_the_person_on_every_gateway(pair, provider):
    one, two = pair
    here, there, other = Browser(), Browser(), Browser()
    here.sign_in(one)
    there.sign_in(two)
    provider.subject = "bob"
    other.sign_in(two)
    assert here.sign_out(one, everywhere="1").status_code in (200, 303)
    refused_within_a_second(there, one, two)
    assert other.go(one).status_code == 200


def test_session_is_idle_when_it_is_on_all_gateways_and_ends_at_its_time(provider, redis, upstream, tmp_path):
    with two_gateways(provider, redis, upstream, tmp_path, {"session": {"idle": "3s", "max": "9s"}}) as (one, two):
        browser, idle, began = Browser(), Browser(), time.monotonic()
        for who in (browser, idle):
            who.sign_in(one)
            assert who.go(one).status_code == 200
        while time.monotonic() - began < 5.5:
            assert browser.go(two).status_code == 200
            time.sleep(0.3)
        assert browser.go(one).status_code == 200  # where it was not seen for longer than it may be
        assert idle.go(one).status_code == idle.go(two).status_code == 302
        wait_for(lambda: browser.go(two).status_code == browser.go(one).status_code == 302, "the end", 6)
        assert 7.5 < time.monotonic() - began < 11


def test_token_of_one_gateway_is_good_on_the_other_and_revoked_on_both(pair):
    """One public URL means one issuer: as replicas behind a load balancer have it."""
    one, two = pair
    made = one.create_token("shared")
    ask = lambda gateway: requests.get(gateway.url + UI, headers={"Authorization": f"Bearer {made['access_token']}"}, timeout=5).status_code
    assert ask(one) == 200
    one.command("token", "revoke", made["id"])
    deadline = time.monotonic() + 1
    while ask(one) != 401:
        assert time.monotonic() < deadline


# --- refreshing

def test_s27_hundred_requests_on_an_expired_session_refresh_once(pair, provider):
    one, two = pair
    provider.expires_in = 1
    browser = Browser()
    browser.sign_in(one)
    provider.expires_in, provider.delay = 300, 0.2
    cookie = {"Cookie": f"{COOKIE}={browser.session()}", **NAVIGATION}
    time.sleep(1.1)
    go = lambda n: requests.get((one, two)[n % 2].url + UI, headers=cookie, timeout=30, allow_redirects=False).status_code
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(go, range(100)))
    assert answers == [200] * 100
    assert provider.counts["refresh"] == 1 and provider.counts["reuse"] == 0
    assert browser.go(one).status_code == browser.go(two).status_code == 200


# --- the store fails

def test_s33_redis_that_dies_under_load_costs_only_503_and_heals(pair, redis):
    one, two = pair
    browser = Browser()
    browser.sign_in(one)
    assert is_let_in(browser, one, two)
    with Load(pair, browser.session()) as load:
        time.sleep(0.5)
        redis.kill()
        wait_for(lambda: ready(one)["store"] == "down", "the outage to be told", 10)
        assert metric(one, "sparkgate_store_up") == 0 and metric(one, "sparkgate_store_errors_total") > 0
        assert requests.get(f"{one.admin_url}/ready", timeout=5).status_code == 503
        status, retry = stranger_status(one)
        assert status == 503 and retry  # not a redirect: signing in would not work either
        assert browser.go(one).status_code == 200  # known a moment ago
        redis.start()
        began = time.monotonic()
        wait_for(lambda: ready(one)["store"] == ready(two)["store"] == "ok", "the recovery", 10)
        wait_for(lambda: stranger_status(one)[0] == stranger_status(two)[0] == 302, "the recovery", 10)
        assert time.monotonic() - began < 2
        time.sleep(0.5)
    # Redis came back empty: the session is gone, and its owner is sent to sign in.
    statuses = {status for _, status, _ in load.seen}
    assert statuses <= {200, 302, 503}, statuses
    assert all(retry for _, status, retry in load.seen if status == 503)
    assert browser.sign_in(two).status_code == 303 and browser.go(one).status_code == 200


def test_s33_redis_that_hangs_is_waited_for_no_longer_than_half_a_second(pair, redis):
    one, two = pair
    browser = Browser()
    browser.sign_in(one)
    assert browser.go(one).status_code == 200
    redis.freeze()
    try:
        wait_for(lambda: ready(one)["store"] == "down", "the outage to be told", 10)
        began = time.monotonic()
        assert stranger_status(one)[0] == 503
        assert browser.go(one).status_code == 200
        assert time.monotonic() - began < 2
    finally:
        redis.thaw()
    wait_for(lambda: ready(one)["store"] == "ok", "the recovery", 5)
    assert browser.go(one).status_code == browser.go(two).status_code == 200


def test_s33_ended_session_does_not_go_on_while_redis_is_down(pair, redis):
    one, two = pair
    browser = Browser()
    browser.sign_in(one)
    assert browser.go(two).status_code == 200
    cookie = browser.session()
    browser.sign_out(one)
    browser.cookies.set(COOKIE, cookie, domain="127.0.0.1", path="/")
    refused_within_a_second(browser, one, two)
    redis.kill()
    wait_for(lambda: ready(two)["store"] == "down", "the outage to be told", 10)
    assert browser.go(two).status_code == 503 and browser.go(one).status_code == 503


def test_sentinel_fail_over_is_followed(provider, upstream, tmp_path):
    with Sentinels() as sentinels, gateway_for(provider, upstream, tmp_path, shared_store(sentinels, tmp_path)) as gateway:
        wait_ready(gateway)
        browser = Browser()
        assert browser.sign_in(gateway).status_code == 303
        assert browser.go(gateway).status_code == 200
        wait_for(lambda: sentinels.master.call("WAIT", 1, 1000) == 1, "the replica to have it", 10)
        sentinels.master.kill()
        wait_for(sentinels.replica.is_master, "the fail-over", 30)
        wait_for(lambda: ready(gateway)["store"] == "ok", "the new master", 20)
        assert browser.go(gateway).status_code == 200
        assert Browser().sign_in(gateway).status_code == 303


@pytest.mark.parametrize("kind", ["acl", "unix"])
def test_redis_with_an_acl_user_or_at_a_unix_socket(provider, upstream, tmp_path, kind):
    with RedisServer(**{kind: True}) as redis, gateway_for(provider, upstream, tmp_path, shared_store(redis, tmp_path)) as gateway:
        wait_ready(gateway)
        browser = Browser()
        assert browser.sign_in(gateway).status_code == 303 and browser.go(gateway).status_code == 200
        assert redis.secret not in gateway.log_text()


# --- what is kept, and what is told

def test_s26_s40_redis_and_the_log_are_told_no_secret_and_redis_no_name(provider, redis, upstream, tmp_path):
    provider.subject, provider.claims = CANARY, {"roles": ["spark-user"], "name": f"{CANARY}-name"}
    provider.expires_in = 0
    told = redis.monitor()
    with two_gateways(provider, redis, upstream, tmp_path, {"log": {"format": "json", "level": "debug", "access": True}}) as (one, two):
        browser = Browser()
        callback = browser.at_provider(browser.begin(one))
        login_cookie = next(cookie.value for cookie in browser.cookies)
        browser.get(callback)
        assert browser.go(two).status_code == browser.go(one).status_code == 200
        dump = redis.dump()
        bearer = one.create_token("somebody")["access_token"]
        assert [ask(one, {"Authorization": f"Bearer {token}"})[0] for token in (bearer, f"{CANARY}-bearer")] == [200, 401]
        logout_token = provider.logout_token(subject=CANARY)
        assert requests.post(f"{two.url}/_gate/logout", data={"logout_token": logout_token}, timeout=10).status_code == 200
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)
        hidden = [browser.session(), login_cookie, query["code"][0], query["state"][0], provider.last_id_token, provider.client_secret,
                  bearer, f"{CANARY}-bearer", logout_token, *provider.refresh, *provider.used, *provider.opaque]
        logs = one.log_text() + two.log_text()
    told = b"".join(told)
    assert b"HSET" in told and len(dump) > 500
    for secret in hidden + [CANARY]:
        assert secret.encode() not in dump and secret.encode() not in told
    for secret in hidden:
        assert secret not in logs and urllib.parse.quote(secret, safe="") not in logs
    assert redis.password not in logs and CANARY in logs


# --- the browser's side

@pytest.fixture(scope="module")
def single(upstream, tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    with MockProvider() as provider, gateway_for(provider, upstream, folder, {"store": f"sqlite:{folder}/state.db"}) as gateway:
        wait_ready(gateway)
        gateway.provider = provider
        yield gateway


def test_s22_every_sign_in_has_a_new_session_and_ends_the_old_one(single):
    browser = Browser()
    browser.sign_in(single)
    first = browser.session()
    callback = browser.at_provider(browser.get(f"{single.url}/_gate/login?start=sso").headers["Location"])
    browser.get(callback)
    assert browser.session() != first
    stale = Browser()
    stale.cookies.set(COOKIE, first, domain="127.0.0.1", path="/")
    assert stale.go(single).status_code == 302


def test_s23_fifty_navigations_at_once_leave_no_cookie(single):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: requests.get(f"{single.url}{UI}{n}", headers=NAVIGATION, timeout=10, allow_redirects=False), range(50)))
    assert [(answer.status_code, answer.headers.get("Set-Cookie")) for answer in answers] == [(302, None)] * 50


def test_s23_sign_ins_under_way_do_not_pile_up(single):
    browser = Browser()
    for n in range(50):
        assert browser.get(f"{single.url}/_gate/login?start=sso&next=/gate/other/ui/echo/{'x' * 600}{n}").status_code == 303
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
        assert len(cookies) < 4096
    assert browser.sign_in(single).status_code == 303


def test_s23_tabs_sign_in_side_by_side(single):
    browser = Browser()
    paths = [f"{UI}tab/{n}?q=%2F{n}" for n in range(9)]
    begun = [browser.begin(single, path) for path in paths]
    for path, address in zip(paths, begun):
        answer = browser.get(browser.at_provider(address))
        assert answer.status_code == 303
        assert urllib.parse.urljoin(single.url, answer.headers["Location"]) == single.url + path


def test_s23_program_never_starts_a_sign_in(single):
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
                    {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}):
        answer = requests.get(f"{single.url}/_gate/login?start=sso", headers=headers, timeout=10, allow_redirects=False)
        assert answer.status_code == 401 and "Location" not in answer.headers and "Set-Cookie" not in answer.headers
        answer = requests.get(single.url + UI, headers=headers, timeout=10, allow_redirects=False)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "html" not in answer.headers["Content-Type"]


SAFE = "/gate/"
HOSTS = ["evil.example", "user@evil.example:80", "evil%2eexample%2f"]
STARTS = ["//", "///", "////", "/\\", "\\/", "\\\\", "/%2f", "/%2F", "/%5c", "%2f%2f", "/%252f", "http://", "https://", "https:/", "https:",
          "//%0d%0a", "/\t/", "/\r\n/", "%09//", " //", "/.//", "/..//", "javascript://", "data:text/html,"]


@pytest.mark.parametrize("start", STARTS)
def test_s24_open_redirect_leads_to_our_own_home(single, start):
    token = single.create_token("redirect")["access_token"]
    for host in HOSTS:
        for payload in (start + host, f"/gate{start}{host}", f"{start}{host}/gate/other/ui/echo/"):
            browser = Browser()
            quoted = urllib.parse.quote(payload, safe="")
            begun = browser.get(f"{single.url}/_gate/login?start=sso&next={quoted}")
            answer = browser.get(browser.at_provider(begun.headers["Location"]))
            by_token = Browser().post(f"{single.url}/_gate/login", data={"token": token, "next": payload}, headers={"Origin": single.origin})
            for reply in (answer, by_token):
                assert reply.status_code == 303
                assert urllib.parse.urljoin(single.url, reply.headers["Location"]).startswith(single.url + "/"), (payload, reply.headers["Location"])
                assert reply.headers["Location"].startswith("/gate/"), (payload, reply.headers["Location"])


def test_s25_cookies_are_closed_to_scripts_and_to_other_sites(single):
    browser = Browser()
    begun = browser.get(f"{single.url}/_gate/login?start=sso")
    login = begun.headers["Set-Cookie"]
    assert [name[:-1] for name in own_cookies(begun)] == [LOGIN_COOKIE] and "Max-Age=600" in login
    answer = browser.get(browser.at_provider(begun.headers["Location"]))
    for cookie in (login, answer.headers["Set-Cookie"]):
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/;" in cookie and "Domain" not in cookie


def test_s25_cookies_of_https_are_host_cookies_and_no_others_are_read(upstream, tmp_path):
    with MockProvider() as provider:
        gateway = gateway_for(provider, upstream, tmp_path)
        gateway.conf["server"]["public_url"] = "https://gate.example/gate/"
        with gateway:
            wait_ready(gateway)

            def get(url, *cookies):
                headers = {"Host": "gate.example", "Cookie": "; ".join(cookies), **NAVIGATION}
                return requests.get(url, headers=headers, timeout=10, allow_redirects=False)

            begun = get(f"{gateway.url}/_gate/login?start=sso")
            redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(begun.headers["Location"]).query)["redirect_uri"]
            assert redirect == ["https://gate.example/gate/_gate/callback"]
            login = begun.headers["Set-Cookie"]
            callback = requests.get(begun.headers["Location"], timeout=10, allow_redirects=False).headers["Location"]
            callback = callback.replace("https://gate.example", gateway.origin)
            tossed = login.split(";")[0].removeprefix("__Host-")
            assert get(callback, tossed).headers["Location"].startswith(provider.issuer)
            session, login_again = get(callback, login.split(";")[0]).raw.headers.getlist("Set-Cookie")
            for cookie, name in ((login, LOGIN_COOKIE + r"\w"), (session, COOKIE), (login_again, LOGIN_COOKIE + r"\w")):
                assert re.match(f"__Host-{name}=", cookie) and "Secure" in cookie and "HttpOnly" in cookie
                assert "Path=/;" in cookie and "Domain" not in cookie
            own = session.split(";")[0]
            good = get(gateway.url + UI, own, "theirs=1", "sparkgate=x", "__Host-sparkgate-login=y")
            assert dict(good.json()["fields"])["cookie"] == "theirs=1"
            for bad in ([own.removeprefix("__Host-")], [own.replace("__Host", "__host")]):
                assert get(gateway.url + UI, *bad).status_code == 302


def test_s81_dead_cookie_of_the_same_name_locks_nobody_out(single):
    browser = Browser()
    browser.sign_in(single)
    twice = {"Cookie": f"{COOKIE}={'B' * 43}; {COOKIE}={browser.session()}", **NAVIGATION}
    assert requests.get(single.url + UI, headers=twice, timeout=10, allow_redirects=False).status_code == 200


def test_s29_sign_out_is_a_post_of_our_own_page(single):
    browser = Browser()
    browser.sign_in(single)
    assert "<form" in browser.get(f"{single.url}/_gate/logout").text
    foreign = browser.post(f"{single.url}/_gate/logout", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403 and browser.go(single).status_code == 200
    out = browser.sign_out(single)
    assert out.status_code in (200, 303) and browser.go(single).status_code == 302
    assert f"{single.provider.issuer}/end?" in out.headers.get("Location", out.headers.get("Refresh", ""))


def test_person_without_a_role_is_told_which_roles_open_the_door(single):
    single.provider.claims = {"roles": ["other"]}
    browser = Browser()
    browser.sign_in(single)
    answer = browser.go(single)
    single.provider.claims = {"roles": ["spark-user"]}
    assert answer.status_code == 403
    assert "spark-admin" in answer.text and "spark-user" in answer.text


def test_session_is_sealed_with_the_new_key_and_the_old_one_still_opens(provider, redis, upstream, tmp_path):
    """The two-key ring: a key is replaced without signing anybody out."""
    keys = tmp_path / "session-keys"
    def write(*lines):
        keys.write_text("\n".join(lines) + "\n")
        keys.chmod(0o600)
    old, new = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    write(old)
    settings = {**shared_store(redis, tmp_path), "session": {"key_file": str(keys)}}
    with gateway_for(provider, upstream, tmp_path, settings) as gateway:
        wait_ready(gateway)
        browser, later = Browser(), Browser()
        browser.sign_in(gateway)
        write(new, old)
        gateway.daemon.signal(signal.SIGHUP)
        wait_for(lambda: "was read again" in gateway.log_text(), "the reload", 10)
        assert browser.go(gateway).status_code == 200
        later.sign_in(gateway)
        write(new)
        gateway.daemon.signal(signal.SIGHUP)
        wait_for(lambda: gateway.log_text().count("was read again") == 2, "the reload", 10)
        assert later.go(gateway).status_code == 200
        assert browser.go(gateway).status_code == 302


def test_s33_known_session_goes_on_for_thirty_seconds_and_no_longer(pair, redis):
    one, _ = pair
    browser = Browser()
    browser.sign_in(one)
    assert browser.go(one).status_code == 200
    redis.kill()
    gone, seen = time.monotonic(), set()

    def refused():
        answer = browser.go(one)
        seen.add(answer.status_code)
        return answer.status_code == 503 and all(browser.go(one).status_code == 503 for _ in range(8))  # every worker

    wait_for(refused, "the session to be undecided", 40)
    assert 5 < time.monotonic() - gone < 32
    assert seen <= {200, 503}
    redis.start()
    wait_for(lambda: browser.go(one).status_code == 302, "the recovery", 5)  # Redis came back empty
