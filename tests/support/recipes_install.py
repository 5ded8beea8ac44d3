#!/usr/bin/env python3
"""Puts the programs of tests/support/recipes.py into build/recipes: all of them, or those that are named. What is there stays.

    recipes_install.py [tensorboard | mlflow | superset | airflow | ray | flink | trino | livy | zeppelin]...
"""

import pathlib
import subprocess
import sys
import venv

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "build" / "recipes"
QUIET = ["-q", "--disable-pip-version-check", "--root-user-action=ignore"]
PACKAGES = {
    "tensorboard": ["tensorboard==2.21.0", "setuptools<80"],
    "mlflow": ["mlflow==3.17.2"],
    "superset": ["apache-superset==6.1.0", "cachetools", "flask-caching==2.3.1", "rich"],  # it does not say that it asks for these
    "airflow": ["apache-airflow==3.3.2"],
    "ray": ["ray[default]==2.60.0"],
}
JARS = {"trino": "io.trino:trino-main:435", "livy": "org.apache.livy:livy-server:0.7.1-incubating",
        "zeppelin": "org.apache.zeppelin:zeppelin-server:0.10.0"}
POM = """<project>
  <modelVersion>4.0.0</modelVersion><groupId>sparkgate.tests</groupId><artifactId>{name}</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""


def packages(name, folder):
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", *QUIET, *PACKAGES[name]], check=True)


def jars(name, folder):
    group, artifact, version = JARS[name].split(":")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(POM.format(name=name, group=group, artifact=artifact, version=version))
    subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", folder / "pom.xml", "-DincludeScope=runtime",
                    f"-DoutputDirectory={folder}", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"], check=True)


def flink(_, folder):
    """Its jars are in a Python package, of which nothing else is wanted."""
    subprocess.run([sys.executable, "-m", "pip", "install", *QUIET, "--no-deps", "--target", folder, "apache-flink-libraries==2.3.0"],
                   check=True)


def main():
    for name in sys.argv[1:] or [*PACKAGES, *JARS, "flink"]:
        folder = RECIPES / name
        if (folder / ".ready").exists():
            continue
        print(f"installing {name} into {folder}", flush=True)
        (packages if name in PACKAGES else jars if name in JARS else flink)(name, folder)
        (folder / ".ready").touch()


if __name__ == "__main__":
    main()
