"""What a page says is as Spark said it: the gateway mends links and nothing else."""

import io
import zipfile

import pytest
import requests
import zstandard


def log_query(info, user):
    """The range of a log that is written once: an executor's first 60,000 bytes."""
    app = info["apps"]["running"]["id"]
    for worker in info["workers"]:
        for executor in user.get(f"/local/proxy/{worker['id']}/json/").json()["executors"]:
            if executor["appid"] == app:
                return worker, f"?appId={app}&executorId={executor['id']}&logType=stderr&offset=0&byteLength=60000"
    raise AssertionError("no executor of the running application")


def test_log_text_is_the_same_byte_for_byte(info, user):
    """T35: it holds URLs of a UI and markup, and both stay."""
    worker, query = log_query(info, user)
    through = user.get(f"/local/proxy/{worker['id']}/log/{query}")
    direct = requests.get(f"{worker['url']}/log/{query}", timeout=30)
    assert b"http://127.0.0.1:8081/" in direct.content
    # the first line tells the length of the log, which grows
    assert through.content.split(b"\n", 1)[1] == direct.content.split(b"\n", 1)[1]


def test_log_page_shows_a_workers_own_url_as_text(info, user):
    worker, query = log_query(info, user)
    page = user.get(f"/local/proxy/{worker['id']}/logPage/{query}").text
    assert "http://127.0.0.1:8081/" in page
    assert '&lt;a href=' in page


def test_event_log_download_is_a_whole_zip(info, user):
    """T47: streamed, its name kept."""
    app = info["apps"]["finished"]["id"]
    answer = user.get(f"/local/shs/api/v1/applications/{app}/logs")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert any(app in name for name in archive.namelist())


def test_static_files_are_the_same_bytes(info, user):
    for path in ("/static/bootstrap.min.css", "/static/jquery-3.5.1.min.js", "/static/webui.css", "/static/utils.js"):
        through = user.get(f"/local/proxy/master{path}")
        direct = requests.get(info["master"] + path, timeout=30)
        assert (through.status_code, through.content) == (direct.status_code, direct.content), path


@pytest.mark.parametrize("accepted, coding", [("gzip", "gzip"), ("identity", None), ("br, gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd")])
def test_page_is_the_same_in_every_coding(info, user, accepted, coding):
    """T51: a mended page has the right length and coding."""
    app = info["apps"]["running"]["id"]
    answer = user.get(f"/local/proxy/{app}/environment/", headers={"Accept-Encoding": accepted})
    assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, coding)
    text = (zstandard.ZstdDecompressor().stream_reader(answer.content).read() if coding == "zstd" else answer.content).decode()
    assert text.rstrip().endswith("</html>")
    assert f"setUIRoot('{user.gateway.base}/local/proxy/{app}')" in text


def test_head_has_no_body_and_keeps_the_connection(info, user):
    url = f"/local/proxy/{info['apps']['running']['id']}/jobs/"
    for _ in range(3):
        answer = user.head(url)
        assert (answer.status_code, answer.content) == (200, b"")
    assert user.get(url).status_code == 200


def test_executor_log_links_in_json_lead_through_the_gateway(info, user):
    """T10."""
    app = info["apps"]["running"]["id"]
    executors = user.get(f"/local/proxy/{app}/api/v1/applications/{app}/allexecutors").json()
    links = [link for executor in executors for link in executor["executorLogs"].values()]
    assert len(links) >= 4
    for link in links:
        assert link.startswith((user.gateway.url + "/local/proxy/worker-", user.gateway.base + "/local/proxy/worker-"))
        path = link[link.index("/local/"):]
        assert user.get(path, follow=True).status_code == 200


def test_query_bytes_arrive_as_they_were_sent(info, user):
    """T56: nothing is decoded on the way. Jetty puts the query it got into the redirect."""
    app = info["apps"]["running"]["id"]
    query = "a=%2Fx%20y+z&b=%C3%A9&&c"
    location = user.get(f"/local/proxy/{app}/jobs?{query}").headers["Location"]
    assert location.endswith(f"{user.gateway.base}/local/proxy/{app}/jobs/?{query}")
