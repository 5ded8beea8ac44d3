#include "base/text/xml_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* All events as one text: "<a", "text", ">a", ".", "!". */
static const char *events_of(const char *xml)
{
	static char out[512];
	static const char *const signs[] = {"<", "=", ">", ".", "!"};
	struct xml_reader reader;
	struct str value;
	enum xml_event event;

	out[0] = '\0';
	xml_begin(&reader, str_of(xml));
	do {
		event = xml_next(&reader, &value);
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s%.*s ", signs[event],
			(int)value.len, value.at);
	} while (event < XML_END);
	return out;
}

static void elements_and_their_text_come_in_order(void **state)
{
	(void)state;
	assert_string_equal(
		events_of("<?xml version=\"1.0\" encoding='UTF-8'?>\n<a x=\"1\"><b>hi</b> "
			  "<c/></a>\n"),
		"<a <b =hi >b =  <c >c >a . ");
	assert_string_equal(events_of("\xef\xbb\xbf<a ></a >"), "<a >a . ");
	assert_string_equal(events_of("<s:a xmlns:s=\"http://x/\"/>"), "<s:a >s:a . ");
}

static void what_is_not_well_formed_is_refused(void **state)
{
	static const char *const bad[] = {"", "a", "<a", "<a>", "<a></b>", "</a>", "<a/><b/>",
		"<a/>x", "<a b></a>", "<a b=c/>", "<a b=\"c\"d=\"e\"/>", "<a b=\"<\"/>", "<>",
		"< a/>", "<a>]]></a>", "<a b=\"c/>", "<a/ >", "<a></a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *events = events_of(bad[i]);
		if (strchr(events, '!') == NULL)
			fail_msg("%s gave %s", bad[i], events);
	}
}

/* What could name files, grow or hide something is not read at all. */
static void document_types_comments_and_sections_are_refused(void **state)
{
	static const char *const bad[] = {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<a><!-- --></a>", "<a><![CDATA[x]]></a>", "<a><?p?></a>", "<!-- --><a/>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *events = events_of(bad[i]);
		if (strchr(events, '!') == NULL)
			fail_msg("%s gave %s", bad[i], events);
	}
}

static void elements_do_not_nest_without_end(void **state)
{
	(void)state;
	assert_null(
		strchr(events_of("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a>"
				 "</a></a></a></a></a></a></a></a></a></a></a></a>"),
			'!'));
	assert_non_null(strchr(
		events_of("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a>"
			  "</a></a></a></a></a></a></a></a></a></a></a></a>"),
		'!'));
}

static void references_are_resolved(void **state)
{
	char out[32];

	(void)state;
	assert_true(xml_decode(STR("a &amp; &lt;b&gt; &quot;&apos;"), out, sizeof out));
	assert_string_equal(out, "a & <b> \"'");
	assert_true(xml_decode(STR("&#228;&#xE4;&#x20AC;&#x1F600;"), out, sizeof out));
	assert_string_equal(out, "\xc3\xa4\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_true(xml_decode(STR(""), out, sizeof out));
	assert_string_equal(out, "");
}

static void other_references_are_refused(void **state)
{
	static const char *const bad[] = {
		"&", "&amp", "&x;", "&;", "&#;", "&#x;", "&#0;", "&#xD800;", "&#x110000;", "&#1f;"};
	char out[32], small[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(xml_decode(str_of(bad[i]), out, sizeof out));
	assert_false(xml_decode((struct str){"a\0b", 3}, out, sizeof out));
	assert_true(xml_decode(STR("abc"), small, sizeof small));
	assert_false(xml_decode(STR("abcd"), small, sizeof small));
	assert_false(xml_decode(STR("ab&#xE4;"), small, sizeof small));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_and_their_text_come_in_order),
		cmocka_unit_test(what_is_not_well_formed_is_refused),
		cmocka_unit_test(document_types_comments_and_sections_are_refused),
		cmocka_unit_test(elements_do_not_nest_without_end),
		cmocka_unit_test(references_are_resolved),
		cmocka_unit_test(other_references_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
