"""The way back from Spark's pages to the home page, on both versions, in Chromium and without."""

import re

import pytest
import requests

from browser import Notebook, chromium
from conftest import BASE, Client, await_everything, signed_in
from gateway import Gateway, cluster_entry
from spark_cluster import wait_for

WAY = re.compile(r'<nav class="sparkgate-way".*?</nav>')


def way_of(text):
    """The links of a page's way back, by their text."""
    found = WAY.findall(text)
    assert len(found) == 1, found
    return {label: href for href, label in re.findall(r'<a href="([^"]*)">([^<]*)</a>', found[0])}


def listed(info, app):
    """Whether the history server has it."""
    answer = requests.get(f"{info['history']}/api/v1/applications", timeout=10).json()
    return any(item["id"] == app for item in answer)


def test_every_kind_of_page_leads_home_and_to_its_cluster(info, user):
    app, finished = info["apps"]["running"]["id"], info["apps"]["finished"]["id"]
    for path in ("/proxy/master/", f"/proxy/master/app/?appId={app}", f"/proxy/{info['workers'][0]['id']}/", f"/proxy/{app}/jobs/",
                 f"/proxy/{app}/executors/", "/shs/", f"/shs/history/{finished}/jobs/"):
        answer = user.get(f"/local{path}", follow=True)
        links = way_of(answer.text)
        assert (links["Home"], links["local"]) == (f"{BASE}/", f"{BASE}/local/"), path
        assert answer.text.index("<body") < answer.text.index("sparkgate-way") < answer.text.index("<body") + 200


def test_page_of_an_application_leads_to_it_and_from_history_to_the_live_ui_and_back(info, user):
    app, finished = info["apps"]["running"]["id"], info["apps"]["finished"]["id"]
    wait_for(lambda: listed(info, app), "the history server to list the running application", 60)

    def live():
        return way_of(user.get(f"/local/proxy/{app}/jobs/").text)
    wait_for(lambda: "History" in live(), "the gateway to know so", 30)
    links = live()
    assert links[app] == f"{BASE}/local/?q={app}"
    assert links["History"] == f"{BASE}/local/shs/history/{app}/"
    assert "Live UI" not in links
    back = way_of(user.get(links["History"].removeprefix(BASE), follow=True).text)
    assert back["Live UI"] == f"{BASE}/local/proxy/{app}/"
    assert "History" not in back
    assert "Live UI" not in way_of(user.get(f"/local/shs/history/{finished}/jobs/", follow=True).text)


def test_what_a_script_fetches_has_no_way_back(info, user):
    page = f"/local/proxy/{info['apps']['running']['id']}/executors/"
    assert not WAY.search(user.get(page, headers={"Sec-Fetch-Dest": "empty"}).text)
    assert WAY.search(user.get(page, headers={"Sec-Fetch-Dest": "document"}).text)


def test_nothing_of_spark_moves_and_its_policy_holds(info, gateway, playwright):
    app = info["apps"]["running"]["id"]
    token = gateway.create_token("walker", "user")["access_token"]
    with chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gateway.origin)
        page.goto(f"{gateway.url}/", wait_until="networkidle")
        page.locator("[name=token]").fill(token)
        page.locator("form [type=submit], form button").first.click()
        page.wait_for_url(f"{gateway.url}/")
        for path in (f"/local/proxy/{app}/jobs/", "/local/proxy/master/", "/local/shs/"):
            notes.clear()
            page.goto(gateway.url + path, wait_until="networkidle")
            way = page.locator("nav.sparkgate-way")
            assert way.is_visible(), path
            assert way.evaluate("e => getComputedStyle(e).position") == "fixed", path
            places = """() => [...document.querySelectorAll('h3, h4, table, .navbar')].map(e => {
                const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })"""
            before = page.evaluate(places)
            way.evaluate("e => e.remove()")
            assert page.evaluate(places) == before, path
            assert notes.failed == [], path
            assert not [error for error in notes.errors if "Content Security Policy" in error], path
        page.goto(f"{gateway.url}/local/proxy/{app}/jobs/", wait_until="networkidle")
        page.locator("nav.sparkgate-way a").nth(1).click()
        page.wait_for_url(f"{gateway.url}/local/")


@pytest.mark.parametrize("shown", [True, False])
def test_configuration_may_leave_it_out(info, shown):
    with Gateway([cluster_entry(info)], BASE, {"ui": {"home_link": shown}}) as gateway:
        client = Client(gateway, await_everything(gateway, info))
        text = client.get("/local/proxy/master/").text
        assert bool(WAY.search(text)) == shown
        assert ("way-back.css" in text) == shown
        assert signed_in(gateway, "user").get("/_gate/static/way-back.css").status_code == 200
