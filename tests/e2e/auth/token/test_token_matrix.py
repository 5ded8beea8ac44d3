"""Who may do what with the token API (S35): every kind of caller, every operation, every kind of target."""

import pytest
import requests

from gateway import Gateway
from mock_provider import MockProvider
from spark_cluster import wait_for
from token_client import TOKENS, problem

UNKNOWN = "0" * 32
OVER_POLICY = 31 * 24 * 3600

# What each operation answers: to whom has no good token, no role or no right to tokens; to who may do it for themselves; to
# who may do it narrowed to "tokens"; to an administrator.
OPERATIONS = {
    "describe": "200 200 200 200 200",
    "list": "401 403 200 200 200",
    "list of another": "401 403 200 200 200",  # a user gets their own all the same
    "create": "401 403 201 403 201",
    "create within scope": "401 403 201 201 201",
    "create for another": "401 403 403 403 201",
    "create admin": "401 403 403 403 201",
    "create over policy": "401 403 400 400 400",
    "create refresh over policy": "401 403 400 400 400",
    "create broken": "401 403 400 400 400",
    "show own": "401 403 200 200 200",
    "show other": "401 403 404 404 200",
    "show admin": "401 403 404 404 200",
    "show unknown": "401 403 404 404 404",
    "disable own": "401 403 200 200 200",
    "disable other": "401 403 404 404 200",
    "disable admin": "401 403 404 404 200",
    "disable admin by force": "401 403 404 404 200",
    "disable unknown": "401 403 404 404 404",
    "enable own": "401 403 200 200 200",
    "enable other": "401 403 404 404 200",
    "enable revoked": "401 403 409 409 409",
    "enable unknown": "401 403 404 404 404",
    "revoke own": "401 403 204 204 204",
    "revoke revoked": "401 403 204 204 204",
    "revoke other": "401 403 404 404 204",
    "revoke admin": "401 403 404 404 204",
    "revoke admin by force": "401 403 404 404 204",
    "revoke unknown": "401 403 404 404 404",
    "revoke many": "401 403 200 200 200",
}
COLUMNS = ["no token", "no right", "user", "narrow", "admin"]
CALLERS = {
    "nobody": "no token", "bad token": "no token", "foreign token": "no token", "expired": "no token", "revoked": "no token",
    "disabled": "no token", "refresh token": "no token", "registration token": "no token",
    "no role": "no right", "user to view": "no right", "admin to view": "no right", "admin to a cluster": "no right",
    "user": "user", "person": "user", "platform user": "user",
    "user to tokens": "narrow",
    "admin": "admin", "platform admin": "admin",
}


class World:
    """A gateway and somebody of each kind."""

    def __init__(self, gateway, provider):
        self.gateway, self.provider = gateway, provider
        self.root = {"Authorization": f"Bearer {gateway.create_token('root', 'admin')['access_token']}"}
        self.headers = {name: self.headers_of(name) for name in CALLERS}

    def ask(self, method, path, headers, **options):
        return requests.request(method, self.gateway.admin_url + path, headers=headers, timeout=10, **options)

    def make(self, **members):
        answer = self.ask("POST", TOKENS, self.root, json={"client_name": "target", **members})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def platform(self, subject, *roles):
        return self.provider.access_token(subject, roles=list(roles))

    def token_of(self, name):
        """Whoever has a record is client:NAME, so that the administrator can make them more."""
        if name in ("bad token", "foreign token"):
            return "nonsense" if name == "bad token" else MockProvider.access_token(self.provider, key=type(self.provider.keys[0])())
        if name == "person":
            return self.gateway.create_token("laptop", "user", "--user", "person")["access_token"]
        if name.startswith("platform") or name == "no role":
            return self.platform(name, *{"platform user": ["ops"], "platform admin": ["root"], "no role": []}[name])
        if name == "registration token":
            return self.make(user="somebody")["registration_token"]
        scope = {"to view": "view logs", "to tokens": "tokens", "to a cluster": "cluster:other"}
        made = self.make(client_name=name.replace(" ", "-"), token_type="admin" if name.startswith("admin") else "user",
                         access_ttl=1 if name == "expired" else None,
                         scope=next((text for end, text in scope.items() if name.endswith(end)), None))
        if name == "revoked":
            assert self.ask("DELETE", f"{TOKENS}/{made['id']}", self.root).status_code == 204
        if name == "disabled":
            assert self.ask("POST", f"{TOKENS}/{made['id']}/disable", self.root).status_code == 200
        return made["refresh_token" if name == "refresh token" else "access_token"]

    def headers_of(self, name):
        return {"Authorization": f"Bearer {self.token_of(name)}"} if name != "nobody" else {}

    # --- targets

    def own(self, caller):
        if caller in ("person", "platform user", "platform admin"):
            return self.make(user=caller)["id"]
        return self.make(client_name=caller.replace(" ", "-"))["id"]

    def target(self, caller, which):
        if which in ("own", "revoked"):
            token = self.own(caller)
        else:
            token = {"unknown": lambda: UNKNOWN, "other": lambda: self.make()["id"],
                     "admin": lambda: self.make(token_type="admin")["id"]}[which]()
        if which == "revoked":
            assert self.ask("DELETE", f"{TOKENS}/{token}", self.root).status_code == 204
        return token

    def run(self, caller, operation):
        verb, _, rest = operation.partition(" ")
        headers = self.headers[caller]
        if verb == "describe":
            return self.ask("GET", "/api/v1/openapi.json", headers)
        if verb == "list":
            return self.ask("GET", TOKENS, headers, params={"user": "client:root"} if rest else None)
        if verb == "create":
            members = {"": {}, "within scope": {"scope": "tokens"}, "for another": {"user": "somebody"}, "admin": {"token_type": "admin"},
                       "over policy": {"access_ttl": OVER_POLICY}, "refresh over policy": {"refresh_ttl": "91d"}, "broken": {"no": 1}}[rest]
            if rest in ("over policy", "refresh over policy"):
                members["scope"] = "tokens"  # it is the time that is looked at
            return self.ask("POST", TOKENS, headers, json={"client_name": "made", **members})
        if operation == "revoke many":
            return self.ask("POST", f"{TOKENS}/revoke", headers, json={"ids": [UNKNOWN]})
        which, _, how = rest.partition(" by ")
        method, end = {"show": ("GET", ""), "disable": ("POST", "/disable"), "enable": ("POST", "/enable"), "revoke": ("DELETE", "")}[verb]
        return self.ask(method, f"{TOKENS}/{self.target(caller, which)}{end}{'?force=true' if how else ''}", headers)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with MockProvider() as provider:
        settings = {"auth": {"bearer": [{"issuer": provider.issuer, "audience": ["spark"]}],
                             "roles": {"claim": "roles", "admin": ["root"], "user": ["ops"]}}, "tokens": {"per_user": 10000}}
        entry = {"name": "other", "uis": [{"name": "echo", "url": "http://127.0.0.1:1"}]}
        with Gateway([entry], "/gate", settings, folder=tmp_path_factory.mktemp("matrix")) as gateway:
            made = World(gateway, provider)
            wait_for(lambda: made.ask("GET", TOKENS, made.headers["platform admin"]).status_code == 200, "the issuer's keys", 20)
            wait_for(lambda: made.ask("GET", TOKENS, made.headers["expired"]).status_code == 401, "the end of a token", 90)
            yield made


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("caller", CALLERS)
def test_s35_matrix(world, caller, operation):
    expected = int(OPERATIONS[operation].split()[COLUMNS.index(CALLERS[caller])])
    answer = world.run(caller, operation)
    assert answer.status_code == expected, answer.text
    if expected >= 400:
        problem(answer, expected)
    if expected == 401:
        assert ("invalid_token" in answer.headers["WWW-Authenticate"]) == (caller != "nobody")
    if operation.startswith("list") and expected == 200 and CALLERS[caller] != "admin":
        assert {row["subject"] for row in answer.json()["tokens"]} <= {caller, f"client:{caller.replace(' ', '-')}"}


def test_batch_takes_what_is_the_callers_and_says_why_not_of_the_rest(world):
    mine, gone, other = world.own("user"), world.target("user", "revoked"), world.make()["id"]
    ids = [mine, other, gone, UNKNOWN, mine, "", "\0", "x" * 1000]
    answer = world.ask("POST", f"{TOKENS}/revoke", world.headers["user"], json={"ids": ids}).json()
    assert answer["revoked"] == [mine, gone, mine]
    assert answer["refused"] == [{"id": name, "status": 404} for name in (other, UNKNOWN, "", "\0", "x" * 1000)]
    assert world.ask("GET", f"{TOKENS}/{other}", world.root).json()["state"] == "active"
    assert world.ask("POST", f"{TOKENS}/revoke", world.root, json={"ids": ids}).json()["revoked"] == [mine, other, gone, mine]


def test_s35_last_administrator_goes_by_force_only(tmp_path):
    entry = {"name": "other", "uis": [{"name": "echo", "url": "http://127.0.0.1:1"}]}
    with Gateway([entry], "/gate", folder=tmp_path) as gateway:
        made = gateway.create_token("only", "admin")
        headers, path = {"Authorization": f"Bearer {made['access_token']}"}, f"{gateway.admin_url}{TOKENS}"
        one = f"{path}/{made['id']}"

        def status(method, url, **options):
            return requests.request(method, url, headers=headers, timeout=10, **options).status_code

        gateway.create_token("a-user", "user")
        assert [status("DELETE", one), status("POST", f"{one}/disable"), status("DELETE", f"{one}?force=false")] == [409, 409, 409]
        assert [status("DELETE", f"{one}?force={text}") for text in ("yes", "", "true&force=true")] == [400, 400, 400]
        answer = requests.post(f"{path}/revoke", json={"ids": [made["id"]]}, headers=headers, timeout=10)
        assert answer.json() == {"revoked": [], "refused": [{"id": made["id"], "status": 409}]}
        assert status("POST", f"{one}/disable?force=true") == 200 and status("GET", path) == 401
        second = gateway.create_token("second", "admin")
        headers["Authorization"] = f"Bearer {second['access_token']}"
        # a disabled one is no administrator's any more
        assert status("DELETE", f"{path}/{second['id']}") == 409 and status("DELETE", one) == 204
        assert status("DELETE", f"{path}/{second['id']}?force=true") == 204 and status("GET", path) == 401
