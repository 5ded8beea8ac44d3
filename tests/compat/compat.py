"""Every version of Spark in every mode, one after the other, and the table of what came of it: make compat.

    compat.py [--only "3.2.1/plain 4.*/https"] [--again] [--results FILE] [--details FOLDER] [--table README.md]

A cell is a version and a column. Its result is kept as soon as it ends, as a line of FILE, so that a run goes on where the last
one stopped; what was wrong stays in FOLDER/VERSION-COLUMN.json. --again runs cells that held, too. The table is written between two
marks of its file, from results alone.
The last line is "compat: N passed, N failed, N skipped"; a cell that could not be run has failed, and says what is missing.
"""

import argparse
import datetime
import fnmatch
import json
import pathlib
import subprocess
import sys

import world  # first: it says where the tests' modules are

from java_install import NoJava, java_8
from results import GOOD, NUMBERS, Results, word_of
from spark_cluster import LAST_ON_JAVA_8, TIMES
from spark_install import ALL_VERSIONS, ensure_spark, minor
from table import write_table

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = sorted(ALL_VERSIONS.values(), key=minor)
E2E = world.ROOT / "tests" / "e2e"
ROLES = {  # columns that are end-to-end tests, with another Spark
    "lists": [E2E / "roles" / "test_analyst.py"],
    "kill": [E2E / "proxy" / "endpoints" / "test_kill_spark.py", E2E / "auth" / "policy" / "test_rights.py"],
}
COLUMNS = [*world.MODES, *ROLES]
LIMIT_S = 20 * 60 * TIMES
TAIL = 4000


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help='cells as VERSION/COLUMN, with * for any: "3.2.1/plain 4.*/https"')
    parser.add_argument("--again", action="store_true", help="run cells that held, too")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results.tsv", metavar="FILE")
    parser.add_argument("--details", type=pathlib.Path, default=world.ROOT / "build" / "compat", metavar="FOLDER")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE", help="a page with the marks of the table")
    return parser.parse_args()


def wanted(words):
    """Cells in the order of their use: a new reader of the table looks at plain clusters first."""
    cells = [(version, column) for column in COLUMNS for version in VERSIONS
             if any(fnmatch.fnmatch(f"{version}/{column}", word if "/" in word else f"{word}*/*") for word in words.split())]
    if not cells:
        raise SystemExit(f"no such cell: {words}; there are {', '.join(VERSIONS)} with {', '.join(COLUMNS)}")
    return cells


def commit():
    """What was tested: the last commit that main has, too, with a + if there is more. Others may change their names."""
    def git(*words):
        return subprocess.run(["git", "-C", world.ROOT, *words], capture_output=True, text=True, check=False).stdout.strip()
    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "main") or head
    return base[:7] + ("+" if base != head or git("status", "--porcelain", "-uno") else "")


def what_is_missing(version):
    """Installs what that version needs; says what cannot be had, or None."""
    try:
        ensure_spark(version)
        if minor(version) <= LAST_ON_JAVA_8:
            java_8()
    except NoJava as error:
        return str(error)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"Spark {version} could not be installed: {error}"
    return None


def command_of(version, column, result):
    if column in world.MODES:
        return [sys.executable, HERE / "cell.py", version, column, result]
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROLES[column], "--spark", version]


def run_cell(version, column, folder):
    """The result as a dict; what the cell printed stays beside it."""
    missing = what_is_missing(version)
    if missing:
        return {"not_run": missing}
    log, result = folder / f"{version}-{column}.log", folder / f"{version}-{column}.part"
    result.unlink(missing_ok=True)
    with log.open("w") as out:
        try:
            code = subprocess.run(command_of(version, column, result), stdout=out, stderr=subprocess.STDOUT, cwd=world.ROOT,
                                  timeout=LIMIT_S, check=False).returncode
        except subprocess.TimeoutExpired:
            return {"broken": f"took more than {LIMIT_S / 60:g} minutes"}
    if column in ROLES:
        return {"passed": code == 0, "said": log.read_text(errors="replace")[-TAIL:] if code else ""}
    if code or not result.exists():
        return {"broken": log.read_text(errors="replace")[-TAIL:]}
    found = json.loads(result.read_text())
    result.unlink()
    return found


def say(version, column, result):
    """What is wrong, too, of a cell that did not hold."""
    counts = ", ".join(f"{len(result[what])} {what}" for what in NUMBERS if what in result)
    print(f"{version}/{column}: {counts or result.get('not_run') or ('passed' if result.get('passed') else 'FAILED')}", flush=True)
    if word_of(result) not in (None, *GOOD):
        wrong = sum((result.get(what, []) for what in NUMBERS), [])
        text = "\n".join(wrong[:20]) or result.get("broken") or result.get("said", "")
        print("\n".join(f"    {line}" for line in text.splitlines()), flush=True)


def main():
    args = parse_args()
    args.details.mkdir(parents=True, exist_ok=True)
    results, cells = Results(args.results), wanted(args.only)
    good = 0
    for version, column in cells:
        if args.again or not results.held(version, column):
            result = run_cell(version, column, args.details)
            (args.details / f"{version}-{column}.json").write_text(json.dumps(result, indent=1) + "\n")
            results.keep(version, column, result, commit(), datetime.date.today().isoformat())
            say(version, column, result)
            good += word_of(result) in GOOD
        else:
            good += 1
        if args.table:
            write_table(args.table, results, VERSIONS, COLUMNS)
    print(f"\ncompat: {good} passed, {len(cells) - good} failed, 0 skipped", flush=True)
    return good < len(cells)


if __name__ == "__main__":
    sys.exit(main())
