"""The admin site's pages of launched applications: launched by a form, looked at, followed, ended and launched again, in front of a
played cluster. Without scripts, but for a log that is followed."""

import re

import pytest
import requests

from admin_visitor import ID, Visitor, problem_on
from browser import chromium
from conftest import NAVIGATION, ROOT
from gateway import Gateway
from launch_world import people_settings
from mock_provider import MockProvider
from played_spark import PlayedSpark
from spark_cluster import wait_for

SCREENSHOTS = ROOT / "build" / "screenshots"
SMALL = {"name": "small", "roles": ["everyone"], "driver": {"cores": 1, "memory": "512m"}, "executor": {"cores": 2, "memory": "1g"},
         "executors": 2, "running": 50, "may_set": ["spark.sql.*"], "logs": "gelf://graylog:12201"}
WISH = {"profile": "local/small", "name": "etl", "resource": "s3a://apps/etl.py", "arguments": "--day\r\n2026-11-30\r\n"}


@pytest.fixture(scope="module")
def spark():
    with PlayedSpark() as running:
        yield running


@pytest.fixture(scope="module")
def people():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(spark, people, tmp_path_factory):
    entry = spark.entry(allow=["s3a://apps/*"], profiles=[SMALL])
    with Gateway([entry], "/gate", people_settings(people), folder=tmp_path_factory.mktemp("gate")) as gateway:
        wait_for(lambda: visits(gateway, token_of(people, "ready")), "the issuer's keys", 30)
        yield gateway


def token_of(people, name, role="ops"):
    return people.access_token(f"sub-{name}", roles=[role], preferred_username=name)


def visits(gate, token):
    return requests.post(f"{gate.admin_url}/_gate/login", data={"token": token}, headers={**NAVIGATION, "Origin": gate.admin_url},
                         allow_redirects=False, timeout=10).status_code == 303


@pytest.fixture(scope="module")
def ann(gate, people):
    return Visitor(gate, token_of(people, "ann"), WISH)


def driver_of(spark, launch):
    """Of a launch, once it was submitted."""
    return wait_for(lambda: next((driver for driver in list(spark.drivers.values()) if driver["launch"] == launch), None), "the driver", 30)


def test_form_launches_what_it_says(gate, spark, ann):
    form = ann.get("/applications/new").text
    assert "driver 1 core and 512m, up to 2 executors of 2 cores and 1g" in form
    launch = ann.launch(conf="spark.sql.shuffle.partitions=7", environment="DAY=today")
    page = ann.await_state(launch, "running")
    sent = driver_of(spark, launch)["wish"]
    assert sent["appArgs"][-2:] == ["--day", "2026-11-30"]
    properties = sent["sparkProperties"]
    assert properties["spark.app.name"] == "etl" and properties["spark.sql.shuffle.partitions"] == "7"
    assert sent["environmentVariables"]["DAY"] == "today"
    assert "<code>--day</code> <code>2026-11-30</code>" in page and "asked for by ann" in page
    listed = ann.get("/applications").text
    assert f"/applications/{launch}/kill" in listed and ">etl<" in listed


def test_s121_who_signed_in_by_a_token_of_ours_launches_as_the_tokens_person(gate, spark):
    eve = Visitor(gate, gate.create_token("pasted", "user", "--user", "eve")["access_token"], WISH)
    launch = eve.launch()
    assert "asked for by eve" in eve.await_state(launch, "running")
    assert "-Duser.name=eve" in str(driver_of(spark, launch)["wish"])


def test_launch_of_a_profile_with_logs_tells_its_processes_where_they_go(gate, spark, ann):
    launch = ann.launch()
    ann.await_state(launch, "running")
    properties = driver_of(spark, launch)["wish"]["sparkProperties"]
    for who in ("driver", "executor"):
        assert properties[f"spark.{who}.defaultJavaOptions"] == (
            f"-Dlog4j2.configurationFile=file:/opt/spark/log4j2-gelf.xml -Dgelf.host=graylog -Dgelf.port=12201 -Dgelf.launch={launch}")


def test_problem_is_told_in_the_form_which_keeps_what_was_typed(gate, spark, ann):
    before = spark.creations
    for changes, why in (({"conf": "spark.jars=x"}, "spark.jars"), ({"executors": "3"}, "executors"), ({"executors": "many"}, "number"),
                         ({"resource": "file:/etc/passwd"}, "resource"), ({"conf": "no sign"}, "name=value"),
                         ({"profile": "local/none"}, "profile")):
        answer = ann.submit("/applications", **{**WISH, "name": "typed <b>", **changes})
        assert answer.status_code == 400, changes
        assert why in problem_on(answer), (changes, problem_on(answer))
        assert "typed &lt;b&gt;" in answer.text and "2026-11-30</textarea>" in answer.text.replace("\r", "").replace("30\n<", "30<")
    assert spark.creations == before


def test_form_that_is_sent_twice_launches_once(gate, spark, ann):
    key = ann.field("/applications/new", "key")
    assert ann.launch(key=key) == ann.launch(key=key)
    assert ann.launch(key=ann.field("/applications/new", "key")) != ann.launch(key=ann.field("/applications/new", "key"))


def test_application_is_ended_and_launched_again(gate, spark, ann):
    launch = ann.launch(name="again")
    ann.await_state(launch, "running")
    assert f'href="/applications/{launch}/kill"' in ann.get(f"/applications/{launch}").text
    question = ann.get(f"/applications/{launch}/kill").text
    assert "Kill this application?" in question and ">again<" in question and "wants it ended" not in ann.get(f"/applications/{launch}").text
    answer = ann.submit(f"/applications/{launch}/kill", f"/applications/{launch}/kill")
    assert answer.headers["Location"] == f"/applications/{launch}?done=killed"
    page = ann.await_state(launch, "killed")
    assert "It has ended already" in ann.get(f"/applications/{launch}/kill").text
    assert "/kill" not in page and f"/applications/{launch}/restart" in page
    answer = ann.submit(f"/applications/{launch}/restart", f"/applications/{launch}")
    second = re.search(ID, answer.headers["Location"])[1]
    assert second != launch and ">again<" in ann.get(f"/applications/{second}").text


def test_launch_again_with_changes_starts_from_what_was_asked_for(gate, spark, ann):
    launch = ann.launch(executors="1", executor_memory="600m", conf="spark.sql.x=1")
    form = ann.get(f"/applications/new?from={launch}").text
    for text in ('value="etl"', 'value="s3a://apps/etl.py"', "--day\n2026-11-30\n</textarea>", "spark.sql.x=1\n</textarea>",
                 'value="600m"', '<option value="local/small" selected>'):
        assert text in form, text


def test_s45_form_of_another_page_or_session_changes_nothing(gate, people, spark, ann):
    launch = ann.launch()
    other = Visitor(gate, token_of(people, "ann"), WISH)
    ann.await_state(launch, "running")
    before = spark.creations
    for path in ("/applications", f"/applications/{launch}/kill", f"/applications/{launch}/restart"):
        assert ann.post(path, data=WISH).status_code == 403, path
        assert ann.post(path, data={**WISH, "form": other.field("/applications/new", "form")}).status_code == 403, path
        answer = ann.post(path, data={**WISH, "form": ann.field("/applications/new", "form")}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403, path
    assert spark.creations == before and ">running<" in ann.get(f"/applications/{launch}").text


def api(gate, visitor, method, path, at=None, **headers):
    """The API as a page's script asks it: with the visitor's cookie and no token."""
    wish = {"profile": "small", "name": "by api", "resource": "s3a://apps/etl.py"} if path == "/applications" and method == "POST" else None
    return requests.request(method, f"{at or gate.admin_url.removesuffix('/gate')}/api/v1{path}", json=wish, headers={**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())},
                            timeout=30)


def test_s170_a_session_launches_and_ends_by_the_api_from_a_page_of_its_own_site(gate, spark, ann):
    origin = gate.admin_url.removesuffix("/gate")
    assert [profile["name"] for profile in api(gate, ann, "GET", "/profiles").json()["profiles"]] == ["small"]
    launch = api(gate, ann, "POST", "/applications", Origin=origin, **{"Sec-Fetch-Site": "same-origin"})
    assert launch.status_code == 201 and launch.json()["user"] == "ann", launch.text
    one = f"/applications/{launch.json()['id']}"
    assert api(gate, ann, "GET", one).json()["name"] == "by api"
    assert api(gate, ann, "DELETE", one, Origin=origin).json()["kill_asked"]
    ann.await_state(launch.json()["id"], "killed")
    assert api(gate, ann, "POST", f"{one}/restart", Origin=origin).status_code == 201


@pytest.mark.parametrize("headers", [
    {}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "PUBLIC", "Sec-Fetch-Site": "same-site"}, {"Origin": "OWN", "Sec-Fetch-Site": "cross-site"}, {"Origin": "OWN", "Host": "evil.example"},
], ids=["none", "null", "other", "null of ours", "public listener", "cross-site", "rebound"])
def test_s170_no_other_page_changes_anything_with_a_session(gate, spark, ann, headers):
    launch, made = ann.launch(), spark.creations
    driver_of(spark, launch)
    made = spark.creations
    listeners = {"OWN": gate.admin_url.removesuffix("/gate"), "PUBLIC": gate.url.removesuffix("/gate")}
    headers = {name: listeners.get(value, value) for name, value in headers.items()}
    for method, path in [("POST", "/applications"), ("DELETE", f"/applications/{launch}"), ("POST", f"/applications/{launch}/restart"),
                         ("PUT", "/artifacts/a.py"), ("DELETE", "/artifacts/a.py")]:
        answer = api(gate, ann, method, path, **headers)
        assert answer.status_code in (400, 403) and answer.headers["Content-Type"] == "application/problem+json", (path, answer.text)
    assert spark.creations == made and "wants it ended" not in ann.get(f"/applications/{launch}").text


def test_s170_a_session_is_no_credential_for_tokens_nor_at_the_public_listener(gate, people, ann):
    origin = gate.admin_url.removesuffix("/gate")
    for path in ["/tokens", "/sessions", "/audit"]:
        assert api(gate, ann, "GET", path, Origin=origin).status_code == 401
    for method, path in [("GET", "/profiles"), ("POST", "/applications")]:
        assert api(gate, ann, method, path, at=gate.url, Origin=gate.url.removesuffix("/gate")).status_code == 401
    # A token counts alone, good or bad, whatever cookie comes with it.
    assert api(gate, ann, "GET", "/profiles", Authorization="Bearer no.such.token").status_code == 401
    bob = {"Authorization": f"Bearer {token_of(people, 'bob')}"}
    assert api(gate, ann, "POST", "/applications", **bob).json()["user"] == "bob"
    # What is loaded into a page of another origin is not answered.
    loaded = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
    assert api(gate, ann, "GET", "/applications", **loaded).status_code == 403


def test_others_applications_are_not_there(gate, people, ann):
    launch = ann.launch(name="of ann alone")
    bob = Visitor(gate, token_of(people, "bob"))
    assert "of ann alone" not in bob.get("/applications?owner=all").text
    unknown = "0" * 32
    for path in ("", "/logs/text"):
        answers = [bob.get(f"/applications/{name}{path}") for name in (launch, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert bob.submit(f"/applications/{launch}/kill").status_code == 404
    root = Visitor(gate, token_of(people, "root", "root"))
    assert "of ann alone" in root.get("/applications?owner=all").text


def test_stranger_is_sent_to_sign_in_and_comes_back(gate):
    stranger = requests.get(f"{gate.admin_url}/applications/new", headers=NAVIGATION, allow_redirects=False, timeout=10)
    assert (stranger.status_code, stranger.headers["Location"]) == (302, "/_gate/login?next=%2Fapplications%2Fnew")


def test_only_the_page_of_a_log_lets_its_script_fetch(gate, ann):
    launch = ann.launch()
    policies = {path: ann.get(path).headers["Content-Security-Policy"]
                for path in ("/applications", "/applications/new", f"/applications/{launch}", f"/applications/{launch}/logs")}
    assert [path for path, policy in policies.items() if "connect-src" in policy] == [f"/applications/{launch}/logs"]


def test_log_is_text_without_a_script(gate, spark, ann):
    launch = ann.launch()
    ann.await_state(launch, "running")
    driver_of(spark, launch)["log"] += "first line\n<b>second</b>\n"
    answer = ann.get(f"/applications/{launch}/logs/text?container=driver")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "first line\n<b>second</b>\n" in answer.text
    assert ann.get(f"/applications/{launch}/logs?container=../x").status_code == 400


def test_person_launches_follows_and_ends_an_application_in_a_browser(gate, people, spark, playwright):
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(f"{gate.admin_url}/applications/new")
        page.fill("[name=token]", token_of(people, "eve"))
        page.click("button:has-text('Sign in')")
        page.wait_for_url("**/applications/new")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "launch-form.png", full_page=True)
        page.fill("#name", "in a browser")
        page.fill("#resource", "s3a://apps/etl.py")
        page.click("button:has-text('Launch')")
        page.wait_for_url(re.compile(ID))
        launch = re.search(ID, page.url)[1]
        wait_for(lambda: page.reload() and page.locator(".pill.ok").count(), "it to run", 60)
        page.screenshot(path=SCREENSHOTS / "launch.png", full_page=True)
        driver = driver_of(spark, launch)
        driver["log"] += "line one\n"
        page.goto(f"{gate.admin_url}/applications/{launch}/logs?container=driver")
        page.locator("#log:has-text('line one')").wait_for()
        driver["log"] += "<script>line two</script>\n"
        page.locator("#log:has-text('<script>line two</script>')").wait_for()
        page.screenshot(path=SCREENSHOTS / "launch-log.png", full_page=True)
        page.goto(f"{gate.admin_url}/applications")
        page.screenshot(path=SCREENSHOTS / "launches.png", full_page=True)
        page.click("a:has-text('Kill')")
        page.screenshot(path=SCREENSHOTS / "launch-kill.png", full_page=True)
        page.click("button:has-text('Kill the application')")
        page.wait_for_url("**?done=killed")
        wait_for(lambda: driver["state"] == "KILLED", "the driver to be killed", 30)
