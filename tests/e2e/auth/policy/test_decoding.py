"""Paths that a server behind decodes again (S42): Spark 3.5, whose master proxies to drivers and workers."""

import contextlib
import http.client
import itertools

import pytest
import requests

from conftest import NAVIGATION, await_everything, signed_in
from gateway import HOST, Gateway, cluster_entry
from spark_cluster import Cluster, wait_for
from test_rights import active_jobs, slow_job

BELOW = "/local/proxy/master/proxy"


@pytest.fixture(scope="module")
def spark():
    with Cluster("3.5", workers=1, conf={"spark.ui.reverseProxy": "true"}) as running:
        yield running.info()


@pytest.fixture(scope="module")
def gate(spark):
    with Gateway([cluster_entry(spark)], settings={"server": {"trusted_proxies": [f"{HOST}/32"]}}) as running:
        await_everything(running, spark)
        yield running


# --- spellings: each gives the same path to a server that decodes often enough

def escaped(text, depth=1, upper=False):
    """Every byte as %xx, `depth` times over."""
    digits = "%02X" if upper else "%02x"
    return "".join("%" + "25" * (depth - 1) + digits % ord(char) for char in text)


def one_letter(path, depth, upper=False):
    """The last letter of the last word that is there."""
    at = max(index for index, char in enumerate(path) if char.isalpha())
    return path[:at] + escaped(path[at], depth, upper) + path[at + 1:]


def first_letter(path, depth):
    return "/" + escaped(path[1], depth) + path[2:]


def words(path, depth):
    return "/".join(escaped(word, depth) for word in path.split("/"))


SPELLINGS = {
    "one letter, twice": lambda path: one_letter(path, 2),
    "one letter, three times": lambda path: one_letter(path, 3),
    "one letter, four times": lambda path: one_letter(path, 4),
    "one letter, five times": lambda path: one_letter(path, 5),
    "capital digits": lambda path: one_letter(path, 2, True),
    "the percent sign and the digits": lambda path: one_letter(path, 2).replace("%25", "%25%32%35", 1),
    "digits escaped": lambda path: path[:-2] + "%25" + escaped("%02x" % ord(path[-2])) + path[-1],
    "the first letter": lambda path: first_letter(path, 2),
    "every letter": lambda path: words(path, 2),
    "every letter, three times": lambda path: words(path, 3),
    "slashes, twice": lambda path: "/" + path.strip("/").replace("/", "%252f") + "/",
    "slashes, three times": lambda path: "/" + path.strip("/").replace("/", "%25252F") + "/",
    "a parameter": lambda path: one_letter(path.rstrip("/"), 2) + ";a=b/",
    "a hidden parameter": lambda path: path.rstrip("/") + "%253ba=b/",
    "a hidden query": lambda path: path + "%3f",
    "a way up": lambda path: "/x/%252e%252e" + path,
    "no slash at the end": lambda path: one_letter(path, 2).rstrip("/"),
    "both": lambda path: first_letter(one_letter(path, 3), 2),
    "once": lambda path: one_letter(path, 1),
    "as it is": lambda path: path,
}


def kills(spark, job):
    app = spark["apps"]["running"]["id"]
    for path, query in (("/jobs/job/kill/", f"?id={job}"), ("/stages/stage/kill/", "?id=0&terminate=true")):
        for name, spell in SPELLINGS.items():
            spelled = spell(path)
            yield name, f"{BELOW}/{app}{spelled}{query.replace('?', '', 1) if spelled.endswith('%3f') else query}"


def reads(spark):
    """What a token for the view alone does not open."""
    app, worker = spark["apps"]["running"]["id"], spark["workers"][0]["id"]
    paths = [(app, "/environment/", ""), (app, "/executors/threadDump/", "?executorId=driver"),
             (app, "/executors/heapHistogram/", "?executorId=driver"), (app, f"/api/v1/applications/{app}/environment", ""),
             (app, f"/api/v1/applications/{app}/executors/driver/threads", ""), (app, f"/api/v1/applications/{app}/logs", ""),
             (worker, "/logPage/", f"?appId={app}&executorId=0&logType=stdout"),
             (worker, "/log/", f"?appId={app}&executorId=0&logType=stdout")]
    for (id, path, query), (name, spell) in itertools.product(paths, SPELLINGS.items()):
        yield name, f"{BELOW}/{id}{spell(path)}{query}"


# `requests` would decode what need not be encoded
def send(gate, path, method="GET", **fields):
    with contextlib.closing(http.client.HTTPConnection(HOST, gate.port, timeout=30)) as conn:
        conn.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        answer = conn.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")


def bearer(gate, role, *more):
    return "Bearer " + gate.create_token(f"decoding-{role}", role, *more)["access_token"]


def test_this_master_decodes_again(spark):
    """Else nothing here would tell anything."""
    app = spark["apps"]["running"]["id"]
    answer = requests.Request("GET", f"{spark['master']}/proxy/{app}/").prepare()
    answer.url = f"{spark['master']}/proxy/{app}/environm%2565nt/"
    assert "Runtime Information" in requests.Session().send(answer, timeout=30).text


def test_s42_a_user_kills_nothing_by_any_spelling(spark, gate):
    user, job, tried = bearer(gate, "user"), slow_job(spark), 0
    for name, path in kills(spark, job):
        for method in ("GET", "HEAD", "POST"):
            status, _ = send(gate, path, method, Authorization=user)
            assert status in (400, 403), (name, method, path, status)
            tried += 1
    assert tried >= 40 and job in active_jobs(spark)


def test_s42_a_navigation_from_another_site_kills_nothing_with_an_administrators_session(spark, gate):
    session, job = signed_in(gate, "admin"), slow_job(spark)
    cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    for name, path in kills(spark, job):
        for site in ("cross-site", "same-site", "none"):
            status, _ = send(gate, path, Cookie=cookie, **{**NAVIGATION, "Sec-Fetch-Site": site})
            assert status in (400, 403), (name, path, status)
    assert job in active_jobs(spark)


def test_s42_a_token_for_the_view_reads_nothing_else_by_any_spelling(spark, gate):
    view = bearer(gate, "user", "--scope", "view")
    for name, path in reads(spark):
        status, text = send(gate, path, Authorization=view)
        assert status in (400, 403), (name, path, status, text[:200])


def test_s42_an_ingress_is_told_the_same(spark, gate):
    user, view, job = bearer(gate, "user"), bearer(gate, "user", "--scope", "view"), slow_job(spark)

    def asks(path, token):
        return [send(gate, "/_gate/auth/nginx", Authorization=token, X_Original_URL=gate.origin + path, X_Original_Method="GET")[0],
                send(gate, "/_gate/auth/traefik", Authorization=token, X_Forwarded_Method="GET", X_Forwarded_Proto="http",
                     X_Forwarded_Host=f"{HOST}:{gate.port}", X_Forwarded_Uri=path)[0],
                send(gate, f"/_gate/auth/envoy{path}", Authorization=token, X_Forwarded_Proto="http")[0]]
    assert asks(f"{BELOW}/{spark['apps']['running']['id']}/jobs/", view) == [200] * 3
    for outside in ("", "/outside"):  # a Spark that the ingress alone knows
        for token, paths in ((user, kills(spark, job)), (view, reads(spark))):
            for name, path in paths:
                assert set(asks(outside + path, token)) <= {400, 403}, (name, outside + path)


def test_s42_who_may_gets_there_and_names_that_hold_a_percent_sign_pass(spark, gate):
    user, app = bearer(gate, "user"), spark["apps"]["running"]["id"]
    for path in (f"/{app}/jobs/", f"/{app}/environment/", f"/{app}/environm%65nt/", f"/{app}/jobs/?a=%252f%25256bill&b=%2525"):
        assert send(gate, BELOW + path, Authorization=user)[0] == 200, path
    # read once it is a page that nobody knows (S91)
    twice = f"{BELOW}/{app}/environm%2565nt/"
    assert send(gate, twice, Authorization=user)[0] == 403
    assert send(gate, twice, Authorization=bearer(gate, "admin"))[0] == 200
    # nothing of these is there, and it is Spark that says so
    for path in ("/shs/history/50%25/jobs/", "/shs/history/etl%2520daily/jobs/", "/shs/api/v1/applications/a%252525b/jobs"):
        assert send(gate, "/local" + path, Authorization=user)[0] == 404, path


def test_s42_an_administrator_kills_by_any_spelling_that_the_master_takes(spark, gate):
    """The right decides, and the audit names the action."""
    job, app = slow_job(spark), spark["apps"]["running"]["id"]
    send(gate, f"{BELOW}/{app}/jobs/job/k%2569ll/?id={job}", Authorization=bearer(gate, "admin"))
    wait_for(lambda: job not in active_jobs(spark), "the job to be killed", 30)
    assert [line["action"] for line in gate.access_log() if "k%2569ll" in line["path"]][-1] == "kill"
