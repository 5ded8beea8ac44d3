"""docs/forbidden.md has a row for each reason of a 403 (proxy/http/fault.c), with its sentence, and names what the code adds to it."""

import re

import source

PAGE = "docs/forbidden.md"
FAULT = re.compile(r'\[(FAULT_\w+)\] = \{403, "(\w+)",\s*((?:"(?:\\.|[^"\\])*"\s*)+)\}')
ADDED = re.compile(r'web_fault\(\s*[^;"]*?\b(FAULT_\w+),\s*((?:"(?:\\.|[^"\\])*"\s*)+)\)')
ROW = re.compile(r'^\| "((?:\\.|[^"\\|])*)" \| `(\w+)` \|', re.M)


def literal(text):
    """C's pieces of a string as one, as people read it."""
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text)).replace("\\xe2\\x80\\x99", "'")


def added(reasons):
    """(reason, sentence) of each refusal whose sentence stands in the code."""
    for path in source.files("proxy", ends=[".c"]):
        for fault, text in ADDED.findall(source.read(path)):
            if fault in reasons:
                yield reasons[fault][0], literal(text)


def problems():
    reasons = {fault: (word, literal(text)) for fault, word, text in FAULT.findall(source.read("proxy/http/fault.c"))}
    told = [(word, sentence) for sentence, word in ROW.findall(source.read(PAGE))]
    words = [word for word, _ in reasons.values()]
    sentences = sorted(set(added(reasons)))
    if len(reasons) < 6 or len(sentences) < 6:
        yield "the reasons were not understood"
    yield from (f'{PAGE} lacks: | "{sentence}" | `{word}` | cause | what to do |' for word, sentence in reasons.values() if (word, sentence) not in told)
    yield from (f'{PAGE} lacks: | "{sentence}" | `{word}` | what to do |' for word, sentence in sentences if (word, sentence) not in told)
    yield from (f"{PAGE}: {word} is no reason of a 403" for word, _ in told if word not in words)


source.finish(list(problems()))
