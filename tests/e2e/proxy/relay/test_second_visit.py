"""A stage page in Chromium, through the gateway and straight from Spark: bytes over the wire and time, first visit and second (T50).

Only bytes are asserted: what a clock says depends on who else uses the machine. `pytest -s` shows the figures.
"""

import re
import statistics
import time

import pytest
from playwright.sync_api import expect

from browser import Notebook, chromium, enter_by_link
from conftest import BASE, await_everything
from gateway import Gateway, cluster_entry
from spark_cluster import a_stage

VISITS = 3


class Meter:
    """What a tab has loaded since reset(): bytes as they came over the wire, with their heads, and requests."""

    def __init__(self, context):
        self.page = context.new_page()
        self.bytes = self.requests = self.unasked = 0
        self.network = context.new_cdp_session(self.page)
        self.network.send("Network.enable")
        self.network.on("Network.loadingFinished", self.on_finished)
        self.network.on("Network.requestServedFromCache", self.on_cached)

    def on_finished(self, event):
        self.bytes += event["encodedDataLength"]
        self.requests += 1

    def on_cached(self, _):
        self.unasked += 1

    def forget(self):
        """The browser keeps no file any more, as another person's."""
        self.network.send("Network.clearBrowserCache")

    def visit(self, url):
        """Opens the page; gives bytes, requests that were really made, and seconds until its load event."""
        self.bytes = self.requests = self.unasked = 0
        self.page.goto("about:blank")
        began = time.monotonic()
        self.page.goto(url, wait_until="load")
        took = time.monotonic() - began
        self.page.wait_for_load_state("networkidle")
        return {"bytes": self.bytes, "requests": self.requests - self.unasked, "seconds": took}


def draw_timeline(page):
    page.locator(".expand-task-assignment-timeline").first.click()
    expect(page.locator("#task-assignment-timeline .vis-timeline, #task-assignment-timeline .vis.timeline").first).to_be_visible()


def measured(meter, url):
    """First visit, and the middle one of some more."""
    first = meter.visit(url)
    again = [meter.visit(url) for _ in range(VISITS)]
    return first, {key: statistics.median(visit[key] for visit in again) for key in first}


def report(version, rows):
    print(f"\nSpark {version}, a stage page    bytes   requests   until load")
    for name, visit in rows.items():
        print(f"  {name:28} {visit['bytes']:9,.0f} {visit['requests']:8.0f} {visit['seconds'] * 1000:9.0f} ms")


@pytest.fixture(scope="session")
def gateway(info):
    """With sign-in by its one-time link."""
    with Gateway([cluster_entry(info)], BASE) as running:
        await_everything(running, info)
        yield running


def test_t50_second_visit_of_a_stage_page_takes_a_twentieth_of_its_bytes(info, gateway, playwright):
    app = info["apps"]["running"]
    path = a_stage(app["ui"])
    with chromium(playwright, reachable=None) as context:
        direct, through = Meter(context), Meter(context)
        through.page.goto(gateway.link)
        through.page.locator("main form button").click()
        through.page.wait_for_url(f"{gateway.url}/")
        direct_first, direct_again = measured(direct, app["ui"] + path)
        first, again = measured(through, f"{gateway.url}/local/proxy/{app['id']}{path}")
        through.forget()
        others = through.visit(f"{gateway.url}/local/proxy/{app['id']}{path}")
        report(info["spark"], {"direct, first": direct_first, "direct, again": direct_again,
                               "gateway, the very first": first, "gateway, another's first": others, "gateway, again": again})
        assert again["bytes"] < direct_again["bytes"] / 20
        assert again["requests"] < direct_again["requests"]
        assert first["bytes"] < direct_first["bytes"] * 1.1
        works(through.page, direct.page, gateway.origin, app["ui"])


def asked_by_scripts(page, url, whole):
    """Opens the page, and gives what its head names; and what was asked of the API and for templates until it is whole."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    named = page.goto(url).all_headers().get("link", "")
    expect(page.locator(whole).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    return re.findall("<(.*?)>", named), [one for one in asked if "/api/v1/" in one or "-template.html" in one]


def test_t70_what_scripts_ask_for_is_asked_once_and_at_once(info, playwright):
    """All that a page's head names is what its script wants, letter by letter: nothing is loaded twice, or for nothing."""
    app = info["apps"]["running"]
    pages = [(a_stage(app["ui"]), "#active-tasks-table tbody tr td", 4), ("/executors/", "#active-executors-table tbody tr td", 3)]
    with Gateway([cluster_entry(info)], BASE) as gateway, chromium(playwright, reachable=None) as context:
        await_everything(gateway, info)
        enter_by_link(context.new_page(), gateway)
        for path, whole, count in pages:
            page, said = context.new_page(), []
            page.on("console", lambda message, said=said: "preload" in message.text and said.append(message.text))
            named, asked = asked_by_scripts(page, f"{gateway.url}/local/proxy/{app['id']}{path}", whole)
            assert len(named) == count and sorted(asked[:count]) == sorted(gateway.origin + one for one in named)
            assert len(set(asked)) == len(asked)
            assert said == []


def works(page, direct, origin, ui):
    """The page is whole with its scripts out of the browser's cache: no errors but those of the direct page, and it draws."""
    said = []
    for tab, home in ((page, origin), (direct, ui)):
        notes = Notebook(tab, home)
        tab.reload(wait_until="networkidle")
        draw_timeline(tab)
        expect(tab.locator("#active-tasks-table")).to_contain_text("SUCCESS")
        assert notes.failed == [] and notes.foreign == []
        said.append(set(notes.plain_errors()))
    assert said[0] <= said[1]
