"""A browser without a screen at the admin site: signed in, with the forms that pages have."""

import re

import requests
from conftest import NAVIGATION
from spark_cluster import wait_for

ID = r"/applications/([0-9a-f]{32})"


def problem_on(answer):
    found = re.search(r'role="alert">(.*?)</p>', answer.text, re.S)
    return found and found[1]


def launch_in(answer):
    """The id of what was launched."""
    assert answer.status_code == 303, problem_on(answer) or answer.text
    return re.search(ID, answer.headers["Location"])[1]


class Visitor(requests.Session):
    """`wish`: the fields of a launch, but for those that a test gives."""

    def __init__(self, gate, token, wish=None):
        super().__init__()
        self.gate, self.wish, self.trust_env = gate, wish or {}, False
        assert self.post("/_gate/login", data={"token": token}).status_code == 303

    def request(self, method, url, headers=None, **options):
        origin = {"Origin": self.gate.admin_url} if method.upper() == "POST" else {}
        options = {"timeout": 30, **options, "allow_redirects": False}
        return super().request(method, self.gate.admin_url + url, headers={**NAVIGATION, **origin, **(headers or {})}, **options)

    def field(self, path, name):
        return re.search(rf'name="{name}" value="([^"]+)"', self.get(path).text)[1]

    def submit(self, path, on="/applications/new", **fields):
        return self.post(path, data={"form": self.field(on, "form"), **fields})

    def launch(self, **changes):
        return launch_in(self.submit("/applications", **{**self.wish, **changes}))

    def await_state(self, launch, state):
        wait_for(lambda: f">{state}<" in self.get(f"/applications/{launch}").text, f"the launch to be {state}", 60)
        return self.get(f"/applications/{launch}").text
