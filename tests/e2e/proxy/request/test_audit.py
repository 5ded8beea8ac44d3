"""The audit line says what was acted upon, whatever carried its name (S66)."""

import json

import pytest
import requests

from gateway import Gateway
from sink import Sink
from spark_cluster import wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SUBMISSION = {"action": "CreateSubmissionRequest", "appArgs": ["secret-argument"], "sparkProperties": {"spark.app.name": "nightly"}}


@pytest.fixture(scope="module")
def gate():
    with Sink() as sink, Gateway([{"name": "other", "uis": [{"name": "rest", "url": sink.url}]}]) as gateway:
        gateway.token = gateway.create_token("audited", "admin")["access_token"]
        gateway.await_mounts(["/other/ui/rest/"], gateway.token)
        yield gateway


def lines_of(gateway):
    """The audit lines of requests so far."""
    return [line for line in map(json.loads, (text for text in gateway.log_text().splitlines() if '"audit"' in text))
            if line.get("upstream")]


def audit_of(gateway, path, **request):
    """The audit line of this one request."""
    before = len(lines_of(gateway))
    headers = {"Authorization": f"Bearer {gateway.token}", **request.pop("headers", {})}
    requests.request(request.pop("method", "POST"), gateway.url + path, timeout=60, allow_redirects=False,
                     headers=headers, **request)
    wait_for(lambda: len(lines_of(gateway)) > before, "the audit line", 10)
    return lines_of(gateway)[before]


@pytest.mark.parametrize("path, request_, named", [
    ("/jobs/job/kill/", {"data": "id=3&terminate=true", "headers": FORM}, {"job_id": "3"}),
    ("/jobs/job/kill/?id=4", {"data": "", "headers": FORM}, {"job_id": "4"}),
    ("/stages/stage/kill/", {"data": iter([b"i%64=5"]), "headers": FORM}, {"stage_id": "5"}),
    ("/v1/submissions/kill/driver-7", {}, {"submission_id": "driver-7"}),
    ("/v1/submissions/create", {"json": SUBMISSION}, {"submission_id": "driver-9", "app_name": "nightly"})])
def test_s66_what_was_acted_upon_is_in_the_audit_line(gate, path, request_, named):
    line = audit_of(gate, "/other/ui/rest" + path, **request_)
    assert {key: line.get(key) for key in named} == named
    assert "secret-argument" not in json.dumps(line)


def test_s66_kills_dumps_and_downloads_of_real_spark_name_the_application(gateway, info):
    gateway.token = gateway.create_token("audited", "admin")["access_token"]
    app = info["apps"]["running"]["id"]
    name = info["apps"]["running"].get("name")
    kill = audit_of(gateway, "/local/proxy/master/app/kill/", data="id=app-0&terminate=true", headers=FORM)
    dump = audit_of(gateway, f"/local/proxy/{app}/executors/threadDump/?executorId=driver", method="GET")
    finished = info["apps"]["finished"]["id"]
    download = audit_of(gateway, f"/local/shs/api/v1/applications/{finished}/logs", method="GET")
    assert (kill["msg"], kill["app_id"]) == ("kill", "app-0")
    assert (dump["msg"], dump["app_id"], dump["executor_id"]) == ("dump", app, "driver")
    assert (download["msg"], download["app_id"]) == ("download", finished)
    assert dump["app_name"] and download["app_name"] and name in (None, dump["app_name"])
