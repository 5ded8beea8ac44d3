"""Captures real Spark pages as test fixtures: spark_capture.py CLUSTER.json FOLDER [--reverse-proxy].

CLUSTER.json is what spark_cluster.py --cluster-driver prints. Each capture is two files: NAME.head, the response head
as it came, and NAME.html|json|txt, the body. Addresses and folders of the machine are replaced by the ones in
ADDRESSES so that the fixtures are stable; Content-Length is corrected to match. tests/fixtures/spark/README.md says
what is what.
"""

import argparse
import http.client
import json
import pathlib
import re
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
CLUSTER_NAME = "local"
SUFFIXES = {"text/html": "html", "application/json": "json", "text/json": "json", "text/plain": "txt"}


def address_map(info):
    """Ephemeral address -> the one in the fixtures."""
    fixed = {info["spark_url"][len("spark://"):]: "127.0.0.1:7077"}
    def note(url, port):
        fixed[url[len("http://"):]] = f"127.0.0.1:{port}"
    note(info["master"], 8080)
    note(info["history"], 18080)
    for number, worker in enumerate(sorted(info["workers"], key=lambda w: w["id"])):
        note(worker["url"], 8081 + number)
    note(info["apps"]["running"]["ui"], 4040)
    if info["driver"]:
        note(info["driver"]["ui"], 4041)
    return fixed


class Recorder:
    def __init__(self, info, folder):
        self.folder = folder
        self.replacements = [(old.encode(), new.encode()) for old, new in address_map(info).items()]
        self.replacements += [(info["dir"].encode(), b"/srv/spark"), (info["home"].encode(), b"/opt/spark"),
                              (str(HERE).encode(), b"/srv/app"), (b"/tmp/", b"/srv/tmp/"),
                              (str(pathlib.Path.home()).encode() + b"/", b"/home/spark/")]
        self.rows = []

    def clean(self, data):
        for old, new in self.replacements:
            data = data.replace(old, new)
        return data

    def get(self, url, context=None):
        """(head, body) of one answer, redirects not followed, addresses as they are."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        headers = {"Accept-Encoding": "identity", **({"X-Forwarded-Context": context} if context else {})}
        connection.request("GET", url[len(f"http://{parts.netloc}"):], headers=headers)
        response = connection.getresponse()
        lines = [f"HTTP/1.1 {response.status} {response.reason}"] + [f"{k}: {v}" for k, v in response.getheaders()]
        body = response.read()
        connection.close()
        return lines, body

    def save(self, name, url, context=None):
        lines, body = self.get(url, context)
        text = self.clean(body)
        lines = [re.sub(r"(?i)^(content-length: ).*", rf"\g<1>{len(text)}", line) for line in lines]
        head = self.clean("\r\n".join(lines + ["", ""]).encode())
        kind = next((line[13:].split(";")[0].strip() for line in lines if line.lower().startswith("content-type:")), "")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.head").write_bytes(head)
        if text:
            (self.folder / f"{name}.{SUFFIXES.get(kind, 'txt')}").write_bytes(text)
        self.rows.append((name, self.clean(url.encode()).decode(), context or "-", lines[0][9:], len(text)))
        return body.decode("utf-8", "replace")


def find(pattern, text):
    match = re.search(pattern, text)
    if not match:
        raise SystemExit(f"no {pattern} in the page")
    return match.group(1)


def mount(info, upstream_id):
    return f"/{CLUSTER_NAME}/proxy/{upstream_id}"


def capture_master(rec, info):
    app, context = info["apps"]["running"]["id"], mount(info, "master")
    rec.save("master", f"{info['master']}/")
    rec.save("master.ctx", f"{info['master']}/", context)
    rec.save("master-app.ctx", f"{info['master']}/app/?appId={app}", context)
    rec.save("master-app-finished.ctx", f"{info['master']}/app/?appId={info['apps']['finished']['id']}", context)
    rec.save("master-json", f"{info['master']}/json/")
    rec.save("master-clusterutilization", f"{info['master']}/json/clusterutilization")
    rec.save("redirect-master-app", f"{info['master']}/app?appId={app}", context)
    rec.save("redirect-master-json", f"{info['master']}/json")
    if info["spark"] >= "4":
        rec.save("master-environment.ctx", f"{info['master']}/environment/", context)
        rec.save("master-log.ctx", f"{info['master']}/logPage/?self&logType=out", context)


def capture_worker(rec, info):
    worker = next(w for w in info["workers"] if w["id"] == info["driver"]["worker"])
    context, app = mount(info, worker["id"]), info["apps"]["running"]["id"]
    rec.save("worker", f"{worker['url']}/")
    page = rec.save("worker.ctx", f"{worker['url']}/", context)
    rec.save("worker-json", f"{worker['url']}/json/")
    executor = find(rf"logPage/?\?appId={app}&(?:amp;)?executorId=(\d+)", page)
    log = f"{worker['url']}/logPage/?appId={app}&executorId={executor}&logType=stderr"
    rec.save("worker-log", f"{log}&byteLength=4096")
    rec.save("worker-log.ctx", f"{log}&byteLength=4096", context)
    rec.save("worker-log-driver.ctx",
             f"{worker['url']}/logPage/?driverId={info['driver']['id']}&logType=stderr&byteLength=2048", context)
    rec.save("worker-log-text", f"{log.replace('logPage', 'log')}&byteLength=2048")
    rec.save("redirect-worker-log", f"{worker['url']}/log?appId={app}&executorId={executor}&logType=stderr", context)


def capture_driver(rec, info):
    app, ui = info["apps"]["running"], info["apps"]["running"]["ui"]
    context, api = mount(info, app["id"]), f"{ui}/api/v1/applications/{app['id']}"
    failed = json.loads(rec.get(f"{api}/jobs?status=failed")[1])[-1]
    done = json.loads(rec.get(f"{api}/stages?status=complete")[1])[-1]
    pages = {"jobs": "/jobs/", "job": f"/jobs/job/?id={failed['jobId']}", "stages": "/stages/",
             "stage": f"/stages/stage/?id={done['stageId']}&attempt=0", "storage": "/storage/",
             "environment": "/environment/", "executors": "/executors/",
             "sql": "/SQL/",
             "sql-execution": "/SQL/execution/?id=0", "streaming": "/StreamingQuery/"}
    if info["spark"] >= "4":  # a quarter of a megabyte, and the older one has nothing more in it
        pages["threaddump"] = "/executors/threadDump/?executorId=0"
    bodies = {name: rec.save(f"driver-{name}.ctx", ui + path, context) for name, path in pages.items()}
    run = find(r"StreamingQuery/statistics/?\?id=([0-9a-f-]+)", bodies["streaming"])
    rec.save("driver-streaming-query.ctx", f"{ui}/StreamingQuery/statistics/?id={run}", context)
    rec.save("driver-storage", f"{ui}/storage/")
    rec.save("driver-executors", f"{ui}/executors/")
    for name, path in {"allexecutors": "/allexecutors", "stage": f"/stages/{done['stageId']}?details=false",
                       "tasks": f"/stages/{done['stageId']}/0/taskList", "sql": "/sql?details=false"}.items():
        rec.save(f"driver-api-{name}", api + path)
    rec.save("driver-api-applications", f"{ui}/api/v1/applications")
    rec.save("redirect-driver-root", f"{ui}/", context)
    rec.save("redirect-driver-jobs", f"{ui}/jobs?a=1&b=2", context)
    rec.save("driver-error-404", f"{ui}/api/v1/applications/nosuch", context)


def capture_history(rec, info):
    app, ui, context = info["apps"]["finished"]["id"], info["history"], f"/{CLUSTER_NAME}/shs"
    rec.save("history", f"{ui}/")
    rec.save("history.ctx", f"{ui}/", context)
    rec.save("history-incomplete.ctx", f"{ui}/?showIncomplete=true", context)
    rec.get(f"{ui}/history/{app}/jobs/")  # loads the application; before that every path redirects
    for name in ("jobs", "stages", "storage", "executors", "SQL"):
        rec.save(f"history-app-{name.lower()}.ctx", f"{ui}/history/{app}/{name}/", context)
    rec.save("history-api-applications", f"{ui}/api/v1/applications")
    rec.save("history-api-allexecutors", f"{ui}/api/v1/applications/{app}/allexecutors")
    rec.save("redirect-history-app", f"{ui}/history/{app}", context)
    rec.save("redirect-history-app-slash", f"{ui}/history/{app}/", context)
    rec.save("redirect-history-root", f"{ui}/history/", context)


def capture_reverse_proxy(rec, info):
    app, worker = info["apps"]["running"], info["workers"][0]
    rec.save("master.ctx", f"{info['master']}/", mount(info, "master"))
    rec.save("worker.ctx", f"{worker['url']}/", mount(info, worker["id"]))
    rec.save("driver-jobs.ctx", f"{app['ui']}/jobs/", mount(info, app["id"]))
    rec.save("driver-executors.ctx", f"{app['ui']}/executors/", mount(info, app["id"]))
    rec.save("driver-api-allexecutors", f"{app['ui']}/api/v1/applications/{app['id']}/allexecutors")
    rec.save("redirect-driver-root", f"{app['ui']}/", mount(info, app["id"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cluster", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--reverse-proxy", action="store_true", help="the few pages that spark.ui.reverseProxy changes")
    args = parser.parse_args()
    info = json.loads(args.cluster.read_text())
    rec = Recorder(info, args.folder)
    steps = [capture_reverse_proxy] if args.reverse_proxy else [capture_master, capture_worker, capture_driver,
                                                                capture_history]
    for step in steps:
        step(rec, info)
    lines = [f"{name:32} {status:28} {size:7} {context:48} {url}\n" for name, url, context, status, size in rec.rows]
    (args.folder / "INDEX").write_text("".join(lines))


if __name__ == "__main__":
    main()
