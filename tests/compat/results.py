"""What came of each cell, one line each, in a file that is kept in git: no machine has to run all of them.

A result is the dict that cell.py writes, or that of an end-to-end test; a line has what the table says of it. A cell that could not
be run leaves the line that is there."""

import csv

FIELDS = ("version", "column", "result", "java", "date", "commit")
NUMBERS = ("leaks", "errors", "browser")
GOOD = ("0 0 0", "holds")


def word_of(result):
    """ "0 0 0" (NUMBERS), "holds", "fails" or "broken"; None for a cell that was not run."""
    if "not_run" in result:
        return None
    if "passed" in result:
        return "holds" if result["passed"] else "fails"
    return "broken" if "broken" in result else " ".join(str(len(result[what])) for what in NUMBERS)


def line_number(version, column):
    return tuple(int(part) for part in version.split(".")), column


class Results:
    """`path` is read once and written whole after each result."""

    def __init__(self, path):
        self.path, self.lines = path, {}
        if path.exists():
            with path.open(newline="") as lines:
                self.lines = {(line["version"], line["column"]): line for line in csv.DictReader(lines, delimiter="\t")}

    def of(self, version, column):
        """The line as a dict of FIELDS, or None."""
        return self.lines.get((version, column))

    def held(self, version, column):
        return self.of(version, column) is not None and self.of(version, column)["result"] in GOOD

    def keep(self, version, column, result, commit, date):
        word = word_of(result)
        if word is None:
            return
        values = (version, column, word, result.get("java", ""), date, commit)
        self.lines[version, column] = dict(zip(FIELDS, values, strict=True))
        with self.path.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, FIELDS, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.lines[key] for key in sorted(self.lines, key=lambda key: line_number(*key)))
