"""The log page's script of Spark 3.1 and older puts what it loads into the page as HTML; through the gateway it is text."""

import re

import pytest

from browser import Notebook, chromium, enter_by_link
from conftest import BASE, await_everything
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster

LINE = re.compile(r'line \d{6} of the log, see http://127.0.0.1:8081/ and <a href="/jobs/">&amp;</a>')


@pytest.fixture(scope="module")
def cluster():
    """Each line of its executors' logs has an <a> and an entity in it (spark_app.scala)."""
    with Cluster("3.1", workers=1) as running:
        yield running


def load_more(page, url):
    """What the log's text is, and how many elements are in it, once the button has brought some more."""
    page.goto(url, wait_until="networkidle")
    before = len(page.locator(".log-content").inner_text())
    page.locator(".log-more-btn").click()
    page.wait_for_function("length => document.querySelector('.log-content').innerText.length > length", arg=before)
    return page.locator(".log-content pre").inner_text(), page.locator(".log-content pre *").count()


def test_s99_log_lines_that_are_loaded_stay_text(cluster, playwright):
    info = cluster.info()
    worker, app = info["workers"][0], info["apps"]["running"]
    query = f"/logPage/?appId={app['id']}&executorId=0&logType=stdout"
    with Gateway([cluster_entry(info)], BASE) as gateway, chromium(playwright) as context:
        await_everything(gateway, info)
        page = context.new_page()
        enter_by_link(page, gateway)
        notes = Notebook(page, gateway.origin)
        text, elements = load_more(page, f"{gateway.url}/local/proxy/{worker['id']}{query}")
        assert elements == 0
        assert all(LINE.fullmatch(line) for line in text.splitlines()[1:-1] if line.startswith("line"))
        assert notes.failed == notes.errors == notes.foreign == []
        _, directly = load_more(context.new_page(), worker["url"] + query)
        assert directly > 0, "Spark's own script has been mended: there is nothing left to mend"
