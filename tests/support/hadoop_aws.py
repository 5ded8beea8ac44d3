"""Hadoop's S3A file system with Amazon's SDK from Maven Central, kept in the cache beside Spark (690 MB): Spark reads `s3a://` with it.

`ensure("4.3")` returns the jars for a version of Spark, which has to be as old as the Hadoop in it; `spark_conf(s3)` what Spark is told.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cache import ensure as ensure_folder

HADOOP = {"4.3": "3.5.0"}  # of hadoop-client-api in its jars
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>sparkgate.tests</groupId><artifactId>s3a</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.hadoop</groupId><artifactId>hadoop-aws</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def install(version):
    def into(target):
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
            folder = pathlib.Path(scratch)
            (folder / "pom.xml").write_text(POM.format(version=version))
            subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", folder / "pom.xml", "-DincludeScope=runtime",
                            f"-DoutputDirectory={folder / 'jars'}", COPY], check=True, stdout=sys.stderr)
            (folder / "jars" / ".ready").touch()
            shutil.rmtree(target, ignore_errors=True)
            os.rename(folder / "jars", target)
    return into


def ensure(spark="4.3"):
    version = HADOOP[spark]
    folder = ensure_folder(f"hadoop-aws-{version}", f"downloading hadoop-aws {version} with the AWS SDK (690 MB)", install(version))
    return sorted(folder.glob("*.jar"))


def spark_conf(s3, spark="4.3"):
    """For spark-defaults.conf: an s3_server.S3Server is what s3a:// means. Tests only: the key stands in Spark's configuration."""
    from s3_server import ACCESS, REGION, SECRET
    jars = ":".join(map(str, ensure(spark)))
    return {"spark.driver.extraClassPath": jars, "spark.executor.extraClassPath": jars,
            "spark.hadoop.fs.s3a.endpoint": s3.endpoint, "spark.hadoop.fs.s3a.endpoint.region": REGION,
            "spark.hadoop.fs.s3a.path.style.access": "true", "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
            "spark.hadoop.fs.s3a.access.key": ACCESS, "spark.hadoop.fs.s3a.secret.key": SECRET}


if __name__ == "__main__":
    print("\n".join(map(str, ensure(*sys.argv[1:]))))
