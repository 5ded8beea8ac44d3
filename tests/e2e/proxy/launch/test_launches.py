"""Launches against a played REST server: nothing is lost, nothing runs twice, whatever dies whenever; and bad input."""

import concurrent.futures
import signal
import time

import pytest
import requests
from conftest import BASE
from gateway import Gateway
from launch_world import Person, await_people, people_settings
from mock_provider import MockProvider
from played_spark import PlayedSpark
from spark_cluster import HOST, free_port, wait_for

SMALL = {"name": "small", "roles": ["everyone"], "running": 3, "executors": 2, "may_set": ["spark.sql.*"]}
QUEUED = {"name": "queued", "roles": ["everyone"], "running": 2, "queue": 100}
LARGE = {"name": "large", "roles": ["team-etl"], "executors": 20, "running": 1}
PROFILES = [SMALL, QUEUED, LARGE]
JAR = {"resource": "file:/opt/apps/a.jar", "main_class": "org.example.Main"}


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture
def world(provider, tmp_path):
    """(spark, gateway) as asked for: a function of the REST server's mood and more settings."""
    stops = []

    def make(mood=lambda n: "answer", settings=None, **launch):
        spark = PlayedSpark(mood)
        entry = spark.entry(**{"allow": ["file:/opt/apps/*"], "profiles": PROFILES, **launch})
        gateway = Gateway([entry], BASE, {**people_settings(provider), **(settings or {})}, folder=tmp_path)
        stops.append((spark, gateway))
        gateway.start()
        await_people(gateway, Person(provider, gateway.url, "ann"))
        return spark, gateway

    yield make
    for spark, gateway in stops:
        gateway.stop()
        spark.__exit__()


def everybody_is_settled(people, spark):
    """Whether every launch has its driver, and how many there are."""
    live = [launch for person in people for launch in person.get("/applications?state=live").json()["applications"]]
    return live if all(launch["state"] in ("running", "queued") for launch in live) else None


def no_twins(spark):
    ids = [driver["launch"] for driver in spark.drivers.values()]
    return len(ids) == len(set(ids))


def test_s117_of_200_launches_by_ten_people_exactly_the_quotas_run_after_a_kill_9_in_the_middle(world, provider):
    spark, gateway = world()
    spark.delay = 0.05
    people = [Person(provider, gateway.url, f"p{n}") for n in range(10)]
    answers = {}

    def launch(person, number):
        key, wish = f"{person.name}-{number}", {**JAR, "profile": "small" if number % 2 else "queued", "name": f"job {number}"}

        def is_answered():
            try:
                answers[key] = person.launch(key, **wish)
            except requests.ConnectionError:
                return False
            return answers[key].status_code in (200, 201, 429)
        wait_for(is_answered, f"an answer for {key}")  # as a client does whose answer is lost: again, with the same key

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(launch, person, number) for number in range(20) for person in people]
        wait_for(lambda: spark.creations >= 10, "some to be submitted")
        gateway.daemon.signal(signal.SIGKILL)
        gateway.daemon.process.wait()
        gateway.start()
        for one in asked:
            one.result()
    await_people(gateway, people[0])
    live = wait_for(lambda: everybody_is_settled(people, spark), "all to run or wait", 120)
    by_person = {person.name: [launch for launch in live if launch["user"] == person.name] for person in people}
    for name, mine in by_person.items():
        states = [(launch["profile"], launch["state"]) for launch in mine]
        assert states.count(("small", "running")) == 3 and states.count(("queued", "running")) == 2 and states.count(("queued", "queued")) == 8, (name, states)
    refused = [answer for answer in answers.values() if answer.status_code == 429]
    assert len(answers) == 200 and len(refused) == 10 * 7 and "3 of your applications" in refused[0].json()["detail"], refused[0].text
    assert no_twins(spark), "something runs twice"
    assert {driver["launch"] for driver in spark.running()} == {launch["id"] for launch in live if launch["state"] == "running"}
    wait_for(lambda: drain_queue(spark, people), "the queue to be worked off", 240)
    assert no_twins(spark) and len(spark.drivers) == 130


def drain_queue(spark, people):
    for driver in spark.running():
        spark.end(driver["id"])
    return not any(person.get("/applications?state=live").json()["applications"] for person in people)


def test_s122_a_launch_whose_answer_is_lost_is_found_again_and_one_that_never_arrived_is_sent_again(world, provider):
    spark, gateway = world(lambda n: {1: "lose", 2: "drop"}.get(n, "answer"))
    ann = Person(provider, gateway.url, "ann")
    lost = ann.launch(**JAR, profile="small", name="lost").json()["id"]
    now = ann.await_state(lost, "running")
    assert spark.creations == 1 and "submitted as driver-20260101000000-0001" in ann.get(f"/applications/{lost}/events").text, now
    dropped = ann.launch(**JAR, profile="small", name="dropped").json()["id"]
    ann.await_state(dropped, "running", timeout=120)
    assert spark.creations == 3 and no_twins(spark)


def test_s116_the_same_key_is_one_launch_and_another_request_with_it_is_refused(world, provider):
    spark, gateway = world()
    ann, bo = Person(provider, gateway.url, "ann"), Person(provider, gateway.url, "bo")
    first, again = ann.launch("k", **JAR, profile="small"), ann.launch("k", **JAR, profile="small")
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    other = ann.launch("k", **JAR, profile="small", name="another")
    assert other.status_code == 409 and "Idempotency-Key" in other.json()["detail"]
    assert bo.launch("k", **JAR, profile="small").status_code == 201, "a key is one person's"
    assert ann.post("/applications", json=JAR, headers={"Idempotency-Key": "x" * 300}).status_code == 400


def test_s115_what_somebody_else_launched_is_not_there_but_for_who_may_end_it(world, provider):
    spark, gateway = world()
    ann, bo = Person(provider, gateway.url, "ann"), Person(provider, gateway.url, "bo")
    root = Person(provider, gateway.admin_url, "root", "root")
    launch = ann.launch(**JAR, profile="small").json()["id"]
    never = "0" * 32
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/restart"), ("GET", "/logs"), ("GET", "/events")]:
        theirs, none = (bo.request(method, f"/applications/{one}{path}") for one in (launch, never))
        assert theirs.status_code == none.status_code == 404, (method, path, theirs.text)
        assert {**theirs.json(), "request_id": ""} == {**none.json(), "request_id": ""}
    assert bo.get("/applications?owner=all").json()["applications"] == []
    assert [one["id"] for one in root.get("/applications?owner=all").json()["applications"]] == [launch]
    ann.await_state(launch, "running")
    assert root.delete(f"/applications/{launch}").status_code == 200
    ann.await_state(launch, "killed")


def by_own_token(gateway, person, scope):
    """The same person, by a token that they made with this scope."""
    asked = {"client_name": "laptop", "scope": scope}
    made = requests.post(f"{gateway.admin_url}/api/v1/tokens", json=asked, headers=person.headers, timeout=30)
    assert made.status_code == 201, made.text
    other = requests.Session()
    other.trust_env = False
    other.headers["Authorization"] = f"Bearer {made.json()['access_token']}"
    other.token_id = made.json()["id"]
    return other


def test_s115_a_limited_token_shows_and_ends_of_its_persons_launches_what_its_scope_names(world, provider):
    spark, gateway = world()
    ann = Person(provider, gateway.url, "ann")
    launch = ann.launch(**JAR, profile="small", name="etl-1").json()["id"]
    all_of_them = f"{gateway.url}/api/v1/applications"
    for scope, sees in [("launch app:report-*", False), ("launch cluster:other", False), ("launch app:etl-*", True)]:
        token = by_own_token(gateway, ann, scope)
        assert [one["id"] for one in token.get(all_of_them).json()["applications"]] == [launch] * sees, scope
        for method, path in [("GET", ""), ("GET", "/logs"), ("GET", "/events"), ("POST", "/restart"), ("DELETE", "")]:
            status = token.request(method, f"{all_of_them}/{launch}{path}").status_code
            assert (status == 404) == (not sees) or path == "/logs", (scope, method, path, status)
        if not sees:
            assert not ann.one(launch)["kill_asked"], scope
    ann.await_state(launch, "killed")


def test_s117_who_signs_in_and_holds_a_token_of_ours_has_one_quota(world, provider):
    spark, gateway = world()
    ann = Person(provider, gateway.url, "ann")
    token = by_own_token(gateway, ann, "launch")
    launch = f"{gateway.url}/api/v1/applications"
    made = [ann.launch(**JAR, profile="small").status_code for _ in range(2)]
    made += [token.post(launch, json={**JAR, "profile": "small"}).status_code for _ in range(2)]
    assert made == [201, 201, 201, 429]
    assert len(token.get(launch).json()["applications"]) == len(ann.get("/applications").json()["applications"]) == 3


class Endless:
    """A log that grows as fast as it is read. `asked` is when a piece of it was read last."""

    def __init__(self):
        self.asked = 0.0

    def __len__(self):
        return 1 << 40

    def __getitem__(self, piece):
        self.asked = time.monotonic()
        return "x" * (piece.stop - piece.start)


def endless_log(spark, person):
    """Of a driver that runs: the launch's id, and the log."""
    launch = person.launch(**JAR, profile="small").json()["id"]
    person.await_state(launch, "running")
    log = next(iter(spark.drivers.values()))["log"] = Endless()
    return launch, log


def test_s37_an_endless_log_ends_with_its_readers_token(world, provider):
    spark, gateway = world()
    ann = Person(provider, gateway.url, "ann")
    launch, _ = endless_log(spark, ann)
    token = by_own_token(gateway, ann, "launch")
    with token.get(f"{gateway.url}/api/v1/applications/{launch}/logs?follow=true&stream=stderr", stream=True, timeout=30) as log:
        pieces = log.iter_content(65536)
        assert next(pieces)
        assert requests.delete(f"{gateway.admin_url}/api/v1/tokens/{token.token_id}", headers=ann.headers, timeout=30).status_code in (200, 204)
        end = time.monotonic() + 20
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            while next(pieces) and time.monotonic() < end:
                pass


def test_s157_of_an_endless_log_no_more_is_fetched_than_its_reader_takes(world, provider):
    spark, gateway = world()
    ann = Person(provider, gateway.url, "ann")
    launch, log = endless_log(spark, ann)
    with ann.get(f"/applications/{launch}/logs?stream=stderr", stream=True) as answer:
        assert answer.status_code == 200
        wait_for(lambda: log.asked and time.monotonic() - log.asked > 3, "the gateway to stop fetching", 60)
        asked = log.asked
        for _ in answer.iter_content(65536):
            if log.asked > asked:
                break
        assert log.asked > asked


def test_s115_no_cookie_launches_anything_and_a_page_of_spark_asks_its_own_ui(world, provider):
    spark, gateway = world()
    token = gateway.create_token("one", "user")["access_token"]
    browser = requests.Session()
    browser.trust_env = False
    browser.post(f"{gateway.url}/_gate/login", data={"token": token}, timeout=10)
    assert browser.cookies, "signed in"
    for method, path in [("GET", "/profiles"), ("GET", "/applications"), ("POST", "/applications")]:
        answer = browser.request(method, f"{gateway.url}/api/v1{path}", json=JAR if method == "POST" else None, timeout=10)
        assert answer.status_code == 401 and answer.headers["Content-Type"] == "application/problem+json", answer.text
    assert spark.creations == 0


@pytest.mark.parametrize("change, status, says", [
    ({"profile": "unknown"}, 404, "no profile of this name"),
    ({"profile": "large"}, 404, "no profile of this name"),
    ({"profile": "small", "executors": 3}, 403, "executors: got 3"),
    ({"profile": "small", "conf": {"spark.jars": "x"}}, 403, 'no profile allows "spark.jars"'),
    ({"profile": "small", "conf": {"spark.speculation": "true"}}, 403, 'does not allow "spark.speculation"'),
    ({"profile": "small", "name": "a\nb"}, 400, "name:"),
    ({"profile": "small", "artifact": "x.jar"}, 400, "either resource or artifact"),
    ({"profile": "small", "resource": "file:/etc/a.jar"}, 403, "launch.allow"),
    ({"profile": "small", "resource": "file:/opt/apps/../a.jar"}, 400, "resource:"),
    ({"profile": "small", "arguments": ["{{SECRET}}"]}, 400, "arguments[0]:"),
    ({"profile": "small", "x": 1}, 400, "x: there is no such member"),
])
def test_s119_bad_input_is_refused_by_name_and_audited(world, provider, change, status, says):
    spark, gateway = world()
    ann = Person(provider, gateway.url, "ann")
    answer = ann.launch(**{**JAR, **change})
    assert answer.status_code == status and says in answer.json()["detail"], answer.text
    assert '"msg":"launch"' in gateway.log_text() and '"decision":"refuse"' in gateway.log_text()
    assert spark.creations == 0


def test_a_master_without_rest_server_ends_the_launch_with_a_clear_answer(world, provider):
    spark, gateway = world(rest=f"http://{HOST}:{free_port()}")
    ann = Person(provider, gateway.url, "ann")
    launch = ann.launch(**JAR, profile="small").json()["id"]
    ended = ann.await_state(launch, "failed", timeout=180)
    assert "REST server does not answer" in ended["reason"], ended
    assert '"decision":"failed"' in gateway.log_text()


def test_the_admin_listener_has_the_same_api(world, provider):
    spark, gateway = world()
    ann = Person(provider, gateway.admin_url, "ann")
    assert [profile["name"] for profile in ann.get("/profiles").json()["profiles"]] == ["small", "queued"]
    made = ann.launch(**JAR, profile="small")
    assert made.status_code == 201 and made.headers["Location"] == f"/api/v1/applications/{made.json()['id']}"
    ann.await_state(made.json()["id"], "running")
    assert "Launch Command" in ann.get(f"/applications/{made.json()['id']}/logs").text
    spark.end(next(iter(spark.drivers)))
    assert ann.await_state(made.json()["id"], "finished")["exit_code"] == 0
