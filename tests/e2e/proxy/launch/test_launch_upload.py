"""The form of a new application with a file: uploaded to the object storage as it comes, or, on Kubernetes without one, sent with the launch.
The cluster is played; the storage is real."""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import re
import urllib.parse

import pytest
import requests

from admin_visitor import ID, Visitor, launch_in, problem_on
from browser import chromium
from conftest import ROOT
from gateway import Gateway
from kube_api import CONFIG_MAPS, CONNECTS, KUBEFLOW, SCHEDULES, APACHE, KubeApi
from launch_world import people_settings
from mock_provider import MockProvider
from operator_world import LaunchWorld
from played_spark import PlayedSpark
from s3_server import S3Server
from spark_cluster import wait_for

SCREENSHOTS = ROOT / "build" / "screenshots"
SMALL = {"name": "small", "roles": ["everyone"], "executors": 2, "running": 50, "may_set": ["spark.sql.*"], "shared": ["team"], "shared_write": ["team"]}
KEEPERS = {"name": "keepers", "roles": ["keepers"]}
ONE = {"name": "one", "roles": ["everyone"], "running": 1}
PROGRAM = b"print(1)\r\n--not-the-end\r\n" * 30000  # more than one piece
BOUNDARY = "----WebKitFormBoundaryOfTheTests"
UPLOAD = "/applications/upload"


def part(name, content, file=None):
    told = f'; filename="{file}"\r\nContent-Type: text/x-python' if file is not None else ""
    content = content if isinstance(content, bytes) else content.encode()
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'.encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Uploader(Visitor):
    def fields(self, **changes):
        key = self.field("/applications/new", "key")
        values = {"form": self.field("/applications/new", "form"), "key": key, "profile": "local/small", "name": "uploaded", **changes}
        return [part(name, value) for name, value in values.items() if value is not None]

    def post_form(self, content, headers=None, **options):
        return self.post(UPLOAD, data=content, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **(headers or {})}, **options)

    def upload(self, name="etl.py", content=PROGRAM, **changes):
        return self.post_form(form(*self.fields(**changes), part("file", content, name)))


@pytest.fixture(scope="module")
def spark():
    with PlayedSpark() as running:
        yield running


@pytest.fixture(scope="module")
def s3():
    with S3Server() as running:
        yield running


@pytest.fixture(scope="module")
def people():
    with MockProvider() as running:
        yield running


@pytest.fixture(scope="module")
def gate(spark, s3, people, tmp_path_factory):
    storage = {**s3.conf(), "max": "8MiB", "quota": "20MiB", "files": 20}
    entry = spark.entry(allow=["s3a://apps/*"], profiles=[SMALL, KEEPERS, ONE], artifacts=storage)
    with Gateway([entry], "/gate", people_settings(people), folder=tmp_path_factory.mktemp("gate")) as gateway:
        yield gateway


@pytest.fixture
def visitor(gate, people, request):
    """Somebody of this test alone, with a folder of their own; `visitor.folder` is its name in the bucket."""
    name = re.sub(r"[^a-z0-9_]", "", request.node.name)[:40]

    def enter():
        try:
            found = Uploader(gate, people.access_token(f"sub-{name}", roles=["ops"], preferred_username=name))
            found.folder = f"{name}/"
            return found
        except AssertionError:
            return None  # the issuer's keys are not there yet
    return wait_for(enter, "a session", 30)


def objects_of(s3, visitor):
    return {key.removeprefix(visitor.folder): size for key, size in s3.objects().items() if key.startswith(visitor.folder)}


def driver_of(spark, launch):
    return wait_for(lambda: next((driver for driver in list(spark.drivers.values()) if driver["launch"] == launch), None), "the driver", 30)


def audit_lines(gate, **members):
    lines = [json.loads(line) for line in gate.log_text().splitlines() if '"event":"audit"' in line]
    return [line for line in lines if all(line.get(key) == value for key, value in members.items())]


def test_a_file_is_stored_as_it_comes_and_launched(gate, spark, s3, visitor):
    assert f'enctype="multipart/form-data" action="{UPLOAD}"' in visitor.get("/applications/new").text
    launch = launch_in(visitor.upload(arguments="--day\r\n1\r\n"))
    stored = s3.root / "apps" / visitor.folder / "etl.py"
    assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(PROGRAM).digest()
    sent = driver_of(spark, launch)["wish"]
    assert sent["appArgs"][-2:] == ["--day", "1"] and f"s3a://apps/{visitor.folder}etl.py" in json.dumps(sent)
    uploads = audit_lines(gate, artifact=f"{visitor.folder}etl.py")
    assert [line["decision"] for line in uploads] == ["upload"] and uploads[0]["bytes"] == len(PROGRAM)


@pytest.mark.parametrize("content", [b"x", b"\r\n", PROGRAM[:65536], PROGRAM * 9], ids=["byte", "line end", "piece", "MiBs"])
def test_files_of_any_length_and_end_arrive_whole(s3, visitor, content):
    launch_in(visitor.upload(content=content))
    assert (s3.root / "apps" / visitor.folder / "etl.py").read_bytes() == content


def test_a_form_without_a_chosen_file_launches_what_it_names(spark, s3, visitor):
    wish = {"resource": "s3a://apps/etl.py"}
    launch = launch_in(visitor.post_form(form(*visitor.fields(**wish), part("file", b"", ""))))
    assert "s3a://apps/etl.py" in json.dumps(driver_of(spark, launch)["wish"])
    launch_in(visitor.post_form(form(*visitor.fields(**wish))))
    assert objects_of(s3, visitor) == {}


def test_s125_a_launch_runs_a_file_of_a_shared_folder_as_its_profile_allows_and_nobodys_own(gate, people, spark, s3, visitor):
    origin = gate.admin_url.removesuffix("/gate")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    put = requests.put(f"{origin}/api/v1/artifacts/shared/team/ours.py", data=PROGRAM, headers={"Cookie": cookies, "Origin": origin}, timeout=30)
    assert put.status_code in (200, 201), put.text
    launch_in(visitor.upload("mine.py"))
    other = Uploader(gate, people.access_token("sub-mate", roles=["ops"], preferred_username="mate"))
    launch = launch_in(other.post_form(form(*other.fields(artifact="shared/team/ours.py"))))
    assert "s3a://apps/shared/team/ours.py" in json.dumps(driver_of(spark, launch)["wish"])
    for artifact, profile, why in (("shared/team/ours.py", "local/one", "no such shared folder"), ("shared/secret/x.py", "local/small", "no such shared folder"),
                                   (f"{visitor.folder}mine.py", "local/small", "artifact"), (f"../{visitor.folder}mine.py", "local/small", "artifact")):
        answer = other.post_form(form(*other.fields(artifact=artifact, profile=profile)))
        assert answer.status_code == 400 and why in problem_on(answer), (artifact, problem_on(answer))
    launch = launch_in(other.post_form(form(*other.fields(artifact="mine.py"))))  # a name is one's own, and not somebody else's
    assert "s3a://apps/mate/mine.py" in json.dumps(driver_of(spark, launch)["wish"])


def test_s164_a_resource_is_nobody_elses_artifact_though_a_pattern_fits_it(gate, people, spark, s3, visitor):
    launch_in(visitor.upload("mine.py"))
    theirs = f"s3a://apps/{visitor.folder}mine.py"
    other = Uploader(gate, people.access_token("sub-near", roles=["ops"], preferred_username="near"))
    before = len(spark.drivers)
    for resource in (theirs, f"s3a://apps/{visitor.folder}never.py", "s3a://apps/shared/secret/x.py"):
        answer = other.post_form(form(*other.fields(resource=resource)))
        assert answer.status_code == 400 and "launch.allow" in problem_on(answer), problem_on(answer)
    assert len(spark.drivers) == before
    refusals = audit_lines(gate, user="sub-near", decision="refuse")
    assert len(refusals) == 3 and all("launch.allow" in line["reason"] for line in refusals)
    launch = launch_in(visitor.post_form(form(*visitor.fields(resource=theirs))))
    assert theirs in json.dumps(driver_of(spark, launch)["wish"])


def test_a_form_that_is_sent_twice_launches_once(s3, visitor):
    content = form(*visitor.fields(), part("file", PROGRAM, "etl.py"))
    assert launch_in(visitor.post_form(content)) == launch_in(visitor.post_form(content))


@pytest.mark.parametrize("changes, why", [
    ({"profile": "local/keepers"}, "profile"), ({"profile": "other/small"}, "cluster"), ({"profile": ""}, "profile: choose one"),
    ({"executors": "3"}, "executors"), ({"conf": "spark.jars=x"}, "spark.jars"), ({"conf": "no sign"}, "name=value"),
    ({"main_class": "org.Main"}, "main_class"), ({"artifact": "other.py"}, "not both"), ({"resource": "s3a://apps/x.py"}, "not both"),
    ({"file": "etl.sh"}, ".jar or .py"), ({"file": "../etl.py"}, "Rename"), ({"file": "e t l.py"}, "Rename"), ({"content": b""}, "empty")])
def test_s173_what_the_profile_does_not_allow_is_refused_before_anything_is_stored(spark, s3, visitor, changes, why):
    made, changes = spark.creations, dict(changes)
    answer = visitor.upload(changes.pop("file", "etl.py"), changes.pop("content", PROGRAM), **{"arguments": "--typed\r\n", **changes})
    assert answer.status_code == 400 and why in problem_on(answer), problem_on(answer)
    assert "--typed" in answer.text
    assert objects_of(s3, visitor) == {} and spark.creations == made


def test_s173_a_refusal_of_the_profile_is_in_the_audit(gate, visitor):
    visitor.upload(conf="spark.jars=x")
    assert any("spark.jars" in line["reason"] for line in audit_lines(gate, decision="refuse", user=f"sub-{visitor.folder.rstrip('/')}"))


def test_s173_forms_of_another_page_or_session_are_refused_before_their_file_is_read(gate, people, spark, s3, visitor):
    made = spark.creations
    content = form(*visitor.fields(), part("file", PROGRAM, "etl.py"))
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": gate.url.removesuffix("/gate")}, {"Sec-Fetch-Site": "cross-site"}):
        assert visitor.post_form(content, headers).status_code == 403, headers
    other = Uploader(gate, people.access_token("sub-other", roles=["ops"], preferred_username="other"))
    theirs = form(*other.fields(), part("file", PROGRAM, "etl.py"))
    assert visitor.post_form(theirs).status_code == 403
    assert visitor.upload(form=None).status_code == 403
    late = form(*visitor.fields(form=None), part("file", PROGRAM, "etl.py"), part("form", visitor.field("/applications/new", "form")))
    assert visitor.post_form(late).status_code == 403
    assert objects_of(s3, visitor) == {} and spark.creations == made


@pytest.mark.parametrize("break_it, why", [
    (lambda parts, file: form(*parts, file, part("executors", "1")), "last part"),
    (lambda parts, file: form(*parts, file, file), "last part"),
    (lambda parts, file: form(*parts, file)[:-2], "as forms of browsers do"),
    (lambda parts, file: form(*parts, file) + b"more", "Nothing may follow"),
    (lambda parts, file: b"".join([*parts, file]), "as forms of browsers do|in the middle"),
    (lambda parts, file: b"preamble\r\n" + form(*parts, file), "does not begin with a part"),
    (lambda parts, file: form(part("image", "evil"), *parts, file), "should not have"),
    (lambda parts, file: form(*parts, parts[0], file), "given twice"),
    (lambda parts, file: form(part("arguments", "x" * 40000), *parts, file), "too long"),
    (lambda parts, file: form(*parts, file.replace(b"; filename", b"; filename*=UTF-8''a; filename")), "odd head"),
], ids=["field behind", "two files", "no line end", "epilogue", "no end", "preamble", "unknown", "twice", "long", "head"])
def test_s174_a_form_that_is_not_as_browsers_write_it_leaves_no_file(spark, s3, visitor, break_it, why):
    made = spark.creations
    answer = visitor.post_form(break_it(visitor.fields(), part("file", PROGRAM, "etl.py")))
    assert answer.status_code == 400 and re.search(why, answer.text), answer.text
    assert objects_of(s3, visitor) == {} and spark.creations == made


def test_s173_a_file_that_is_too_long_for_the_storage_or_the_quota_is_refused(s3, visitor):
    assert visitor.upload(content=b"x" * (8 * 1024 * 1024 + 1)).status_code == 413
    for name in ("a.py", "b.py"):
        launch_in(visitor.upload(name, b"x" * 8 * 1024 * 1024))
    answer = visitor.upload("c.py", b"x" * 5 * 1024 * 1024)
    assert answer.status_code == 413 and "its quota is" in answer.text
    assert sorted(objects_of(s3, visitor)) == ["a.py", "b.py"]


def test_a_file_whose_launch_has_no_room_stays_and_is_named_in_the_form(s3, visitor):
    launch_in(visitor.upload("first.py", profile="local/one"))
    answer = visitor.upload("second.py", profile="local/one")
    assert answer.status_code == 400 and "run at a time" in problem_on(answer)
    assert 'id="artifact" name="artifact"' in answer.text and 'value="second.py"' in answer.text
    assert sorted(objects_of(s3, visitor)) == ["first.py", "second.py"]


def raw_request(gate, visitor, content_length, headers=None):
    """A connection that has sent the head of an upload."""
    at = urllib.parse.urlsplit(gate.admin_url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    connection.putrequest("POST", f"{at.path}{UPLOAD}")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    for name, value in {"Origin": f"{at.scheme}://{at.netloc}", "Cookie": cookies, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                        **({"Content-Length": str(content_length)} if content_length is not None else {"Transfer-Encoding": "chunked"}),
                        **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def test_s173_heads_that_say_no_length_or_too_much_or_another_type_are_refused_at_once(gate, visitor):
    for length, headers, status in ((None, {}, 411), (1 << 40, {}, 413), (100, {"Content-Type": "application/x-www-form-urlencoded"}, 400)):
        connection = raw_request(gate, visitor, length, headers)
        assert connection.getresponse().status == status, (length, headers)
        connection.close()


def test_s232_a_form_of_no_bytes_is_refused_and_the_gateway_goes_on(gate, visitor):
    assert raw_request(gate, visitor, 0).getresponse().status == 400
    assert raw_request(gate, visitor, 0).getresponse().status == 400


def test_s128_an_upload_that_breaks_off_leaves_no_file_and_no_launch(gate, spark, s3, visitor):
    made = spark.creations
    content = form(*visitor.fields(), part("file", PROGRAM * 4, "etl.py"))
    for end in (200, len(content) // 2, len(content) - 1):
        connection = raw_request(gate, visitor, len(content))
        connection.send(content[:end])
        connection.close()
    launch_in(visitor.upload("after.py"))
    assert list(objects_of(s3, visitor)) == ["after.py"] and spark.creations <= made + 1


def test_s37_an_upload_ends_with_its_session(gate, people, spark, s3, visitor):
    content = form(*visitor.fields(), part("file", PROGRAM * 4, "etl.py"))
    other = Uploader(gate, people.access_token("sub-out", roles=["ops"], preferred_username=visitor.folder.rstrip("/")))
    other.cookies.update(visitor.cookies)
    connection = raw_request(gate, visitor, len(content))
    connection.send(content[:len(content) // 2])
    assert other.submit("/_gate/logout", "/_gate/logout").status_code in (200, 303)
    assert connection.getresponse().status in (302, 401, 403)
    assert objects_of(s3, visitor) == {}


def test_many_upload_at_once_and_each_launch_has_its_own_file(spark, s3, visitor):
    fields = {number: form(*visitor.fields(), part("file", f"print({number})\n" * 20000, f"n{number}.py")) for number in range(4)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        launches = dict(zip(fields, pool.map(lambda content: launch_in(visitor.post_form(content)), fields.values())))
    for number, launch in launches.items():
        assert f"n{number}.py" in json.dumps(driver_of(spark, launch)["wish"])
        assert (s3.root / "apps" / visitor.folder / f"n{number}.py").read_text() == f"print({number})\n" * 20000


def test_a_person_picks_a_file_and_launches_it_in_a_browser(gate, people, spark, s3, playwright, tmp_path):
    program = tmp_path / "from_here.py"
    program.write_bytes(PROGRAM)
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(f"{gate.admin_url}/applications/new")
        page.fill("[name=token]", people.access_token("sub-eve", roles=["ops"], preferred_username="eve"))
        page.click("button:has-text('Sign in')")
        page.wait_for_url("**/applications/new")
        page.fill("#name", "from here")
        page.set_input_files("#file", program)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "launch-upload.png", full_page=True)
        page.fill("#conf", "spark.jars=x")
        page.click("button:has-text('Launch')")
        page.locator("[role=alert]:has-text('spark.jars')").wait_for()
        assert page.input_value("#name") == "from here"
        page.screenshot(path=SCREENSHOTS / "launch-upload-problem.png", full_page=True)
        page.fill("#conf", "")
        page.set_input_files("#file", program)
        page.click("button:has-text('Launch')")
        page.wait_for_url(re.compile(ID))
        launch = re.search(ID, page.url)[1]
        wait_for(lambda: page.reload() and page.locator(".pill.ok").count(), "it to run", 60)
        page.goto(f"{gate.admin_url}/applications/new")
        page.fill("#resource", "s3a://apps/etl.py")
        page.fill("#name", "no file")
        page.click("button:has-text('Launch')")
        page.wait_for_url(re.compile(ID))
    assert "s3a://apps/eve/from_here.py" in json.dumps(driver_of(spark, launch)["wish"])
    assert (s3.root / "apps/eve/from_here.py").read_bytes() == PROGRAM


# --- without a storage, on Kubernetes ---


@pytest.fixture
def world(tmp_path):
    with KubeApi() as api:
        api.serve(KUBEFLOW, APACHE, SCHEDULES, CONNECTS, CONFIG_MAPS)
        made = LaunchWorld(tmp_path, api, KUBEFLOW)
        yield made
        made.stop()


@pytest.fixture
def keeper(world):
    return Uploader(world.gateway, world.gateway.create_token("keeper", "admin")["access_token"])


def test_s171_a_small_file_of_the_form_travels_with_its_launch(world, keeper):
    content = b"print(1)\r\n" + bytes(range(256)) * 100
    launch = launch_in(keeper.upload(content=content, profile="k/small"))
    made = world.resource({"id": launch})
    (found,) = world.api.kinds[CONFIG_MAPS].values()
    assert base64.b64decode(found["binaryData"]["etl.py"]) == content
    assert "/opt/sparkgate/etl.py" in made["spec"]["mainApplicationFile"]


def test_s173_a_file_of_more_than_a_mib_does_not_travel(world, keeper):
    answer = keeper.upload(content=b"x" * (1024 * 1024 + 1), profile="k/small")
    assert answer.status_code == 400 and "1 MiB" in problem_on(answer)
    assert world.api.kinds[CONFIG_MAPS] == {}
    launch_in(keeper.upload(content=b"x" * 1024 * 1024, profile="k/small"))
