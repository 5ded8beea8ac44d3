#!/bin/sh
# Spark's history server reads a log of JSON lines by its first letters: with a blank after the colons an application is not there.
#
# Versions: Spark 4.3.0, a history server. It needs Java 17.
# Seen:     Of two event logs of the same events, the one that Python's json.dumps has written ({"Event": "Spark...) is in no
#           list, and who asks for it gets 404. The server says "Finished parsing" of it, and no warning.
# Guess:    Each line is parsed as JSON, so blanks between its parts mean nothing; or what cannot be read is complained of.
# Matters:  Event logs are passed through programs that take out passwords, user names or queries. Python's json writes a blank
#           there unless it is told otherwise. The application is then gone from history, and nothing says why. Such a
#           program has to write without blanks, and to keep the name of the event first.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
python3 - <<'PYTHON'
import json
import os

os.mkdir("logs")
for name, separators in (("dense", (",", ":")), ("blank", (", ", ": "))):
    events = [{"Event": "SparkListenerLogStart", "Spark Version": "4.3.0"},
              {"Event": "SparkListenerApplicationStart", "App Name": name, "App ID": name, "Timestamp": 1772697600000, "User": "reports"},
              {"Event": "SparkListenerApplicationEnd", "Timestamp": 1772697660000}]
    with open(f"logs/{name}", "w") as log:
        log.writelines(json.dumps(event, separators=separators) + "\n" for event in events)
PYTHON
SPARK_HOME=$tmp/deps SPARK_LOCAL_IP=127.0.0.1 SPARK_HISTORY_OPTS="-Dspark.history.ui.port=0 -Dspark.history.fs.logDirectory=file:$tmp/logs" \
	deps/bin/spark-class org.apache.spark.deploy.history.HistoryServer >server.log 2>&1 &
spark=$!
until [ "$(grep -c "Finished parsing file:" server.log)" -ge 2 ]; do
	kill -0 "$spark"
	sleep 1
done
port=$(grep -o "HistoryServerUI' on port [0-9]*" server.log | grep -o "[0-9]*$")
python3 - "$port" <<'PYTHON'
import json
import sys
import time
import urllib.error
import urllib.request

BASE = f"http://127.0.0.1:{sys.argv[1]}"


def get(path):
    try:
        with urllib.request.urlopen(BASE + path, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def listed():
    return sorted(app["id"] for app in json.loads(get("/api/v1/applications")[1]))


while "dense" not in listed():
    time.sleep(1)
statuses = {name: get(f"/api/v1/applications/{name}/jobs")[0] for name in ("dense", "blank")}
print(f"listed: {listed()}; status of their jobs: {statuses}")
with open("server.log") as log:
    complaints = [line for line in log if "blank" in line and (" WARN " in line or " ERROR " in line)]
print(f"complaints: {complaints}")
sys.exit(not (listed() == ["dense"] and statuses == {"dense": 200, "blank": 404} and not complaints))
PYTHON
