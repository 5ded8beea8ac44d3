"""A function fits a screen, a file a sitting."""

import statistics

import source

FUNCTION_MAX, FILE_MAX = 60, 500

problems, lengths = [], []
for path in source.files(*source.LAYERS, "tests", ends=[".c", ".h"]):
    count = source.read(path).count("\n")
    if count > FILE_MAX:
        problems.append(f"{path}: {count} lines, at most {FILE_MAX}")
    for name, line, length in source.functions(path):
        if path.split("/")[0] in source.LAYERS:
            lengths.append(length)
        if length > FUNCTION_MAX:
            problems.append(f"{path}:{line}: {name}() has {length} lines, at most {FUNCTION_MAX}")
if lengths:
    ninth = sorted(lengths)[len(lengths) * 9 // 10]
    print(f"{len(lengths)} functions, lines: median {statistics.median(lengths):g}, p90 {ninth}, max {max(lengths)}")
source.finish(problems)
