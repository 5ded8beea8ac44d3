"""A pod's driver or executor as a plain process: what the image's entrypoint would run, from the pod's own arguments, environment and volumes."""

import glob
import os
import pathlib
import sys

from spark_cluster import JAVA_OPTS, OPENS, Daemon, wait_for
from spark_install import ensure_spark

CONF = "/opt/spark/conf"
EXECUTOR = "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"


class PodProcesses:
    """Of pods of one namespace; `files` says what a path of the image is here."""

    def __init__(self, kube, namespace, account, files):
        self.kube, self.namespace, self.files = kube, namespace, files
        self.token = kube.token(namespace, account)
        self.spark_home = ensure_spark("4.3")
        self.folder = kube.folder / "processes"
        self.folder.mkdir(exist_ok=True)
        self.daemons = []

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()

    def env(self, pod):
        """The container's, with what Kubernetes fills in."""
        given = {}
        for row in pod["spec"]["containers"][0].get("env", []):
            field = row.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            given[row["name"]] = {None: row.get("value", ""), "status.podIP": pod["status"].get("podIP"),
                                  "metadata.name": pod["metadata"]["name"]}.get(field, "")
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "JAVA_HOME") if key in os.environ}
        return {**kept, **given, "SPARK_HOME": str(self.spark_home), "SPARK_LOCAL_IP": pod["status"]["podIP"], "SPARK_LAUNCHER_OPTS": JAVA_OPTS,
                "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}

    def spawn(self, pod, command, env):
        name = pod["metadata"]["name"]
        work = self.folder / name
        work.mkdir(exist_ok=True)
        daemon = Daemon(name, [str(word) for word in command], env, work, self.folder / f"{name}.log")
        self.daemons.append(daemon)
        return daemon

    def mount(self, pod, volume):
        """The folder of a volume that is a ConfigMap."""
        source = next(row["configMap"] for row in pod["spec"]["volumes"] if row["name"] == volume)
        path = f"/api/v1/namespaces/{self.namespace}/configmaps/{source['name']}"
        wait_for(lambda: self.kube.request("GET", path)[0] == 200, "the volume, which is made after the pod", 120)
        found = self.kube.must("GET", path)
        folder = self.folder / source["name"]
        folder.mkdir(exist_ok=True)
        named = {row["key"]: row["path"] for row in source.get("items", [])}
        for name, text in found["data"].items():
            if name in named or not named:
                (folder / named.get(name, name)).write_text(text)
        return folder

    def here(self, word):
        """An argument of the image, as it is on this machine."""
        for there, path in self.files.items():
            word = word.replace(there, str(path))
        return word

    def run_driver(self, pod):
        """Its UI is at the pod's address; it asks for executors' pods."""
        conf, ip = self.mount(pod, "spark-conf-volume-driver"), pod["status"]["podIP"]
        properties = conf / "spark.properties"
        own = {"spark.driver.bindAddress": ip, "spark.driver.host": ip, "spark.kubernetes.driver.master": self.kube.url,
               **{f"spark.kubernetes.authenticate.{kind}{key}": value for kind in ("", "driver.mounted.")
                  for key, value in (("caCertFile", self.kube.ca_file), ("oauthToken", self.token))}, "spark.driver.extraJavaOptions": JAVA_OPTS}
        text = "".join(f"{self.here(line)}\n" for line in properties.read_text().splitlines() if line.partition("=")[0] not in own)
        if any(row["name"] == "pod-template-volume" for row in pod["spec"]["volumes"]):
            text = text.replace("/opt/spark/pod-template", str(self.mount(pod, "pod-template-volume")))
        properties.write_text(text + "".join(f"{key}={value}\n" for key, value in own.items()))
        args = pod["spec"]["containers"][0]["args"][1:]  # after "driver"
        words = [self.here(word).replace(f"{CONF}/spark.properties", str(properties)) for word in args]
        if "org.apache.spark.deploy.PythonRunner" in words:  # which spark-submit names itself
            at = words.index("--class")
            del words[at:at + 2]
        env = {**self.env(pod), "SPARK_CONF_DIR": str(conf)}
        return self.spawn(pod, [self.spark_home / "bin/spark-submit", "--deploy-mode", "client", *words], env)

    def run_executor(self, pod):
        env = self.env(pod)
        java = pathlib.Path(env["JAVA_HOME"], "bin/java") if "JAVA_HOME" in env else "java"
        options = [env[key] for key in sorted(env) if key.startswith("SPARK_JAVA_OPT_")]
        jars = ":".join(sorted(glob.glob(f"{self.spark_home}/jars/*.jar")))
        return self.spawn(pod, [
            java, *OPENS.split(), *options, *JAVA_OPTS.split(), f"-Xmx{env['SPARK_EXECUTOR_MEMORY']}", "-cp", jars, EXECUTOR,
            "--driver-url", env["SPARK_DRIVER_URL"], "--executor-id", env["SPARK_EXECUTOR_ID"], "--cores", env["SPARK_EXECUTOR_CORES"],
            "--app-id", env["SPARK_APPLICATION_ID"], "--hostname", pod["status"]["podIP"],
            "--resourceProfileId", env["SPARK_RESOURCE_PROFILE_ID"], "--podName", pod["metadata"]["name"]], env)
