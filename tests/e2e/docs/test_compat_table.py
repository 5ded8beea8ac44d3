"""The table of Spark's versions (tests/compat/README.md) and the results that it is made of: nothing is in the one alone."""

import sys

import pytest

from gateway import ROOT

sys.path.append(str(ROOT / "tests" / "compat"))

import compat  # noqa: E402
import java_install  # noqa: E402
from look import Pair  # noqa: E402
from results import Results  # noqa: E402
from table import write_table  # noqa: E402

PAGE, KEPT = ROOT / "tests" / "compat" / "README.md", ROOT / "tests" / "compat" / "results.tsv"
HELD = {"leaks": [], "errors": [], "browser": [], "java": "17.0.15"}


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results.tsv")


def test_the_table_is_what_the_results_say(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(PAGE.read_text())
    write_table(page, Results(KEPT), compat.VERSIONS, compat.COLUMNS)
    assert page.read_text() == PAGE.read_text()


def test_results_are_of_cells_that_there_are():
    assert {(version, column) for version, column in Results(KEPT).lines} <= set(compat.wanted("*"))


def test_a_result_is_there_for_the_next_machine_and_a_cell_that_fails_is_seen(results, tmp_path):
    results.keep("4.3.0", "plain", HELD, "0123456", "2026-11-30")
    results.keep("3.2.1", "kill", {"passed": False, "said": "why"}, "0123456", "2026-11-30")
    results.keep("3.2.1", "https", {**HELD, "leaks": ["a link"]}, "0123456", "2026-11-30")
    again, page = Results(results.path), tmp_path / "README.md"
    assert [again.held(*cell) for cell in (("4.3.0", "plain"), ("3.2.1", "kill"), ("3.2.1", "https"))] == [True, False, False]
    page.write_text(PAGE.read_text())
    write_table(page, again, ["3.2.1", "4.3.0"], ["plain", "https", "kill"])
    rows = [line for line in page.read_text().splitlines() if line.startswith(("| 3.2.1 |", "| 4.3.0 |"))]
    assert rows == ["| 3.2.1 | 17 | not run | **1 · 0 · 0** | **fails** | 2026-11-30 | 0123456 |",
                    "| 4.3.0 | 17 | 0 · 0 · 0 | not run | not run | 2026-11-30 | 0123456 |"]


def test_without_java_8_a_cell_of_an_old_spark_says_how_to_name_one_and_is_not_passed_over(results, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("JAVA_8", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(java_install, "SOURCES", [])
    monkeypatch.setattr(compat, "ensure_spark", lambda version: tmp_path)
    monkeypatch.setattr(sys, "argv", ["compat.py", "--only", "3.2.1/plain", "--results", str(results.path), "--details", str(tmp_path)])
    assert compat.main()
    said = capsys.readouterr().out
    assert "JAVA_8=/path/to/jre make compat" in said and "0 passed, 1 failed" in said
    assert not Results(results.path).lines


def test_a_complaint_is_sparks_own_only_where_its_page_could_not_make_it():
    said = "Executing inline event handler violates the following Content Security Policy directive"
    ours = {"errors": [said, "other"], "graphs": 1}
    assert Pair.complaints(ours, {"errors": [], "graphs": 0}) == ["other"]
    assert Pair.complaints(ours, {"errors": [], "graphs": 1}) == [said, "other"]
    assert Pair.complaints(ours, {"errors": [said], "graphs": 1}) == ["other"]


def test_a_script_that_spark_loads_wrongly_is_its_own_fault_only_where_its_page_got_no_script():
    said, without = "Cannot use import statement outside a module", "setUIRoot is not defined"
    ours = {"errors": [said, "other"], "graphs": 0}
    assert Pair.complaints(ours, {"errors": [without], "graphs": 0}) == ["other"]
    assert Pair.complaints(ours, {"errors": [], "graphs": 0}) == [said, "other"]
    assert Pair.complaints(ours, {"errors": [said], "graphs": 0}) == ["other"]
