"""The crawler must see what it looks for: its parser on small inputs and on captured pages."""

import pathlib

import pages

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "tests" / "fixtures" / "spark"
WORDS = "http://gw/gate/local/proxy/app-1"


def test_parser_finds_links_scripts_modules_and_styles():
    page = pages.parse_html("""<title>t</title><a href="a?x=1&amp;y=2">x</a><script src=s.js></script>
        <style>p { background: url('b.png') }</style><script type="module">import {f} from "/static/m.js"; f()</script>""")
    assert page.title == "t"
    assert page.references == ["a?x=1&y=2", "s.js", "b.png", "/static/m.js"]


def test_parser_makes_a_get_form_into_a_url_and_leaves_posts_alone():
    page = pages.parse_html('<form action="/jobs/?&amp;s=Id#done"><input name="page" value="2"></form>'
                            '<form method="POST" action="kill/"><input name="id" value="1"></form>')
    assert page.references == ["/jobs/?page=2"]


def test_script_paths_with_nothing_before_them_are_found():
    text = 'await fetch("/static/sql/a.css"); loadScript(uiRoot + \'/static/d3.min.js\'); import {a} from "./utils.js";'
    assert sorted(pages.references("text/javascript", text)) == ["./utils.js", "/static/sql/a.css"]


def test_addresses_are_guessed_as_sparks_scripts_do():
    assert pages.guess(f"{WORDS}/executors/", "/r") == (WORDS, "app-1")
    assert pages.guess("http://gw/local/shs/history/app-2/3/jobs/", "/r") == ("http://gw/local/shs", "app-2/3")
    assert pages.guess("http://gw/local/shs/history/app-2/jobs/", "/r") == ("http://gw/local/shs", "app-2")
    assert pages.guess("http://gw/elsewhere/", "/r") == ("/r", None)


def test_every_captured_page_with_a_root_is_understood():
    for path in FIXTURES.glob("*/*.html"):
        page = pages.parse_html(path.read_text())
        assert page.ui_root is not None, path
        assert page.references, path


def test_ajax_of_the_captured_pages_is_computed():
    def calls(name, path, version="4.3"):
        text = (FIXTURES / version / name).read_text()
        return pages.ajax(f"{WORDS}{path}", text, pages.parse_html(text))
    assert f"{WORDS}/api/v1/applications/app-1/allexecutors" in calls("driver-executors.ctx.html", "/executors/")
    assert f"{WORDS}/api/v1/applications/app-1/allexecutors" in calls("driver-executors.ctx.html", "/executors/", "3.5")
    assert any("/stages/0/0/taskTable?" in call for call in calls("driver-stage.ctx.html", "/stages/stage/?id=0&attempt=0"))
    assert any("sqlTable" in call for call in calls("driver-sql.ctx.html", "/SQL/"))
    assert any("/environment" in call for call in calls("driver-environment.ctx.html", "/environment/"))
    assert any("/log/?" in call or "/log?" in call for call in calls("worker-log.ctx.html", "/logPage/?a=1"))
