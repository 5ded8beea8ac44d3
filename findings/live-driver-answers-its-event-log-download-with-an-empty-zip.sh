#!/bin/sh
# A running driver answers the download of its own event log with status 200 and a zip without a file.
#
# Versions: Spark 4.3.0, a driver that writes event logs. It needs Java 17.
# Seen:     /api/v1/applications/ID/logs of the driver's UI gives 22 bytes, the end of a zip and nothing else, while the log
#           is in its folder and has content. A history server on the same folder gives the log for the same path.
# Guess:    The log as it is so far, as from the history server; or an error (404, 503), since only that one reads logs.
# Matters:  A link that goes to the driver while it lives and to the history server afterwards gives people an archive that
#           looks like a success. A script that collects logs keeps it. Downloads have to go to the history server only.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
python3 -m pip install -q --no-deps --target=py4j py4j==0.10.9.9
mkdir logs
cat >driver.py <<'PYTHON'
import os
import sys

from pyspark.sql import SparkSession

settings = {"spark.ui.port": 0, "spark.eventLog.enabled": "true", "spark.eventLog.dir": "file:" + os.path.abspath("logs")}
builder = SparkSession.builder.master("local[1]")
for key, value in settings.items():
    builder = builder.config(key, value)
session = builder.getOrCreate()
session.range(3).collect()
with open("ready.part", "w") as file:
    file.write(session.sparkContext.uiWebUrl + " " + session.sparkContext.applicationId)
os.rename("ready.part", "ready")
sys.stdin.read()
PYTHON
mkfifo hold
SPARK_HOME=$tmp/deps SPARK_LOCAL_IP=127.0.0.1 PYTHONPATH=$tmp:$tmp/py4j python3 driver.py <hold >driver.log 2>&1 &
spark=$!
exec 3>hold
until [ -e ready ]; do
	kill -0 "$spark"
	sleep 1
done
read -r url id <ready || :
python3 - "$url/api/v1/applications/$id/logs" <<'PYTHON'
import io
import os
import sys
import urllib.request
import zipfile

with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:
    status, content = answer.status, answer.read()
names = zipfile.ZipFile(io.BytesIO(content)).namelist()
written = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, files in os.walk("logs") for name in files)
print(f"the driver answers {status} and a zip of {len(content)} bytes with {len(names)} files; its log has {written} bytes")
sys.exit(not (status == 200 and not names and written > 0))
PYTHON
