"""People who sign in at a real provider by plain HTTP, as a browser would: they follow redirects and fill in its form.

Faster than Chromium by far; for tests that are not about what is on the screen.
"""

import html.parser
import http.cookiejar
import urllib.parse

import requests

NAVIGATION = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate",
              "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
REDIRECTS = (301, 302, 303, 307, 308)


class Forms(html.parser.HTMLParser):
    """The forms of a page: (method, action, {name: value})."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("method", "get").lower(), given.get("action") or "", {}))
        elif tag in ("input", "button") and self.forms and given.get("name"):
            self.forms[-1][2][given["name"]] = given.get("value") or ""


class Loopback(http.cookiejar.DefaultCookiePolicy):
    """Secure cookies are sent over plain HTTP, as Chromium does on loopback."""

    def set_ok(self, cookie, request):
        cookie.secure = False
        return super().set_ok(cookie, request)


class Person(requests.Session):
    """Cookies of one browser. Ports share cookies, as in a browser."""

    def __init__(self, user, password="password"):
        super().__init__()
        self.user, self.password, self.trust_env = user, password, False
        self.cookies.set_policy(Loopback())
        self.seen = []  # (status, URL) of every answer

    def step(self, url, method="get", **options):
        options.setdefault("headers", NAVIGATION)
        options.setdefault("timeout", 30)
        answer = self.request(method, url, allow_redirects=False, **options)
        self.seen.append((answer.status_code, url))
        return answer

    def follow(self, answer, until=lambda url: False):
        """Goes on until an answer that is no redirect, or a redirect to where `until` says to stop."""
        for _ in range(30):
            if answer.status_code not in REDIRECTS:
                return answer
            target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
            if until(target):
                return answer
            answer = self.step(target)
        raise AssertionError(f"redirected for ever: {self.seen[-6:]}")

    def fill(self, answer):
        """The provider's login form, as this person fills it in."""
        method, action, fields = next(form for form in Forms(answer.text).forms if form[2].keys() & {"login", "username"})
        for name in fields:
            if name in ("login", "username"):
                fields[name] = self.user
            elif name == "password":
                fields[name] = self.password
        return self.step(urllib.parse.urljoin(answer.url, action), method, data=fields)

    def sign_in(self, url, until=lambda url: False):
        """Opens `url`; wherever that leads, signs in there if asked. Gives the last answer."""
        answer = self.follow(self.step(url), until)
        for _ in range(3):
            if not any(form[2].keys() & {"login", "username"} for form in Forms(answer.text).forms):
                return answer
            answer = self.follow(self.fill(answer), until)
        raise AssertionError(f"{self.user} does not get past {answer.url}")
