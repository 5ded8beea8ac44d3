"""A person at a gateway: a session in a cookie, and pages asked for as a browser asks for them."""

import requests

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}


class Person(requests.Session):
    """Who signed in at `gateway` with a token. Paths are below its base; redirects are not followed."""

    def __init__(self, gateway, token):
        super().__init__()
        self.gateway, self.trust_env = gateway, False
        answer = self.post(f"{gateway.url}/_gate/login", data={"token": token}, headers={"Origin": gateway.origin}, allow_redirects=False, timeout=60)
        assert answer.status_code == 303, answer.text

    def page(self, path):
        return self.get(self.gateway.url + path, headers=NAVIGATION, allow_redirects=False, timeout=60)
