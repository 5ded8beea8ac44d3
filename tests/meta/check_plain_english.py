"""The READMEs are read once: most sentences are short, none is a paragraph, and the first README is four screens.

A sentence's words are counted in paragraphs and list items. Code blocks, tables, headings and pictures are left out; `code` is
one word, and so is a list of such names. With --list it prints the longest sentences of each file.
"""

import re
import sys

import source

MEDIAN, P90, MOST = 18, 30, 45  # words
FEW = 10  # sentences: a file with fewer is judged with the others only
README_LINES = 200

NAMES = re.compile(r"`[^`]*`(?:(?:,| and| or|, and|, or) `[^`]*`)+")
CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
ITEM = re.compile(r"^\s*(?:[-*]|\d+\.) +")
END = re.compile(r"(?<=[.!?])[)\"*]*\s+")
SHORT = re.compile(r"\b(e\.g|i\.e|etc|vs|cf)\.")


def paragraphs(text):
    """Prose, a paragraph or a list item each, on one line."""
    text = re.sub(r"^ *```.*?^ *```[^\n]*$", "", text, flags=re.M | re.S)
    lines = []
    for line in [*text.split("\n"), ""]:
        apart = not line.strip() or re.match(r"\s*(\||#|!\[|<)", line)
        if (apart or ITEM.match(line)) and lines:
            yield " ".join(lines)
            lines = []
        if not apart:
            lines.append(ITEM.sub("", line).strip() if ITEM.match(line) else line.strip())


def sentences(text):
    """(words, sentence) of each sentence."""
    for paragraph in paragraphs(text):
        plain = SHORT.sub(r"\1", paragraph)
        plain = NAMES.sub("Names", LINK.sub(r"\1", plain))
        plain = CODE.sub("Code", plain)
        for sentence in END.split(plain):
            words = re.findall(r"[^\W_][\w'’.,/:%-]*", sentence)
            if words:
                yield len(words), sentence


def quantile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, int(share * len(numbers)))]


def verdict(name, lengths):
    median, p90 = quantile(lengths, 0.5), quantile(lengths, 0.9)
    if median > MEDIAN or p90 > P90:
        yield f"{name}: a sentence has {median} words (median; at most {MEDIAN}), {p90} at p90 (at most {P90})"


SAMPLE = """# A heading of several words is not counted
One claim a sentence. It names `a key`, `b` and `c`, e.g. here
on two lines!

| a table | is not counted |
|---|---|

1. An item has [a link](https://x.example/a.b).

```sh
code is not counted
```
"""
counted = [words for words, _ in sentences(SAMPLE)]
problems = [] if counted == [4, 8, 5] else [f"sentences are miscounted: {counted}"]
everything = []
for path in source.documents():
    found = list(sentences(source.read(path)))
    lengths = [words for words, _ in found]
    everything += lengths
    if sys.argv[1:] == ["--list"] and lengths:
        print(f"{path}: {len(lengths)} sentences, median {quantile(lengths, 0.5)}, p90 {quantile(lengths, 0.9)}")
        for words, sentence in sorted(found, reverse=True)[:8]:
            print(f"  {words}: {sentence}")
    if len(lengths) >= FEW:
        problems += verdict(path, lengths)
    problems += [f"{path}: a sentence of {words} words: {sentence[:60]}..." for words, sentence in found if words > MOST]
problems += verdict("all READMEs", everything)
if source.read("README.md").count("\n") > README_LINES:
    problems.append(f"README.md: more than {README_LINES} lines")
source.finish(problems)
