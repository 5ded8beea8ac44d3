"""conf/ingress/fields.tsv, README.md beside it and proxy/http/field.c say the same of a request's fields, and every sample names what it has to.

With --table it prints the table for the README.
"""

import re
import sys

import source

ROWS = [line.split("\t") for line in source.read("conf/ingress/fields.tsv").split("\n") if line and not line.startswith("#")]
README = source.read("conf/ingress/README.md")
DOES = {
    "letters": "the only characters of a field name beside letters and digits; a field with any other character in its name is dropped",
    "answer": "dropped from the client, and replaced by those of the 200 response",
    "own": "dropped from the client; only the ingress itself may write them",
    "drop": "dropped from the client, because some UI reads the user's identity from it; `*` is any text",
    "keep": "sent to sparkgate, and never to the guarded service",
    "show": "sent to sparkgate, which decides by them; if one came twice, both are sent",
    "upgrade": "the only protocol that a connection may be upgraded to",
}
# a sample that can drop by prefix names the prefix; the others name each known name
WHOLE = {"nginx.conf": False, "traefik-dynamic.yaml": False, "Caddyfile": True, "haproxy.cfg": True, "envoy.yaml": True}


def table():
    for rule, does in DOES.items():
        fields = ", ".join(f"`{row[1]}`" for row in ROWS if row[0] == rule)
        yield f"| {rule} | {fields} | {does} |"


def names_of(field, known, by_prefix):
    if not field.endswith("*"):
        return [field]
    return [field.rstrip("*")] if by_prefix else known.split(", ")


if sys.argv[1:] == ["--table"]:
    print("\n".join(table()))
    sys.exit(0)
problems = [f"conf/ingress/README.md lacks: {line}" for line in table() if line not in README]
problems += [f"conf/ingress/fields.tsv has no rule {row[0]}" for row in ROWS if row[0] not in DOES]
code = dict(re.findall(r'ROW\("([^"]+)", \w+, ([^)]*)\)', source.read("proxy/http/field.c")))
dropped = {name for name, rules in code.items() if "FIELD_NOT_UPSTREAM" in rules}
for rule, field, known, _ in ROWS:
    if rule not in ("answer", "own", "drop"):
        continue
    for name in names_of(field.lower(), known.lower(), False) + [field.lower()]:
        if not any(name == row or (row.endswith("*") and name.startswith(row[:-1])) for row in dropped):
            problems.append(f"proxy/http/field.c lets {name} pass to a UI")
for sample, by_prefix in WHOLE.items():
    # HAProxy has these three in one expression
    text = source.read(f"conf/ingress/{sample}").lower().replace("^x-(auth-request|forwarded|original)-",
                                                                 "x-auth-request- x-forwarded- x-original-")
    for rule, field, known, _ in ROWS:
        if rule == "drop":
            problems += [f"conf/ingress/{sample} does not name {name}" for name in names_of(field.lower(), known.lower(), by_prefix)
                         if name not in text and not (by_prefix and name.startswith("x-forwarded-") and "x-forwarded-" in text)]
source.finish(problems)
