"""The Spark application the tests look at: spark-submit spark_app.py ROLE STATUS_FILE.

Role `finished` runs a few jobs and ends. Role `running` adds what fills every tab of the UI (a cached frame, a
shuffle, a failing job, a structured-streaming query, logs long enough for "Load More", a job slow enough to be
killed) and stays alive. Writes {"id", "name", "ui"} to STATUS_FILE when everything has happened once.
"""

import json
import os
import sys
import threading
import time

from pyspark import InheritableThread
from pyspark.sql import SparkSession, functions as F

LOG_LINES = 4000


def write_status(path, spark):
    context = spark.sparkContext
    status = {"id": context.applicationId, "name": context.appName, "ui": context.uiWebUrl}
    with open(path + ".part", "w") as out:
        json.dump(status, out)
    os.rename(path + ".part", path)


def run_queries(spark):
    """Two SQL executions with a shuffle each over one cached frame."""
    people = spark.range(10000).selectExpr("id", "id % 7 AS team", "concat('name-', id) AS name").cache()
    people.createOrReplaceTempView("people")
    # user HTML in a description is rendered by Spark, with the root put before its link (T33)
    spark.sparkContext.setJobDescription('teams <a href="/jobs/">all jobs</a>')
    spark.sql("SELECT team, count(*) AS members FROM people GROUP BY team ORDER BY team").collect()
    spark.sparkContext.setJobDescription(None)
    teams = spark.range(7).selectExpr("id AS team", "concat('team-', id) AS label")
    people.join(teams, "team").groupBy("label").agg(F.max("id")).collect()
    return people


def fill_logs(spark):
    """More stdout and stderr in each executor than a log page shows at once, with markup and URLs in it (T35)."""
    def shout(_):
        for number in range(LOG_LINES):
            line = f'line {number:06d} of the log, see http://127.0.0.1:8081/ and <a href="/jobs/">&amp;</a>\n'
            sys.stdout.write(line)
            sys.stderr.write(line)
        sys.stdout.flush()
    spark.sparkContext.parallelize(range(4), 4).foreach(shout)


def fail_once(spark):
    try:
        spark.sql("SELECT assert_true(id < 0, 'a failing job') FROM range(4)").collect()
    except Exception:  # the failure is the point: it puts a row into "Failed Jobs"
        pass


def start_stream(spark):
    stream = spark.readStream.format("rate").option("rowsPerSecond", 5).load()
    counts = stream.groupBy((F.col("value") % 3).alias("key")).count()
    return (counts.writeStream.queryName("counts by key").outputMode("complete").format("noop")
            .trigger(processingTime="10 seconds").start())


def sleep_in_jobs(spark):
    """One job at a time that only a kill ends; the next starts after it."""
    def forever():
        while True:
            try:
                spark.sparkContext.setJobGroup("slow", "a slow job to kill", interruptOnCancel=True)
                spark.sql("SELECT java_method('java.lang.Thread', 'sleep', 3600000L + id) FROM range(1)").collect()
            except Exception:
                time.sleep(0.2)
    thread = InheritableThread(target=forever, daemon=True)
    thread.start()


def main():
    role, status_path = sys.argv[1:3]
    spark = SparkSession.builder.getOrCreate()
    run_queries(spark)
    if role == "finished":
        write_status(status_path, spark)
        spark.stop()
        return
    fill_logs(spark)
    fail_once(spark)
    query = start_stream(spark)
    sleep_in_jobs(spark)
    while not query.recentProgress:
        time.sleep(0.1)
    write_status(status_path, spark)
    threading.Event().wait()


main()
