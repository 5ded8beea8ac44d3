"""Lines that ran, by folder, from a tree that was built with --coverage: coverage.py build/coverage. Needs gcov, which gcc brings."""

import collections
import json
import pathlib
import subprocess
import sys

FOLDERS = ("base/", "conf/", "auth/", "proxy/")


def reports(tree):
    """gcov's account of each object file that ran."""
    for notes in sorted(pathlib.Path(tree).rglob("*.gcda")):
        if notes.relative_to(tree).as_posix().startswith(FOLDERS):
            text = subprocess.run(["gcov", "--json-format", "--stdout", str(notes)], check=True, capture_output=True, text=True).stdout
            yield from (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def lines(tree):
    """{file: {line: how often it ran}}; a header's functions are in many objects."""
    ran = collections.defaultdict(lambda: collections.defaultdict(int))
    for report in reports(tree):
        for file in report["files"]:
            if file["file"].startswith(FOLDERS):
                for line in file["lines"]:
                    ran[file["file"]][line["line_number"]] += line["count"]
    return ran


def row(name, counts):
    return f"{name:<32} {sum(1 for n in counts if n):>7} of {len(counts):>6} lines  {100 * sum(1 for n in counts if n) / len(counts):6.1f} %"


def main():
    folders, everything = collections.defaultdict(list), []
    for file, ran in lines(sys.argv[1]).items():
        folders[str(pathlib.Path(file).parent)] += ran.values()
        everything += ran.values()
    if not everything:
        raise SystemExit(f"{sys.argv[1]}: nothing ran")
    print("\n".join(row(folder, folders[folder]) for folder in sorted(folders)))
    print(row("all", everything))


main()
