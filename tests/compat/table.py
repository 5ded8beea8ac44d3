"""The matrix as a table of Markdown, out of the results that are there; a cell without one says so."""

BEGIN, END = "<!-- compat: made by make compat -->", "<!-- end of compat -->"
SAID = {"holds": "holds", "0 0 0": "0 · 0 · 0"}


def cell(line):
    if line is None:
        return "not run"
    return SAID.get(line["result"]) or f"**{line['result'].replace(' ', ' · ')}**"


def both_ends(words):
    words = sorted(set(words))
    return " to ".join(dict.fromkeys((words[0], words[-1]))) if words else ""


def row(version, lines):
    """Commits in the order of their results, oldest first."""
    there = sorted((line for line in lines if line), key=lambda line: line["date"])
    commits = ", ".join(dict.fromkeys(line["commit"] for line in there))
    java = next((line["java"] for line in there if line["java"]), "")
    words = [version, java.removeprefix("1.").split("_")[0].split(".")[0], *map(cell, lines),
             both_ends(line["date"] for line in there), commits]
    return f"| {' | '.join(words)} |"


def write_table(page, results, versions, columns):
    head = ["Spark", "Java", *columns, "date", "commit"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [row(version, [results.of(version, column) for column in columns]) for version in versions]
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} has no marks for the table: {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
