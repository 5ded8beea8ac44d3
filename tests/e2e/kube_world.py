"""A gateway before a played Kubernetes API server and a played history server, and roles that are limited to namespaces."""

import json
import time

from conftest import NAVIGATION, Client
from fake_spark import App, Site
from gateway import Gateway
from kube_api import pod
from signon import secret_file

STARTED = 1700000000000


def row(app, name, done, started=STARTED, user="ann"):
    return {"id": app, "name": name, "attempts": [{
        "sparkUser": user, "completed": done, "duration": 7, "startTimeEpoch": started,
        "endTimeEpoch": started + 7000 if done else -1}]}


def teams_auth(folder, provider):
    """The `auth:` of a provider whose roles team-a and team-b see one namespace each."""
    limited = [{"role": f"team-{name}", "namespaces": [name]} for name in "ab"]
    return {"oidc": {"issuer": provider.issuer, "client_id": provider.client_id,
                     "client_secret_file": secret_file(folder, "client-secret", provider.client_secret)},
            "bearer": [{"issuer": provider.issuer, "audience": ["spark"]}],
            "roles": {"claim": "roles", "admin": ["spark-admin"], "user": ["spark-user"], "limited": limited}}


class History(Site):
    """Lists what it is told to: name, whether it has ended and, perhaps, when it started (milliseconds) and its user."""

    def __init__(self):
        super().__init__()
        self.apps = {}

    def answer(self, request):
        path = request.parts.path
        if path == "/api/v1/version":
            return 200, "application/json", '{"spark": "4.0.1"}', []
        if path == "/api/v1/applications":
            return 200, "application/json", json.dumps([row(app, *rest) for app, rest in self.apps.items()]), []
        if path.startswith("/api/v1/applications/") and path.split("/")[4] not in self.apps:
            return 404, "text/plain", "unknown app", []
        return 200, "text/html", f"history of {path}", []


class World:
    """A gateway before an API server, which it opens with a token file, or as the `user` of a kubeconfig."""

    def __init__(self, folder, api, settings=None, started=True, **user):
        self.api, self.history, self.apps = api, History(), []
        self.entry = {"name": "k", "history": self.history.url, "poll": "1s",
                      "kubernetes": {"namespaces": ["spark"], "kubeconfig": str(api.kubeconfig(folder, **user))}}
        self.gateway = Gateway([self.entry], settings=settings)
        if started:
            self.begin()

    def begin(self):
        self.gateway.start()
        self.client = Client(self.gateway, self.gateway.create_token("tests", "admin")["access_token"])

    def driver(self, name, app=None, **more):
        """An application whose driver is a pod; gives it when the API server knows it."""
        ui = App(app or f"spark-{name}", name)
        self.apps.append(ui)
        self.api.put(pod(name, ui.id, port=ui.server.server_port, **more))
        return ui

    def status(self, path):
        return self.client.get(path, headers=NAVIGATION).status_code

    def until(self, condition, what, timeout=20):
        """Seconds until it holds."""
        began = time.monotonic()
        while not condition():
            self.gateway.daemon.check()
            if time.monotonic() - began > timeout:
                raise AssertionError(f"{what}: not within {timeout} s\n{self.gateway.daemon.tail()}")
            time.sleep(0.02)
        return time.monotonic() - began

    def until_status(self, path, status, timeout=20):
        return self.until(lambda: self.status(path) == status, f"{status} for {path}", timeout)

    def restart(self):
        self.gateway.daemon.stop()
        self.gateway.start()

    def stop(self):
        self.gateway.stop()
        for site in [*self.apps, self.history]:
            site.stop()
