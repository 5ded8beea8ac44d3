"""log4j2's JSON template layout for Spark before 4.0, which brings log4j2 without it: one jar from Maven Central, kept in the cache.

`ensure_json_layout()` returns the jar, in the version of Spark 3.5's other jars of log4j2.
"""

import subprocess
import sys

from cache import ensure

VERSION = "2.20.0"
ARTIFACT = f"org.apache.logging.log4j:log4j-layout-template-json:{VERSION}"


def install(target):
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", "dependency:copy", f"-Dartifact={ARTIFACT}",
                    f"-DoutputDirectory={target}"], check=True, stdout=sys.stderr)
    (target / ".ready").touch()


def ensure_json_layout():
    folder = ensure(f"log4j-layout-template-json-{VERSION}", "downloading log4j2's JSON template layout", install)
    return folder / f"log4j-layout-template-json-{VERSION}.jar"
