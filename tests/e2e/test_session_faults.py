"""Redis and providers that fail in the middle of something: what is spent must not be lost, and nobody waits for long."""

import concurrent.futures
import time

import pytest
import requests

from conftest import NAVIGATION
from mock_provider import MockProvider
from redis_server import RedisServer, Sentinels
from signon import (UI, Browser, Load, ask, gateway_for, headers_of, metric, ready, refused_within_a_second, shared_store,
                    stranger_status, two_gateways, wait_ready)
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
