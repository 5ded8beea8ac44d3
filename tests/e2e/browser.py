"""Headless Chromium by Playwright, with a notebook of everything that went wrong on a page."""

import contextlib
import re
import tempfile

from playwright.sync_api import expect

from spark_cluster import TIMES

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]

WAIT_MS = 30000 * TIMES  # for what a page shows in the end, however busy the machine is
expect.set_options(timeout=WAIT_MS)

LOOPBACK = re.compile(r"https?://127\.0\.0\.1[:/]|(data|blob|about):")
USER_FIELD, PASSWORD_FIELD = "[name=login], [name=username]", "[name=password]"  # of either provider's form


@contextlib.contextmanager
def chromium(playwright, arguments=(), reachable=LOOPBACK, **options):
    """A browser with an empty profile of its own; gives the context in which pages are opened. What is not `reachable`
    is not asked for; None lets all through, and with it the browser keep files: who looks on turns that off."""
    with tempfile.TemporaryDirectory(prefix="sparkgate-chromium-", ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=[*ARGUMENTS, *arguments],
            viewport={"width": 1400, "height": 1000}, **options)
        context.set_default_timeout(WAIT_MS)
        # oidc-provider's page asks for a font out there
        if reachable:
            context.route(lambda url: not reachable.match(url), lambda route: route.abort())
        try:
            yield context
        finally:
            context.close()


def sign_in_at_provider(page, user, password="password"):
    """Fills in the provider's own form, which the page shows."""
    page.locator(USER_FIELD).first.fill(user)
    page.locator(PASSWORD_FIELD).first.fill(password)
    page.locator("[type=submit]").first.click()


def enter(page, url, user):
    """Opens `url` as a stranger, goes to the provider, signs in there, and waits to be back at the very same URL."""
    page.goto(url)
    page.locator("a[href*='start=sso']").click()
    page.wait_for_selector(USER_FIELD)
    sign_in_at_provider(page, user)
    page.wait_for_url(url)


def enter_by_link(page, gateway):
    """The first administrator's way in: the one-time link, and the button of its page."""
    page.goto(gateway.link)
    page.locator("main form button").click()
    page.wait_for_url(f"{gateway.url}/")


class Notebook:
    """Failed requests, answers of 400 and more, console errors and exceptions of a page, until clear()."""

    def __init__(self, page, origin):
        self.page, self.origin = page, origin
        self.failed, self.errors, self.foreign = [], [], []
        page.on("requestfailed", self.on_failed)
        page.on("response", self.on_response)
        page.on("request", self.on_request)
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self.on_dialog)

    def on_failed(self, request):
        # leaving a page aborts what it still loads
        if "ERR_ABORTED" not in (request.failure or ""):
            self.failed.append(f"{request.method} {request.url}: {request.failure}")

    def on_response(self, response):
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.request.method} {response.url}")

    def on_request(self, request):
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.foreign.append(request.url)

    def on_dialog(self, dialog):
        # Spark asks before it kills, and complains by alert() when AJAX fails
        if dialog.type == "alert":
            self.errors.append(f"alert: {dialog.message}")
        dialog.accept()

    def clear(self):
        self.failed.clear()
        self.errors.clear()
        self.foreign.clear()

    def plain_errors(self):
        """Console errors with what differs between the gateway and the direct page taken out."""
        return sorted({re.sub(r"https?://[^\s'\"]+|nonce-[^'\"\s]+|\d+", "…", text) for text in self.errors})
