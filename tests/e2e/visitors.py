"""People at the admin site, in a browser without a screen."""

import re

import requests

from conftest import NAVIGATION


class AdminVisitor(requests.Session):
    """Signed in as `user`, by a token that the command line made."""

    def __init__(self, gate, user, role="user", scope=None):
        super().__init__()
        self.gate, self.trust_env = gate, False
        more = ("--scope", scope) if scope else ()
        token = gate.create_token(f"{user}'s", role, "--user", user, *more)["access_token"]
        assert self.post("/_gate/login", data={"token": token}).status_code == 303

    def request(self, method, path, headers=None, **options):
        fields = {**NAVIGATION, **({"Origin": self.gate.admin_url} if method.upper() == "POST" else {}), **(headers or {})}
        options.update(headers=fields, allow_redirects=False, timeout=10)
        return super().request(method, self.gate.admin_url + path, **options)

    # --- a program asks for a token of theirs

    def look(self, code):
        return self.get("/device", params={"user_code": code})

    @staticmethod
    def form_of(page):
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', page.text))

    def answer(self, code, word, **options):
        page = self.look(code)
        assert page.status_code == 200, page.text
        return self.post("/device", data={**self.form_of(page), "answer": word}, **options)

    def allow(self, code):
        assert self.answer(code, "allow").status_code == 200

    def deny(self, code):
        assert self.answer(code, "deny").status_code == 200
