#!/bin/sh
# Spark's history server takes minDate=2026-03-05T12:00:00.000Z for the midnight before: a time with Z is cut off, without a word.
#
# Versions: Spark 4.3.0, a history server with two event logs. It needs Java 17.
# Seen:     Asked for what began from noon on, it answers with what began at eight, too, if noon is written as ISO 8601 has it:
#           with Z, with +00:00, or without a zone. As maxDate the same words leave out all of that day. The status is 200.
#           Only T12:00:00.000GMT and T12:00:00.000+0000 are noon; without the thousandths these, too, are midnight.
# Guess:    Z is UTC in any API that takes dates; what it cannot read is refused. A word that is no date at all does get 400.
# Matters:  A poll for what is new since the last time gets the whole day each time. A report up to now lacks today's
#           applications, and a clean-up by maxEndDate spares them. Nobody is told. Standard libraries write Z or +00:00.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
mkdir logs
for app in "morning 1772697600000" "evening 1772740800000"; do # 8:00 and 20:00 UTC
	name=${app% *} at=${app#* }
	cat >"logs/$name" <<LOG
{"Event":"SparkListenerLogStart","Spark Version":"4.3.0"}
{"Event":"SparkListenerApplicationStart","App Name":"$name","App ID":"$name","Timestamp":$at,"User":"reports"}
{"Event":"SparkListenerApplicationEnd","Timestamp":$((at + 60000))}
LOG
done
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
import urllib.error
import urllib.parse
import urllib.request

BASE = f"http://127.0.0.1:{sys.argv[1]}/api/v1/applications"
ALL = {"morning", "evening"}
NOON, MIDNIGHT = ({"evening"}, {"morning"}), (ALL, set())
TIMES = {".000GMT": NOON, ".000+0000": NOON, ".000Z": MIDNIGHT, ".000+00:00": MIDNIGHT, ".000": MIDNIGHT, "Z": MIDNIGHT, "GMT": MIDNIGHT}


def ids(**query):
    with urllib.request.urlopen(f"{BASE}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return {app["id"] for app in json.load(answer)}


while ids() != ALL:  # it reads its folder in the background
    time.sleep(1)
held = True
for end, expected in TIMES.items():
    noon = "2026-03-05T12:00:00" + end
    found = ids(minDate=noon), ids(maxDate=noon)
    print(f"{noon}: from then on {sorted(found[0])}, until then {sorted(found[1])}")
    held = held and found == expected
try:
    ids(minDate="noon")
    refused = None
except urllib.error.HTTPError as error:
    refused = error.code
print(f"noon: {refused}")
sys.exit(not (held and refused == 400))
PYTHON
