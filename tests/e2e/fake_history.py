"""A history server that is a thread: `apps` are what it lists, `opens` what it opens before it lists it (Spark 4.2 and newer)."""

import json

from fake_spark import Site

LOG = b"PK\x05\x06" + b"an event log" * 3


def attempt(name=None, start=1000, updated=2000, completed=True, **more):
    """One attempt, as the REST API tells it."""
    row = {"startTimeEpoch": start, "endTimeEpoch": updated if completed else -1, "lastUpdatedEpoch": updated, "duration": 1000,
           "sparkUser": "u", "completed": completed, "appSparkVersion": "4.3.0", **more}
    return {**row, "attemptId": name} if name else row


class FakeHistory(Site):
    def __init__(self, name="history", apps=None, opens=()):
        super().__init__()
        self.name, self.apps, self.opens, self.asked = name, apps or {}, set(opens), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def answer(self, request):
        path = request.path.partition("?")[0]
        self.asked.append(request.path)
        if path == "/api/v1/applications":
            rows = [{"id": app, "name": f"name of {app}", "attempts": attempts} for app, attempts in self.apps.items()]
            return 200, "application/json", json.dumps(rows), []
        if path == "/api/v1/version":
            return 200, "application/json", '{"spark": "4.3.0"}', []
        if path.endswith("/jobs") and path.startswith("/api/v1/applications/"):
            is_known = path.split("/")[4] in {*self.opens, *self.apps}
            return (200, "application/json", "[]", []) if is_known else (404, "text/plain", "no such app", [])
        if path.endswith("/logs"):
            return 200, "application/zip", LOG, []
        return 200, "text/html;charset=utf-8", f"<!doctype html><title>{self.name}</title><p>{self.name} has {path}", []
