#!/bin/sh
# A history server lists running applications behind all that have ended, so a limit leaves out exactly those.
#
# Versions: Spark 4.3.0, its history server on three event logs. It needs Java 17.
# Seen:     /api/v1/applications has the application that started last at its very end while it runs; with limit=1 and
#           limit=2 it is not there. The list is by the time of the end, newest first, and the end of what still runs is
#           1969-12-31T23:59:59.999GMT.
# Guess:    The newest application comes first, running or not, as on the page and as in the list of jobs.
# Matters:  A tool that asks for "the last 100" of a long history never sees a running application, and takes it for
#           missing. It has to ask with status=running as well.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
mkdir logs
log() { # ID START [END]: the log of an application, in the form that Spark writes
	name=logs/$1
	[ -n "${3:-}" ] || name=$name.inprogress
	{
		echo '{"Event":"SparkListenerLogStart","Spark Version":"4.3.0"}'
		echo '{"Event":"SparkListenerApplicationStart","App Name":"'"$1"'","App ID":"'"$1"'","Timestamp":'"$2"',"User":"person"}'
		[ -z "${3:-}" ] || echo '{"Event":"SparkListenerApplicationEnd","Timestamp":'"$3"'}'
	} >"$name"
}
now=$(date +%s)000
log app-1-ended $((now - 9000000)) $((now - 8000000))
log app-2-ended $((now - 7000000)) $((now - 6000000))
log app-3-running $((now - 60000))
SPARK_HOME=$tmp/deps SPARK_LOCAL_IP=127.0.0.1 SPARK_HISTORY_OPTS="-Dspark.history.ui.port=0 -Dspark.history.fs.logDirectory=file:$tmp/logs" \
	deps/bin/spark-class org.apache.spark.deploy.history.HistoryServer >server.log 2>&1 &
spark=$!
until port=$(grep -o "HistoryServerUI' on port [0-9]*" server.log | grep -o "[0-9]*$"); do
	kill -0 "$spark"
	sleep 1
done
python3 - "$port" <<'PYTHON'
import json
import sys
import time
import urllib.request


def ask(query):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/api/v1/applications{query}", timeout=60) as answer:
        return [application["id"] for application in json.load(answer)]


while len(ask("")) < 3:  # it reads the logs first
    time.sleep(1)
found = {query: ask(query) for query in ("", "?limit=1", "?limit=2", "?status=running")}
for query, ids in found.items():
    print(f"{query or 'all':15} {' '.join(ids)}")
ended = ["app-2-ended", "app-1-ended"]
sys.exit(list(found.values()) != [[*ended, "app-3-running"], ended[:1], ended, ["app-3-running"]])
PYTHON
