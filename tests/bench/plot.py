"""Draws a run as an SVG of a few KB: CPU of the 4 KB page for every contender, and how the bars are met. No library."""

import datetime
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, BAR = 760, 250, 70, 26, 16
STYLE = """
svg { font: 13px system-ui, sans-serif; } text { fill: #1f2328; } .soft { fill: #59636e; font-size: 12px; }
.title { font-weight: 600; font-size: 15px; } .peer { fill: #afb8c1; } .own { fill: #0969da; } .bad { fill: #cf222e; }
.line { stroke: #59636e; } .edge { stroke: #1f2328; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .soft { fill: #9198a1; } .peer { fill: #484f58; } .own { fill: #4493f8; } .bad { fill: #f85149; }
.line { stroke: #9198a1; } .edge { stroke: #e6edf3; } }"""


def label(x, y, content, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    anchor = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}"{kind}{anchor}>{escape(content)}</text>'


def box(y, width, kind):
    return f'<rect class="{kind}" x="{LEFT}" y="{y:.0f}" width="{width:.1f}" height="{BAR}" rx="2"/>'


def line(x1, y1, x2, y2, kind="line"):
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.0f}" x2="{x2:.1f}" y2="{y2:.0f}"/>'


def room():
    return WIDTH - LEFT - RIGHT


def page_panel(top, by_name):
    """A bar for the median, a line from min to max; the least first."""
    rows = sorted(by_name.items(), key=lambda item: item[1]["cpu_us"]["median"])
    scale = room() / max(figures["cpu_us"]["max"] for _, figures in rows)
    drawn = [label(16, top, "CPU for a 4 KB page, microseconds a request", "title")]
    for number, (name, figures) in enumerate(rows):
        y, cpu = top + 14 + number * ROW, figures["cpu_us"]
        middle = y + BAR / 2
        drawn += [label(LEFT - 8, y + 13, "sparkgate bearer token" if name == "sparkgate" else name, anchor="end"),
                  box(y, cpu["median"] * scale, "own" if name.startswith("sparkgate") else "peer"),
                  line(LEFT + cpu["min"] * scale, middle, LEFT + cpu["max"] * scale, middle),
                  label(LEFT + cpu["max"] * scale + 6, y + 13, f"{cpu['median']:.1f}")]
    return drawn, top + 14 + len(rows) * ROW


def bar_panel(top, judged):
    """Each figure as a share of what is allowed; the line is the limit."""
    rows = [(row, row["figure"] / row["limit"]) for row in judged if row["figure"] is not None and row["limit"] and not row["at_least"]]
    if not rows:
        return [], top
    left, width = 400, WIDTH - 400 - 110
    scale = width / max(1.2, *(min(share, 2) for _, share in rows))
    drawn = [label(16, top, "Held to its limits (the line; in brackets)", "title")]
    for number, (row, share) in enumerate(rows):
        y = top + 14 + number * ROW
        drawn += [label(left - 8, y + 13, row["bar"], anchor="end"),
                  box(y, min(share, 2) * scale, "own" if row["verdict"] == "PASS" else "bad").replace(f'x="{LEFT}"', f'x="{left}"'),
                  label(WIDTH - 16, y + 13, f"{row['figure']:.2f} ({row['limit']:g})", anchor="end")]
    bottom = top + 14 + len(rows) * ROW
    return drawn + [line(left + scale, top + 10, left + scale, bottom - 6, "edge")], bottom


def foot(y, result):
    day, count = datetime.date.fromisoformat(result["date"]), result["rounds"]
    how = f"{day.day} {day:%B %Y}; one core each; median and range of {count} interleaved round{'s' if count > 1 else ''}"
    return [label(16, y, how, "soft"), label(16, y + 18, result["machine"], "soft")]


def draw(result):
    parts, bottom = [], 10
    if "page" in result["loads"]:
        drawn, bottom = page_panel(28, result["loads"]["page"])
        parts += drawn
    drawn, bottom = bar_panel(bottom + 30, result["bars"])
    parts += drawn + foot(bottom + 18, result)
    height = bottom + 50
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img" '
            f'aria-label="CPU per request of sparkgate and its peers">\n<style>{STYLE}\n</style>\n' + "\n".join(parts) + "\n</svg>\n")
