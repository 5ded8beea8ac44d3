"""A function fits a screen, a file a sitting."""

import fnmatch
import statistics

import source

FUNCTION_MAX, FILE_MAX = 60, 500
MEDIAN_MAX, P99_MAX = 12, 40
# One cohesive machine, or one table: split, they are read twice.
MACHINE_MAX = 1000
MACHINES = ["proxy/front/front_*.c", "proxy/upstream/upstream*.c", "proxy/rewrite/rewrite_html.c", "auth/backends/redis/*.c", "conf/load/keywords.c"]

problems, lengths = [], []
for path in source.files(*source.LAYERS, "tests", ends=[".c", ".h"]):
    count = source.read(path).count("\n")
    limit = MACHINE_MAX if any(fnmatch.fnmatch(path, m) for m in MACHINES) else FILE_MAX
    if count > limit:
        problems.append(f"{path}: {count} lines, at most {limit}")
    for name, line, length in source.functions(path):
        if path.split("/")[0] in source.LAYERS:
            lengths.append(length)
        if length > FUNCTION_MAX:
            problems.append(f"{path}:{line}: {name}() has {length} lines, at most {FUNCTION_MAX}")
lengths.sort()
median, ninth, last = statistics.median(lengths), lengths[len(lengths) * 9 // 10], lengths[len(lengths) * 99 // 100]
print(f"{len(lengths)} functions, lines: median {median:g}, p90 {ninth}, p99 {last}, max {max(lengths)}")
if median > MEDIAN_MAX or last > P99_MAX:
    problems.append(f"functions: the median is at most {MEDIAN_MAX} lines, p99 at most {P99_MAX}")
source.finish(problems)
