#define _GNU_SOURCE
/* Log lines: one JSON object each, whatever is logged (S40). */
#include "base/log/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static int real_stderr, reading_end;

/* Standard error becomes a pipe until captured() gives it back. */
static int capture(void **state)
{
	int ends[2];

	(void)state;
	log_set_level(LOG_INFO);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	reading_end = ends[0];
	real_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	return close(ends[1]);
}

static char *captured(void)
{
	static char text[20000];
	ssize_t n = read(reading_end, text, sizeof text - 1);

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(reading_end);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* The one line that was written, as JSON; the caller owns it. */
static json_t *captured_line(void)
{
	char *text = captured();
	size_t len = strlen(text);
	json_error_t error;

	assert_true(len > 1);
	assert_int_equal(text[len - 1], '\n');
	assert_null(memchr(text, '\n', len - 1));
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (line == NULL)
		fail_msg("%s: %s", error.text, text);
	return line;
}

static const char *value(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void line_has_time_level_event_and_message(void **state)
{
	(void)state;
	log_warn("discovery", "master %s: %d", "m1", 503);
	json_t *line = captured_line();
	assert_string_equal(value(line, "level"), "warn");
	assert_string_equal(value(line, "event"), "discovery");
	assert_string_equal(value(line, "msg"), "master m1: 503");
	assert_int_equal(strlen(value(line, "ts")), strlen("2026-01-31T12:00:00.123Z"));
	assert_int_equal(value(line, "ts")[23], 'Z');
	json_decref(line);
}

static void lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	log_set_level(LOG_WARN);
	assert_false(log_is_on(LOG_INFO));
	assert_true(log_is_on(LOG_WARN));
	log_info("x", "hidden");
	log_fields(LOG_DEBUG, "x", "hidden", NULL, 0);
	assert_string_equal(captured(), "");
}

static void fields_are_text_or_numbers_and_empty_ones_are_left_out(void **state)
{
	const struct log_field fields[] = {{"user", STR("ann"), false},
		{"status", STR("200"), true}, {"token_id", {NULL, 0}, false}};

	(void)state;
	log_fields(LOG_INFO, "access", NULL, fields, ARRAY_LEN(fields));
	json_t *line = captured_line();
	assert_string_equal(value(line, "user"), "ann");
	assert_int_equal(json_integer_value(json_object_get(line, "status")), 200);
	assert_null(json_object_get(line, "token_id"));
	assert_null(json_object_get(line, "msg"));
	json_decref(line);
}

static void S40_client_cannot_forge_a_line(void **state)
{
	const struct log_field fields[] = {
		{"path", STR("/\"}\n{\"level\":\"info\",\"user\":\"admin\"}\r\n\x1b[2J"), false}};

	(void)state;
	log_fields(LOG_INFO, "access", NULL, fields, 1);
	json_t *line = captured_line();
	assert_string_equal(
		value(line, "path"), "/\"}\n{\"level\":\"info\",\"user\":\"admin\"}\r\n\x1b[2J");
	assert_null(json_object_get(line, "user"));
	json_decref(line);
}

static void S40_bytes_that_are_no_text_do_not_break_the_line(void **state)
{
	const struct log_field fields[] = {{"path", STR("/\xff\xc3(\0x"), false}};

	(void)state;
	log_fields(LOG_INFO, "access", "caf\xc3", fields, 1);
	char *text = captured();
	assert_non_null(strstr(text, "\"msg\":\"caf\xef\xbf\xbd\""));
	assert_non_null(strstr(text, "\"path\":\"/\xef\xbf\xbd\xef\xbf\xbd(\\u0000x\""));
}

static void S40_clipping_keeps_the_first_128_bytes(void **state)
{
	static char text[300];

	(void)state;
	memset(text, 'x', sizeof text);
	assert_int_equal(log_clip((struct str){text, 300}).len, 128);
	assert_ptr_equal(log_clip((struct str){text, 300}).at, text);
	assert_int_equal(log_clip((struct str){text, 128}).len, 128);
	assert_int_equal(log_clip(STR("abc")).len, 3);
	assert_string_equal(captured(), "");
}

static void line_that_is_too_long_leaves_a_line_that_says_so(void **state)
{
	static char text[9000];
	const struct log_field field = {"path", {text, sizeof text}, false};

	(void)state;
	memset(text, 'x', sizeof text);
	log_fields(LOG_INFO, "access", NULL, &field, 1);
	json_t *line = captured_line();
	assert_string_equal(value(line, "msg"), "a line was too long and is lost");
	json_decref(line);
}

/* Around the limit every line must still end as a line. */
static void line_of_every_length_near_the_limit_ends_well(void **state)
{
	static char text[8192];

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t len = sizeof text - 120; len < sizeof text; len++) {
		const struct log_field field = {"path", {text, len}, false};
		assert_int_equal(capture(NULL), 0);
		log_fields(LOG_INFO, "access", NULL, &field, 1);
		json_decref(captured_line());
	}
}

static char sunk[64];

static void sink(const struct log_record *record)
{
	snprintf(sunk, sizeof sunk, "%d %s %s %s", (int)record->level, record->event, record->msg,
		record->count ? record->fields[0].key : "-");
}

static void sink_gets_what_is_written_and_nothing_else(void **state)
{
	const struct log_field field = {"user", STR("ann"), false};

	(void)state;
	log_set_sink(sink);
	log_debug("x", "hidden");
	assert_string_equal(sunk, "");
	log_fields(LOG_INFO, "access", "request", &field, 1);
	assert_string_equal(sunk, "1 access request user");
	log_set_sink(NULL);
	log_err("x", "to standard error only");
	assert_string_equal(sunk, "1 access request user");
	assert_true(strlen(captured()) > 0);
}

static void no_level_drops_an_audit_line(void **state)
{
	const struct log_field field = {"user", STR("ann"), false};

	(void)state;
	log_set_level(LOG_ERROR);
	log_audit("tokens", &field, 1);
	json_t *line = captured_line();
	assert_string_equal(value(line, "event"), "audit");
	assert_string_equal(value(line, "msg"), "tokens");
	assert_string_equal(value(line, "level"), "info");
	assert_string_equal(value(line, "user"), "ann");
	json_decref(line);
}

static void text_leaves_out_what_is_routine_and_nothing_else_of_that_name(void **state)
{
	const struct log_field fields[] = {
		{"path", STR("/a/ui/shop/static/orders"), false}, {"status", STR("200"), true}};

	(void)state;
	log_set_format(LOG_TEXT);
	log_routine("access", "request", fields, ARRAY_LEN(fields));
	log_fields(LOG_INFO, "access", "request", fields, ARRAY_LEN(fields));
	log_set_format(LOG_JSON);
	const char *text = captured();
	const char *found = strstr(text, "/a/ui/shop/static/orders");
	assert_non_null(found);
	assert_null(strstr(found + 1, "/a/ui/shop/static/orders"));
}

static void json_and_sinks_have_what_is_routine(void **state)
{
	(void)state;
	log_set_sink(sink);
	log_routine("access", "request", NULL, 0);
	log_set_sink(NULL);
	assert_string_equal(sunk, "1 access request -");
	json_t *line = captured_line();
	assert_string_equal(value(line, "event"), "access");
	json_decref(line);
}

static void writer_without_a_reader_goes_on(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++)
		log_info("x",
			"a pipe that nobody reads is full after a while, and that must not block");
	assert_true(strlen(captured()) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_has_time_level_event_and_message, capture),
		cmocka_unit_test_setup(lines_below_the_level_are_not_written, capture),
		cmocka_unit_test_setup(
			fields_are_text_or_numbers_and_empty_ones_are_left_out, capture),
		cmocka_unit_test_setup(S40_client_cannot_forge_a_line, capture),
		cmocka_unit_test_setup(S40_bytes_that_are_no_text_do_not_break_the_line, capture),
		cmocka_unit_test_setup(S40_clipping_keeps_the_first_128_bytes, capture),
		cmocka_unit_test_setup(line_that_is_too_long_leaves_a_line_that_says_so, capture),
		cmocka_unit_test(line_of_every_length_near_the_limit_ends_well),
		cmocka_unit_test_setup(sink_gets_what_is_written_and_nothing_else, capture),
		cmocka_unit_test_setup(no_level_drops_an_audit_line, capture),
		cmocka_unit_test_setup(
			text_leaves_out_what_is_routine_and_nothing_else_of_that_name, capture),
		cmocka_unit_test_setup(json_and_sinks_have_what_is_routine, capture),
		cmocka_unit_test_setup(writer_without_a_reader_goes_on, capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
