"""auth/THREATS.md: every number from its first to its last has a row, and every test that a row names is there."""

import re
import sys

import source

TABLE = "auth/THREATS.md"
NAME = re.compile(r"`((?:test_)?[st]\d+_\w+)")

rows = [line for line in source.read(TABLE).splitlines() if re.match(r"\| S\d+", line)]
numbers = {int(re.match(r"\| S(\d+)", row).group(1)) for row in rows}
problems = [f"{TABLE}: no row S{n}" for n in range(min(numbers), max(numbers) + 1) if n not in numbers]
tests = "\n".join(source.read(path) for path in source.files("tests", ends=[".c", ".py"]))
defined = set(re.findall(r"\b((?:test_)?[st]\d+_\w+)\s*\(", tests))
for row in rows:
    problems += [f"{TABLE}: {row[:6].strip('| ')}: no test {name}" for name in NAME.findall(row) if name not in defined]
print("\n".join(problems))
sys.exit(1 if problems else 0)
