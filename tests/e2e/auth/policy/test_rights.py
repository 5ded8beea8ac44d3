"""A user looks, an administrator kills: over HTTP as both, and in Chromium on the pages of both versions."""

import re

import pytest
import requests

from browser import Notebook, chromium
from conftest import NAVIGATION, signed_in
from spark_cluster import wait_for


@pytest.fixture
def app(info):
    return info["apps"]["running"]["id"]


def active_jobs(info):
    ui, app = info["apps"]["running"]["ui"], info["apps"]["running"]["id"]
    answer = requests.get(f"{ui}/api/v1/applications/{app}/jobs?status=running", timeout=10)
    return [job["jobId"] for job in answer.json() if job.get("jobGroup") == "slow"]


def slow_job(info):
    """The job that sleeps until it is killed; the application starts another after it."""
    return wait_for(lambda: active_jobs(info), "the slow job")[0]


KILLS = ["/jobs/job/kill/?id={job}", "/jobs/job/kill?id={job}", "/stages/stage/kill/?id=0"]


@pytest.mark.parametrize("path", KILLS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT"])
def test_user_cannot_kill_by_any_method(info, app, user, path, method):
    """T42: up to 4.2 a GET is enough for Spark."""
    job = slow_job(info)
    answer = user.request(method, f"/local/proxy/{app}{path.format(job=job)}", headers=NAVIGATION)
    assert answer.status_code in (403, 405)
    assert job in active_jobs(info)


def test_refused_kill_explains_itself_to_a_person(info, app, gateway):
    answer = signed_in(gateway, "user").get(f"/local/proxy/{app}/jobs/job/kill/?id={slow_job(info)}", headers=NAVIGATION)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "admin" in answer.text
    assert "default-src" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["app/kill/", "driver/kill/"])
def test_user_cannot_kill_an_application_or_driver_on_the_master(info, user, path):
    """T43."""
    target = info["apps"]["running"]["id"] if path.startswith("app") else info["driver"]["id"]
    answer = user.post(f"/local/proxy/master/{path}", data={"id": target, "terminate": "true"})
    assert answer.status_code == 403
    state = requests.get(f"{info['master']}/json/", timeout=10).json()
    assert info["apps"]["running"]["id"] in [entry["id"] for entry in state["activeapps"]]
    assert info["driver"]["id"] in [entry["id"] for entry in state["activedrivers"]]


@pytest.mark.parametrize("path", ["/workers/kill/", "/workers/kill", "/workers/kill/?host=127.0.0.1"])
def test_decommissioning_is_denied_to_all(info, user, admin, path):
    """T44: the master trusts whoever is local to it, and the gateway may be."""
    for client in (user, admin):
        assert client.post(f"/local/proxy/master{path}", data={"host": "127.0.0.1"}).status_code == 403
    state = requests.get(f"{info['master']}/json/", timeout=10).json()
    assert state["aliveworkers"] == len(info["workers"])


def test_user_may_look_at_threads_environment_logs_and_downloads(info, app, user):
    finished = info["apps"]["finished"]["id"]
    for path in (f"/proxy/{app}/executors/threadDump/?executorId=driver", f"/proxy/{app}/environment/",
                 f"/proxy/{info['workers'][0]['id']}/", f"/shs/api/v1/applications/{finished}/logs"):
        assert user.get(f"/local{path}").status_code == 200, path


def test_impersonation_by_query_is_taken_away(info, app, user):
    """T45: what reaches Spark has no doAs; the rest of the query stays."""
    for query in ("doAs=root&a=1", "a=1&doAs=root", "a=1&DOAS=root", "a=1&do%41s=root"):
        location = user.get(f"/local/proxy/{app}/jobs?{query}").headers.get("Location", "")
        assert location.endswith("/jobs/?a=1"), (query, location)


def test_bearer_admin_kills_a_job_without_a_browser(info, app, admin):
    job = slow_job(info)
    page = admin.get(f"/local/proxy/{app}/jobs/").text
    token = re.search(r'name="csrfToken" value="([^"]+)"|value="([^"]+)" name="csrfToken"', page)
    if token:  # 4.3, and the last releases of 4.0 to 4.2
        fields = {"id": job, "csrfToken": next(filter(None, token.groups()))}
        answer = admin.post(f"/local/proxy/{app}/jobs/job/kill/", data=fields)
    else:
        answer = admin.get(f"/local/proxy/{app}/jobs/job/kill/?id={job}")
    assert answer.status_code in (302, 303)
    assert answer.headers["Location"].endswith(f"{admin.gateway.base}/local/proxy/{app}/jobs/")
    wait_for(lambda: job not in active_jobs(info), "the job to be killed", 30)


def sign_in_by_token(page, gateway, token):
    page.goto(f"{gateway.url}/", wait_until="networkidle")
    page.locator("[name=token]").fill(token)
    page.locator("form [type=submit], form button").first.click()
    page.wait_for_url(f"{gateway.url}/")


def test_admin_kills_a_job_by_the_page(info, app, gateway, playwright):
    """4.3: a form with a token in it; before: a link with a question."""
    job = slow_job(info)
    with chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gateway.origin)
        sign_in_by_token(page, gateway, gateway.create_token("killer", "admin")["access_token"])
        page.goto(f"{gateway.url}/local/proxy/{app}/jobs/", wait_until="networkidle")
        row = page.locator("#activeJob-table tbody tr", has=page.locator(f"a[href*='/jobs/job/?id={job}']"))
        notes.clear()
        row.locator(".kill-link").first.click()
        wait_for(lambda: job not in active_jobs(info), "the job to be killed", 30)
        page.wait_for_url("**/jobs/")
        assert notes.failed == []


def test_user_sees_nothing_on_a_page_that_kills(info, app, gateway, playwright):
    """T42, T43: links and forms are taken out, and nothing else of the page."""
    slow_job(info)
    with chromium(playwright) as context:
        page = context.new_page()
        notes = Notebook(page, gateway.origin)
        sign_in_by_token(page, gateway, gateway.create_token("looker", "user")["access_token"])
        for path, row in ((f"proxy/{app}/jobs/", "#activeJob-table tbody tr"), (f"proxy/{app}/stages/", "#activeStage-table tbody tr"),
                          ("proxy/master/", f"tr:has-text('{app}')")):
            notes.clear()
            page.goto(f"{gateway.url}/local/{path}", wait_until="networkidle")
            assert page.locator(row).count() >= 1, path
            assert page.locator(".kill-link").count() == 0, path
            assert "/kill/" not in page.content(), path
            assert notes.failed == [], path


def test_user_who_keeps_a_link_that_kills_sees_why_it_does_not(info, app, gateway, playwright):
    job = slow_job(info)
    with chromium(playwright) as context:
        page = context.new_page()
        Notebook(page, gateway.origin)
        sign_in_by_token(page, gateway, gateway.create_token("keeper", "user")["access_token"])
        answer = page.goto(f"{gateway.url}/local/proxy/{app}/jobs/job/kill/?id={job}")
        assert answer.status == 403
        assert "admin" in page.locator("body").inner_text()
    assert job in active_jobs(info)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_cannot_kill_with_an_administrators_session(info, app, gateway, site):
    """S: the session cookie alone is not enough; the request must come from a page of ours."""
    session = signed_in(gateway, "admin")
    job = slow_job(info)
    foreign = {**NAVIGATION, "Sec-Fetch-Site": site, "Origin": "http://evil.example"}
    for method in ("GET", "POST"):
        answer = session.request(method, f"/local/proxy/{app}/jobs/job/kill/?id={job}", headers=foreign)
        assert answer.status_code == 403
    assert job in active_jobs(info)
