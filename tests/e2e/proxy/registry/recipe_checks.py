"""The recipes of conf/README.md with the real programs: `make recipes`, or ARGS="-k trino" for one of them.

Each is opened in Chromium through the gateway, as its row says, and does the thing that it is for. Nothing may be asked for
beside the gateway, fail, or complain."""

import contextlib

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


def test_tensorboard(playwright):
    with at_the_gateway(playwright, recipes.TensorBoard) as page:
        page.goto(f"{page.mount}/")
        page.get_by_text("loss of the tests").first.wait_for()
        assert not problems_of(page)


def test_mlflow(playwright):
    with at_the_gateway(playwright, recipes.MLflow) as page:
        page.goto(f"{page.mount}/#/experiments")
        page.get_by_text("Default").first.wait_for()
        assert not problems_of(page, "users/current")


def test_airflow(playwright):
    with at_the_gateway(playwright, recipes.Airflow) as page:
        page.goto(f"{page.mount}/")
        page.get_by_text("Dags").first.wait_for()
        assert not problems_of(page)


def test_ray(playwright):
    with at_the_gateway(playwright, recipes.Ray) as page:
        page.goto(f"{page.mount}/#/cluster")
        page.get_by_text("ALIVE").first.wait_for()
        assert not problems_of(page, "platform_events", "grafana_health", "prometheus_health")


def test_flink(playwright):
    with at_the_gateway(playwright, recipes.Flink) as page:
        page.goto(f"{page.mount}/")
        page.get_by_text("Available Task Slots").first.wait_for()
        assert not problems_of(page)


def test_flink_takes_a_jar_that_is_larger_than_the_servers_limit(playwright):
    jar = next(recipes.RECIPES.glob("flink/pyflink/opt/flink-python-*.jar"))
    assert jar.stat().st_size > 1 << 20
    with at_the_gateway(playwright, recipes.Flink, limits={"body": "256MiB"}) as page:
        page.goto(f"{page.mount}/#/submit")
        page.locator("input[type=file]").set_input_files(str(jar))
        page.locator("td >> text=" + jar.name).first.wait_for()
        assert not problems_of(page)


def test_livy(playwright):
    with at_the_gateway(playwright, recipes.Livy) as page:
        page.goto(f"{page.mount}/")
        page.get_by_text("No Sessions or Batches").first.wait_for()
        assert not problems_of(page)


def test_trino(playwright):
    with at_the_gateway(playwright, recipes.Trino) as page:
        page.goto(f"{page.mount}/ui/")
        page.get_by_text("Cluster Overview").first.wait_for()
        assert not problems_of(page, "fonts.googleapis.com")


def test_prometheus(playwright):
    """Debian's has no pages of its own, so it is only asked where they are, and by its API."""
    with at_the_gateway(playwright, recipes.Prometheus) as page:
        led = page.request.get(f"{page.mount}/", max_redirects=0)
        assert led.status == 302 and f"{page.gate.origin}{led.headers['location']}".startswith(f"{page.mount}/")
        answer = page.request.get(f"{page.mount}/api/v1/query?query=vector(42)").json()
        assert answer["data"]["result"][0]["value"][1] == "42"
