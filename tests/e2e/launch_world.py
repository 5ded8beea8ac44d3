"""People who launch: a gateway whose callers come with an issuer's tokens, and what they ask of its API."""

import requests
from spark_cluster import wait_for

ENDED = ("finished", "failed", "killed")


def people_settings(provider, **more):
    """auth: for people whom `provider` names; the claim preferred_username is what Spark calls them."""
    bearer = {"issuer": provider.issuer, "audience": ["spark"]}
    return {"auth": {"bearer": [bearer], "roles": {"claim": "roles", "admin": ["root"], "user": ["ops"], **more}}}


class Person(requests.Session):
    """One person's calls; `at` is a listener's address with its base path."""

    def __init__(self, provider, at, name, *roles, **claims):
        super().__init__()
        self.trust_env, self.at, self.name = False, at, name
        token = provider.access_token(f"sub-{name}", roles=list(roles) or ["ops"], preferred_username=name, **claims)
        self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, path, **options):
        options.setdefault("timeout", 60)
        options.setdefault("allow_redirects", False)
        return super().request(method, path if "://" in path else f"{self.at}/api/v1{path}", **options)

    def launch(self, key=None, **wish):
        return self.post("/applications", json=wish, headers={"Idempotency-Key": key} if key else {})

    def one(self, launch):
        answer = self.get(f"/applications/{launch}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def await_state(self, launch, *states, timeout=300):
        def reached():
            now = self.one(launch)
            assert now["state"] in states or now["state"] not in ENDED, now
            return now if now["state"] in states else None
        return wait_for(reached, f"launch {launch} to be {' or '.join(states)}", timeout)


def await_people(gateway, person):
    """Until the issuer's keys are there."""
    wait_for(lambda: person.get("/profiles").status_code == 200, "the issuer's keys", 30, gateway.daemon.check)
