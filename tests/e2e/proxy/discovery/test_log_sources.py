"""A history server with several directories of logs (4.3 and newer): the home page says which one an application's log is in."""

import json
import re

from conftest import Client
from gateway import Gateway, cluster_entry
from spark_cluster import Cluster, wait_for

ARCHIVED, NEW = "app-20260101000000-0001", "app-20260201000000-0001"


def write_log(folder, app, name):
    """The least that Spark lists as an application that has ended. It looks for the names of events without reading JSON."""
    folder.mkdir(exist_ok=True)
    events = [{"Event": "SparkListenerLogStart", "Spark Version": "4.3.0"},
              {"Event": "SparkListenerApplicationStart", "App Name": name, "App ID": app, "Timestamp": 1767225600000, "User": "ann"},
              {"Event": "SparkListenerApplicationEnd", "Timestamp": 1767225660000}]
    (folder / app).write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events))


def note_of(page, app):
    """What stands behind the id in the application's row."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.S) if app in row)
    found = re.search(r'<span class="note">Log in (.*?)</span>', row)
    return found and found.group(1)


def test_home_page_says_which_directory_has_the_log(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    write_log(old, ARCHIVED, "archived job")
    new.mkdir()
    conf = {"spark.history.fs.logDirectory": f"{old.as_uri()},{new.as_uri()}", "spark.history.fs.logDirectory.names": "archive,this year"}
    with Cluster("4.3", workers=0, apps=False, conf=conf) as cluster, Gateway([cluster_entry(cluster.info())]) as gate:
        admin = Client(gate, gate.create_token("ready", "admin")["access_token"])
        wait_for(lambda: ARCHIVED in admin.get("/local/").text, "the first directory's application", 60)
        assert note_of(admin.get("/local/").text, ARCHIVED) is None  # as long as all logs are in one
        write_log(new, NEW, "new job")
        wait_for(lambda: NEW in admin.get("/local/").text, "the other directory's application", 60)
        page = admin.get("/local/").text
        assert (note_of(page, ARCHIVED), note_of(page, NEW)) == ("archive", "this year")
        assert admin.get(f"/local/apps/{NEW}").headers["Location"] == f"/local/shs/history/{NEW}/"
