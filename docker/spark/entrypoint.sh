#!/bin/sh
# Which part of Spark this container is: SPARK_MODE (master, worker or history), else what the other variables tell:
# SPARK_MASTER_URL makes a worker of that master, SPARK_MASTER_HOST alone a master known by that name.
# With arguments it is that command: docker compose run --rm worker spark-submit job.py
set -eu
deploy=org.apache.spark.deploy

# Kubernetes says SPARK_MASTER_PORT=tcp://... in every pod beside a Service called spark-master.
case ${SPARK_MASTER_PORT:-} in *://*) unset SPARK_MASTER_PORT ;; esac
case ${SPARK_WORKER_PORT:-} in *://*) unset SPARK_WORKER_PORT ;; esac

mode=${SPARK_MODE:-}
if [ -n "${SPARK_MASTER_URL:-}" ]; then
	: "${mode:=worker}"
elif [ -n "${SPARK_MASTER_HOST:-}" ]; then
	: "${mode:=master}"
	SPARK_MASTER_URL=spark://$SPARK_MASTER_HOST:${SPARK_MASTER_PORT:-7077}
fi
# what spark-submit and pyspark take when they are given no --master
[ -z "${SPARK_MASTER_URL:-}" ] || export MASTER="${MASTER:-$SPARK_MASTER_URL}"

# SPARK_GELF=udp://graylog:12201: the lines of every JVM here go there as well; workers hand these variables on to drivers and executors.
if [ -n "${SPARK_GELF:-}" ]; then
	receiver=${SPARK_GELF#*://}
	case $receiver in
	*:*) export SPARK_GELF_HOST="${receiver%:*}" SPARK_GELF_PORT="${receiver##*:}" ;;
	*) export SPARK_GELF_HOST="$receiver" ;;
	esac
	export LOG4J_CONFIGURATION_FILE="$SPARK_HOME/log4j2-gelf.xml"
	# a driver has its application's id where log4j2 can read it only if it is told that a proxy stands before its UI: the gateway does
	export SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:+$SPARK_SUBMIT_OPTS }-Dspark.ui.reverseProxy=true"
fi

[ $# -eq 0 ] || exec "$@"
case $mode in
master) exec "$SPARK_HOME/bin/spark-class" $deploy.master.Master --host "${SPARK_MASTER_HOST:-$(hostname)}" ;;
worker)
	[ -n "${SPARK_MASTER_URL:-}" ] || { echo "a worker needs SPARK_MASTER_URL=spark://HOST:7077" >&2; exit 2; }
	exec "$SPARK_HOME/bin/spark-class" $deploy.worker.Worker "$SPARK_MASTER_URL" ;;
history | history-server) exec "$SPARK_HOME/bin/spark-class" $deploy.history.HistoryServer ;;
'') echo "set SPARK_MASTER_URL (a worker), SPARK_MASTER_HOST (a master), SPARK_MODE=history, or give a command" >&2; exit 2 ;;
*) echo "SPARK_MODE: got \"$mode\", expected master, worker or history" >&2; exit 2 ;;
esac
