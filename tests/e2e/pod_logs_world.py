"""A gateway before a played API server whose pods have logs and events: applications that run, and what is kept of them."""

import contextlib

import requests

from conftest import NAVIGATION, Client
from kube_api import KubeApi, executor, with_state
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import wait_ready

DRIVER, EXECUTOR = "spark-kubernetes-driver", "spark-kubernetes-executor"
RUNNING = {"running": {"startedAt": "2026-01-31T12:00:00Z"}}


@contextlib.contextmanager
def plain(folder, api):
    made = World(folder, api)
    try:
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def keeping(folder, api, **settings):
    """It keeps logs, and watches drivers and executors already."""
    made = World(folder, api, started=False)
    made.entry["kubernetes"].update({"keep_logs": "24h", **settings})
    made.begin()
    try:
        made.until(lambda: api.watching() == 1 and api.watching(role="executor") == 1, "both watches")
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def of_teams(folder):
    """Namespaces a and b, each seen by one team; of a, lookers have no right to logs, readers have."""
    with MockProvider() as provider, KubeApi() as api:
        auth = teams_auth(folder, provider)
        auth["roles"]["custom"] = [{"role": "lookers", "namespaces": ["a"], "rights": ["view"]},
                                   {"role": "readers", "namespaces": ["a"], "rights": ["view", "logs"]}]
        made = World(folder, api, {"auth": auth}, started=False)
        made.entry["kubernetes"]["namespaces"] = ["a", "b"]
        made.begin()
        for name in ("team-a", "team-b", "lookers", "readers"):
            setattr(made, name.replace("-", "_"), Client(made.gateway, provider.access_token(roles=[name], aud="spark")))
        try:
            wait_ready(made.gateway)
            made.until(lambda: api.watching() == 2, "watches")
            yield made
        finally:
            made.stop()


def run(world, name="etl", log=b"first line\nlast line\n", **more):
    """An application that runs; gives its driver's pod."""
    ui = world.driver(name, **more)
    key = more.get("namespace", "spark"), name
    driver = world.api.put(with_state(world.api.pods[key], RUNNING))
    world.api.write(name, log)
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    driver["app"] = ui.id
    return driver


def add_executor(world, driver, number, log, **more):
    one = world.api.put(executor(f"etl-exec-{number}", driver["app"], driver, **more))
    world.api.write(one["metadata"]["name"], log, EXECUTOR)
    return one


def page(client, path):
    return client.get(path, headers=NAVIGATION)


def follow(world, driver, token=None, **query):
    headers = {"Authorization": f"Bearer {token}"} if token else dict(world.client.headers)
    return requests.get(world.gateway.url + f"/k/apps/{driver['app']}/logs", {"follow": "true", **query}, headers=headers, stream=True, timeout=60)


def kept(world, driver):
    return page(world.client, f"/k/apps/{driver['app']}/logs")


def until_kept(world, driver, *words):
    return world.until(lambda: all(word in kept(world, driver).text for word in ("Kept log of", *words)), f"kept: {words}")


def until_events(world, driver, *expected):
    path = f"/k/apps/{driver['app']}/events"
    world.until(lambda: [(one["reason"], one["pod"]) for one in world.client.get(path).json()["events"]] == list(expected), f"events: {expected}")
    return world.client.get(path).json()


def session(world, scope):
    """A person in a browser, with a session of this scope."""
    token = world.gateway.create_token(scope, "user", "--scope", scope)["access_token"]
    person = Client(world.gateway)
    answer = person.post("/_gate/login", data={"token": token}, headers={"Origin": world.gateway.origin})
    assert answer.status_code == 303
    return person


def kept_text(world):
    """All that lies in the folder of kept logs; what goes meanwhile is left out."""
    text = []
    for path in (world.gateway.folder / "logs" / "k").iterdir():
        with contextlib.suppress(FileNotFoundError):
            text.append(path.read_text())
    return "".join(text)
