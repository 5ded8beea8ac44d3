#!/bin/sh
# Spark 4.3 sends a Content-Security-Policy with all pages, and it blocks a handler that Spark's own graph of a job has.
#
# Versions: Spark 4.3.0 (run as a history server). It needs Java 17.
# Seen:     script-src is 'self' and a nonce. spark-dag-viz.js, which draws a job's graph, gives each stage an attribute "onclick".
#           A browser says "Executing inline event handler violates the following Content Security Policy directive" in the
#           console of every page of a job whose graph is opened.
# Guess:    A release that turns a policy on for everybody has pages that keep to it. The other handlers were moved out of HTML.
# Matters:  A check that counts errors in the console finds one that is nobody's but Spark's. With spark.ui.reverseProxy it is
#           seen behind a proxy alone: at the driver's own address the script's path gives HTML. Do not blame, or loosen, the proxy.
set -eu
tmp=$(mktemp -d)
trap 'kill "$spark" 2>/dev/null && wait "$spark" || :; rm -rf "$tmp"' EXIT
spark=
cd "$tmp"
python3 -m pip download -q --no-deps --no-binary=:all: pyspark==4.3.0
tar -xzf pyspark-4.3.0.tar.gz --strip-components=1
mkdir logs
SPARK_HOME=$tmp/deps SPARK_LOCAL_IP=127.0.0.1 SPARK_HISTORY_OPTS="-Dspark.history.ui.port=0 -Dspark.history.fs.logDirectory=file:$tmp/logs" \
	deps/bin/spark-class org.apache.spark.deploy.history.HistoryServer >server.log 2>&1 &
spark=$!
until port=$(grep -o "HistoryServerUI' on port [0-9]*" server.log | grep -o "[0-9]*$"); do
	kill -0 "$spark"
	sleep 1
done
python3 - "$port" <<'PYTHON'
import re
import sys
import urllib.request


def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{path}", timeout=60) as answer:
        return answer.headers["Content-Security-Policy"] or "", answer.read().decode()


policy = get("/")[0]
handlers = re.findall(r'attr\("on\w+".*', get("/static/spark-dag-viz.js")[1])
print(f"policy: {policy}\nhandlers: {handlers}")
scripts = next((part for part in policy.split(";") if part.strip().startswith("script-src")), "'unsafe-inline'")
sys.exit(not (handlers and "'unsafe-inline'" not in scripts and "'unsafe-hashes'" not in scripts))
PYTHON
