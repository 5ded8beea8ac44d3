"""man/sparkgate.yaml.5 has every key as the keyword table has it; man/sparkgate.8 has every option.

With --write it writes the keys into the page anew.
"""

import re
import sys
import textwrap

import source

PAGE, COMMANDS = "man/sparkgate.yaml.5", "man/sparkgate.8"
BEGIN, END = '.\\" begin of the keys\n', '.\\" end of the keys\n'
TABLE = source.read("conf/load/keywords.c")
# What a value looks like, by its type.
WORDS = {
    "app_origins": "url", "bool": "true | false", "cidr": "range", "choice": "word", "choice_name": "word", "count": "number",
    "authority": "host[:port]", "ui_name": "name", "ui_url": "url", "file": "file", "fixed": "word", "host": "host", "gelf": "udp://host:port", "identity_header": "field", "issuer": "url", "jws_key": "file",
    "key": "file", "kubeconfig": "file", "label": "text", "listen": "address:port", "ms": "duration", "name": "name",
    "folder_name": "folder", "log_target": "gelf://host:port", "memory": "memory", "namespace": "namespace", "pair": "text", "resource": "URI", "spark_key": "key", "scope": "scope", "seconds": "duration", "secret": "file", "selector": "selector", "size": "size",
    "store": "store", "string": "text", "threads": "number | auto", "token_file": "file", "url": "url",
}
SPANS = {"ms": [(86400000, "d"), (3600000, "h"), (60000, "m"), (1000, "s"), (1, "ms")],
         "seconds": [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")],
         "memory": [(1 << 20, "t"), (1 << 10, "g"), (1, "m")],
         "size": [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")]}


def constants():
    """The numbers that the table's enums name."""
    found = {}
    for body in re.findall(r"enum \{([^}]*)\}", TABLE):
        for name, value in re.findall(r"(\w+) = ([^,]+)", body):
            found[name] = eval(value, {}, found)  # digits and products
    return found


def number(text, known):
    """A bound as C writes it: "(int64_t)MIB * MIB"."""
    return eval(re.sub(r"\(\w+\)", "", text), {}, known)


def spelled(value, kind):
    for unit, word in SPANS.get(kind, []):
        if value and value % unit == 0:
            return f"{value // unit}{word}"
    return str(value)


def literal(text):
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text)).replace('\\"', '"')


def field(row, name):
    """What follows `.name =`, up to the next field."""
    match = re.search(rf"\.{name} =\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+|[^,{{}}]+)", row)
    return match.group(1).strip() if match else None


def rows():
    """(path, help, {field: text}) of each row."""
    body = TABLE[TABLE.index("const struct keyword keywords[]"):TABLE.index("const size_t keywords_count")]
    for row in re.split(r"(?:\{\s*(?=\.path))|GROUP\(", body)[1:]:
        if row.startswith(".path"):
            names = ("shape", "type", "fallback", "min", "max", "is_required", "takes_one", "choices")
            yield literal(field(row, "path")), literal(field(row, "help")), {name: field(row, name) for name in names}
        else:
            path, text = re.match(r'"([^"]*)",\s*((?:"(?:\\.|[^"\\])*"\s*)+)', row).groups()
            yield path, literal(text), {"shape": "KEYWORD_GROUP"}


def escaped(text):
    """Text as roff takes it."""
    text = text.replace("\\", "\\e").replace("-", "\\-") if text.startswith("-") else text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in ".'" else text


def bounds(fields, known):
    kind = (fields.get("type") or "").removeprefix("&value_")
    least, most = (number(fields[name], known) if fields.get(name) else 0 for name in ("min", "max"))
    if fields.get("shape") in ("KEYWORD_VALUES", "KEYWORD_PAIRS", "KEYWORD_GROUPS"):
        return f"At most {most}." if most else ""
    if least and most:
        return f"From {spelled(least, kind)} to {spelled(most, kind)}."
    return f"At most {spelled(most, kind)}." if most else f"At least {spelled(least, kind)}." if least else ""


def choices(fields):
    name = fields.get("choices")
    if not name or name == "formats":
        return ""
    return "One of " + ", ".join(re.findall(r'"([^"]+)"', re.search(rf"{name}\[\] = \{{(.*?)\}};", TABLE, re.S).group(1))) + "."


def value_of(fields):
    if fields.get("takes_one") and fields.get("shape") == "KEYWORD_GROUPS":
        return "map, or list of maps"
    word = WORDS.get((fields.get("type") or "").removeprefix("&value_"), "")
    return {"KEYWORD_GROUP": "", "KEYWORD_GROUPS": "list of maps", "KEYWORD_VALUES": f"list of {word}", "KEYWORD_PAIRS": f"map of {word}"}.get(fields.get("shape"), word)


def sentence(text):
    """A line of help as a sentence; the name of a protocol keeps its letters."""
    first = text if text.startswith("http") else text[0].upper() + text[1:]
    return first + "."


def entry(path, text, fields, known):
    yield f".It Ic {path}" + (f" : Ar {value_of(fields)}" if value_of(fields) else "")
    facts = [sentence(text)]
    if fields.get("is_required"):
        facts.append("Required.")
    if fields.get("fallback"):
        facts.append(f"Default: {literal(fields['fallback'])}.")
    facts += [choices(fields), bounds(fields, known)]
    for fact in filter(None, facts):
        yield from map(escaped, textwrap.wrap(fact, 78, break_long_words=False, break_on_hyphens=False))


def keys():
    known, top = constants(), None
    for path, text, fields in rows():
        first = re.match(r"\w+", path).group().split("_")[0]
        if first != top:
            if top:
                yield ".El"
            yield from (f".Ss {first}", ".Bl -tag -width Ds")
            top = first
        yield from entry(path, text, fields, known)
    yield ".El"


def page_with(lines):
    text = source.read(PAGE)
    head, rest = text.split(BEGIN)
    return head + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1]


def options():
    """Every option of the gateway and its commands."""
    return set(re.findall(r'\{"--([\w-]+)"', "".join(source.read(path) for path in source.files("auth/cli", "proxy/process", ends=[".c"]))))


wanted = page_with(keys())
if sys.argv[1:] == ["--write"]:
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(wanted)
    sys.exit(0)
problems = [] if wanted == source.read(PAGE) else [f"{PAGE}: not as the keyword table; python3 tests/meta/check_manual.py --write"]
if wanted.count(".It Ic ") < 60:
    problems.append("the keyword table was not understood")
manual = source.read(COMMANDS).replace("Fl Fl ", "--")
problems += [f"{COMMANDS} lacks --{name}" for name in sorted(options()) if f"--{name}" not in manual]
if len(options()) < 20:
    problems.append("the tables of options were not understood")
source.finish(problems)
