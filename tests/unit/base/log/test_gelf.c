/* Messages for Graylog: what GELF 1.1 asks of each member, and how large ones are cut up. */
#include "base/log/gelf.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The record's message as JSON; the caller owns it. */
static json_t *message_of(const struct log_record *record)
{
	struct sbuf text;
	json_error_t error;

	sbuf_init(&text, GELF_MAX);
	gelf_add(&text, "gw-1", record);
	assert_false(text.overflow);
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s: %s", error.text, text.at);
	sbuf_clear(&text);
	return json;
}

static const char *text(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static void message_has_what_the_specification_asks_for(void **state)
{
	const struct log_field fields[] = {{"user", STR("ann"), false},
		{"status", STR("200"), true}, {"token_id", {NULL, 0}, false}};
	const struct log_record record = {
		LOG_WARN, "access", "request", fields, ARRAY_LEN(fields), 1700000000007, false};
	json_t *json = message_of(&record);

	(void)state;
	assert_string_equal(text(json, "version"), "1.1");
	assert_string_equal(text(json, "host"), "gw-1");
	assert_string_equal(text(json, "short_message"), "request");
	assert_true(json_is_real(json_object_get(json, "timestamp")));
	assert_true(json_real_value(json_object_get(json, "timestamp")) == 1700000000.007);
	assert_int_equal(json_integer_value(json_object_get(json, "level")), 4);
	assert_string_equal(text(json, "_event"), "access");
	assert_string_equal(text(json, "_user"), "ann");
	assert_int_equal(json_integer_value(json_object_get(json, "_status")), 200);
	assert_string_equal(text(json, "_application_name"), "sparkgate");
	assert_string_equal(text(json, "_container"), "gateway");
	assert_int_equal(json_object_size(json), 10); /* empty values are left out */
	json_decref(json);
}

static void levels_are_severities_of_syslog(void **state)
{
	static const int wanted[] = {
		[LOG_DEBUG] = 7, [LOG_INFO] = 6, [LOG_WARN] = 4, [LOG_ERROR] = 3};

	(void)state;
	for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
		const struct log_record record = {.level = (enum log_level)level, .event = "x"};
		json_t *json = message_of(&record);
		assert_int_equal(json_integer_value(json_object_get(json, "level")), wanted[level]);
		json_decref(json);
	}
}

static void message_without_words_is_called_by_its_event(void **state)
{
	static const char *const nothing[] = {NULL, ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		const struct log_record record = {.event = "audit", .msg = nothing[i]};
		json_t *json = message_of(&record);
		assert_string_equal(text(json, "short_message"), "audit");
		json_decref(json);
	}
}

static void S40_client_cannot_forge_a_field(void **state)
{
	const struct log_field fields[] = {
		{"path", STR("/\",\"_user\":\"admin\"}\n\x1b\xff"), false}};
	const struct log_record record = {
		.event = "access", .msg = "request", .fields = fields, .count = 1};
	json_t *json = message_of(&record);

	(void)state;
	assert_null(json_object_get(json, "_user"));
	assert_string_equal(text(json, "_path"), "/\",\"_user\":\"admin\"}\n\x1b\xef\xbf\xbd");
	json_decref(json);
}

static void only_what_does_not_fit_a_datagram_is_cut_up(void **state)
{
	(void)state;
	assert_int_equal(gelf_count(1), 1);
	assert_int_equal(gelf_count(GELF_DATAGRAM), 1);
	assert_int_equal(gelf_count(GELF_DATAGRAM + 1), 2);
	assert_int_equal(gelf_count(2 * GELF_CHUNK), 2);
	assert_int_equal(gelf_count(2 * GELF_CHUNK + 1), 3);
	assert_int_equal(gelf_count(GELF_MAX), 128);
	assert_int_equal(gelf_count(GELF_MAX + 1), 0);
}

static void head_of_a_chunk_is_magic_id_number_and_count(void **state)
{
	static const unsigned char id[GELF_ID] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const unsigned char wanted[] = {0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128};
	unsigned char head[GELF_HEAD];

	(void)state;
	gelf_head(head, id, 127, 128);
	assert_int_equal(sizeof head, sizeof wanted);
	assert_memory_equal(head, wanted, sizeof head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_has_what_the_specification_asks_for),
		cmocka_unit_test(levels_are_severities_of_syslog),
		cmocka_unit_test(message_without_words_is_called_by_its_event),
		cmocka_unit_test(S40_client_cannot_forge_a_field),
		cmocka_unit_test(only_what_does_not_fit_a_datagram_is_cut_up),
		cmocka_unit_test(head_of_a_chunk_is_magic_id_number_and_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
