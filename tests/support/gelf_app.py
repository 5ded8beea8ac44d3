"""An application whose log lines are hard to carry: spark-submit gelf_app.py STATUS_FILE. Writes {"id", "user"} to it at its end.

Each executor logs by itself (a failing task), the driver what is said here by its JVM's logger "tests".
"""

import json
import sys

HARD = {"lines": 'two\nlines, "quoted", and \\ a \t tab', "lookup": "${env:HOME} ${sys:user.name} ${java:version} %m %n",
        "empty": "", "blank": " \n ", "long": "x" * 70000, "wide": "\u4e16" * 70000, "control": "\x01" * 70000}


def main():
    from pyspark.sql import SparkSession  # the tests read HARD without it
    spark = SparkSession.builder.getOrCreate()
    context, jvm = spark.sparkContext, spark.sparkContext._jvm
    log = jvm.org.apache.logging.log4j.LogManager.getLogger("tests")
    for text in HARD.values():
        log.info(text)
    log.error("failed", jvm.java.lang.RuntimeException("no number"))
    try:
        context.parallelize(range(2), 2).map(lambda number: 1 // 0).collect()
    except Exception:
        log.warn("a task failed")
    with open(sys.argv[1], "w") as out:
        json.dump({"id": context.applicationId, "user": context.sparkUser()}, out)
    log.info("last words")
    spark.stop()


if __name__ == "__main__":
    main()
