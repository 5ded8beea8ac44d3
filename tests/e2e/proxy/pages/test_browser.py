"""What a person sees: Chromium, signed in by the one-time link, on every UI of both versions."""

import re

import pytest
from playwright.sync_api import expect

from browser import Notebook, chromium
from conftest import BASE, ROOT, await_everything
from gateway import Gateway, cluster_entry, mounts_of

SCREENSHOTS = ROOT / "build" / "screenshots"


class Visitor:
    """One tab behind the gateway; `direct` is a second tab that asks the UIs themselves."""

    def __init__(self, context, gateway, info):
        self.gateway, self.info = gateway, info
        self.version = info["spark"]
        self.page, self.direct = context.new_page(), context.new_page()
        self.notes = Notebook(self.page, gateway.origin)
        self.mounts = mounts_of(info)
        self.app = f"/local/proxy/{info['apps']['running']['id']}"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def open(self, path):
        self.notes.clear()
        self.page.goto(self.gateway.url + path, wait_until="networkidle")
        return self.page

    def shoot(self, name):
        self.page.screenshot(path=SCREENSHOTS / f"{self.version}-{name}.png", full_page=False)

    def direct_errors(self, path, act):
        """Console errors of the same page without a gateway, after the same clicks."""
        mount = next(mount for mount in self.mounts if path.startswith(mount + "/"))
        notes = Notebook(self.direct, self.mounts[mount])
        self.direct.goto(self.mounts[mount] + path[len(mount):], wait_until="networkidle")
        act(self.direct)
        self.direct.wait_for_load_state("networkidle")
        return notes.plain_errors()

    def is_clean(self, path, act=lambda page: None):
        """Nothing failed, nothing left the gateway, and the console says no more than on the direct page, where
        `act` does what was done on this one."""
        self.page.wait_for_load_state("networkidle")
        assert self.notes.foreign == []
        assert self.notes.failed == []
        if self.notes.errors:
            assert set(self.notes.plain_errors()) <= set(self.direct_errors(path, act))


@pytest.fixture(scope="session")
def visitor(info, playwright):
    """A gateway of its own, whose one-time link signs the browser in."""
    with Gateway([cluster_entry(info)], BASE) as gateway, chromium(playwright) as context:
        await_everything(gateway, info)
        visitor = Visitor(context, gateway, info)
        visitor.page.goto(gateway.link)
        visitor.page.locator("main form button").click()
        visitor.page.wait_for_url(f"{gateway.url}/", wait_until="networkidle")
        assert visitor.page.url == f"{gateway.url}/"
        yield visitor


def rows(page, selector):
    """The rows of a table's body, once there is one."""
    found = page.locator(f"{selector} tbody tr")
    expect(found.first).to_be_visible()
    return found


def test_home_shows_the_cluster_its_workers_and_applications(visitor):
    page = visitor.open("/")
    visitor.shoot("home")
    for text in ("local", "running app", "finished app"):
        expect(page.get_by_text(text).first).to_be_visible()
    assert page.locator(f"a[href*='{visitor.app}']").count() >= 1
    visitor.is_clean("/")


def test_home_reads_on_a_phone_without_scrolling_sideways(visitor):
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    page = visitor.open("/")
    visitor.shoot("home-phone")
    wide = page.evaluate("document.documentElement.scrollWidth")
    visitor.page.set_viewport_size({"width": 1400, "height": 1000})
    assert wide <= 390


def test_home_search_finds_an_application_by_name(visitor):
    page = visitor.open("/?q=finished")
    expect(page.get_by_text("finished app").first).to_be_visible()
    assert page.get_by_text("running app").count() == 0


def test_master_page_links_stay_inside(visitor):
    page = visitor.open("/local/proxy/master/")
    visitor.shoot("master")
    expect(page.get_by_text(re.compile(r"Workers \(2\)")).first).to_be_visible()
    page.get_by_role("link", name=re.compile("^worker-")).first.click()
    page.wait_for_url("**/proxy/worker-*/")
    visitor.shoot("worker")
    expect(page.get_by_text("Running Executors").first).to_be_visible()
    page.get_by_role("link", name=re.compile("Back to Master")).click()
    page.wait_for_url("**/proxy/master/")
    visitor.is_clean("/local/proxy/master/")


def test_application_detail_of_the_master_leads_to_the_live_ui(visitor):
    page = visitor.open(f"/local/proxy/master/app/?appId={visitor.info['apps']['running']['id']}")
    page.get_by_role("link", name="Application Detail UI").click()
    page.wait_for_url(f"**{visitor.app}/jobs/")
    visitor.is_clean("/local/proxy/master/")


def test_worker_log_loads_more(visitor):
    """T18: the button asks for what lies before the part that is shown."""
    page = visitor.open("/local/proxy/master/")
    page.get_by_role("link", name=re.compile("^worker-")).first.click()
    page.wait_for_url("**/proxy/worker-*/")
    page.locator("tr", has_text="running app").get_by_role("link", name="stderr").first.click()
    page.wait_for_url("**/logPage/**")
    path = page.url.removeprefix(visitor.gateway.url)
    page.wait_for_load_state("networkidle")
    before = len(page.locator(".log-content").inner_text())
    with page.expect_response(lambda response: "/log/" in response.url and response.status == 200):
        page.locator(".log-more-btn").click()
    page.wait_for_function("length => document.querySelector('.log-content').innerText.length > length", arg=before)
    visitor.shoot("worker-log")
    visitor.is_clean(path)


def test_driver_log_by_driver_id_is_shown(visitor):
    """T13: Spark's own link to a cluster-mode driver's log leads nowhere behind a proxy."""
    driver = visitor.info["driver"]["id"]
    page = visitor.open(f"/local/proxy/{driver}/logPage/?driverId={driver}&logType=stderr")
    expect(page.locator(".log-content")).to_contain_text("INFO")
    visitor.is_clean(f"/local/proxy/{driver}/logPage/")


def test_jobs_page_lists_jobs_of_each_kind(visitor):
    page = visitor.open(f"{visitor.app}/jobs/")
    visitor.shoot("jobs")
    assert rows(page, "#activeJob-table").count() >= 1
    assert rows(page, "#completedJob-table").count() >= 3
    assert rows(page, "#failedJob-table").count() >= 1  # one by itself; a job that was killed counts, too
    visitor.is_clean(f"{visitor.app}/jobs/")


def test_event_timeline_unfolds(visitor):
    page = visitor.open(f"{visitor.app}/jobs/")
    page.locator(".expand-application-timeline").click()
    expect(page.locator("#application-timeline .vis-timeline, #application-timeline .vis.timeline").first).to_be_visible()
    visitor.is_clean(f"{visitor.app}/jobs/")


def draw_graph(page):
    """4.3 complains about an inline handler of its own as it draws; a tab that drew one before draws at once."""
    graph = page.locator("#dag-viz-graph svg g.node").first
    if not graph.is_visible():
        page.locator(".expand-dag-viz").click()
    expect(graph).to_be_visible()


def test_job_page_draws_its_graph(visitor):
    page = visitor.open(f"{visitor.app}/jobs/")
    page.locator("#failedJob-table tbody a").first.click()
    page.wait_for_url("**/jobs/job/?id=*")
    draw_graph(page)
    visitor.shoot("job")
    visitor.is_clean(page.url.removeprefix(visitor.gateway.url), draw_graph)


def test_stages_page_and_the_tasks_of_a_stage(visitor):
    """T25: the task table is fetched by the script, page by page."""
    page = visitor.open(f"{visitor.app}/stages/")
    assert rows(page, "#completedStage-table").count() >= 3
    page.locator("#completedStage-table tbody a[href*='/stages/stage/']").last.click()
    page.wait_for_url("**/stages/stage/?id=*")
    assert rows(page, "#active-tasks-table").count() >= 1
    expect(page.locator("#active-tasks-table")).to_contain_text("SUCCESS")
    assert rows(page, "#summary-metrics-table").count() >= 3
    visitor.shoot("stage")
    visitor.is_clean(page.url.removeprefix(visitor.gateway.url))


def test_executors_page_has_a_row_for_each_executor(visitor):
    """T22-T24: the page is empty when the script guesses the wrong application id."""
    page = visitor.open(f"{visitor.app}/executors/")
    table = rows(page, "#active-executors-table")
    assert table.count() >= 3  # the driver and two executors
    visitor.shoot("executors")
    logs = page.locator("#active-executors-table a", has_text="stderr")
    assert logs.count() >= 2
    assert all(f"{BASE}/local/proxy/worker-" in logs.nth(n).get_attribute("href") for n in range(logs.count()))
    visitor.is_clean(f"{visitor.app}/executors/")


def test_thread_dump_of_the_driver_opens(visitor):
    page = visitor.open(f"{visitor.app}/executors/")
    rows(page, "#active-executors-table")
    page.locator("#active-executors-table a", has_text="Thread Dump").first.click()
    expect(page.get_by_text(re.compile("RUNNABLE|WAITING")).first).to_be_visible()
    visitor.shoot("thread-dump")
    visitor.is_clean(f"{visitor.app}/executors/")


def test_sql_page_and_the_graph_of_a_query(visitor):
    page = visitor.open(f"{visitor.app}/SQL/")
    links = page.locator("table tbody a[href*='SQL/execution/']")
    expect(links.first).to_be_visible()
    assert links.count() >= 3
    visitor.shoot("sql")
    visitor.is_clean(f"{visitor.app}/SQL/")
    page = visitor.open(f"{visitor.app}/SQL/execution/?id=0")
    expect(page.locator("#plan-viz-graph svg g.node").first).to_be_visible()
    visitor.shoot("sql-execution")
    visitor.is_clean(f"{visitor.app}/SQL/execution/?id=0")


def test_storage_page_shows_the_cached_frame(visitor):
    page = visitor.open(f"{visitor.app}/storage/")
    page.locator("table tbody a[href*='/storage/rdd']").first.click()
    page.wait_for_url("**/storage/rdd/?id=*")
    expect(page.get_by_text("Storage Level").first).to_be_visible()
    visitor.is_clean(f"{visitor.app}/storage/")


def test_environment_page_shows_properties(visitor):
    """T26: by AJAX since 4.2."""
    page = visitor.open(f"{visitor.app}/environment/")
    expect(page.get_by_text("spark.app.name").first).to_be_attached()
    visitor.shoot("environment")
    visitor.is_clean(f"{visitor.app}/environment/")


def test_structured_streaming_query_shows_its_charts(visitor):
    page = visitor.open(f"{visitor.app}/StreamingQuery/")
    page.locator("a[href*='StreamingQuery/statistics']").first.click()
    page.wait_for_url("**/StreamingQuery/statistics/?id=*")
    expect(page.locator("svg").first).to_be_visible()
    visitor.shoot("streaming")
    visitor.is_clean(page.url.removeprefix(visitor.gateway.url))


def test_history_list_leads_to_a_finished_application(visitor):
    """T28: rows are made by a script."""
    page = visitor.open("/local/shs/")
    link = page.locator("#history-summary-table a", has_text=visitor.info["apps"]["finished"]["id"])
    expect(link.first).to_be_visible()
    visitor.shoot("history")
    visitor.is_clean("/local/shs/")
    link.first.click()
    page.wait_for_url("**/shs/history/*/jobs/")
    assert rows(page, "#completedJob-table").count() >= 3
    visitor.shoot("history-jobs")


def test_history_executors_page_has_rows(visitor):
    path = f"/local/shs/history/{visitor.info['apps']['finished']['id']}/executors/"
    page = visitor.open(path)
    # a finished application has no active executors: the driver stays in the table
    assert rows(page, "#active-executors-table").count() >= 1
    visitor.is_clean(path)


def test_history_sql_query_draws_its_graph(visitor):
    path = f"/local/shs/history/{visitor.info['apps']['finished']['id']}/SQL/execution/?id=0"
    page = visitor.open(path)
    expect(page.locator("#plan-viz-graph svg g.node").first).to_be_visible()
    visitor.is_clean(path)


def test_history_lists_the_application_that_still_runs(visitor):
    page = visitor.open("/local/shs/?showIncomplete=true")
    expect(page.locator("#history-summary-table", has_text=visitor.info["apps"]["running"]["id"])).to_be_visible()
    visitor.is_clean("/local/shs/?showIncomplete=true")
