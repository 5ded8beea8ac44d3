"""make test and what make test-rest adds run each suite of end-to-end tests once, and each file of theirs is in one suite."""

import os
import sys

import source

sys.dont_write_bytecode = True
sys.path[:0] = ["tests", "tests/e2e"]

import run  # noqa: E402
import suites  # noqa: E402

named = [f"test_{name}.py" for names in suites.FILES.values() for name in names]
there = [name for name in map(os.path.basename, source.files("tests/e2e", ends=[".py"])) if name.startswith("test_")]
problems = [f"tests/e2e/suites.py names {path}, which is not there" for path in named if path not in there]
problems += [f"tests/e2e/suites.py names {path} twice" for path in sorted({p for p in named if named.count(p) > 1})]
problems += [f"tests/e2e/suites.py: {path} is in no suite" for path in there if path not in named]
problems += [f"tests/e2e: {path} is there twice" for path in sorted({p for p in there if there.count(p) > 1})]
runs = [suite.name.removeprefix("e2e-") for suite in run.TEST + run.REST if suite.name.startswith("e2e-")]
problems += [f"tests/run.py runs e2e-{name} {runs.count(name)} times" for name in suites.FILES if runs.count(name) != 1]
problems += [f"tests/run.py runs e2e-{name}, which tests/e2e/suites.py does not have" for name in runs if name not in suites.FILES]
source.finish(problems)
