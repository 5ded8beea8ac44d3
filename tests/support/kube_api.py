"""A Kubernetes API server that is one thread and knows pods, and kinds that it is told of: lists in pages, watches in chunks, forgets and misbehaves.

It does what a real one does (kube-apiserver 1.36 was looked at): a list's pages are of one moment and its `continue` expires with
410; a watch goes on from a resourceVersion, says 410 by its status or by an ERROR event when that is too old, sends bookmarks to
whoever asked for them, and DELETED for a pod whose labels do not match any more. Standard library only.

`with KubeApi() as api: api.put(pod("driver", "spark-1", port=4040)); api.delete("driver")`
`api.serve(KUBEFLOW, CONFIG_MAPS)`: clients may create and delete, too, with `("create", "configmaps") in api.forbidden` refused.
`api.serve(KUBEFLOW); api.put(resource(KUBEFLOW, "etl", state="RUNNING")); api.delete("etl", kind=KUBEFLOW)`
"""

import base64
import http.server
import json
import os
import pathlib
import re
import select
import socket
import threading
import time
import urllib.parse

HOST = "127.0.0.1"
FIELDS = [{"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {
    f"f:condition-{i}": {"f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}} for i in range(60)}}]


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def pod(name, app, phase="Running", ip=HOST, port=4040, namespace="spark", labels=None, started=None, user=None, **more):
    """A driver's pod as Spark makes it, submitted by `user`, with what a kubelet and others add to it: some 8 KB."""
    env = [{"name": f"VARIABLE_{i}", "value": "x" * 40} for i in range(30)]
    env += [{"name": "SPARK_USER", "value": user}] if user else []
    own = {"spark-role": "driver", "spark-app-selector": app, "spark-app-name": name, **(labels or {})}
    return {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now(),
                     "labels": {key: value for key, value in own.items() if value is not None}, "managedFields": FIELDS,
                     **more},
        "spec": {"containers": [
            {"name": "istio-proxy", "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]},
            {"name": "spark-kubernetes-driver", "image": "spark:4.0", "args": ["driver", "{\"[quoted]\\", "\u00e9"],
             "env": env,
             "ports": [{"name": "driver-rpc-port", "containerPort": 7078}, {"name": "spark-ui", "containerPort": port}]}]},
        "status": {"phase": phase, "startTime": started or now(), **({"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {})},
    }


PODS = "api/v1/pods"
KUBEFLOW = "apis/sparkoperator.k8s.io/v1beta2/sparkapplications"
APACHE = "apis/spark.apache.org/v1/sparkapplications"
APACHE_OLD = "apis/spark.apache.org/v1beta1/sparkapplications"
SERVICES = "api/v1/services"
CONFIG_MAPS = "api/v1/configmaps"
CLUSTERS = "apis/spark.apache.org/v1/sparkclusters"
SCHEDULES = "apis/sparkoperator.k8s.io/v1beta2/scheduledsparkapplications"
CONNECTS = "apis/sparkoperator.k8s.io/v1alpha1/sparkconnects"
STATUSES = {  # how an operator writes a state, a message and an application's id
    KUBEFLOW: lambda state, message, app: {"applicationState": {"state": state, "errorMessage": message},
                                           "sparkApplicationId": app or ""},
    APACHE: lambda state, message, _: {"currentState": {"currentStateSummary": state, "message": message,
                                                        "lastTransitionTime": now()}},
    SCHEDULES: lambda state, message, _: {"scheduleState": state, "reason": message},
    CONNECTS: lambda state, message, _: {"state": state},
}


STATUSES[APACHE_OLD] = STATUSES[APACHE]


def resource(kind, name, state=None, message="", app=None, namespace="spark", labels=None, spec=None, **status):
    """A resource as somebody made it; with a `state`, as its operator wrote that."""
    value = {"kind": kind.rpartition("/")[2], "apiVersion": kind[len("apis/"):].rpartition("/")[0],
             "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now(), "labels": labels or {}},
             "spec": spec or {}}
    if state is not None:
        value["status"] = {**STATUSES[kind](state, message, app), **status}
    return value


def spark_cluster(name, state="Submitted", namespace="spark"):
    """A SparkCluster as Apache's operator has it, with more in its status than anybody reads."""
    history = {str(i): {"currentStateSummary": "Submitted", "message": "x" * 200} for i in range(3)}
    return {"kind": "sparkclusters", "apiVersion": "spark.apache.org/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now(), "labels": {}},
            "spec": {"runtimeVersions": {"sparkVersion": "4.1.0"}, "sparkConf": {"spark.ui.reverseProxy": "true"}},
            "status": {"currentState": {"currentStateSummary": state, "message": ""}, "stateTransitionHistory": history}}


def master_pod(cluster, port, ip=HOST, namespace="spark", name=None, phase="Running"):
    """The pod of the operator's StatefulSet."""
    ports = [{"name": "web", "containerPort": port}, {"name": "spark", "containerPort": 7077}]
    return {"kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": name or f"{cluster}-master-0", "namespace": namespace, "creationTimestamp": now(),
                         "labels": {"spark-role": "master", "spark.operator/spark-cluster-name": cluster}},
            "spec": {"containers": [{"name": "master", "ports": ports}]},
            "status": {"phase": phase, "startTime": now(), **({"podIP": ip} if ip else {})}}


def service(name, port, ip=HOST, namespace="spark", port_name="spark-history"):
    return {"kind": "services", "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": now(), "labels": {}},
            "spec": {"clusterIP": ip, "ports": [{"name": port_name, "port": port, "targetPort": port}]}}


def kind_of(value):
    root = "apis" if "/" in value["apiVersion"] else "api"
    return PODS if value["kind"] == "Pod" else f"{root}/{value['apiVersion']}/{value['kind']}"


def read_path(words):
    """The kind that a path asks for, and the namespace, or None for all."""
    namespace = None
    if "namespaces" in words:
        at = words.index("namespaces")
        namespace, words = words[at + 1], words[:at] + words[at + 2:]
    return "/".join(words), namespace
def executor(name, app, driver, phase="Running", **more):
    """An executor's pod, which the driver's pod (as put() gave it) owns."""
    made = pod(name, app, phase, **more)
    made["metadata"]["labels"]["spark-role"] = "executor"
    made["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": driver["metadata"]["name"],
                                            "uid": driver["metadata"]["uid"], "controller": True}]
    made["spec"]["containers"] = [{"name": "spark-kubernetes-executor", "env": [{"name": "PASSWORD", "value": "hunter2"}]}]
    return with_state(made, {"running": {"startedAt": now()}}, "spark-kubernetes-executor")


def with_state(one, state, container="spark-kubernetes-driver"):
    """The pod with this state of a container, as a kubelet tells it."""
    status = {"name": container, "restartCount": 0, "state": state}
    others = [each for each in one["status"].get("containerStatuses", []) if each["name"] != container]
    return {**one, "status": {**one["status"], "containerStatuses": [*others, status]}}


def terminated(code, reason, message=None):
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now(),
                           **({"message": message} if message else {})}}


def event(about, reason, message, kind="Warning", at=None, count=1):
    """An event of the pod `about`, as put() gave it."""
    at = at or now()
    return {"metadata": {"name": f"{about['metadata']['name']}.{reason}", "namespace": about["metadata"]["namespace"],
                         "creationTimestamp": at},
            "involvedObject": {"kind": "Pod", "namespace": about["metadata"]["namespace"], "name": about["metadata"]["name"],
                               "uid": about["metadata"]["uid"]},
            "reason": reason, "message": message, "type": kind, "count": count, "firstTimestamp": at, "lastTimestamp": at,
            "source": {"component": "kubelet"}, "reportingComponent": ""}


def field_of(value, path):
    for word in path.split("."):
        value = value.get(word, {})
    return value


def has_fields(value, selector):
    """What a field selector says of an object."""
    terms = [term.partition("=") for term in filter(None, selector.split(","))]
    return all(field_of(value, name) == wanted for name, _, wanted in terms)


def matches(labels, selector):
    """Of the terms there are: `key=value` and `key in (a,b)`."""
    for key, values, value in re.findall(r"([^\s,=()]+)\s*(?:in\s*\(([^)]*)\)|==?\s*([^,]*))", selector):
        if labels.get(key) not in ([one.strip() for one in values.split(",")] if values else [value.strip()]):
            return False
    return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        api, parts = self.server.api, urllib.parse.urlsplit(self.path)
        if api.stopping:  # a kept connection ends with its server
            self.close_connection = True
            return None
        query = dict(urllib.parse.parse_qsl(parts.query))
        kind, namespace = read_path(parts.path.strip("/").split("/"))
        (api.requests if kind == PODS else api.others).append((parts.path, query))
        if api.token and self.headers.get("Authorization") != f"Bearer {api.token}":
            return self.status(401, "Unauthorized")
        if api.refusal:
            return self.status(*api.refusal)
        if kind == "api/v1/events":
            return self.events_of(namespace, query)
        if kind.startswith("api/v1/pods/") and kind.endswith("/log"):
            return self.log_of(namespace, kind.split("/")[3], query)
        if kind not in api.kinds:
            return self.status(404, "the server could not find the requested resource")
        if namespace in api.forbidden or kind in api.forbidden:
            return self.status(403, f"{kind} is forbidden in the namespace {namespace}")
        wanted = (kind, namespace, query.get("labelSelector", ""))
        return self.watch(wanted, query) if query.get("watch") in ("true", "1") else self.list(wanted, query)

    def refuses(self, verb, kind, namespace):
        """Whether it said no to a write, as it does before it looks at what is written."""
        api, group = self.server.api, kind.split("/")[1] if kind.startswith("apis/") else ""
        plural = kind.rpartition("/")[2]
        if api.token and self.headers.get("Authorization") != f"Bearer {api.token}":
            self.status(401, "Unauthorized")
        elif api.refusal:
            self.status(*api.refusal)
        elif (verb, plural) in api.forbidden:
            self.status(403, f'{plural}.{group} is forbidden: User "gate" cannot {verb} resource "{plural}" in API group "{group}" '
                             f'in the namespace "{namespace}"', "Forbidden")
        elif kind not in api.kinds:
            self.status(404, "the server could not find the requested resource", "NotFound")
        else:
            return False
        return True

    def do_POST(self):
        api = self.server.api
        value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind, namespace = read_path(urllib.parse.urlsplit(self.path).path.strip("/").split("/"))
        if kind.endswith("/selfsubjectaccessreviews"):
            return self.review(value["spec"]["resourceAttributes"])
        api.writes.append(("create", kind, value["metadata"]["name"]))
        if self.refuses("create", kind, namespace):
            return None
        if namespace in api.no_namespaces:
            return self.status(404, f'namespaces "{namespace}" not found', "NotFound", {"name": namespace, "kind": "namespaces"})
        if api.denial:
            return self.status(*api.denial)
        with api.changed:
            if (namespace, value["metadata"]["name"]) in api.kinds[kind]:
                return self.status(409, f'{kind} "{value["metadata"]["name"]}" already exists', "AlreadyExists")
            made = api.put({**value, "kind": kind.rpartition("/")[2],
                            "metadata": {**value["metadata"], "namespace": namespace, "creationTimestamp": now(),
                                         "labels": value["metadata"].get("labels", {})}})
        return self.written(201, {**made, "kind": value["kind"]})

    def review(self, asked):
        """Whether the one who asks may do this."""
        name = "/".join(word for word in (asked["resource"], asked.get("subresource")) if word)
        self.server.api.reviews.append((asked["verb"], name, asked["namespace"]))
        return self.json(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": name not in self.server.api.forbidden}})

    def do_DELETE(self):
        api = self.server.api
        options = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        kind, namespace = read_path(urllib.parse.urlsplit(self.path).path.strip("/").split("/"))
        kind, _, name = kind.rpartition("/")
        api.writes.append(("delete", kind, name))
        if self.refuses("delete", kind, namespace):
            return None
        with api.changed:
            one = api.kinds[kind].get((namespace, name))
            if one is None:
                return self.status(404, f'{kind} "{name}" not found', "NotFound", {"name": name})
            if options.get("preconditions", {}).get("uid", one["metadata"]["uid"]) != one["metadata"]["uid"]:
                return self.status(409, "the UID in the precondition does not match", "Conflict")
            if one["metadata"].get("finalizers"):  # it stays until whoever put them there has taken them away
                api.put({**one, "metadata": {**one["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
            else:
                api.delete_owned(one["metadata"]["uid"])
                api.delete(name, namespace, kind)
        return self.written(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def written(self, code, value):
        """It is done, and says so, unless its answer is to be lost."""
        api = self.server.api
        if api.lost_answers:
            api.lost_answers -= 1
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        return self.json(code, value)

    def events_of(self, namespace, query):
        if "events" in self.server.api.forbidden:
            return self.status(403, 'events is forbidden: User "gate" cannot list resource "events"', "Forbidden")
        items = [one for one in self.server.api.incidents if one["metadata"]["namespace"] == namespace
                 and has_fields(one, query.get("fieldSelector", ""))]
        at, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(items) or 1
        more = {"continue": str(at + limit)} if len(items) > at + limit else {}
        return self.json(200, {"kind": "EventList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", **more},
                               "items": items[at:at + limit]})

    def log_of(self, namespace, name, query):
        """As a kubelet gives it: in chunks, and what is written until the container ends, if that is asked for."""
        api = self.server.api
        if "pods/log" in api.forbidden:
            return self.status(403, 'pods "x" is forbidden: User "gate" cannot get resource "pods/log"', "Forbidden")
        if (namespace, name) not in api.pods:
            return self.status(404, f'pods "{name}" not found', "NotFound")
        container = query.get("container")
        if container is None and len(api.pods[namespace, name]["spec"]["containers"]) > 1:
            return self.status(400, "a container name must be specified")
        if (name, container) not in api.logs:
            return self.status(400, f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating')
        text = api.logs[name, container]
        known = len(text)
        if "tailLines" in query:
            text = b"".join(text.splitlines(True)[-int(query["tailLines"]):])
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(text), 65536):
            self.chunk(text[at:at + 65536])
        api.sent.append((name, len(text)))
        if query.get("follow") == "true":
            self.follow(namespace, name, container, known)
        return self.end()

    def follow(self, namespace, name, container, at):
        api = self.server.api

        def is_over():
            statuses = api.pods.get((namespace, name), {}).get("status", {}).get("containerStatuses", [])
            return api.stopping or (namespace, name) not in api.pods or any(
                one["name"] == container and "terminated" in one["state"] for one in statuses)
        with api.changed:
            api.followers += 1
        try:
            while not self.has_left():
                with api.changed:
                    api.changed.wait_for(lambda: is_over() or len(api.logs[name, container]) > at, 0.1)
                    text, over = api.logs[name, container][at:], is_over()
                if text:
                    self.chunk(text)
                    at += len(text)
                if over:
                    return
        finally:
            with api.changed:
                api.followers -= 1

    def has_left(self):
        if self.server.api.tls or not select.select([self.connection], [], [], 0)[0]:
            return False
        return self.connection.recv(1, socket.MSG_PEEK) == b""

    def status(self, code, message, reason="", details=None):
        self.json(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason,
                         "code": code, **({"details": details} if details else {})})

    def json(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def list(self, wanted, query):
        api = self.server.api
        with api.changed:
            if "continue" in query:
                token = json.loads(base64.urlsafe_b64decode(query["continue"]))
                if token["epoch"] != api.epoch or api.expire_next_page:
                    api.expire_next_page = False
                    api.expired += 1
                    return self.status(410, "The provided continue parameter is too old", "Expired")
                pods, version = api.pages[token["page"]], token["version"]
            else:
                pods, version = api.select(wanted), str(api.version)
                pods = [one for one in pods if has_fields(one, query.get("fieldSelector", ""))]
            limit = int(query.get("limit", 0)) or len(pods)
            metadata = {"resourceVersion": version}
            if len(pods) > limit:
                api.pages.append(pods[limit:])
                token = {"page": len(api.pages) - 1, "version": version, "epoch": api.epoch}
                metadata["continue"] = base64.urlsafe_b64encode(json.dumps(token).encode()).decode()
                metadata["remainingItemCount"] = len(pods) - limit
        items = [{key: value for key, value in each.items() if key not in ("kind", "apiVersion")} for each in pods[:limit]]
        return self.json(200, {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})

    def watch(self, wanted, query):
        api, at = self.server.api, int(query["resourceVersion"])
        api.expired += at < api.oldest
        if at < api.oldest and api.gone_by == "status":
            return self.status(410, f"too old resource version: {at}", "Expired")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if at < api.oldest:
            self.event("ERROR", {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
                                 "message": f"too old resource version: {at} ({api.oldest})"})
            return self.end()
        with api.changed:
            api.watchers.append(self)
            self.kind, _, self.selector = wanted
        try:
            self.stream(wanted, at, query)
        except OSError:
            self.close_connection = True
        finally:
            with api.changed:
                api.watchers.remove(self)

    def stream(self, wanted, at, query):
        api, deadline = self.server.api, time.monotonic() + int(query.get("timeoutSeconds", 300))
        bookmarks, seen_marks = query.get("allowWatchBookmarks") == "true", api.marks
        self.cut = None
        while True:
            with api.changed:
                api.changed.wait_for(lambda: self.cut or api.version > at or api.marks > seen_marks or api.stopping,
                                     max(0, deadline - time.monotonic()))
                events, at = [e for e in api.events if e[0] > at], max(at, api.version)
                marked, seen_marks = api.marks > seen_marks, api.marks
            for _, kind, before, after in events:
                self.change(wanted, kind, before, after)
            if bookmarks and marked:
                self.event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": {
                    "resourceVersion": str(at), "creationTimestamp": None}, "spec": {"containers": None}, "status": {}})
            if self.cut:
                return self.leave(self.cut)
            if time.monotonic() >= deadline or api.stopping:
                return self.end()

    def change(self, wanted, kind, before, after):
        def is_wanted(one):
            kind, namespace, selector = wanted
            return one and kind == kind_of(one) and namespace in (None, one["metadata"]["namespace"]) and matches(one["metadata"]["labels"], selector)
        was, now_is = is_wanted(before), is_wanted(after)
        if kind == "DELETED" or (was and not now_is):
            if was:
                self.event("DELETED", {**before, "metadata": {**before["metadata"],
                                                              "resourceVersion": after["metadata"]["resourceVersion"]}})
        elif now_is:
            self.event("MODIFIED" if was else "ADDED", after)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, kind, value):
        self.chunk(json.dumps({"type": kind, "object": value}).encode() + b"\n")

    def end(self):
        self.close_connection = self.server.api.stopping
        self.wfile.write(b"0\r\n\r\n")

    def leave(self, how):
        """The connection breaks: in the middle of an event, if `how` is one."""
        if how is not True:
            data = json.dumps(how).encode()
            self.wfile.write(b"%x\r\n%s" % (len(data), data[:len(data) // 2]))
            self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64

    def handle_error(self, request, client_address):
        pass  # clients come and go


class KubeApi:
    """`token`: the only one that opens it. `gone_by`: "status" or "event", how a version that is too old is refused."""

    def __init__(self, tls=None, token="first-token", gone_by="status"):
        self.tls, self.token, self.gone_by = tls, token, gone_by
        self.changed = threading.Condition(threading.RLock())
        self.pods, self.events, self.pages, self.watchers, self.requests = {}, [], [], [], []
        self.kinds, self.others = {PODS: self.pods}, []  # what is served; what was asked of other kinds than pods
        self.version, self.oldest, self.epoch, self.marks, self.uids, self.expired = 100, 0, 0, 0, 0, 0
        self.forbidden, self.refusal, self.stopping, self.expire_next_page = set(), None, False, False
        self.logs, self.incidents, self.sent = {}, [], []  # {(pod, container): bytes}
        self.reviews = []  # (verb, resource, namespace) that somebody asked about himself
        self.followers = 0  # who waits for more of a log
        # Writes: what was asked; answers that get lost; how an admission says no; namespaces that are not there.
        self.writes, self.lost_answers, self.denial, self.no_namespaces = [], 0, None, set()
        self.server = None

    def __enter__(self):
        return self.start()

    def start(self, port=0):
        self.stopping = False
        self.server = Server((HOST, port), Handler)
        self.server.api = self
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port
        self.url = f"http{'s' if self.tls else ''}://{HOST}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def serve(self, *kinds):
        """Has kinds as if their definitions had been made."""
        for kind in kinds:
            self.kinds[kind] = {}

    def select(self, wanted):
        kind, namespace, selector = wanted
        return [one for (space, _), one in sorted(self.kinds[kind].items())
                if namespace in (None, space) and matches(one["metadata"]["labels"], selector)]

    def record(self, kind, before, after):
        self.version += 1
        after["metadata"]["resourceVersion"] = str(self.version)
        self.events.append((self.version, kind, before, after))

    def put(self, value):
        """A new pod or resource, or its new state."""
        metadata, known = value["metadata"], self.kinds[kind_of(value)]
        key = metadata["namespace"], metadata["name"]
        with self.changed:
            before = known.get(key)
            self.uids += before is None
            uid = before["metadata"]["uid"] if before else f"uid-{self.uids}"
            after = {**value, "metadata": {**metadata, "uid": uid}}
            self.record("MODIFIED" if before else "ADDED", before, after)
            known[key] = after
            self.changed.notify_all()
        return after

    def write(self, name, text, container="spark-kubernetes-driver"):
        """A container's log grows."""
        with self.changed:
            self.logs[name, container] = self.logs.get((name, container), b"") + text
            self.changed.notify_all()

    def phase(self, name, phase, namespace="spark"):
        before = self.pods[namespace, name]
        self.put({**before, "status": {**before["status"], "phase": phase}})

    def delete(self, name, namespace="spark", kind=PODS):
        with self.changed:
            before = self.kinds[kind].pop((namespace, name))
            self.record("DELETED", before, {**before, "metadata": dict(before["metadata"])})
            self.changed.notify_all()

    def delete_owned(self, uid):
        """What a controller manager deletes with its owner, and what belongs to that."""
        for kind, known in self.kinds.items():
            for (namespace, name), one in list(known.items()):
                if any(owner["uid"] == uid for owner in one["metadata"].get("ownerReferences", [])) and (namespace, name) in known:
                    self.delete_owned(one["metadata"]["uid"])
                    self.delete(name, namespace, kind)

    def bookmark(self):
        with self.changed:
            self.marks += 1
            self.changed.notify_all()

    def compact(self):
        """What happened before now is forgotten; pages of lists, too."""
        with self.changed:
            self.version += 1
            self.oldest, self.events, self.epoch = self.version, [], self.epoch + 1

    def cut(self, in_event=None):
        """Every watch's connection breaks, in the middle of `in_event` if there is one."""
        with self.changed:
            for watcher in self.watchers:
                watcher.cut = in_event or True
            self.changed.notify_all()

    def watching(self, kind=PODS, role="driver"):
        """Of pods: who looks for drivers, or for executors (`role`) alone."""
        with self.changed:
            return sum(watcher.kind == kind and (watcher.selector == "spark-role=executor") == (role == "executor") for watcher in self.watchers)

    def kubeconfig(self, folder, **user):
        """Writes a kubeconfig that leads here, as `user` or with a token file beside it; gives its path."""
        folder = pathlib.Path(folder)
        self.token_file = folder / "token"
        self.write_token(self.token)
        cluster = {"server": self.url}
        if self.tls:
            cluster["certificate-authority"] = str(self.ca_file)
        value = {"apiVersion": "v1", "kind": "Config", "current-context": "tests",
                 "contexts": [{"name": "tests", "context": {"cluster": "fake", "user": "gate", "namespace": "spark"}}],
                 "clusters": [{"name": "fake", "cluster": cluster}],
                 "users": [{"name": "gate", "user": user or {"tokenFile": "token"}}]}
        path = folder / "kubeconfig"
        path.write_text(json.dumps(value))
        path.chmod(0o600)
        return path

    def write_token(self, token):
        """In one step, as a kubelet does it."""
        part = self.token_file.with_suffix(".part")
        part.touch(0o600)
        part.write_text(token)
        os.replace(part, self.token_file)
