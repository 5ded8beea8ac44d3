"""A gateway that launches on Kubernetes: a played API server, and an operator that is played, too, as Spark makes pods of a resource."""

import pathlib

from fake_spark import App
from kube_api import APACHE, KUBEFLOW, STATUSES, pod, with_state
from kube_world import World
from token_client import Api

APPLICATIONS = "/api/v1/applications"
KINDS = {KUBEFLOW: "sparkoperator.k8s.io/v1beta2", APACHE: "spark.apache.org/v1"}
OWNER_LABELS = {KUBEFLOW: "sparkoperator.k8s.io/app-name", APACHE: "spark.operator/spark-app-name"}
SUBMITTED = {KUBEFLOW: "SUBMITTED", APACHE: "DriverRequested"}
RUNNING = {KUBEFLOW: "RUNNING", APACHE: "RunningHealthy"}
COMPLETED = {KUBEFLOW: "COMPLETED", APACHE: "Succeeded"}
FAILED = {KUBEFLOW: "FAILED", APACHE: "Failed"}
LABEL, ENV = "spark.kubernetes.driver.label.", "spark.kubernetes.driverEnv."


def launch_keys(kind, **more):
    small = {"name": "small", "roles": ["everyone"], "driver": {"cores": 1, "memory": "1g"}, "executor": {"cores": 2, "memory": "2g"},
             "executors": 3, "running": 50, "image": "spark:4.3.0", "may_set": ["spark.sql.*"],
             "conf": {"spark.kubernetes.driver.limit.cores": "1"}}
    return {"operator": {"kind": KINDS[kind], "namespace": "spark"}, "allow": ["local:///opt/*"], "profiles": [{**small, **more}]}


def with_prefix(conf, prefix):
    return {key[len(prefix):]: value for key, value in conf.items() if key.startswith(prefix)}


class LaunchWorld(World):
    """`api` serves the kinds already; `kind` is the one that is launched."""

    def __init__(self, folder, api, kind, profile=None, settings=None):
        self.kind = kind
        super().__init__(folder, api, started=False, settings=settings)
        logs = pathlib.Path(folder) / "logs"
        self.entry["kubernetes"] |= {"keep_logs": "1h", "logs_dir": str(logs)}
        self.entry["launch"] = launch_keys(kind, **(profile or {}))
        self.begin()
        self.admin = Api(self.gateway, "admin")
        self.until(lambda: api.watching() == 1 and api.watching(kind) == 1, "watches")

    def launch(self, api=None, status=201, **members):
        answer = (api or self.admin).post(APPLICATIONS, json={
            "cluster": "k", "profile": "small", "resource": "local:///opt/etl.py", "name": "ETL daily", **members})
        assert answer.status_code == status, answer.text
        return answer.json()

    def show(self, launch, api=None):
        return (api or self.admin).get(f"{APPLICATIONS}/{launch['id']}").json()

    def until_shown(self, launch, timeout=20, **members):
        """What is shown of it, once it is as these members say."""
        shown = {}

        def is_so():
            shown.clear()
            shown.update(self.show(launch))
            return all(value(shown[key]) if callable(value) else shown[key] == value for key, value in members.items())
        try:
            self.until(is_so, f"{members} of a launch", timeout)
        except AssertionError as error:
            raise AssertionError(f"{members}: {shown}\n{error}") from None
        return shown

    # --- the operator's part ---

    def resources(self):
        return [one for _, one in sorted(self.api.kinds[self.kind].items())]

    def resource(self, launch):
        """Its resource, once it is there."""
        def mine():
            return [one for one in self.resources() if one["metadata"]["labels"].get("sparkgate.io/launch") == launch["id"]]
        self.until(mine, "the resource")
        found, = mine()
        return found

    def say(self, resource, states, message="", app=None, **status):
        key = resource["metadata"]["namespace"], resource["metadata"]["name"]
        now = self.api.kinds[self.kind][key]
        return self.api.put({**now, "status": {**STATUSES[self.kind](states[self.kind], message, app), **status}})

    def driver_of(self, resource, app_id, phase="Running", **more):
        """The driver's pod that Spark makes of the resource, submitted by the operator's account, with its UI."""
        conf = resource["spec"]["sparkConf"]
        ui = App(app_id, resource["metadata"]["name"])
        self.apps.append(ui)
        labels = {**with_prefix(conf, LABEL), OWNER_LABELS[self.kind]: resource["metadata"]["name"]}
        made = pod(f"{resource['metadata']['name']}-driver", app_id, phase, port=ui.server.server_port, labels=labels, user="operator", **more)
        made["metadata"]["ownerReferences"] = [{"kind": "SparkApplication", "uid": resource["metadata"]["uid"]}]
        made["spec"]["containers"][1]["env"] += [{"name": key, "value": value} for key, value in with_prefix(conf, ENV).items()]
        return made

    def runs(self, launch, app_id="spark-00000000000000000000000000000001"):
        """The launch is running: its driver's pod is there."""
        resource = self.resource(launch)
        self.say(resource, SUBMITTED)
        driver = self.api.put(with_state(self.driver_of(resource, app_id), {"running": {}}))
        self.say(resource, RUNNING, app=app_id)
        self.until_shown(launch, state="running", application_id=app_id)
        return driver

    def log(self, launch, **query):
        return self.admin.get(f"{APPLICATIONS}/{launch['id']}/logs", params=query, timeout=20)

