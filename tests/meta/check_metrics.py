"""The table of docs/metrics.md has each metric of the code (most are in proxy/request/metrics.c), with its type, labels and what it counts.

With --write it writes the table into the page anew.
"""

import re
import sys

import source

PAGE = "docs/metrics.md"
CODE = source.read("proxy/request/metrics.c")
# With the pieces of each string put together.
EVERYTHING = "".join(re.sub(r'"\s*\n\s*"', "", source.read(path)) for path in source.files("proxy", ends=[".c"]))
HEAD = "| metric | type | labels | is |\n|---|---|---|---|\n"
STRING = r'"(?:\\.|[^"\\])*"'
NAMED = re.compile(rf'\b(?:help|gauge)\(\s*out,\s*"(\w+)",\s*(?:"(\w+)",\s*)?((?:{STRING}\s*)+)[,)]')
WRITTEN = re.compile(r"# HELP sparkgate_(\w+) ([^\\%]+)\\n# TYPE sparkgate_\1 (\w+)\\n")  # by other files
LABELS = re.compile(r'"sparkgate_(\w+)\{((?:\\.|[^"\\}])*)')


def literal(text):
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text))


def histograms():
    """Their names and texts are chosen by a condition."""
    body = re.search(r"\nstatic void write_histogram\(.*?\n\}\n", CODE, re.S).group()
    names = re.search(r'upstream \? "(\w+)" : "(\w+)"', body).groups()
    texts = re.search(rf'upstream \? ({STRING})\s*: ({STRING})', body[body.index("help("):]).groups()
    return [(name, "histogram", literal(text)) for name, text in zip(names, texts)]


def metrics():
    """{name: (type, text)}"""
    found = {name: (kind or "gauge", literal(text)) for name, kind, text in NAMED.findall(CODE)}
    found.update({name: (kind, text) for name, kind, text in histograms()})
    found.update({name: (kind, text) for name, text, kind in WRITTEN.findall(EVERYTHING)})
    return found


def labels():
    """{name: its labels}"""
    found = {}
    for name, inside in LABELS.findall(EVERYTHING):
        found.setdefault(name, list(dict.fromkeys(re.findall(r"(\w+)=", inside))))
    return found


def table():
    marks = labels()
    for name, (kind, text) in sorted(metrics().items()):
        named = ", ".join(f"`{label}`" for label in marks.get(name, []))
        yield f"| `sparkgate_{name}` | {kind} | {named} | {text} |\n"


text, wanted = source.read(PAGE), HEAD + "".join(table())
if sys.argv[1:] == ["--write"]:
    head, _, rest = text.partition(HEAD)
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(head + wanted + re.sub(r"\A(\|.*\n)*", "", rest))
    sys.exit(0)
problems = [] if wanted in text else [f"{PAGE}: not as the code; python3 tests/meta/check_metrics.py --write"]
calls = len(re.findall(r"\b(?:help|gauge)\(\s*out,", CODE))
# Two calls have a name that is chosen: in gauge(), and for both histograms.
if calls - 2 != len(metrics()) - len(histograms()) - len(WRITTEN.findall(EVERYTHING)):
    problems.append(f"proxy/request/metrics.c: {calls} calls name a metric, {len(metrics())} metrics were understood")
source.finish(problems)
