/* Words of Spark's own scripts. */
#include "tests/support/rewrite_world.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void t16_t17_t18_literals_of_sparks_scripts_go_below_the_mount(void **state)
{
	(void)state;
	world_assert(&world_app, REWRITE_SCRIPT,
		"css = await fetch(\"/static/sql/spark-sql-viz.css\")",
		"css = await fetch(\"/local/proxy/app-1/static/sql/spark-sql-viz.css\")");
	world_assert(&world_history, REWRITE_SCRIPT, "  return \"/log\"\n}",
		"  return \"/local/shs/log\"\n}");
	world_assert(&world_app, REWRITE_SCRIPT, "load('/static/d3.min.js', '/statics')",
		"load('/local/proxy/app-1/static/d3.min.js', '/statics')");
}

static void s99_log_lines_become_text_where_sparks_script_makes_html_of_them(void **state)
{
	(void)state;
	world_assert(&world_app, REWRITE_SCRIPT,
		"$(\"pre\").prepend(cleanData); $(\"pre\").append(cleanData); ppend(cleanData, p",
		"$(\"pre\").prepend(document.createTextNode(cleanData)); "
		"$(\"pre\").append(document.createTextNode(cleanData)); ppend(cleanData, p");
	world_assert(&world_app, REWRITE_SCRIPT,
		"$(\"pre\").append(document.createTextNode(cleanData)); expend(clean)",
		"$(\"pre\").append(document.createTextNode(cleanData)); expend(clean)");
}

static void scripts_that_ask_ui_root_already_stay(void **state)
{
	static const char script[] =
		"a = uiRoot + \"/log\"; b = uiRoot +\n '/static/x'; c = \"/logs\"; d = \"/sta\"";

	(void)state;
	world_assert(&world_app, REWRITE_SCRIPT, script, script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t16_t17_t18_literals_of_sparks_scripts_go_below_the_mount),
		cmocka_unit_test(s99_log_lines_become_text_where_sparks_script_makes_html_of_them),
		cmocka_unit_test(scripts_that_ask_ui_root_already_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
