"""The application whose driver and executor are processes in place of their pods: waits for a file, sums on its executor, waits for another.

pod_app.py FOLDER: writes FOLDER/sum, and goes on when FOLDER/go and then FOLDER/end are there.
"""

import pathlib
import sys
import time

from pyspark.sql import SparkSession


def wait_for_file(path):
    while not path.exists():
        time.sleep(0.1)


folder = pathlib.Path(sys.argv[1])
spark = SparkSession.builder.getOrCreate()
wait_for_file(folder / "go")
(folder / "sum").write_text(str(spark.range(1, 101).selectExpr("sum(id)").first()[0]))
wait_for_file(folder / "end")
spark.stop()
