/* What of ours comes into a page of Spark's: a style sheet into its head, the way back into its
 * body. */
#include "tests/support/rewrite_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define STYLE  "<link rel=\"stylesheet\" href=\"/_gate/static/way-back.css?v=1\"/>"
#define SCRIPT "<script src=\"/_gate/static/session.js?v=1\"></script>"
#define BANNER "<nav><a href=\"/\">Home</a></nav>"

static struct rewrite_context with_banner(void)
{
	struct rewrite_context app = world_app;

	app.style = "/_gate/static/way-back.css?v=1";
	app.banner = BANNER;
	return app;
}

static void html(const struct rewrite_context *context, const char *text, const char *want)
{
	world_assert(context, REWRITE_HTML, text, want);
}

static void banner_is_the_first_thing_in_the_body_and_its_style_sheet_in_the_head(void **state)
{
	struct rewrite_context app = with_banner();

	(void)state;
	html(&app, "<html><head><title>x</title></head><body class=\"a > b\">y</body></html>",
		"<html><head>" STYLE "<title>x</title></head><body class=\"a > b\">" BANNER
		"y</body></html>");
	html(&app, "<BODY\n>y", "<BODY\n>" BANNER "y");
	app.script = "/_gate/static/session.js?v=1";
	html(&app, "<head></head><body>", "<head>" SCRIPT STYLE "</head><body>" BANNER);
}

static void banner_comes_once_and_into_nothing_else(void **state)
{
	struct rewrite_context app = with_banner();

	(void)state;
	html(&app, "<body><p><body><head></body>", "<body>" BANNER "<p><body><head></body>");
	html(&app, "<head></head><head><body>", "<head>" STYLE "</head><head><body>" BANNER);
	html(&app, "<tbody><bodyx><!-- <body> --><script>'<body>'</script>",
		"<tbody><bodyx><!-- <body> --><script>'<body>'</script>");
	html(&app, "<body", "<body");
	world_assert(&app, REWRITE_JSON, "\"<body>\"", "\"<body>\"");
	app.mount = "/local/\"><script>";
	html(&app, "<head><body>", "<head><body>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			banner_is_the_first_thing_in_the_body_and_its_style_sheet_in_the_head),
		cmocka_unit_test(banner_comes_once_and_into_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
