"""An analyst sees what is hers, and not one byte that tells of others: real Spark with three people's applications."""

import re
import urllib.parse

import pytest

import crawler
import pages
from conftest import BASE, VERSIONS, Client, await_everything
from estate import READER, Estate
from gateway import Gateway, cluster_entry, mounts_of
from mock_provider import MockProvider
from signon import Browser, secret_file, wait_ready
from spark_cluster import wait_for

PAGES_AT_LEAST = 80
UNKNOWN = {"app": "app-20200101000000-0000", "local": "local-1500000000000"}
ROLES = {
    "claim": "roles", "admin": ["platform"],
    "custom": [
        {"role": "analysts", "applications": ["own"], "rights": ["view", "logs", "environment", "kill:own"]},
        {"role": "readers", "applications": ["acl"], "rights": ["view", "environment"]},
    ],
}


@pytest.fixture(scope="module", params=VERSIONS)
def estate(request):
    with Estate(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(estate, provider, tmp_path_factory):
    secret = secret_file(tmp_path_factory.mktemp("gate"), "client-secret", provider.client_secret)
    oidc = {"issuer": provider.issuer, "client_id": provider.client_id, "client_secret_file": secret}
    info = estate.info()
    with Gateway([cluster_entry(info)], BASE, {"auth": {"oidc": oidc, "roles": ROLES}}) as gateway:
        wait_ready(gateway)
        admin = Client(gateway, await_everything(gateway, info))
        words = {word for person in estate.people.values() for word in (person.user, *(app["id"] for app in person.apps.values()))}
        wait_for(lambda: all(word in admin.get("/local/").text for word in words), "all applications and whose they are")
        yield gateway


@pytest.fixture(scope="module")
def as_person(gate, provider):
    """A signed-in browser of somebody with these roles, by what Spark calls them."""
    def sign_in(user, *roles):
        provider.subject = f"sub-of-{user}"
        provider.claims = {"roles": list(roles), "preferred_username": user, "name": "A Person"}
        browser = Visitor(gate)
        answer = browser.sign_in(gate, "/local/")
        assert answer.status_code in (302, 303), answer.text[:300]
        return browser
    return sign_in


@pytest.fixture(scope="module")
def alice(as_person, estate):
    return as_person(estate.people["alice"].user, "analysts")


class Visitor(Browser):
    """Paths are below the gateway's base."""

    def __init__(self, gateway):
        super().__init__()
        self.gateway = gateway

    def request(self, method, url, **options):
        return super().request(method, url if "://" in url else self.gateway.url + url, **options)


def bytes_of(answer):
    """All that a client gets to see of an answer, gunzipped, in lower case."""
    fields = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return (fields.encode() + b"\n\n" + answer.content).lower()


def shape(url):
    """Of each application and worker a page of each kind; ids of jobs, stages and queries do not make another kind."""
    parts = urllib.parse.urlsplit(url)
    path = re.sub(r"/\d+(?=/|$)", "/0", parts.path)
    return path, tuple(sorted(key.split(".")[-1] for key in urllib.parse.parse_qs(parts.query)))


class Watch(crawler.Crawler):
    """Follows every link that a person is shown, and searches every answer for traces of others."""

    def __init__(self, client, gateway, info, traces):
        super().__init__(client, gateway, mounts_of(info), shape=shape)
        self.traces, self.statuses = traces, {}

    def add(self, url, referrer):
        """T49: the master's page where it has no page leads on without end."""
        if "/app/app/" not in url:
            super().add(url, referrer)

    def visit(self, url):
        answer = self.client.get(url)
        self.statuses[url] = answer.status_code
        seen = bytes_of(answer)
        for trace in self.traces:
            if trace in seen:
                at = seen.index(trace)
                self.problem(url, f"tells of {trace}: {seen[max(0, at - 80):at + 80]}")
        if answer.status_code >= 500:
            self.problem(url, f"{answer.status_code}, linked from {self.visited[url]}")
        if "Location" in answer.headers:
            self.add(urllib.parse.urljoin(url, answer.headers["Location"]), url)
        elif crawler.media_type(answer) in crawler.TEXT_TYPES and answer.status_code == 200:
            self.read(url, crawler.media_type(answer), answer.text)


def starts_of(info, own):
    lists = ["/", "/local/", "/local/proxy/master/", "/local/proxy/master/json/", "/local/shs/", "/local/shs/api/v1/applications",
             "/local/shs/api/v1/applications?status=completed", "/local/shs/api/v1/applications?limit=1", "/whoami"]
    for worker in info["workers"]:
        lists += [f"/local/proxy/{worker['id']}/", f"/local/proxy/{worker['id']}/json/"]
    for app in own.apps.values():
        lists += [f"/local/apps/{app['id']}", f"/local/apps/{urllib.parse.quote(app['name'])}",
                  f"/local/proxy/master/app/?appId={app['id']}", f"/local/shs/history/{app['id']}/jobs/"]
    running = own.apps["running"]["id"]
    lists.append(f"/local/proxy/master/proxy/{running}/")  # T49: the master's own page, unless it is a reverse proxy
    return [BASE + path for path in [*lists, f"/local/proxy/{running}/jobs/"]]


def test_s76_analyst_finds_no_trace_of_others_on_any_page(alice, gate, estate):
    info, own = estate.info(), estate.people["alice"]
    watch = Watch(alice, gate, info, estate.traces_of_others("alice")).run(starts_of(info, own))
    print(watch.report())
    assert not watch.problems, watch.report()
    assert len(watch.pages) >= PAGES_AT_LEAST, sorted(watch.pages)
    assert all(watch.statuses[gate.origin + start] in (200, 302, 307) for start in starts_of(info, own)), watch.statuses


def listed_by_master(client):
    answer = client.get("/local/proxy/master/json/")
    assert answer.status_code == 200, answer.text[:300]
    return {app["id"] for key in ("activeapps", "completedapps") for app in answer.json()[key]}


def listed_by_history(client, query=""):
    answer = client.get(f"/local/shs/api/v1/applications{query}")
    assert answer.status_code == 200, answer.text[:300]
    return [app["id"] for app in answer.json()]


def ids_of(person, *titles):
    return {app["id"] for title, app in person.apps.items() if not titles or title in titles}


def test_lists_have_all_that_is_ones_own_and_nothing_else(alice, as_person, estate):
    for name, browser in (("alice", alice), ("bob", as_person(estate.people["bob"].user, "analysts"))):
        own = estate.people[name]
        assert listed_by_master(browser) == ids_of(own)
        assert set(listed_by_history(browser)) == ids_of(own)
        assert set(listed_by_history(browser, "?status=completed")) == ids_of(own, "daily", "weekly")
        assert len(listed_by_history(browser, "?limit=2")) == 2
        home = browser.get("/local/").text
        assert all(app["id"] in home for app in own.apps.values())


def test_masters_page_offers_an_analyst_to_kill_what_is_hers_and_nothing_else(alice, as_person, estate):
    running = {name: estate.people[name].apps["running"]["id"] for name in ("alice", "bob")}
    hers, all_of_it = (client.get("/local/proxy/master/").text for client in (alice, as_person("root", "platform")))
    assert ids_to_kill(hers) == {running["alice"]}
    assert ids_to_kill(all_of_it) == set(running.values())


def ids_to_kill(page):
    return {dict(fields)["id"] for _, action, fields in pages.parse_html(page).forms if action.endswith("kill/")}


def test_t68_history_page_of_somebody_without_applications_says_that_there_are_none(alice, as_person):
    """There are completed and incomplete ones: alice has both."""
    stranger = as_person("zoe", "analysts")
    for word, kind in (("true", "incomplete"), ("false", "completed")):
        path = f"/local/shs/?showIncomplete={word}"
        wait_for(lambda: "history-summary" in alice.get(path).text, f"{kind} applications of alice's", 60)
        page = stranger.get(path)
        assert page.status_code == 200 and f"No {kind} applications found!" in page.text
        assert "history-summary" not in page.text and "showIncomplete=" in page.text


def test_proxy_users_applications_are_that_users(as_person, estate):
    carol = as_person(estate.people["carol"].user, "analysts")
    own = estate.people["carol"]
    assert listed_by_master(carol) == ids_of(own, "daily")
    assert set(listed_by_history(carol)) == ids_of(own)
    for app in own.apps.values():
        page = carol.get(f"/local/shs/history/{app['id']}/environment/")
        assert page.status_code == 200 and own.user in page.text


def test_administrator_still_sees_everybodys(as_person, estate):
    admin = as_person("root", "platform")
    everything = set().union(*(ids_of(person) for person in estate.people.values()))
    assert set(listed_by_history(admin)) == everything
    assert listed_by_master(admin) == everything - ids_of(estate.people["carol"], "weekly")
    # so what an analyst's crawl looks for is there to be found
    seen = bytes_of(admin.get("/local/shs/api/v1/applications"))
    assert all(trace in seen for person in estate.people.values() for trace in person.traces())


def paths_of(estate, app):
    worker = estate.cluster.workers[0]["id"]
    own = ["", "/", "/jobs/", "/environment/", "/executors/", "/api/v1/applications", "/metrics/json", "/jobs/job/kill/?id=0"]
    paths = [f"/local/proxy/{app}{path}" for path in own]
    paths += [f"/local/apps/{app}", f"/local/shs/history/{app}/jobs/", f"/local/shs/history/{app}/environment/",
              f"/local/shs/api/v1/applications/{app}", f"/local/shs/api/v1/applications/{app}/logs",
              f"/local/shs/api/v1/applications/{app}/environment", f"/local/proxy/master/app/?appId={app}"]
    for log in ("logPage", "log"):
        paths.append(f"/local/proxy/{worker}/{log}/?appId={app}&executorId=0&logType=stdout")
    return paths


def without_id(answer, app):
    """What does not differ between any two answers, whatever was asked for."""
    seen = re.sub(rb"\n(date|x-request-id): [^\n]*", b"", b"\n" + bytes_of(answer))
    seen = re.sub(rb"[0-9a-f]{16,32}|<time.*?</time>|content-length: \d+", b"", seen)
    return answer.status_code, seen.replace(app.encode(), b"")


def test_s74_what_is_others_answers_as_what_is_not_there(alice, estate):
    for name in ("bob", "carol"):
        person = estate.people[name]
        for app in (app["id"] for app in person.apps.values()):
            nothing = UNKNOWN[app.partition("-")[0]]
            for there, absent in zip(paths_of(estate, app), paths_of(estate, nothing)):
                answer = alice.get(there)
                assert answer.status_code == 404, (there, answer.status_code)
                assert without_id(answer, app) == without_id(alice.get(absent), nothing), there
        answer = alice.get(f"/local/apps/{person.word}%20daily")
        assert answer.status_code == 404


def test_s74_search_for_others_finds_what_a_search_for_nothing_finds(alice, estate):
    for trace in estate.traces_of_others("alice"):
        word = trace.decode()
        nothing = "z" * len(word)
        found = [alice.get(f"{page}?q={query}").text.lower().replace(query, "")
                 for page in ("/", "/local/") for query in (word, nothing)]
        for text in found:
            assert not any(other in text.encode() for other in estate.traces_of_others("alice") if other != trace), word
        assert len(set(map(len, found[:2]))) == 1 and len(set(map(len, found[2:]))) == 1, word


def test_neighbours_log_on_the_same_worker_is_not_there(alice, estate):
    worker = estate.cluster.workers[0]["id"]

    def log(app, kind):
        return alice.get(f"/local/proxy/{worker}/{kind}/?appId={app}&executorId=0&logType=stderr&offset=0&byteLength=1000")

    for kind in ("log", "logPage"):
        mine, theirs = (log(estate.people[name].apps["running"]["id"], kind) for name in ("alice", "bob"))
        assert mine.status_code == 200 and "Executor Command" in mine.text
        assert theirs.status_code == 404 and "Executor Command" not in theirs.text


def test_reader_whom_an_application_names_sees_that_one(as_person, estate):
    dora, bob = as_person(READER, "readers"), estate.people["bob"]
    named = ids_of(bob, "running", "daily")
    wait_for(lambda: set(listed_by_history(dora)) == named, "lists of what runs and of what has ended", 120)
    assert listed_by_master(dora) == named
    assert dora.get(f"/local/proxy/{bob.apps['running']['id']}/environment/").status_code == 200
    assert dora.get(f"/local/shs/history/{bob.apps['weekly']['id']}/jobs/").status_code == 404
    assert not any(trace in bytes_of(dora.get("/local/shs/api/v1/applications")) for trace in estate.people["alice"].traces())
