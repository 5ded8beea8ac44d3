"""The recipes of docs/other-uis.md with the real programs: `make recipes`, or ARGS="-k trino" for one of them.

Each is opened in Chromium through the gateway, as its row says, and does the thing that it is for. Nothing may be asked for
beside the gateway, fail, or complain."""

import contextlib
import re
import time

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
COMPARED = [(recipes.Ray, [("#/cluster", "ALIVE"), ("#/jobs", "JOBS|Jobs"), ("#/logs", "Logs|logs")]),
            (recipes.MLflow, [("#/experiments", "Default"), ("#/experiments/0/runs", "Default"), ("#/models", "Models"),
                              ("#/prompts", "Prompts")])]


@contextlib.contextmanager
def asking(context, root, path, text):
    """A page that shows `text`, and what it asks for below `root`, which may grow: (method, path, whether it was had)."""
    page, asked = context.new_page(), set()

    def note(response):
        url = response.url.removeprefix(root).partition("?")[0]
        if "manifest" not in url:
            asked.add((response.request.method, url, response.status < 400))

    page.on("response", note)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(root + path, wait_until="commit")
    page.get_by_text(re.compile(text)).first.wait_for()
    yield page, asked
    page.close()


def lost(ours, direct):
    """What is had directly alone, and what fails here alone. A page may ask for more one time than another."""
    had = {entry for entry in direct if entry[2]}
    return sorted((had - ours) | {entry for entry in ours - direct if not entry[2]})


@pytest.mark.parametrize("program, pages", COMPARED, ids=[program.name for program, _ in COMPARED])
def test_its_pages_get_through_the_gateway_what_they_get_directly(playwright, program, pages):
    with at_the_gateway(playwright, program) as page:
        for path, text in pages:
            with asking(page.context, page.ui.url, path, text) as (_, direct), \
                    asking(page.context, f"{page.mount}/", path, text) as (tab, ours):
                until = time.monotonic() + PATIENCE_MS / 1000
                while lost(ours, direct) and time.monotonic() < until:  # some ask on and on, so they are never quiet
                    tab.wait_for_timeout(100)
                print(path, len(direct), "requests, missing directly:", sorted(url for _, url, had in direct if not had))
                assert not lost(ours, direct), path


LOGGED = """
import mlflow
with mlflow.start_run(run_name="run of the tests"):
    mlflow.log_param("depth", 7)
    mlflow.log_metric("loss", 0.25)
    mlflow.log_text("a text of the tests", "notes/text.txt")
"""


def test_mlflows_own_client_logs_a_run_with_a_token_and_its_page_shows_it(playwright):
    with at_the_gateway(playwright, recipes.MLflow) as page:
        token = page.gate.create_token("trains", "user")["access_token"]
        page.ui.env |= {"MLFLOW_TRACKING_URI": page.mount, "MLFLOW_TRACKING_TOKEN": token}
        page.ui.run(page.ui.program("python"), "-c", LOGGED)
        page.goto(f"{page.mount}/#/experiments/0/runs")
        page.get_by_text("run of the tests").first.click()
        page.get_by_text("depth").first.wait_for()
        page.get_by_role("tab", name="Artifacts").or_(page.get_by_text("Artifacts", exact=True)).first.click()
        page.get_by_text("notes").first.click()
        page.get_by_text("text.txt").first.click()
        page.get_by_text("a text of the tests").first.wait_for()
        assert not problems_of(page, "users/current")


def test_superset_signs_its_person_in_and_lists_below_its_root(playwright):
    """It writes its root twice before its own logo's path, and tells its makers (scarf.sh) that it is used."""
    with at_the_gateway(playwright, recipes.Superset) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{page.mount}/")
        page.locator("#username").fill(page.ui.PERSON)
        page.locator("#password").fill(page.ui.PERSON)
        page.locator("[data-test=login-button]").click()
        page.wait_for_url(f"{page.mount}/superset/welcome/")
        for path, text in [("chart/list/", "Bulk select"), ("databaseview/list/", "Expose in SQL Lab"), ("sqllab/", "Add a new tab")]:
            page.goto(f"{page.mount}/{path}")
            page.get_by_text(text).first.wait_for()
        assert not problems_of(page, "superset-logo-horiz", "scarf.sh")


def test_flink_takes_a_jar_that_is_larger_than_the_servers_limit(playwright):
    jar = next(recipes.RECIPES.glob("flink/pyflink/opt/flink-python-*.jar"))
    assert jar.stat().st_size > 1 << 20
    with at_the_gateway(playwright, recipes.Flink, limits={"body": "256MiB"}) as page:
        page.goto(f"{page.mount}/#/submit")
        page.locator("input[type=file]").set_input_files(str(jar))
        page.locator("td >> text=" + jar.name).first.wait_for()
        assert not problems_of(page)


# what Zeppelin's page does: it makes a note by the API, and asks for the list by its socket
NOTES = """async mount => {
    const made = await fetch(mount + "/api/notebook", {method: "POST", body: JSON.stringify({name: "a note of the tests"})});
    const socket = new WebSocket(mount.replace("http", "ws") + "/ws");
    const listed = await new Promise((resolve, reject) => {
        socket.onopen = () => socket.send(JSON.stringify(
            {op: "LIST_NOTES", principal: "anonymous", ticket: "anonymous", roles: "[]"}));
        socket.onmessage = event => { if (JSON.parse(event.data).op === "NOTES_INFO") resolve(event.data); };
        socket.onerror = () => reject(new Error("refused"));
    });
    socket.close();
    return made.status + listed;
}"""


def test_zeppelins_api_and_socket_are_below_its_base(playwright):
    with at_the_gateway(playwright, recipes.Zeppelin) as page:
        page.goto(f"{page.mount}/")
        assert page.title() == "Zeppelin"
        told = page.evaluate(NOTES, page.mount)
        assert told.startswith("200") and "a note of the tests" in told
        assert not problems_of(page)


def test_prometheus(playwright):
    """Debian's has no pages of its own, so it is only asked where they are, and by its API."""
    with at_the_gateway(playwright, recipes.Prometheus) as page:
        led = page.request.get(f"{page.mount}/", max_redirects=0)
        assert led.status == 302 and f"{page.gate.origin}{led.headers['location']}".startswith(f"{page.mount}/")
        answer = page.request.get(f"{page.mount}/api/v1/query?query=vector(42)").json()
        assert answer["data"]["result"][0]["value"][1] == "42"
