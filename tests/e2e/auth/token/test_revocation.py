"""What is taken away under load is refused everywhere within a second (S37): two gateways on Redis, one on SQLite."""

import concurrent.futures
import contextlib
import threading
import time

import pytest
import requests

from gateway import Gateway
from redis_server import RedisServer
from signon import UI, shared_store
from spark_cluster import HOST, wait_for
from token_client import TOKENS

CLIENTS = 6  # that ask without a pause, shared out among the gateways
ROUNDS = 8


class BearerLoad:
    """Clients that show one token, all at once and again; `seen` has when each was sent and answered, where and how."""

    def __init__(self, gateways, token):
        self.gateways, self.token, self.seen, self.stopping = gateways, token, [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def run(self, n):
        at = n % len(self.gateways)
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.is_set():
                sent = time.monotonic()
                status = page(self.gateways, at, self.token, session)
                self.seen.append((sent, time.monotonic(), at, status))

    def statuses(self, since, until=float("inf")):
        """Of requests that were sent and answered in this time, by gateway."""
        seen = [row for row in list(self.seen) if since <= row[0] and row[1] < until]
        return [[status for _, _, where, status in seen if where == at] for at in range(len(self.gateways))]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def page(gateways, at, token, session=requests):
    """One public URL means one issuer and one Host, as replicas behind a load balancer have them."""
    headers = {"Authorization": f"Bearer {token}", "Host": f"{HOST}:{gateways[0].port}"}
    return session.get(gateways[at].url + UI, headers=headers, timeout=30, allow_redirects=False).status_code


@contextlib.contextmanager
def on_redis(upstream, folder):
    with RedisServer() as redis:
        for name in ("one", "two"):
            (folder / name).mkdir()
        one = Gateway([entry(upstream)], "/gate", shared_store(redis, folder / "one"), folder=folder / "one")
        two = Gateway([entry(upstream)], "/gate", {**shared_store(redis, folder / "two"), "server": {"public_url": f"{one.url}/"}},
                      folder=folder / "two")
        with one, two:
            yield [one, two]


@contextlib.contextmanager
def on_sqlite(upstream, folder):
    with Gateway([entry(upstream)], "/gate", {"server": {"threads": 4}}, folder=folder) as gateway:
        yield [gateway]


def entry(upstream):
    return {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}


@pytest.fixture(scope="module", params=[on_redis, on_sqlite], ids=["two on Redis", "threads on SQLite"])
def gateways(request, upstream, tmp_path_factory):
    with request.param(upstream, tmp_path_factory.mktemp("revocation")) as running:
        ready = running[0].create_token("ready")["access_token"]
        for at in range(len(running)):
            wait_for(lambda at=at: page(running, at, ready) == 200, "the UI", 30)
        yield running


@pytest.fixture(scope="module")
def admin(gateways):
    return bearer(gateways[0].create_token("root", "admin")["access_token"])


def ask(gateway, admin, method, path, **options):
    answer = requests.request(method, f"{gateway.admin_url}{TOKENS}{path}", headers=admin, timeout=10, **options)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def make(gateway, admin):
    return ask(gateway, admin, "POST", "", json={"client_name": "loaded"})


def by_api(gateway, admin, token_id, change):
    if change == "revoke":
        ask(gateway, admin, "DELETE", f"/{token_id}")
    else:
        ask(gateway, admin, "POST", f"/{token_id}/{change}")


def by_batch(gateway, admin, token_id, change):
    if change != "revoke":
        return by_api(gateway, admin, token_id, change)
    assert ask(gateway, admin, "POST", "/revoke", json={"ids": [token_id]})["revoked"] == [token_id]


def by_command(gateway, admin, token_id, change):
    gateway.command("token", change, token_id)


def changed(load, gateway, admin, token_id, change, how):
    """What was answered to requests from a second after the change on, for half a second; and to those before it."""
    began = time.monotonic()
    how(gateway, admin, token_id, change)
    done = time.monotonic()
    time.sleep(1.5)  # the second that is promised, and some to look at
    return load.statuses(began - 0.4, began), load.statuses(done + 1)


@pytest.mark.parametrize("how", [by_api, by_batch, by_command])
def test_s37_what_is_taken_away_under_load_is_refused_within_a_second(gateways, admin, how):
    made = make(gateways[0], admin)
    with BearerLoad(gateways, made["access_token"]) as load:
        time.sleep(0.5)
        for change, before, after in (("disable", 200, 401), ("enable", 401, 200), ("revoke", 200, 401)):
            was, now = changed(load, gateways[-1], admin, made["id"], change, how)
            assert all(set(seen) <= {before} for seen in was) and any(was), (change, was)
            assert all(seen and set(seen) == {after} for seen in now), (change, [len(seen) for seen in now], now)


def test_s37_created_token_works_on_the_next_request_everywhere_under_load(gateways, admin):
    busy = make(gateways[0], admin)
    with BearerLoad(gateways, busy["access_token"]) as load:
        for n in range(ROUNDS):
            maker = gateways[n % len(gateways)]
            made = make(maker, admin) if n % 4 else maker.create_token("loaded")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                where = [at for at in range(len(gateways)) for _ in range(3)]
                assert set(pool.map(lambda at, token=made["access_token"]: page(gateways, at, token), where)) == {200}
        assert all(set(seen) == {200} for seen in load.statuses(0))
    assert len(load.seen) > 100


def test_s37_who_was_never_asked_about_is_refused_at_once(gateways, admin):
    """A token that no gateway has cached is as revoked as the store says."""
    made = [make(gateways[0], admin) for _ in range(ROUNDS)]
    with BearerLoad(gateways, make(gateways[0], admin)["access_token"]):
        for token in made:
            by_api(gateways[0], admin, token["id"], "revoke")
            assert {page(gateways, at, token["access_token"]) for at in range(len(gateways))} == {401}
