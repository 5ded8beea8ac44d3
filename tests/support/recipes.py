"""The programs of the table "Recipes" (docs/other-uis.md), each started as its row says: a UI that is told its base path, or one
that is not. recipes_install.py puts them into build/recipes. Each listens on loopback and is ended by its pid."""

import os
import pathlib
import tempfile
import textwrap

from other_uis import ROOT, Program
from spark_cluster import HOST, free_port

RECIPES = ROOT / "build" / "recipes"
JAVA = ["java", "-XX:TieredStopAtLevel=1", "--add-opens", "java.base/java.lang=ALL-UNNAMED"]


class Recipe(Program):
    """`base` is the path that the UI has at the gateway, `origin` the gateway's; `told` says that it is told the base."""

    told, patience = False, 240

    def __init__(self, base="/", origin=""):
        self.base, self.mount, self.origin = base if self.told else "/", base.rstrip("/"), origin

    def program(self, name):
        return str(RECIPES / self.name / "bin" / name)


class TensorBoard(Recipe):
    name = "tensorboard"

    def command(self):
        return [self.program("tensorboard"), "--logdir", str(self.folder), "--host", HOST, "--port", str(self.port)]

    def prepare(self):
        self.run(self.program("python"), "-c", textwrap.dedent("""
            from tensorboard.compat.proto import summary_pb2, event_pb2
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
            writer = EventFileWriter("run")
            for step in range(5):
                value = summary_pb2.Summary.Value(tag="loss of the tests", simple_value=1 / (step + 1))
                writer.add_event(event_pb2.Event(step=step, wall_time=1e9 + step, summary=summary_pb2.Summary(value=[value])))
            writer.close()
        """))


class MLflow(Recipe):
    name, told, probe = "mlflow", True, ""

    def command(self):
        return [self.program("mlflow"), "server", "--host", HOST, "--port", str(self.port), "--static-prefix", self.mount,
                "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--workers", "1"]


class Superset(Recipe):
    """Its own sign-in stays: `PERSON` is the name and the password of a person of the tests."""

    name, told, probe, patience = "superset", True, "health", 900
    PERSON = "tester"
    SETTINGS = """
        SECRET_KEY = "of-a-throw-away-superset"
        SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
        """

    def prepare(self):
        config = self.folder / "superset_config.py"
        config.write_text(textwrap.dedent(self.SETTINGS.format(folder=self.folder)))
        self.env |= {"SUPERSET_APP_ROOT": self.mount, "SUPERSET_CONFIG_PATH": str(config), "FLASK_APP": "superset.app:create_app()",
                     "SUPERSET_HOME": str(self.folder)}
        self.run(self.program("superset"), "db", "upgrade")
        self.run(self.program("superset"), "fab", "create-admin", "--username", self.PERSON, "--password", self.PERSON,
                 "--firstname", "Ann", "--lastname", "Example", "--email", "ann@example.net")
        self.run(self.program("superset"), "init")

    def command(self):
        return [self.program("superset"), "run", "--host", HOST, "--port", str(self.port), "--with-threads"]


class Airflow(Recipe):
    name, told, probe = "airflow", True, "api/v2/version"

    def prepare(self):
        self.env |= {"AIRFLOW_HOME": str(self.folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                     "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True", "AIRFLOW__API__BASE_URL": f"{self.origin}{self.mount}",
                     "PATH": f"{RECIPES}/airflow/bin:{os.environ['PATH']}"}
        self.run(self.program("airflow"), "db", "migrate")

    def command(self):
        return [self.program("airflow"), "api-server", "--host", HOST, "--port", str(self.port), "--workers", "1"]


class Ray(Recipe):
    name, probe = "ray", "api/version"

    def command(self):
        return [self.program("ray"), "start", "--head", "--block", "--disable-usage-stats", "--port", str(free_port()),
                "--node-ip-address", HOST, "--dashboard-host", HOST, "--dashboard-port", str(self.port), "--num-cpus", "1",
                "--temp-dir", f"{tempfile.gettempdir()}/ray-{self.port}", "--ray-client-server-port", str(free_port()),
                "--object-store-memory", "100000000"]


class Flink(Recipe):
    name, probe = "flink", "overview"

    def prepare(self):
        lib = next((RECIPES / "flink").glob("pyflink/lib"))
        (self.folder / "conf").mkdir()
        (self.folder / "conf" / "config.yaml").write_text(
            f"jobmanager.rpc.address: {HOST}\njobmanager.rpc.port: {free_port()}\njobmanager.bind-host: {HOST}\n"
            f"rest.port: {self.port}\nrest.address: {HOST}\nrest.bind-address: {HOST}\njobmanager.memory.process.size: 700m\n"
            f"web.submit.enable: true\nweb.upload.dir: {self.folder}\nblob.server.port: {free_port()}\n"
            f"io.tmp.dirs: {self.folder}\n")
        self.classpath = f"{lib}/*"

    def command(self):
        return [*JAVA, "-Xmx512m", "--add-opens", "java.base/java.util=ALL-UNNAMED", "-cp", self.classpath,
                f"-Dweb.tmpdir={self.folder}", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
                "--configDir", f"{self.folder}/conf", "--executionMode", "cluster"]


class Livy(Recipe):
    """0.7.1 wants Java 8, whose home JAVA_8 names, and Spark 2.4, whose folder SPARK_2_4 names: it is asked for its version only."""

    name, probe = "livy", "sessions"

    def prepare(self):
        (self.folder / "conf").mkdir()
        (self.folder / "conf" / "livy.conf").write_text(f"livy.server.host = {HOST}\nlivy.server.port = {self.port}\n"
                                                        f"livy.ui.basePath = {self.mount}\n")
        home = pathlib.Path(os.environ["JAVA_8"])
        self.env |= {"SPARK_HOME": os.environ["SPARK_2_4"], "LIVY_CONF_DIR": f"{self.folder}/conf",
                     "LIVY_LOG_DIR": str(self.folder), "JAVA_HOME": str(home)}
        self.java = str(home / "bin" / "java")

    def command(self):
        return [self.java, "-Xmx300m", "-cp", f"{self.folder}/conf:{RECIPES}/livy/*", "org.apache.livy.server.LivyServer"]


class Zeppelin(Recipe):
    """Its server; its pages are in no package that can be had, so a page of ours does with its API and socket what they do."""

    name, told, probe = "zeppelin", True, "api/version"

    def prepare(self):
        pages = self.folder / "pages" / "WEB-INF"
        pages.mkdir(parents=True)
        (pages / "web.xml").write_text("<web-app/>")
        (pages.parent / "index.html").write_text("<!doctype html><title>Zeppelin</title>")
        for name in ("conf", "interpreter"):
            (self.folder / name).mkdir()
        self.env |= {"ZEPPELIN_SERVER_CONTEXT_PATH": self.mount, "ZEPPELIN_ADDR": HOST, "ZEPPELIN_PORT": str(self.port),
                     "ZEPPELIN_HOME": str(self.folder), "ZEPPELIN_CONF_DIR": f"{self.folder}/conf", "HADOOP_CONF_DIR": "",
                     "ZEPPELIN_WAR": str(pages.parent), "ZEPPELIN_ANGULAR_WAR": str(pages.parent),
                     "ZEPPELIN_IDENT_STRING": "tests"}  # without it the server ends with its standard input

    def command(self):
        return [*JAVA, "-Xmx400m", f"-Djava.io.tmpdir={self.folder}", "-cp", f"{self.folder}/conf:{RECIPES}/zeppelin/*",
                "org.apache.zeppelin.server.ZeppelinServer"]


class Trino(Recipe):
    name, probe = "trino", "v1/info"

    def prepare(self):
        etc = self.folder / "etc"
        (etc / "catalog").mkdir(parents=True)
        (self.folder / "plugin").mkdir()
        # the class with main() is in no jar that can be had
        (self.folder / "Launch.java").write_text(
            'class Launch { public static void main(String[] a) { new io.trino.server.Server().start("435"); } }')
        (etc / "config.properties").write_text(
            f"coordinator=true\nnode-scheduler.include-coordinator=true\nhttp-server.http.port={self.port}\n"
            f"node.internal-address={HOST}\ndiscovery.uri=http://{HOST}:{self.port}\nnode.environment=tests\n"
            f"node.id=tests\nplugin.dir={self.folder}/plugin\ncatalog.config-dir={etc}/catalog\n"
            "web-ui.authentication.type=fixed\nweb-ui.user=tests\n")

    def command(self):
        return [*JAVA, "-Xmx1g", "--add-opens", "java.base/java.nio=ALL-UNNAMED", "-Djdk.attach.allowAttachSelf=true",
                f"-Dconfig={self.folder}/etc/config.properties", "-cp", f"{RECIPES}/trino/*", f"{self.folder}/Launch.java"]


class Prometheus(Recipe):
    name, told, probe = "prometheus", True, "-/ready"

    def prepare(self):
        (self.folder / "prometheus.yml").write_text("global: {scrape_interval: 1s}\n")

    def command(self):
        return [str(ROOT / "build" / "prometheus" / "usr" / "bin" / "prometheus"), f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address={HOST}:{self.port}",
                f"--web.external-url={self.origin}{self.mount}/"]
