"""The recipes of docs/other-uis.md with the real programs: `make recipes`, or ARGS="-k trino" for one of them.

Each is opened in Chromium through the gateway, as its row says, and does the thing that it is for. Nothing may be asked for
beside the gateway, fail, or complain."""

import contextlib
import re

import pytest
import recipes
from browser import Notebook, chromium
from conftest import BASE
from gateway import Gateway
from spark_cluster import HOST, free_port

SCREENSHOTS = recipes.ROOT / "build" / "screenshots"


@contextlib.contextmanager
def at_the_gateway(playwright, program, role="user", **row):
    """The program behind a gateway, and a person's page of it: page.mount is where it is."""
    port, mount = free_port(), f"/local/ui/{program.name}"
    with program(f"{BASE}{mount}/", f"http://{HOST}:{port}") as ui:
        uis = [{"name": ui.name, "url": ui.url, **row}]
        with Gateway([{"name": "local", "uis": uis}], BASE, port=port) as gate, chromium(playwright) as context:
            gate.await_mounts([f"{mount}/{ui.probe}"], gate.create_token("waits", role)["access_token"])
            page = context.new_page()
            page.goto(f"{gate.url}/_gate/login")
            page.locator("[name=token]").fill(gate.create_token("person", role)["access_token"])
            page.locator("form button").first.click()
            page.wait_for_url(f"{gate.url}/")
            page.gate, page.ui, page.mount, page.notes = gate, ui, f"{gate.url}{mount}", Notebook(page, gate.origin)
            try:
                yield page
            except BaseException:
                print(page.url, problems_of(page))
                page.screenshot(path=f"{SCREENSHOTS}/recipe-{ui.name}.png")
                raise


def problems_of(page, *own):
    """A manifest is asked for without the session, as browsers do, and nobody misses it. `own`: what the program itself has not
    got, at its own address either."""
    missed = ("manifest", "Manifest", "Failed to load resource", *own)  # the last is told by its request, too
    return [text for text in page.notes.failed + page.notes.foreign + page.notes.errors if not any(word in text for word in missed)]


# the program, where its first page is, what stands there when it works, and what it has not got itself
FIRST_PAGES = [
    (recipes.TensorBoard, "", "loss of the tests", []),
    (recipes.MLflow, "#/experiments", "Default", ["users/current"]),
    (recipes.Airflow, "", "Dags", []),
    (recipes.Ray, "#/cluster", "ALIVE", ["platform_events", "grafana_health", "prometheus_health"]),
    (recipes.Flink, "", "Available Task Slots", []),
    (recipes.Livy, "", "No Sessions or Batches", []),
    (recipes.Trino, "ui/", "Cluster Overview", ["fonts.googleapis.com"]),
]


@pytest.mark.parametrize("program, path, text, missing", FIRST_PAGES, ids=[program.name for program, *_ in FIRST_PAGES])
def test_its_first_page_is_there_and_asks_for_nothing_elsewhere(playwright, program, path, text, missing):
    with at_the_gateway(playwright, program) as page:
        page.goto(f"{page.mount}/{path}")
        page.get_by_text(text).first.wait_for()
        assert not problems_of(page, *missing)


PATIENCE_MS = 120000  # they have megabytes of scripts

# the program, pages of it that ask for more than their first one, and what stands there when they have got it
COMPARED = [(recipes.Ray, [("#/cluster", "ALIVE"), ("#/jobs", "JOBS|Jobs"), ("#/logs", "Logs|logs")])]


def asked_by(context, root, path, text):
    """What a page of its own asks for below `root` until `text` is there and all is quiet: (method, path, whether it was had)."""
    page, asked = context.new_page(), set()

    def note(response):
        url = response.url.removeprefix(root).partition("?")[0]
        asked.add((response.request.method, url, response.status < 400))

    page.on("response", note)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(root + path, wait_until="commit")
    page.get_by_text(re.compile(text)).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.close()
    return {entry for entry in asked if "manifest" not in entry[1]}


@pytest.mark.parametrize("program, pages", COMPARED, ids=[program.name for program, _ in COMPARED])
def test_its_pages_get_through_the_gateway_what_they_get_directly(playwright, program, pages):
    with at_the_gateway(playwright, program) as page:
        for path, text in pages:
            ours, direct = (asked_by(page.context, root, path, text) for root in (f"{page.mount}/", page.ui.url))
            print(path, len(direct), "requests, missing directly:", sorted(url for _, url, had in direct if not had))
            assert ours == direct, (path, sorted(ours ^ direct))


def test_flink_takes_a_jar_that_is_larger_than_the_servers_limit(playwright):
    jar = next(recipes.RECIPES.glob("flink/pyflink/opt/flink-python-*.jar"))
    assert jar.stat().st_size > 1 << 20
    with at_the_gateway(playwright, recipes.Flink, limits={"body": "256MiB"}) as page:
        page.goto(f"{page.mount}/#/submit")
        page.locator("input[type=file]").set_input_files(str(jar))
        page.locator("td >> text=" + jar.name).first.wait_for()
        assert not problems_of(page)


def test_prometheus(playwright):
    """Debian's has no pages of its own, so it is only asked where they are, and by its API."""
    with at_the_gateway(playwright, recipes.Prometheus) as page:
        led = page.request.get(f"{page.mount}/", max_redirects=0)
        assert led.status == 302 and f"{page.gate.origin}{led.headers['location']}".startswith(f"{page.mount}/")
        answer = page.request.get(f"{page.mount}/api/v1/query?query=vector(42)").json()
        assert answer["data"]["result"][0]["value"][1] == "42"
