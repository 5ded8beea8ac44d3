"""Load More of a worker's log, on Spark 4.2 as the Spark Operator sets it up (T1, T18, T40): its script asks below the prefix."""

from browser import Notebook, chromium, enter_by_link
from conftest import BASE, await_everything
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster

OPERATORS = {"spark.ui.proxyBase": "/old/base", "spark.ui.proxyRedirectUri": "/"}


def press(page, button):
    """Presses it and gives the request that it made, once that was answered and the text has grown."""
    before = len(page.locator(".log-content").inner_text())
    with page.expect_response(lambda response: "/log/" in response.url) as asked:
        page.locator(button).click()
    page.wait_for_function("length => document.querySelector('.log-content').innerText.length > length", arg=before)
    return asked.value


def test_log_page_loads_more_under_the_prefix_of_another_proxy(playwright):
    with Cluster("4.2", workers=1, conf=OPERATORS) as cluster:
        info = cluster.info()
        worker, app = info["workers"][0], info["apps"]["running"]
        with Gateway([cluster_entry(info)], BASE) as gateway, chromium(playwright) as context:
            await_everything(gateway, info)
            page = context.new_page()
            enter_by_link(page, gateway)
            notes = Notebook(page, gateway.origin)
            mount = f"{gateway.url}/local/proxy/{worker['id']}"
            page.goto(f"{mount}/logPage/?appId={app['id']}&executorId=0&logType=stderr", wait_until="networkidle")
            answer = press(page, ".log-more-btn")
            assert answer.status == 200 and answer.url.startswith(f"{mount}/log/?"), answer.url
            text = page.locator(".log-content").inner_text()
            assert "old/base" not in page.content() and "INFO" in text
            assert notes.failed == notes.errors == notes.foreign == []
