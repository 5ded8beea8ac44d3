"""What an application's rows said since it was made, and what its permalink says now."""

import json
import re
import threading
import time

import requests

from fake_spark import App
from person import Person
from spark_cluster import HOST, free_port, wait_for

GROUP, APPS = "sparkoperator.k8s.io", "spark"
KINDS = {"SparkApplication": "v1beta2", "ScheduledSparkApplication": "v1beta2", "SparkConnect": "v1alpha1"}
MERGE = "application/merge-patch+json"
BY_HAND = {"played-by": "hand"}  # kube_cluster.py
# Spark's client gives up after ten seconds, which a busy machine may take for its first handshake.
PATIENCE = {f"spark.kubernetes.{who}.{what}Timeout": "300000" for who in ("submission", "driver") for what in ("connection", "request")}
SECTIONS = {"running": {"Submitted", "Waiting", "Pending", "Running", "Retrying", "Resuming", "Restarting"},
            "idle": {"Suspended", "Scheduled"}, "finished": {"Finished", "Failed", "Killed", "Not started", "Deleted"}}
ROW_S, REASON_S, GONE_S = 1.0, 2.0, 1.0  # bars


def figure(what, seconds, bar):
    print(f"\nFIGURE {what}: {seconds:.2f} s (bar {bar} s)")
    assert seconds < bar, what


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def path_of(kind, name=""):
    return f"/apis/{GROUP}/{KINDS[kind]}/namespaces/{APPS}/{kind.lower()}s/{name}".rstrip("/")


def application(port, **more):
    """A SparkApplication's spec; its driver's pod is played by hand."""
    driver = {"cores": 1, "memory": "600m", "serviceAccount": "spark", "annotations": BY_HAND, **more.pop("driver", {})}
    conf = {"spark.ui.port": str(port), **PATIENCE, **more.pop("sparkConf", {})}
    spec = {"type": "Scala", "mode": "cluster", "sparkVersion": "4.3.0", "image": "spark", "mainClass": "X", "mainApplicationFile": "local:///opt/x.jar",
            "sparkConf": conf, "driver": driver, "executor": {"instances": 1, "cores": 1, "memory": "600m"},
            "restartPolicy": {"type": "Never"}, **more}
    return {key: value for key, value in spec.items() if value is not None}


def retrying(times):
    return {"type": "OnFailure", "onFailureRetries": times, "onFailureRetryInterval": 2, "onSubmissionFailureRetries": 0}


class Life:
    """`with Life(world, "etl") as life:` makes the resource and looks at the rows all the time, until the end of the block."""

    def __init__(self, world, name, kind="SparkApplication", spec=None, **more):
        self.world, self.kube, self.gate = world, world.kube, world.gate
        self.name, self.kind, self.port = name, kind, free_port()
        self.spec = spec or application(self.port, **more)
        self.uis, self.story, self.rows, self.wrong = [], [], [], []
        self.stopping = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.watcher.start()
        self.made = time.monotonic()
        self.kube.must("POST", path_of(self.kind), {"apiVersion": f"{GROUP}/{KINDS[self.kind]}", "kind": self.kind,
                                                    "metadata": {"name": self.name}, "spec": self.spec})
        return self

    def __exit__(self, failed, *_):
        time.sleep(0.3)  # what is said last
        self.stopping.set()
        self.watcher.join()
        self.stop_uis()
        print(f"\n{self.name}:")
        for at, states, rows in self.story:
            print(f"  {at:7.2f} s  {states or '-':20} {' | '.join(rows)}")
        assert failed or not self.wrong, self.wrong

    # --- what rows say ---

    def watch(self):
        with Person(self.gate, self.gate.token) as person:
            while not self.stopping.wait(0.03):
                try:
                    self.read(person.page("/k/").text)
                except requests.RequestException as error:
                    self.wrong.append(str(error))
                    return

    def read(self, page):
        mine = re.compile(rf"{re.escape(self.name)}(?![\w.-])")  # a row begins with its name
        states, rows = [], []
        for section, body in re.findall(r'<section [^>]*aria-labelledby="(\w+)">(.*?)</section>', page, re.S):
            for row in re.findall(r'<th scope="row".*?</tr>', body, re.S):
                if not mine.match(text_of(row)):
                    continue
                state = re.search(r'<span class="pill \w+">([^<]*)</span>', row).group(1)
                states.append(state)
                rows.append(text_of(row))
                if state not in SECTIONS.get(section, ()):
                    self.wrong.append(f"{state} is among {section}: {rows[-1]}")
        self.rows = rows
        said = [re.sub(r"\d+(\.\d+)?\s?(ms|s|m|min|h)\b|\d+ (seconds?|minutes?) ago|just now", "", row) for row in rows]
        if not self.story or self.story[-1][1] != "+".join(states) or self.last_said != said:
            self.last_said = said
            self.story.append((time.monotonic() - getattr(self, "made", time.monotonic()), "+".join(states), rows))

    def told(self):
        """The states that followed each other: `Submitted > Pending > Running`, with `+` between rows."""
        states = [states for _, states, _ in self.story if states]
        return " > ".join(state for at, state in enumerate(states) if at == 0 or state != states[at - 1])

    def until_row(self, *words, rows=1, timeout=120):
        """Seconds until there are so many rows and one of them has these words."""
        began = time.monotonic()
        def is_there():
            now = self.rows
            return len(now) == rows and any(all(word in row for word in words) for row in now)
        try:
            wait_for(is_there, f"{words} in a row", timeout, self.world.check)
        except Exception as error:
            raise AssertionError(f"{error}; rows: {self.rows}; told: {self.told()}") from error
        return time.monotonic() - began

    # --- other pages ---

    def get(self, name=None, leaf=""):
        return self.world.person.page(f"/k/apps/{name or self.name}{leaf}")

    def follow(self, ui):
        """Its driver's log, while it is written."""
        return self.world.person.get(f"{self.gate.url}/k/apps/{ui.id}/logs?follow=true", stream=True, timeout=60)

    def until_link(self, condition, what, name=None, timeout=60):
        began = time.monotonic()
        def holds():
            self.answer = self.get(name)
            return condition(self.answer)
        try:
            wait_for(holds, what, timeout, self.world.check)
        except Exception as error:
            raise AssertionError(f"{error}: {self.answer.status_code} {text_of(self.answer.text)}") from error
        return time.monotonic() - began

    def until_live(self, ui, name=None):
        return self.until_link(lambda answer: answer.headers.get("Location", "").endswith(f"/k/proxy/{ui.id}/"), f"the UI of {ui.id}", name)

    # --- resource and pod ---

    def status(self):
        return self.kube.must("GET", path_of(self.kind, self.name)).get("status", {})

    def patch(self, spec):
        self.kube.must("PATCH", path_of(self.kind, self.name), {"spec": spec}, content_type=MERGE)

    def delete(self):
        """Gives the moment before."""
        at = time.monotonic()
        self.kube.must("DELETE", path_of(self.kind, self.name))
        return at

    def until_state(self, *states, timeout=180):
        """What its operator says."""
        def state():
            return self.status().get("applicationState", {}).get("state")
        wait_for(lambda: state() in states, f"{states}", timeout, self.world.check)

    def until_pod(self, other_than=None, name=None, scheduled=True, timeout=180):
        """The driver's pod, which has its node."""
        label = f"sparkoperator.k8s.io/app-name={name or self.name},spark-role=driver"
        def found():
            pods = [one for one in self.kube.pods(APPS, label) if one["metadata"]["uid"] != other_than]
            return next((one for one in pods if not scheduled or one["spec"].get("nodeName")), None)
        return wait_for(found, "its driver's pod", timeout, self.world.check)

    def run(self, pod):
        """The driver runs, with a UI that answers for its application, in place of the one before; the UI."""
        self.stop_uis()
        app = pod["metadata"]["labels"]["spark-app-selector"]
        port = next(row["containerPort"] for row in pod["spec"]["containers"][0]["ports"] if row["name"] in ("spark-ui", "spark-driver-ui"))
        ui = App(app, self.name, port)
        self.uis.append(ui)
        self.kube.run_pod(APPS, pod["metadata"]["name"], HOST)
        return ui

    def end(self, pod, code, reason):
        """Gives the moment before it was told."""
        at = self.kube.end_pod(APPS, pod["metadata"]["name"], code, reason)
        self.stop_uis()
        return at

    def stop_uis(self):
        for ui in self.uis:
            ui.stop()
        self.uis.clear()

    def save(self, name):
        """The resource as its operator wrote it, for who makes fixtures of it."""
        self.world.saved.mkdir(exist_ok=True)
        value = self.kube.must("GET", path_of(self.kind, self.name))
        (self.world.saved / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")
