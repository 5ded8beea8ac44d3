"""Redis and providers that fail in the middle of something: what is spent must not be lost, and nobody waits for long."""

import concurrent.futures
import signal
import time

import pytest
import requests

from mock_provider import MockProvider
from redis_cluster import RedisCluster
from redis_server import RedisServer, Sentinels
from signon import Browser, Load, ask, headers_of, is_let_in, ready, refused_within_a_second, stranger_status, two_gateways
from spark_cluster import wait_for


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
    with two_gateways(provider, redis, upstream, tmp_path) as gateways:
        yield gateways


def stores_are(state, *gateways):
    wait_for(lambda: all(ready(gateway)["store"] == state for gateway in gateways), f"the store to be {state}", 10)


def sign_in_for_a_second(browser, gateway, provider):
    """The access token runs out at once, those that replace it do not. Gives what the browser sends."""
    provider.expires_in = 1
    assert browser.sign_in(gateway).status_code == 303
    provider.expires_in = 300
    headers = headers_of(browser)
    time.sleep(1.1)
    return headers


def known_to_all(load):
    """To every worker: their connections are the load's."""
    wait_for(lambda: len(load.seen) > 40 and {200} == {status for _, status, _ in load.seen[-16:]}, "the session to be known", 5)


@pytest.fixture
def background():
    with concurrent.futures.ThreadPoolExecutor(128) as pool:
        yield pool.submit


# --- a refresh that is interrupted

@pytest.mark.parametrize("outage", [0.5, 6])
def test_s27_token_that_was_rotated_while_redis_was_away_is_not_lost(pair, provider, redis, background, outage):
    one, two = pair
    headers = sign_in_for_a_second(Browser(), one, provider)
    provider.delay = 1
    seen = provider.arrived["token"]
    first = background(ask, one, headers)
    wait_for(lambda: provider.arrived["token"] > seen, "the refresh to be under way", 5)
    redis.freeze()
    time.sleep(1 + outage)
    redis.thaw()
    provider.delay = 0
    assert first.result()[0] in (200, 503)
    stores_are("ok", one, two)
    wait_for(lambda: ask(two, headers)[0] == 200, "the session to go on", 10)
    assert ask(one, headers)[0] == 200
    assert provider.counts["refresh"] == 1 and provider.counts["reuse"] == 0


def test_s27_gateway_that_dies_while_it_refreshes_holds_nobody_up(pair, provider, background):
    one, two = pair
    provider.rotate = False  # else the dead gateway took the only good token with it
    headers = sign_in_for_a_second(Browser(), one, provider)
    provider.delay, seen = 1, provider.arrived["token"]
    background(lambda: pytest.raises(requests.RequestException, ask, one, headers))
    wait_for(lambda: provider.arrived["token"] > seen, "the refresh to be under way", 5)
    one.daemon.signal(9)
    provider.delay = 0
    status, seconds = ask(two, headers)
    assert status == 200 and seconds < 5


def test_s27_provider_that_hangs_holds_one_request_up_and_not_for_long(pair, provider):
    one, _ = pair
    headers = sign_in_for_a_second(Browser(), one, provider)
    provider.delay = 30
    began, answers = time.monotonic(), []
    while time.monotonic() - began < 5:  # all workers come to ask
        answers.append(ask(one, headers))
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < 4.5
    assert sum(seconds > 1 for _, seconds in answers) == 1


def test_s27_gateway_that_is_stopped_while_it_refreshes_finishes_that_first(pair, provider, background):
    one, two = pair
    headers = sign_in_for_a_second(Browser(), one, provider)
    provider.delay, seen = 1, provider.arrived["token"]
    first = background(ask, one, headers)
    wait_for(lambda: provider.arrived["token"] > seen, "the refresh to be under way", 5)
    one.daemon.signal(signal.SIGTERM)
    assert first.result()[0] == 200
    assert ask(two, headers)[0] == 200
    assert provider.counts["refresh"] == 1 and provider.counts["reuse"] == 0


def test_s32_role_that_was_taken_away_is_gone_on_both_gateways(pair, provider):
    one, two = pair
    headers = sign_in_for_a_second(Browser(), one, provider)
    provider.expires_in = 1
    assert ask(two, headers)[0] == ask(one, headers)[0] == 200
    provider.claims = {"roles": ["none-of-ours"]}
    time.sleep(1.1)
    assert [ask(gateway, headers)[0] for gateway in (one, two, one, two)] == [403] * 4


# --- Redis comes and goes

def test_s33_sessions_outlive_a_redis_that_keeps_what_it_was_told(provider, upstream, tmp_path):
    with RedisServer(keeps=True) as redis, two_gateways(provider, redis, upstream, tmp_path) as pair:
        browser = Browser()
        browser.sign_in(pair[0])
        with Load(pair, browser.session()) as load:
            known_to_all(load)
            redis.kill()
            stores_are("down", *pair)
            time.sleep(1)
            redis.start()
            began = time.monotonic()
            stores_are("ok", *pair)
            wait_for(lambda: stranger_status(pair[0])[0] == stranger_status(pair[1])[0] == 302, "the recovery", 10)
            assert time.monotonic() - began < 2
            time.sleep(0.5)
        assert {status for _, status, _ in load.seen} <= {200, 503}
        assert load.seen[-1][1] == 200


def test_s33_sentinel_fail_over_under_load_costs_only_503(provider, upstream, tmp_path):
    with Sentinels() as sentinels, two_gateways(provider, sentinels, upstream, tmp_path) as pair:
        browser = Browser()
        browser.sign_in(pair[0])
        wait_for(lambda: sentinels.master.call("WAIT", 1, 1000) == 1, "the replica to have it", 10)
        with Load(pair, browser.session()) as load:
            known_to_all(load)
            sentinels.master.kill()
            wait_for(sentinels.replica.is_master, "the fail-over", 30)
            stores_are("ok", *pair)
            time.sleep(0.5)
        assert {status for _, status, _ in load.seen} <= {200, 503}
        assert load.seen[-1][1] == 200


def test_s33_sessions_in_a_cluster_end_everywhere_within_a_second_and_a_fail_over_costs_only_503(provider, upstream, tmp_path):
    with RedisCluster() as cluster, two_gateways(provider, cluster, upstream, tmp_path) as pair:
        browser, copy = Browser(), Browser()
        for gateway in pair:  # once told by each
            browser.sign_in(gateway)
            assert browser.go(pair[0]).status_code == browser.go(pair[1]).status_code == 200
            copy.cookies.update(browser.cookies)
            browser.sign_out(gateway)
            refused_within_a_second(copy, *pair)
        browser.sign_in(pair[0])
        owner = cluster.owner(cluster.nodes[0])
        replica = cluster.replica_of(owner)
        wait_for(lambda: owner.call("WAIT", 1, 1000) == 1, "the replica to have it", 10)
        with Load(pair, browser.session()) as load:
            known_to_all(load)
            owner.kill()
            wait_for(lambda: cluster.owner(replica) is replica, "the fail-over", 30)
            stores_are("ok", *pair)
            time.sleep(0.5)
        assert {status for _, status, _ in load.seen} <= {200, 503}
        assert load.seen[-1][1] == 200
        wait_for(lambda: stranger_status(pair[0])[0] == stranger_status(pair[1])[0] == 302, "the recovery", 10)
        copy.cookies.update(browser.cookies)
        browser.sign_out(pair[1])
        refused_within_a_second(copy, *pair)


def test_s33_connections_that_are_cut_again_and_again_sign_nobody_out(pair, redis):
    browser = Browser()
    browser.sign_in(pair[0])
    with Load(pair, browser.session()) as load:
        known_to_all(load)
        for kind in ["normal", "pubsub"] * 5:
            redis.call("CLIENT", "KILL", "TYPE", kind)
            time.sleep(0.1)
    assert {status for _, status, _ in load.seen} == {200}
    wait_for(lambda: browser.go(pair[0]).status_code == browser.go(pair[1]).status_code == 200, "the recovery", 2)


def test_s33_session_that_ends_while_the_other_gateway_hears_nothing_is_refused_within_a_second(pair, redis):
    """The message is lost; the new subscription says that something may have been."""
    one, two = pair
    browser = Browser()
    browser.sign_in(one)
    assert browser.go(two).status_code == browser.go(one).status_code == 200
    copy = Browser()
    copy.cookies.update(browser.cookies)
    redis.call("CLIENT", "KILL", "TYPE", "pubsub")
    browser.sign_out(one)
    refused_within_a_second(copy, two)


@pytest.mark.parametrize("trouble", ["full", "read-only", "password"])
def test_s33_redis_that_refuses_is_an_outage_that_heals(pair, redis, trouble):
    one, two = pair
    browser, other = Browser(), Browser()
    browser.sign_in(one)
    assert browser.go(two).status_code == 200
    begin, end = {
        "full": (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
        "read-only": (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
        "password": (["CONFIG", "SET", "requirepass", "another"], ["CONFIG", "SET", "requirepass", redis.password]),
    }[trouble]
    redis.call(*begin)
    if trouble == "password":
        redis.password, was = "another", redis.password
        redis.call("CLIENT", "KILL", "TYPE", "normal")
    answer = other.sign_in(one)
    assert answer.status_code == 503 and "Retry-After" in answer.headers and other.session() is None
    for gateway in pair:
        assert browser.go(gateway).status_code in (200, 503)
    out = browser.sign_out(two)
    assert out.status_code == 503 or trouble == "full"
    redis.call(*end)
    if trouble == "password":
        redis.password = was
    stores_are("ok", one, two)
    wait_for(lambda: other.sign_in(one).status_code == 303, "the recovery", 5)
    assert is_let_in(other, two)
    assert "another" not in one.log_text() and redis.password not in one.log_text()


@pytest.mark.parametrize("trouble", ["full", "silent"])
def test_s33_token_that_the_store_does_not_take_is_nobodys_mistake(pair, redis, trouble):
    """503 at once, before anybody has noticed that the store is away: a client tries again."""
    root = {"Authorization": f"Bearer {pair[0].create_token('root', 'admin')['access_token']}"}

    def make():
        return requests.post(f"{pair[0].admin_url}/api/v1/tokens", json={"client_name": "robot"}, headers=root, timeout=10)

    assert make().status_code == 201
    if trouble == "full":
        redis.call("CONFIG", "SET", "maxmemory", "1")
    else:
        redis.freeze()
    answer = make()
    redis.thaw()
    redis.call("CONFIG", "SET", "maxmemory", "0")
    assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
    wait_for(lambda: make().status_code == 201, "the recovery", 10)


def test_s33_person_comes_out_of_an_outage_in_the_middle_of_signing_in(pair, redis):
    one, two = pair
    browser = Browser()
    callback = browser.at_provider(browser.begin(one))
    redis.kill()
    stores_are("down", one, two)
    answer = browser.get(callback)
    assert answer.status_code == 503 and "Retry-After" in answer.headers and "Location" not in answer.headers
    assert browser.session() is None and "start=sso" in answer.text
    assert browser.go(one).status_code in (302, 503)
    redis.start()
    stores_are("ok", one, two)
    wait_for(lambda: browser.sign_in(one).status_code == 303, "the recovery", 5)
    assert is_let_in(browser, two)


def test_s33_nobody_is_told_to_be_signed_out_who_is_not(provider, upstream, tmp_path):
    with RedisServer(keeps=True) as redis, two_gateways(provider, redis, upstream, tmp_path) as (one, two):
        browser = Browser()
        browser.sign_in(one)
        cookie = browser.session()
        redis.kill()
        stores_are("down", one, two)
        for form in ({}, {"everywhere": "1"}):
            answer = browser.sign_out(one, **form)
            assert answer.status_code == 503 and "Retry-After" in answer.headers
            assert browser.session() == cookie  # to try again with
        token = provider.logout_token(subject=provider.subject)
        said = requests.post(f"{one.url}/_gate/logout", data={"logout_token": token}, timeout=10)
        assert said.status_code == 503 and "no-store" in said.headers["Cache-Control"]
        redis.start()
        stores_are("ok", one, two)
        assert is_let_in(browser, two)
        said = requests.post(f"{one.url}/_gate/logout", data={"logout_token": token}, timeout=10)
        assert said.status_code == 200
        refused_within_a_second(browser, one, two)


def test_s33_token_that_runs_out_while_redis_is_away_signs_nobody_out(provider, upstream, tmp_path):
    with RedisServer(keeps=True) as redis, two_gateways(provider, redis, upstream, tmp_path) as (one, two):
        provider.expires_in = 3
        browser = Browser()
        browser.sign_in(one)
        for _ in range(8):
            assert browser.go(one).status_code == 200
        redis.kill()
        stores_are("down", one, two)
        time.sleep(3)
        seen = {browser.go(one).status_code for _ in range(20)}
        assert seen == {200}
        redis.start()
        stores_are("ok", one, two)
        assert is_let_in(browser, one, two)
        assert provider.counts["refresh"] >= 1 and provider.counts["reuse"] == 0
