#!/bin/sh
# Spark 4.1, 4.2 and 4.3 give their scripts one and the same Last-Modified, though the scripts differ.
#
# Versions: Spark 4.2.0 (its spark-core_2.13) and 4.3.0 (run as a history server). It needs Java 17 and Maven.
# Seen:     Last-Modified is the date of the file in the jar, and that is 2025-03-15 11:45:26 in 4.1.1, 4.2.0 and 4.3.0. A
#           server of 4.3.0 that is asked for a script "if modified since" the date of 4.2.0 answers 304, while its script
#           is another one. 4.0.1 and 3.5.9 have dates of their own.
# Guess:    A release has a date of its own, so If-Modified-Since finds out that a script is new after an upgrade.
# Matters:  Spark sends no ETag, so the date is all that a cache in front has to ask by. After an upgrade from 4.1 or 4.2 to
#           4.3 it keeps the old scripts for as long as it asks that way. A cache has to fetch whole, or compare contents.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
mvn -q -B -Dstyle.color=never -Dmaven.repo.local="$tmp/maven" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
	-Dartifact=org.apache.spark:spark-core_2.13:4.2.0 -DoutputDirectory="$tmp/older"
mkdir logs
SPARK_HOME=$tmp/deps SPARK_LOCAL_IP=127.0.0.1 SPARK_HISTORY_OPTS="-Dspark.history.ui.port=0 -Dspark.history.fs.logDirectory=file:$tmp/logs" \
	deps/bin/spark-class org.apache.spark.deploy.history.HistoryServer >server.log 2>&1 &
spark=$!
until port=$(grep -o "HistoryServerUI' on port [0-9]*" server.log | grep -o "[0-9]*$"); do
	kill -0 "$spark"
	sleep 1
done
python3 - "$port" older/spark-core_2.13-4.2.0.jar <<'PYTHON'
import datetime
import http.client
import sys
import zipfile

port, jar = int(sys.argv[1]), zipfile.ZipFile(sys.argv[2])


def get(name, fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/static/" + name, headers=fields)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Last-Modified"), answer.read()


held = True
for name in ("utils.js", "stagepage.js", "executorspage.js", "webui.css"):
    entry = jar.getinfo("org/apache/spark/ui/static/" + name)
    older = datetime.datetime(*entry.date_time).strftime("%a, %d %b %Y %H:%M:%S GMT")
    _, newer, content = get(name, {})
    status, _, _ = get(name, {"If-Modified-Since": older})
    same = content == jar.read(entry)
    print(f"{name}: 4.2.0 {older}; 4.3.0 {newer}, {'the same' if same else 'another'} content, asked by the older date {status}")
    held = held and status == 304 and not same
sys.exit(not held)
PYTHON
