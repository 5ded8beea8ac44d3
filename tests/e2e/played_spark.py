"""A standalone cluster that is a few threads: a master with its REST submission server, and a worker with drivers' logs.

For tests about what is lost and what runs twice, where the REST server must be slow, silent or gone at the right moment.
"""

import json
import threading
import time
import urllib.parse

from fake_spark import Site

WORKER = "worker-20260101000000-127.0.0.1-1"


class Worker(Site):
    def __init__(self, spark):
        self.spark = spark
        super().__init__()

    def answer(self, request):
        query = dict(urllib.parse.parse_qsl(request.parts.query))
        if request.parts.path == "/json/":
            return 200, "application/json", json.dumps({"id": WORKER, "masterurl": "spark://played:7077", "masterwebuiurl": self.spark.url, "cores": 1, "coresused": 0,
                                                        "memory": 1, "memoryused": 0, "executors": [], "finishedexecutors": []}), []
        driver = self.spark.drivers.get(query.get("driverId"))
        if request.parts.path == "/log/" and driver:
            text = driver["log"]
            start, size = int(query.get("offset", 0)), int(query.get("byteLength", 65536))
            end = min(start + size, len(text))
            return 200, "text/plain", f"==== Bytes {start}-{end} of {len(text)} of /srv/spark/stderr ====\n{text[start:end]}", []
        return 404, "text/plain", "no", []


class PlayedSpark(Site):
    """The master and, on the same port, its REST server. `mood(n)` says what becomes of the n-th submission: "answer",
    "lose" (it runs, the answer is lost), "drop" (nothing runs, no answer)."""

    def __init__(self, mood=lambda n: "answer", delay=0.0):
        self.lock, self.drivers, self.creations, self.mood, self.delay = threading.Lock(), {}, 0, mood, delay
        self.worker = Worker(self)
        super().__init__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.worker.stop()

    def entry(self, **launch):
        return {"name": "local", "masters": [self.url], "poll": "500ms", "launch": {"rest": self.url, **launch}}

    # -- what a driver is -----------------------------------------------------------------------------------------

    def create(self, wish):
        with self.lock:
            self.creations += 1
            number, mood = self.creations, self.mood(self.creations)
            driver = f"driver-20260101000000-{number:04d}"
            if mood != "drop":
                properties = wish["sparkProperties"]
                command = " ".join(f'"-D{key}={value}"' for key, value in properties.items())
                self.drivers[driver] = {"id": driver, "launch": properties["spark.sparkgate.launch"], "user": wish["environmentVariables"]["SPARK_USER"],
                                        "class": wish["mainClass"], "state": "RUNNING", "at": int(time.time() * 1000),
                                        "log": f'Launch Command: "java" {command} "{wish["mainClass"]}"\n====\n', "wish": wish}
        time.sleep(self.delay)
        return driver, mood

    def end(self, driver, state="FINISHED"):
        with self.lock:
            self.drivers[driver]["state"] = state

    def running(self):
        with self.lock:
            return [dict(driver) for driver in self.drivers.values() if driver["state"] == "RUNNING"]

    # -- what it answers ------------------------------------------------------------------------------------------

    def answer(self, request):
        path = request.parts.path
        if path == "/json/":
            return 200, "text/json;charset=utf-8", json.dumps(self.state()), []
        if path.startswith("/v1/submissions/"):
            return self.rest(request, path.split("/")[3:])
        return 200, "text/html;charset=utf-8", '<html><body><span class="version">4.3.0</span></body></html>', []

    def rest(self, request, words):
        said = {"serverSparkVersion": "4.3.0", "success": True}
        if words[0] == "create":
            driver, mood = self.create(json.loads(request.body))
            if mood != "answer":
                request.connection.close()
                raise ConnectionError("the answer is lost")
            said.update(action="CreateSubmissionResponse", submissionId=driver, message="submitted")
        elif words[0] == "status":
            driver = self.drivers.get(words[1])
            said.update(action="SubmissionStatusResponse", submissionId=words[1], success=driver is not None)
            if driver:
                said.update(driverState=driver["state"], workerId=WORKER, workerHostPort="127.0.0.1:1")
        else:
            if words[1] in self.drivers and self.drivers[words[1]]["state"] == "RUNNING":
                self.end(words[1], "KILLED")
            said.update(action="KillSubmissionResponse", submissionId=words[1], message="killed")
        return 200, "application/json", json.dumps(said), []

    def state(self):
        with self.lock:
            rows = [{"id": d["id"], "starttime": str(d["at"]), "state": d["state"], "cores": 1, "memory": 512, "submitdate": "", "worker": WORKER, "mainclass": d["class"]}
                    for d in self.drivers.values()]
        worker = {"id": WORKER, "host": "127.0.0.1", "port": 1, "webuiaddress": self.worker.url, "cores": 1, "coresused": 0, "coresfree": 1, "memory": 1024, "memoryused": 0,
                  "memoryfree": 1024, "state": "ALIVE", "lastheartbeat": int(time.time() * 1000)}
        return {"url": "spark://played:7077", "status": "ALIVE", "workers": [worker], "aliveworkers": 1, "cores": 4, "coresused": 1, "memory": 1024, "memoryused": 512,
                "activeapps": [], "completedapps": [], "activedrivers": [row for row in rows if row["state"] == "RUNNING"],
                "completeddrivers": [row for row in rows if row["state"] != "RUNNING"]}
