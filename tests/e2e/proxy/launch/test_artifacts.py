"""Artifacts in a real object storage: whose they are, what they are called, how many there may be, and what happens when something breaks."""

import hashlib
import http.client
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import time
import urllib.parse

import pytest
import requests

from gateway import Gateway
from launch_world import Person, await_people, people_settings
from mock_provider import MockProvider
from s3_server import S3Server
from spark_cluster import HOST, free_port, wait_for
from token_client import Api, problem

ARTIFACTS = "/api/v1/artifacts"
MIB = 1 << 20


def cluster(storage, name="prod", **artifacts):
    """Nobody launches here: neither master nor REST server is there."""
    address = f"http://{HOST}:9"
    profiles = [{"name": "small", "roles": ["everyone"], "shared": ["team", "drop"], "shared_write": ["drop"]},
                {"name": "ours", "roles": ["keepers"], "shared": ["secret"]}]
    return {"name": name, "masters": [address],
            "launch": {"rest": address, "artifacts": {**storage.conf(), **artifacts}, "profiles": profiles}}


@pytest.fixture(scope="module")
def s3():
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def provider():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(s3, provider, tmp_path_factory):
    storage = cluster(s3, max="64MiB", quota="100MiB", files=20)
    with Gateway([storage], "/gate", people_settings(provider), folder=tmp_path_factory.mktemp("gate")) as gateway:
        yield gateway


@pytest.fixture
def ann(gate, request):
    return Api(gate, "user", f"ann-{request.node.name[:60]}")


@pytest.fixture
def bob(gate, request):
    return Api(gate, "user", f"bob-{request.node.name[:60]}")


def put(api, name, content, **options):
    return api.put(f"{ARTIFACTS}/{name}", data=content, timeout=60, **options)


def names(api, **query):
    answer = api.get(ARTIFACTS, params=query)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["artifacts"]]


def begin_put(api, name, length, *fields, at=None, method="PUT"):
    """A connection on which the head of a PUT (or of another method) is sent; `at`: a listener's address with its base path."""
    site = urllib.parse.urlsplit(at or api.gateway.admin_url)
    link = http.client.HTTPConnection(site.hostname, site.port, timeout=30)
    link.putrequest(method, f"{site.path}{ARTIFACTS}/{name}")
    for field in (("Authorization", f"Bearer {api.token}"), *([("Content-Length", length)] if method == "PUT" else []), *fields):
        link.putheader(*field)
    link.endheaders()
    return link


def test_a_file_is_there_as_it_was_sent(ann, s3):
    content = os.urandom(3 * MIB + 17)
    made = put(ann, "etl.py", content)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["sha256"] == hashlib.sha256(content).hexdigest() and told["size"] == len(content)
    assert told["name"] == "etl.py" and told["cluster"] == "prod"
    key = told["uri"].removeprefix("s3a://apps/")
    stored = s3.curl("-o", s3.folder / "got", f"{s3.url}/{urllib.parse.quote(key)}")
    assert stored.returncode == 0 and (s3.folder / "got").read_bytes() == content
    shown = ann.get(f"{ARTIFACTS}/etl.py").json()
    assert shown["size"] == len(content) and shown["uri"] == told["uri"] and shown["modified"].startswith("20")
    listed = ann.get(ARTIFACTS).json()
    assert [row["name"] for row in listed["artifacts"]] == ["etl.py"] and listed["used"] == len(content)
    assert listed["quota"] == 100 * MIB and listed["shared"] == ["team", "drop"]


def test_a_file_that_is_sent_again_is_replaced(ann):
    assert [put(ann, "a.jar", text).status_code for text in (b"one", b"second", b"")] == [201, 200, 200]
    assert ann.get(f"{ARTIFACTS}/a.jar").json()["size"] == 0
    assert names(ann) == ["a.jar"]


def test_ones_files_are_a_page_that_leads_to_the_form(gate, ann, bob):
    put(ann, "etl-1.py", b"print(1)")
    put(bob, "bobs.py", b"print(2)")
    with requests.Session() as visitor:
        visitor.trust_env = False
        origin = {"Origin": gate.admin_url.removesuffix("/gate"), "Accept": "text/html"}
        visitor.post(f"{gate.admin_url}/_gate/login", data={"token": ann.token}, headers=origin, allow_redirects=False, timeout=10)
        files = visitor.get(f"{gate.admin_url}/artifacts", headers=origin, timeout=30)
        assert files.status_code == 200 and ">etl-1.py<" in files.text and "bobs.py" not in files.text, files.text
        assert "/applications/new?artifact=etl-1.py" in files.text
        form = visitor.get(f"{gate.admin_url}/applications/new?artifact=etl-1.py", headers=origin, timeout=30).text
        assert 'value="etl-1.py"' in form and "/artifacts?cluster=prod" in form
        assert visitor.get(f"{gate.admin_url}/artifacts?shared=secret", headers=origin, timeout=30).status_code == 404


def test_a_deleted_file_is_not_there_any_more(ann):
    put(ann, "a.jar", b"x")
    assert ann.delete(f"{ARTIFACTS}/a.jar").status_code == 204
    problem(ann.delete(f"{ARTIFACTS}/a.jar"), 404)
    problem(ann.get(f"{ARTIFACTS}/a.jar"), 404)
    assert names(ann) == []


def test_s125_somebody_elses_artifact_answers_as_what_is_not_there(gate, ann, bob):
    put(ann, "mine.py", b"ann's")
    missing, there = bob.get(f"{ARTIFACTS}/never.py"), bob.get(f"{ARTIFACTS}/mine.py")
    assert problem(missing, 404) == problem(there, 404)
    problem(bob.delete(f"{ARTIFACTS}/mine.py"), 404)
    problem(Api(gate, "admin").get(f"{ARTIFACTS}/mine.py"), 404)
    assert names(bob) == []
    assert put(bob, "mine.py", b"bob's own").status_code == 201
    assert ann.get(f"{ARTIFACTS}/mine.py").json()["size"] == 5


def test_s125_shared_folders_are_read_and_changed_as_profiles_say(gate, provider, ann, bob, s3):
    s3.curl("-T", __file__, f"{s3.url}/shared/team/lib.jar")
    s3.curl("-T", __file__, f"{s3.url}/shared/secret/lib.jar")
    assert names(ann, shared="team") == ["shared/team/lib.jar"]
    assert ann.get(f"{ARTIFACTS}/shared/team/lib.jar").json()["uri"] == "s3a://apps/shared/team/lib.jar"
    assert "read this shared folder" in problem(put(ann, "shared/team/more.jar", b"x"), 403)
    problem(ann.delete(f"{ARTIFACTS}/shared/team/lib.jar"), 403)
    for answer in (put(ann, "shared/secret/x", b"x"), ann.get(f"{ARTIFACTS}/shared/secret/lib.jar"), ann.get(ARTIFACTS, params={"shared": "secret"}),
                   ann.delete(f"{ARTIFACTS}/shared/never/x"), ann.get(ARTIFACTS, params={"shared": "never"})):
        problem(answer, 404)
    assert put(ann, "shared/drop/x.py", b"from ann").status_code == 201
    assert bob.get(f"{ARTIFACTS}/shared/drop/x.py").json()["size"] == 8
    assert bob.delete(f"{ARTIFACTS}/shared/drop/x.py").status_code == 204
    keeper = Person(provider, gate.admin_url, "kim", "ops", "keepers")
    await_people(gate, keeper)
    listed = keeper.get("/artifacts?shared=secret").json()
    assert [row["name"] for row in listed["artifacts"]] == ["shared/secret/lib.jar"]


class Limited(Api):
    """With a token of its own options."""

    def __init__(self, gateway, user, *options):
        super().__init__(gateway)
        made = gateway.create_token("limited", "user", "--user", user, *options)
        self.token, self.id = made["access_token"], made["id"]
        self.headers["Authorization"] = f"Bearer {self.token}"


@pytest.mark.parametrize("scope, told", [("view", 403), ("cluster:prod", 403), ("launch cluster:other", 404)])
def test_s125_token_without_the_right_launch_has_no_artifacts(gate, s3, scope, told):
    user = f"narrow-{told}-{len(scope)}"
    whole, narrow = Api(gate, "user", user), Limited(gate, user, "--scope", scope)
    assert put(whole, "a.jar", b"x").status_code == 201
    before = s3.objects()
    for answer in (put(narrow, "b.jar", b"x"), put(narrow, "a.jar", b"x2"), narrow.get(ARTIFACTS), narrow.get(f"{ARTIFACTS}/a.jar"),
                   narrow.get(ARTIFACTS, params={"shared": "team"}), put(narrow, "shared/drop/b.jar", b"x"), narrow.delete(f"{ARTIFACTS}/a.jar")):
        assert told == 404 or "launch" in problem(answer, told)
        problem(answer, told)
    assert s3.objects() == before
    launches = Limited(gate, user, "--scope", "launch cluster:prod")
    assert names(launches) == ["a.jar"] and launches.delete(f"{ARTIFACTS}/a.jar").status_code == 204


@pytest.mark.parametrize("front", ["direct", "evhttp"])
def test_the_public_listener_takes_tokens_alone_and_does_the_same(s3, tmp_path, front):
    with Gateway([cluster(s3)], "/gate", {"server": {"front": front}}, folder=tmp_path) as gate:
        ann = Api(gate, "user", f"ann-{front}")
        content = os.urandom(3 * MIB + 5)
        made = requests.put(f"{gate.url}{ARTIFACTS}/a.jar", data=content, headers=ann.headers, timeout=60)
        assert made.status_code == 201 and made.json()["sha256"] == hashlib.sha256(content).hexdigest()
        assert ann.get(f"{ARTIFACTS}/a.jar").json()["size"] == len(content)
        assert [row["name"] for row in requests.get(gate.url + ARTIFACTS, headers=ann.headers, timeout=10).json()["artifacts"]] == ["a.jar"]
        problem(requests.get(gate.url + ARTIFACTS, timeout=10), 401)
        signed_in = requests.Session()
        page = signed_in.post(f"{gate.url}/_gate/login", data={"token": ann.token}, headers={"Origin": gate.origin}, allow_redirects=False, timeout=10)
        assert page.status_code == 303 and signed_in.cookies
        same = {"Sec-Fetch-Site": "same-origin", "Origin": gate.origin}
        problem(signed_in.put(f"{gate.url}{ARTIFACTS}/b.jar", data=b"x", headers=same, timeout=10), 401)
        problem(signed_in.get(gate.url + ARTIFACTS, headers=same, timeout=10), 401)
        assert requests.delete(f"{gate.url}{ARTIFACTS}/a.jar", headers=ann.headers, timeout=10).status_code == 204


@pytest.mark.parametrize("name", ["..", ".x", "a%2fb", "a%20b", "shared/team/.x", "shared/team", "shared/a/b/c", "a;b", "%c3%a4", "x" * 129])
def test_s126_other_names_are_refused(ann, s3, name):
    before = s3.objects()
    link = begin_put(ann, name, 1)
    assert link.getresponse().status in (400, 404)
    link.close()
    assert ann.get(f"{ARTIFACTS}/{name}").status_code in (400, 404)
    assert s3.objects() == before


def test_s127_a_full_quota_is_told_before_content_is_asked_for(ann):
    assert put(ann, "a", bytes(60 * MIB)).status_code == 201
    link = begin_put(ann, "b", 41 * MIB, ("Expect", "100-continue"))
    answer = link.getresponse()
    assert answer.status == 413 and "quota" in json.loads(answer.read())["detail"]
    link.close()
    assert put(ann, "a", bytes(64 * MIB)).status_code == 200  # it makes room for itself
    assert put(ann, "b", bytes(36 * MIB)).status_code == 201
    assert problem(put(ann, "c", b"x"), 413)
    assert ann.delete(f"{ARTIFACTS}/b").status_code == 204 and put(ann, "c", b"x").status_code == 201


def test_s127_uploads_at_once_get_no_more_than_the_quota(ann):
    links = []
    for number in range(4):
        links.append(begin_put(ann, f"f{number}", 40 * MIB, ("Expect", "100-continue")))
    taken = []
    for link in links:  # of what is let in the client is told to go on, and nothing else
        link.sock.settimeout(20)
        taken.append(b" 100 " in link.sock.recv(4096).split(b"\r\n")[0])
        link.close()
    assert taken.count(True) == 2
    wait_for(lambda: put(ann, "after", b"x").status_code == 201, "those that broke off are forgotten", 20)


def test_s127_there_are_no_more_files_than_may_be(ann):
    assert all(put(ann, f"f{number:02}", b"x").status_code == 201 for number in range(20))
    assert "20 artifacts" in problem(put(ann, "one-more", b"x"), 413)
    assert put(ann, "f07", b"yy").status_code == 200


def test_what_is_too_long_or_has_no_length_is_refused_before_its_content(ann):
    link = begin_put(ann, "big", 64 * MIB + 1, ("Expect", "100-continue"))
    assert link.getresponse().status == 413
    link.close()
    assert problem(ann.put(f"{ARTIFACTS}/chunks", data=iter([b"a", b"b"])), 411)


def test_s128_a_broken_upload_leaves_no_object(ann, s3):
    put(ann, "kept", b"first")
    folder = ann.get(f"{ARTIFACTS}/kept").json()["uri"].removeprefix("s3a://apps/").removesuffix("kept")
    for name in ("kept", "new"):
        link = begin_put(ann, name, 8 * MIB)
        link.send(bytes(5 * MIB))
        link.sock.shutdown(socket.SHUT_WR)
        link.close()
    wait_for(lambda: put(ann, "after", b"x").status_code in (200, 201), "the gateway", 20)
    wait_for(lambda: names(ann) == ["after", "kept"], "only what is whole", 20)
    assert {key: size for key, size in s3.objects().items() if key.startswith(folder)} == {f"{folder}after": 1, f"{folder}kept": 5}


@pytest.mark.parametrize("listener", ["admin", "public"])
@pytest.mark.parametrize("end", ["revoked", "expired", "good"])
def test_s37_upload_outlives_no_token_and_leaves_no_object(gate, s3, listener, end):
    user = f"late-{end}-{listener}"
    whole, sender = Api(gate, "user", user), Limited(gate, user, *(("--access-ttl", "3s") if end == "expired" else ()))
    kept = put(whole, "kept", b"first").json()["uri"].removeprefix("s3a://apps/")
    link = begin_put(sender, "kept", 2 * MIB, at=gate.url if listener == "public" else gate.admin_url)
    link.send(bytes(MIB))
    if end == "revoked":
        gate.command("token", "revoke", sender.id)
    began = time.monotonic()
    while end != "good" and not select.select([link.sock], [], [], 0.1)[0] and time.monotonic() - began < 20:
        link.send(b"x")  # it never ends, and never pauses
    took = time.monotonic() - began
    if end == "good":
        time.sleep(2.5)  # longer than what was known is good
        link.send(bytes(MIB))
    assert link.getresponse().status == {"revoked": 401, "expired": 401, "good": 200}[end]
    link.close()
    assert took < (3 + 5 if end == "expired" else 5)
    assert s3.objects()[kept] == (2 * MIB if end == "good" else 5)


def test_s165_what_an_upload_is_refused_for_is_in_the_audit(gate, ann, s3):
    put(ann, "shared/secret/x", b"x")
    put(ann, "shared/team/x", b"x")
    ann.delete(f"{ARTIFACTS}/never.py")
    put(ann, "most", bytes(60 * MIB))
    put(ann, "more", bytes(41 * MIB))
    ann.get(f"{ARTIFACTS}/never.py")  # who only looks changes nothing
    s3.stop()
    put(ann, "down", b"x")
    s3.start()
    lines = [json.loads(line) for line in gate.log_text().splitlines() if '"event":"audit"' in line and '"msg":"artifacts"' in line]
    told = [(line["artifact"].rsplit("/", 1)[1], line["reason"], line["user"]) for line in lines if "what_an_upload_is_refused" in json.dumps(line) and line["decision"] == "refuse"]
    assert [name for name, *_ in told] == ["x", "x", "never.py", "more", "down"], told
    for (_, reason, user), says in zip(told, ("no such artifact", "not change it", "no such artifact", "quota", "storage"), strict=True):
        assert says in reason and user, told


def test_uploads_and_deletions_are_in_the_audit(gate, ann):
    put(ann, "a.py", b"12345")
    ann.delete(f"{ARTIFACTS}/a.py")
    lines = [json.loads(line) for line in gate.log_text().splitlines() if '"event":"audit"' in line and "artifact" in line]
    mine = [(line["decision"], line["bytes"]) for line in lines if line["artifact"].endswith("/a.py") and "in_the_audit" in json.dumps(line)]
    assert mine == [("upload", 5), ("delete", 5)]
    assert "a-secret-key-of-the-tests" not in gate.log_text()


def test_strangers_are_refused_before_anything_is_asked(gate, s3):
    s3.stop()  # were it asked, the answer would be 503
    try:
        nobody = Api(gate)
        problem(nobody.put(f"{ARTIFACTS}/x", data=b"x"), 401)
        problem(nobody.get(ARTIFACTS), 401)
    finally:
        s3.start()


def test_storage_that_is_down_or_refuses_the_gateways_key_is_told_so(gate, ann, s3):
    s3.stop()
    down = put(ann, "x", b"x")
    assert problem(down, 503) and down.headers["Retry-After"]
    s3.start()
    assert put(ann, "x", b"x").status_code == 201
    s3.write_keys("AKIDOFTHETESTS", "another-secret")
    gate.reload()
    try:
        wait_for(lambda: put(ann, "y", b"y").status_code == 502, "the wrong key", 20)
        assert "refuses the gateway's own key" in problem(ann.get(ARTIFACTS), 502)
        line = [json.loads(line) for line in gate.log_text().splitlines() if "SignatureDoesNotMatch" in line][-1]
        assert line["access_key_file"] == str(s3.access_file) and line["level"] == "warn"
        assert "another-secret" not in gate.log_text()
    finally:
        s3.write_keys("AKIDOFTHETESTS", "a-secret-key-of-the-tests/+=")
        gate.reload()
    wait_for(lambda: put(ann, "y", b"y").status_code in (200, 201), "the right key", 20)


def test_the_cluster_is_said_where_several_have_storage(s3, tmp_path):
    address = f"http://{HOST}:{free_port()}"
    second = {**cluster(s3, "second"), "masters": [address]}
    second["launch"] = {**second["launch"], "rest": address, "artifacts": {**s3.conf(), "s3": f"{s3.url}/pre/fix", "spark_uri": "s3a://apps/pre/fix/"}}
    with Gateway([cluster(s3), second], "/gate", folder=tmp_path) as gate:
        ann = Api(gate, "user", "ann")
        assert "?cluster=" in problem(put(ann, "x", b"x"), 400)
        problem(put(ann, "x?cluster=third", b"x"), 404)
        made = put(ann, "x?cluster=second", b"x").json()
        assert made["uri"].startswith("s3a://apps/pre/fix/") and made["uri"].removeprefix("s3a://apps/") in s3.objects()
        assert names(ann, cluster="second") == ["x"] and names(ann, cluster="prod") == []


def test_s129_memory_stays_bounded_however_long_the_file_is(s3, tmp_path):
    with Gateway([cluster(s3)], "/gate", folder=tmp_path) as gate:
        ann = Api(gate, "user", "ann")
        put(ann, "warm", bytes(MIB))
        idle = gate.resident_kib()
        length = 256 * MIB
        with open("/dev/zero", "rb") as zeros:
            link = begin_put(ann, "long", length)
            for _ in range(length // MIB):
                link.send(zeros.read(MIB))
        assert link.getresponse().status == 201
        assert gate.peak_kib() - idle < 16 * 1024
        assert ann.delete(f"{ARTIFACTS}/long").status_code == 204


@pytest.mark.parametrize("role", [None, "user", "admin"])
def test_every_operation_does_what_the_description_says(s3, tmp_path, role):
    """In a part of the bucket that is empty: what shared folders are called nobody can make up."""
    with Gateway([cluster(s3, s3=f"{s3.url}/schema-{role}")], "/gate", folder=tmp_path) as gate:
        header = ["--header", f"Authorization: Bearer {Api(gate, role, 'schema').token}"] if role else []
        result = subprocess.run([str(pathlib.Path(sys.executable).with_name("st")), "run", f"{gate.admin_url}/api/v1/openapi.json", "--checks", "all",
                                 "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "20", "--seed", "20240229", "--generation-database",
                                 "none", "--continue-on-failure", "--request-timeout", "10", "--no-color", "--include-path-regex", "artifacts", *header],
                                cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert "Tested: 7" in result.stdout
