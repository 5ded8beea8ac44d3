"""The reasons are in the repository: every S- and T-number that code, tests or documents mention has its row in auth/THREATS.md or
proxy/SPARK.md; every row names a test, points to a row that does, or says "by design" or "not done"; every test and source file that a row or
proxy/HTTP.md names is there."""

import collections
import os
import re

import source

TABLES = {"S": "auth/THREATS.md", "T": "proxy/SPARK.md"}
DOCUMENTS = [*TABLES.values(), "proxy/HTTP.md"]
PROSE = [".md", ".py", ".sh", ".yaml", ".yml", ".toml", ".tsv", ".lua", ".conf", ".cfg", ".js", "Makefile"]
SKIPPED = ("tests/fixtures/", "tests/fuzz/corpus/")  # what others wrote, and bytes

# "S5", "T42-T45", "T42–T48", "S14 to S18", "S-ext". Not "S256" of PKCE, "S3:" of a word, "TLS1", "T1234" nor "'T1'" of a test's data.
NUMBER = re.compile(r"""(?<![\w'./:#-])(?:(?<="{3})|(?<!"))([ST])(?!256\b)(\d{1,3})(?:(?:[-–]| to )\1(\d{1,3}))?(?!\w|["'](?!s\b))""")
EXT = re.compile(r"\bS-ext\b|\btest_s_ext_")
IN_NAME = re.compile(r"\b(?:test_)?((?:[stST]\d{1,3}_)+)[a-z]\w*")
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(/\*.*?\*/|//[^\n]*)', re.S)
ROW = re.compile(r"\| ([ST](?:\d+|-ext))\b.*\| (.*) \|$")
TICKED = re.compile(r"`([^`]+)`")
TEST = re.compile(r"[A-Za-z]\w+")
FILE = re.compile(r"[\w/.-]*?(\w+\.(?:c|h|py))")


def text_of(path):
    """What people read in a file: of C the comments, with nothing but their lines left of the rest."""
    text = source.read(path)
    if not path.endswith((".c", ".h")):
        return text
    return "".join(match.group(1) or "" for match in COMMENT.finditer(text))


def mentioned(path):
    """The numbers that a file names in its text, and in the names of its tests."""
    text = text_of(path)
    for match in NUMBER.finditer(text):
        first, last = int(match.group(2)), int(match.group(3) or match.group(2))
        yield from (f"{match.group(1)}{n}" for n in range(first, last + 1))
    if EXT.search(text):
        yield "S-ext"
    if path.startswith("tests/"):
        for match in IN_NAME.finditer(source.read(path)):
            yield from (number.upper() for number in match.group(1).strip("_").split("_"))


def defined_tests():
    names = set()
    for path in source.files("tests", ends=[".c", ".py"]):
        if not path.startswith(SKIPPED):
            names.update(re.findall(r"\bvoid (\w+)\(\s*void \*\*", source.read(path)))
            names.update(re.findall(r"\bdef (test_\w+)\(", source.read(path)))
    return names


def rows_of(path):
    for line in source.read(path).splitlines():
        match = ROW.match(line)
        if match:
            yield match.group(1), match.group(2)


TESTS = defined_tests()
EVERYWHERE = [f for f in source.files() if not f.startswith(SKIPPED)]
NAMES = {os.path.basename(f) for f in EVERYWHERE}
ROWS = {number: path for path in TABLES.values() for number, _ in rows_of(path)}


def check_cell(number, cell):
    """What a row says of its tests."""
    held = bool(re.search(r"by design|not done|(?:as|see) [ST]\d", cell))
    for name in TICKED.findall(cell):
        if re.search(r"_(\*|…)$", name):
            held = good = any(test.startswith(name[:-1]) for test in TESTS)
        elif FILE.fullmatch(name):
            held, good = True, os.path.basename(name) in NAMES
        elif TEST.fullmatch(name):
            held, good = True, name in TESTS
        else:
            continue
        if not good:
            yield f"{number}: no test {name}"
    if not held:
        yield f"{number}: names no test, and does not say why"


def written_twice(path):
    """Rows of one number and the same first words: what two people added at once."""
    seen = collections.Counter(line[:120] for line in source.read(path).splitlines() if ROW.match(line))
    return [line[:40] for line, count in seen.items() if count > 1]


problems = []
for letter, path in TABLES.items():
    problems += [f"{path}: a row stands twice: {row}" for row in written_twice(path)]
    for number, cell in rows_of(path):
        problems += [f"{path}: {p}" for p in check_cell(number, cell)]
        if number[0] != letter:
            problems.append(f"{path}: {number} is of another table")
for path in DOCUMENTS:
    for name in TICKED.findall(source.read(path)):
        match = FILE.fullmatch(name)
        if match and match.group(1) not in NAMES:
            problems.append(f"{path}: no file {name}")
for path in EVERYWHERE:
    if path.endswith((".c", ".h", *PROSE)):
        problems += [f"{path}: {n} has no row" for n in sorted(set(mentioned(path)) - set(ROWS))]
source.finish(problems)
