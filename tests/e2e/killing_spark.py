"""A played master that ends applications as Spark's does."""

import urllib.parse

from fake_spark import FakeSpark

TOKEN = "33dde9e73fb2dee422192454d033bbea"


class KillingSpark(FakeSpark):
    """It ends applications, with 4.3's csrfToken or without."""

    token, obeys, status = TOKEN, True, 302

    def __init__(self):
        super().__init__()
        self.over, self.asked = set(), []

    def answer(self, request):
        path = request.parts.path
        if path == "/app/kill/":
            return self.kill(request)
        if path == "/app/" and "appId=app" in request.path:
            status, kind, body, fields = super().answer(request)
            app = urllib.parse.parse_qs(request.parts.query)["appId"][0]
            state = "KILLED" if app in self.over else "RUNNING"
            return status, kind, body.replace("</body>", f"<li><strong>State:</strong> {state}</li></body>"), fields
        if path == "/":
            hidden = f'<input type="hidden" name="csrfToken" value="{self.token}"/>' if self.token else ""
            return 200, "text/html", "<p>" + "x" * 200000 + f'<form action="app/kill/" method="POST">{hidden}</form>', []
        return super().answer(request)

    def kill(self, request):
        form = urllib.parse.parse_qs(request.body.decode())
        self.asked.append((request.command, form))
        if self.status != 302 or form.get("csrfToken", [None])[0] != self.token:
            return (self.status if self.status != 302 else 403), "text/plain", "no", []
        if self.obeys and form["terminate"] == ["true"]:
            self.over.add(form["id"][0])
        return 302, "text/plain", "", [("Location", f"{self.url}/")]

    def state(self):
        state = super().state()
        state["completedapps"] = [{**app, "state": "KILLED"} for app in state["activeapps"] if app["id"] in self.over]
        state["activeapps"] = [app for app in state["activeapps"] if app["id"] not in self.over]
        return state
