"""The pages and scripts of HDFS' NameNode, out of Hadoop's own jar, with a file system of three names behind them.

install.sh puts the jar into build/hadoop. What the scripts ask for (/jmx, /conf, /webhdfs) is played.
"""

import http.server
import json
import pathlib
import threading
import urllib.parse
import zipfile

JAR = next((pathlib.Path(__file__).resolve().parents[2] / "build" / "hadoop").glob("hadoop-hdfs-*-tests.jar"), None)
KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
NOTHING = ["JournalTransactionInfo", "NameDirStatuses", "NodeUsage", "LiveNodes", "DeadNodes", "DecomNodes",
           "EnteringMaintenanceNodes"]
BEAN = {"State": "active", "HostAndPort": "namenode.example:8020", "FilesTotal": 3, "BlocksTotal": 2, "Total": 1 << 40, "Used": 1 << 30,
        "Free": 1 << 39, "PercentUsed": 1, "PercentRemaining": 99, "Version": "3.4.2", "SoftwareVersion": "3.4.2",
        "ClusterId": "CID-of-the-tests", "HeapMemoryUsage": {"used": 1, "committed": 2, "max": 3},
        "NonHeapMemoryUsage": {"used": 1, "committed": 2, "max": -1}, "StorageTypeStats": [], "NameJournalStatus": "[]",
        "CorruptFiles": "[]", "DistinctVersionCount": 1, "UpgradeFinalized": True, "NumberOfMissingBlocks": 0,
        "NumberOfSnapshottableDirs": 0, "LastCheckpointTime": 0, "LastHATransitionTime": 0, **{name: "{}" for name in NOTHING}}


def listing(path):
    names = {"/": [("warehouse", "DIRECTORY")], "/warehouse": [("orders.parquet", "FILE"), ("returns", "DIRECTORY")]}
    return [{"pathSuffix": name, "type": kind, "owner": "ann", "group": "etl", "permission": "755", "length": 12345,
             "modificationTime": 1700000000000, "replication": 3, "blockSize": 1 << 27, "fileId": 1} for name, kind in names.get(path, [])]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/jmx":
            self.answer("application/json", json.dumps({"beans": [BEAN]}).encode())
        elif path == "/conf":
            self.answer("text/xml", b"<configuration></configuration>")
        elif path.startswith("/webhdfs/v1"):
            statuses = {"FileStatuses": {"FileStatus": listing(path.removeprefix("/webhdfs/v1").rstrip("/") or "/")}}
            self.answer("application/json", json.dumps(statuses).encode())
        else:
            self.serve_file("hdfs/index.html" if path == "/" else path.lstrip("/"))

    def serve_file(self, name):
        with zipfile.ZipFile(JAR) as jar:
            for inside in (f"webapps/{name}", f"webapps/hdfs/{name}"):
                if inside in jar.namelist():
                    self.answer(KINDS.get(pathlib.Path(name).suffix, "application/octet-stream"), jar.read(inside))
                    return
        self.send_error(404)

    def answer(self, kind, content):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class NameNode:
    """with NameNode() as ui: ui.url"""

    def __enter__(self):
        assert JAR, "Hadoop's jar is not in build/hadoop: tests/support/install.sh test puts it there"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
