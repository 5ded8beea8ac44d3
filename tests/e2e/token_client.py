"""The API of access tokens, as its clients use it."""

import requests

from conftest import Client

UI = "/other/ui/echo/"  # of the gateways that tests of tokens start
TOKENS = "/api/v1/tokens"


class Api(requests.Session):
    def __init__(self, gateway, role=None, user=None):
        super().__init__()
        self.gateway, self.trust_env = gateway, False
        if role:
            made = gateway.create_token(f"api-{role}", role, *(("--user", user) if user else ()))
            self.token, self.id = made["access_token"], made["id"]
            self.headers["Authorization"] = f"Bearer {self.token}"

    def request(self, method, path, **options):
        options.setdefault("timeout", 10)
        return super().request(method, self.gateway.admin_url + path, **options)


def problem(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["status"] == status and body["detail"] and body["request_id"] == answer.headers["X-Request-Id"]
    return body["detail"]


def make(api, **members):
    answer = api.post(TOKENS, json={"client_name": "robot", **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def opens(gate, token):
    return Client(gate, token).get(UI).status_code == 200
