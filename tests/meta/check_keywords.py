"""Every key of the configuration is in docs/keys.md, as the table has it, and in the example file.

With --table it prints the table for the page.
"""

import re
import sys

import source

TABLE = source.read("conf/load/keywords.c")
PAGE = source.read("docs/keys.md")


def literal(text, field):
    """The string of `.field = "a" "b"`, or None."""
    match = re.search(rf'\.{field} = ((?:"(?:\\.|[^"\\])*"\s*)+)', text)
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', match.group(1))) if match else None


def keywords():
    """(path, default, help) of each row that is a key; groups have none of their own."""
    body = TABLE[TABLE.index("const struct keyword keywords[]"):TABLE.index("keywords_count")]
    for row in re.split(r"\{(?=\.path)|GROUP\(", body)[1:]:
        if row.startswith(".path"):
            yield literal(row, "path"), literal(row, "fallback"), literal(row, "help")


def line_of(path, fallback, text):
    default = f"`{fallback}`" if fallback else ""
    return f"| `{path}` | {default} | {text} |"


def example_paths():
    """Paths of the keys in the example: by indentation, lists of maps as [], flow maps by their words.
    `#key: value` is one that is commented out: a file that need not exist, a choice among several."""
    stack, found = [], set()
    for line in source.read("conf/sparkgate.example.yaml").split("\n"):
        line = re.sub(r"^( *)#(?=\w+:)", r"\1", line)
        line = re.sub(r"(^|\s)#.*", "", line)
        match = re.match(r"( *)(- )?(\w+):(.*)", line)
        if not match:
            continue
        indent = len(match.group(1)) + len(match.group(2) or "")
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if match.group(2) and stack:
            stack[-1] = (stack[-1][0], stack[-1][1].removesuffix("[]") + "[]")
        prefix = stack[-1][1] + "." if stack else ""
        stack.append((indent, prefix + match.group(3)))
        found.add(stack[-1][1])
        found.update(f"{stack[-1][1]}.{key}" for key in re.findall(r"[{,] *(\w+):", match.group(4)))
    return found


if sys.argv[1:] == ["--table"]:
    print("\n".join(line_of(*row) for row in keywords()))
    sys.exit(0)
problems = [f"docs/keys.md lacks: {line_of(*row)}" for row in keywords() if line_of(*row) not in PAGE]
known = {row[0] for row in keywords()}
problems += [f"conf/sparkgate.example.yaml lacks {path}" for path in sorted(known - example_paths())]
if len(known) < 30:
    problems.append("the keyword table was not understood")
source.finish(problems)
