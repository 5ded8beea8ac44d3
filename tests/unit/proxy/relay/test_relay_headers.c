#include "proxy/relay/relay_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void t50_fields_to_be_kept_say_nothing_of_this_once(void **state)
{
	struct h1_response head;
	struct sbuf out;
	struct rewrite_context context = {.mount = "",
		.cluster_root = "",
		.origin = "",
		.others = "",
		.authority = "",
		.prefix = ""};
	struct relay_headers_plan plan = {.content_encoding = "", .kept = true};

	(void)state;
	assert_int_equal(
		h1_parse_response(
			STR("HTTP/1.1 200 OK\r\nDate: now\r\nExpires: never\r\nPragma: no-cache\r\n"
			    "Cache-Control: no-store\r\nETag: \"theirs\"\r\nVary: "
			    "Accept-Encoding\r\n"
			    "Last-Modified: then\r\nAge: 7\r\nAccept-Ranges: bytes\r\n"
			    "Content-Type: text/css\r\nX-Content-Type-Options: nosniff\r\n"
			    "Content-Security-Policy: script-src 'self'\r\nContent-Length: "
			    "0\r\n\r\n"),
			false, &head),
		H1_DONE);
	sbuf_init(&out, 4096);
	relay_headers_to_client(&out, &head, &context, &plan);
	assert_string_equal(out.at, "Content-Type: text/css\r\nX-Content-Type-Options: nosniff\r\n"
				    "Content-Security-Policy: script-src 'self'\r\n");
	sbuf_clear(&out);
}

/* The fields that a client gets when the UI sends these lines. */
static char *fields_for_client(const char *lines)
{
	struct rewrite_context context = {.mount = "",
		.cluster_root = "",
		.origin = "",
		.others = "",
		.authority = "",
		.prefix = ""};
	struct relay_headers_plan plan = {.rewritten = false};
	struct h1_response head;
	struct sbuf text, out;

	sbuf_init(&text, 4096);
	sbuf_printf(&text, "HTTP/1.1 200 OK\r\nDate: now\r\n%sContent-Length: 0\r\n\r\n", lines);
	assert_int_equal(h1_parse_response(sbuf_str(&text), false, &head), H1_DONE);
	sbuf_init(&out, 4096);
	relay_headers_to_client(&out, &head, &context, &plan);
	sbuf_clear(&text);
	return sbuf_take(&out);
}

static void s69_what_a_ui_answers_no_shared_cache_may_keep(void **state)
{
	static const struct {
		const char *said, *want;
	} rows[] = {
		{"", "Cache-Control: private\r\n"},
		{"Expires: Thu, 01 Jan 2037 00:00:00 GMT\r\n",
			"Expires: Thu, 01 Jan 2037 00:00:00 GMT\r\nCache-Control: private\r\n"},
		{"Cache-Control: public, max-age=60\r\n",
			"Cache-Control: max-age=60\r\nCache-Control: private\r\n"},
		{"cache-control: PUBLIC\r\n", "Cache-Control: private\r\n"},
		{"Cache-Control: max-age=60, s-maxage=600, immutable\r\n",
			"Cache-Control: max-age=60, immutable\r\nCache-Control: private\r\n"},
		{"Cache-Control: S-MaxAge = 600\r\n", "Cache-Control: private\r\n"},
		{"Cache-Control: max-age=60\r\n",
			"Cache-Control: max-age=60\r\nCache-Control: private\r\n"},
		{"Cache-Control: private, max-age=60\r\n",
			"Cache-Control: private, max-age=60\r\n"},
		{"Cache-Control: no-cache, no-store, must-revalidate\r\n",
			"Cache-Control: no-cache, no-store, must-revalidate\r\n"},
		{"Cache-Control: public\r\nCache-Control: private\r\n",
			"Cache-Control: private\r\n"},
		{"Cache-Control: private=\"a, no-store, b\", max-age=5\r\n",
			"Cache-Control: max-age=5\r\nCache-Control: private\r\n"},
		{"Cache-Control: x=\"private, public\", public\r\n",
			"Cache-Control: x=\"private, public\"\r\nCache-Control: private\r\n"},
		{"Cache-Control: must-understand, no-store\r\n", "Cache-Control: no-store\r\n"},
		{"Cache-Control: x=\"public\r\n",
			"Cache-Control: x=\"public\r\nCache-Control: private\r\n"},
		{"CDN-Cache-Control: max-age=60\r\nSurrogate-Control: max-age=60\r\n",
			"Cache-Control: private\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *got = fields_for_client(rows[i].said);
		const char *date = "Date: now\r\n";
		if (strncmp(got, date, strlen(date)) != 0 ||
			strcmp(got + strlen(date), rows[i].want) != 0)
			fail_msg("%s became %s", rows[i].said, got);
		free(got);
	}
}

static void s76_list_that_is_cut_is_kept_by_no_cache(void **state)
{
	const struct rewrite_context context = {.mount = "",
		.cluster_root = "",
		.origin = "",
		.others = "",
		.authority = "",
		.prefix = ""};
	const struct relay_headers_plan plan = {.rewritten = true, .is_list = true};
	struct h1_response head;
	struct sbuf out;

	(void)state;
	assert_int_equal(h1_parse_response(STR("HTTP/1.1 200 OK\r\nDate: now\r\nETag: \"a\"\r\n"
					       "Last-Modified: then\r\nAccept-Ranges: bytes\r\n"
					       "Cache-Control: public, max-age=60\r\n"
					       "Content-Length: 0\r\n\r\n"),
				 false, &head),
		H1_DONE);
	sbuf_init(&out, 4096);
	relay_headers_to_client(&out, &head, &context, &plan);
	assert_string_equal(out.at, "Date: now\r\nCache-Control: private, no-store\r\n");
	sbuf_clear(&out);
}

static void s76_of_a_list_that_is_cut_no_part_is_asked_for(void **state)
{
	const struct h1_field fields[] = {h1_field_of(STR("Range"), STR("bytes=0-99")),
		h1_field_of(STR("If-Range"), STR("\"a\"")),
		h1_field_of(STR("IF-NONE-MATCH"), STR("\"a\"")),
		h1_field_of(STR("If-Modified-Since"), STR("then")),
		h1_field_of(STR("X"), STR("y"))};
	const struct mount history = {.kind = UI_HISTORY, .path = "/local/shs", .prefix = ""};
	const struct front_request req = {
		.method = STR("GET"), .fields = fields, .fields_count = ARRAY_LEN(fields)};
	struct relay_headers_ask ask = {.rest = STR("/api/v1/applications"), .origin = "http://gw"};
	struct sbuf out;

	(void)state;
	for (int is_list = 0; is_list < 2; is_list++) {
		ask.is_list = is_list;
		sbuf_init(&out, 4096);
		relay_headers_to_upstream(&out, &req, &history, &ask);
		assert_int_equal(strstr(out.at, "bytes=0-99") == NULL, is_list);
		assert_int_equal(strstr(out.at, "If-Range") == NULL, is_list);
		assert_int_equal(strstr(out.at, "IF-NONE-MATCH") == NULL, is_list);
		assert_int_equal(strstr(out.at, "If-Modified-Since") == NULL, is_list);
		assert_non_null(strstr(out.at, "X: y\r\n"));
		sbuf_clear(&out);
	}
}

static const struct mount wiki = {.kind = UI_OTHER,
	.path = "/base/local/ui/wiki",
	.authority = "10.0.0.3:8000",
	.prefix = "/w"};

/* The request head that a UI gets when the client sends this field with its Host. */
static char *head_for(
	const struct mount *mount, const char *name, const char *value, bool is_websocket)
{
	const struct h1_field fields[] = {h1_field_of(STR("Host"), STR("gw.example")),
		h1_field_of(str_of(name), str_of(value))};
	struct front_request req = {.method = STR("GET"), .fields = fields, .fields_count = 2};
	struct relay_headers_ask ask = {
		.rest = STR("/"), .origin = "https://gw.example", .is_websocket = is_websocket};
	struct sbuf out;

	sbuf_init(&out, 4096);
	relay_headers_to_upstream(&out, &req, mount, &ask);
	return sbuf_take(&out);
}

/* A cookie without a name comes back as its value, and that may look like ours. */
static void s46_no_cookie_of_ours_is_set_by_a_ui_in_any_spelling(void **state)
{
	static const char *const ours[] = {"sparkgate=x", " sparkgate =x; Path=/", "=sparkgate=x",
		" = __Host-sparkgate =x", "__Secure-sparkgate-app=x", "SPARKGATE_admin=x",
		"sparkgate", "__Host-sparkgate-admin=x; Secure; Path=/"};
	static const char *const theirs[] = {"a=sparkgate=x", "sparkgates=x", "=x", "x"};
	const struct rewrite_context context = {.mount = "/local/ui/a",
		.cluster_root = "/local",
		.origin = "http://gw",
		.others = "",
		.authority = "u:1",
		.prefix = ""};
	const struct relay_headers_plan plan = {0};
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(ours) + ARRAY_LEN(theirs); i++) {
		const char *value = i < ARRAY_LEN(ours) ? ours[i] : theirs[i - ARRAY_LEN(ours)];
		struct h1_response head = {.fields_count = 1};

		head.fields[0] = h1_field_of(STR("Set-Cookie"), str_of(value));
		sbuf_reset(&out);
		relay_headers_to_client(&out, &head, &context, &plan);
		if ((strstr(out.at, "Set-Cookie") == NULL) != (i < ARRAY_LEN(ours)))
			fail_msg("%s", value);
	}
	sbuf_clear(&out);
}

static void expect_field(
	const struct mount *mount, const char *name, const char *value, const char *want)
{
	char *head = head_for(mount, name, value, false);

	if (strstr(head, want) == NULL)
		fail_msg("%s: %s became %s", name, value, head);
	free(head);
}

static void s11_a_ui_hears_that_its_own_page_asks(void **state)
{
	static const struct {
		const char *name, *value, *want;
	} rows[] = {
		{"Origin", "https://gw.example", "\r\nOrigin: http://10.0.0.3:8000\r\n"},
		{"Origin", "https://GW.example", "\r\nOrigin: http://10.0.0.3:8000\r\n"},
		{"Origin", "http://gw.example", "\r\nOrigin: http://gw.example\r\n"},
		{"Origin", "https://evil.example", "\r\nOrigin: https://evil.example\r\n"},
		{"Origin", "null", "\r\nOrigin: null\r\n"},
		{"Referer", "https://gw.example/base/local/ui/wiki/a?b",
			"\r\nReferer: http://10.0.0.3:8000/w/a?b\r\n"},
		{"Referer", "https://gw.example/base/local/ui/wikis/",
			"\r\nReferer: https://gw.example/base/local/ui/wikis/\r\n"},
		{"Referer", "https://gw.example/base/",
			"\r\nReferer: https://gw.example/base/\r\n"},
		{"Referer", "https://gw.example.evil/base/local/ui/wiki/",
			"\r\nReferer: https://gw.example.evil/base/local/ui/wiki/\r\n"},
	};
	struct mount spark = wiki;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_field(&wiki, rows[i].name, rows[i].value, rows[i].want);
	spark.kind = UI_DRIVER;
	expect_field(&spark, "Origin", "https://gw.example", "\r\nOrigin: https://gw.example\r\n");
}

static void s11_a_websocket_says_the_uis_origin_once(void **state)
{
	static const char *const names[] = {"Origin", "X-Other"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *head = head_for(&wiki, names[i], "https://gw.example", true);
		char *origin = strstr(head, "\r\nOrigin: http://10.0.0.3:8000\r\n");
		assert_non_null(origin);
		assert_null(strstr(origin + 2, "\r\nOrigin:"));
		free(head);
	}
}

static void s25_a_ui_gets_its_cookie_by_its_own_name(void **state)
{
	(void)state;
	expect_field(&wiki, "Cookie", "a=b; __Secure-Host-c=d; __Host-sparkgate=secret; e=f",
		"\r\nCookie: a=b; __Host-c=d; e=f\r\n");
}

static void s90_spark_gets_no_cookie_but_what_spark_has_set(void **state)
{
	static const enum ui_kind kinds[] = {UI_MASTER, UI_WORKER, UI_DRIVER, UI_HISTORY};
	struct mount spark = wiki;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		spark.kind = kinds[i];
		expect_field(&spark, "Cookie",
			"JSESSIONID=1; _ga=GA1.2; spark-ui-hadoop.auth=x; sparkgate=secret; "
			"spark-ui-sparkgate=y",
			"\r\nCookie: hadoop.auth=x\r\n");
		char *head = head_for(&spark, "Cookie", "JSESSIONID=1; _ga=GA1.2", false);
		assert_null(strstr(head, "Cookie:"));
		free(head);
	}
}

/* The head for a UI that reads who asks in `field`, when the client writes `name: root`. */
static char *head_naming(const char *field, const char *person, const char *name)
{
	const struct h1_field fields[] = {h1_field_of(STR("Host"), STR("gw.example")),
		h1_field_of(str_of(name), STR("root")), h1_field_of(str_of(name), STR("toor"))};
	struct front_request req = {.method = STR("GET"), .fields = fields, .fields_count = 3};
	char *other = mem_strdup("X-Of-Another"), *own = mem_strdup(field), *all[] = {other, own};
	const struct conf_names person_fields = {all, 2};
	struct relay_headers_ask ask = {.rest = STR("/"),
		.person_fields = &person_fields,
		.person_field = str_of(field),
		.person = str_of(person),
		.origin = "https://gw.example"};
	struct sbuf out;

	sbuf_init(&out, 4096);
	relay_headers_to_upstream(&out, &req, &wiki, &ask);
	free(other);
	free(own);
	return sbuf_take(&out);
}

static void s70_the_checked_name_takes_the_place_of_what_a_client_wrote(void **state)
{
	static const char *const fields[] = {"X-WEBAUTH-USER", "X-My-Own", "SM_USER", "iv.user"};
	static const char *const names[] = {"X-WEBAUTH-USER", "x-webauth-user", "X_WEBAUTH-USER",
		"X.Webauth.User", "x-my-own", "X-MY_OWN", "X.My-Own", "SM-USER", "sm_user",
		"sm.user", "iv-user", "IV_USER", "Remote-User", "X-Forwarded-User", "X-Of-Another",
		"x-of-another"};

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
		for (size_t n = 0; n < ARRAY_LEN(names); n++) {
			if (strcmp(fields[f], "X-My-Own") != 0 && n >= 4 && n < 7)
				continue; /* nobody's name there */
			char *head = head_naming(fields[f], "client:ann", names[n]);
			char *want = mem_printf("\r\n%s: client:ann\r\n", fields[f]);
			assert_non_null(strstr(head, want));
			assert_null(strstr(head, "root"));
			assert_null(strstr(head, "toor"));
			free(want);
			free(head);
		}
	}
}

static void s70_a_name_of_other_letters_is_encoded(void **state)
{
	char *head = head_naming("Remote-User", "\xc3\xa4nn, root", "X-A");

	(void)state;
	assert_non_null(strstr(head, "\r\nRemote-User: UTF-8''%C3%A4nn%2C%20root\r\n"));
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s69_what_a_ui_answers_no_shared_cache_may_keep),
		cmocka_unit_test(s76_list_that_is_cut_is_kept_by_no_cache),
		cmocka_unit_test(s76_of_a_list_that_is_cut_no_part_is_asked_for),
		cmocka_unit_test(t50_fields_to_be_kept_say_nothing_of_this_once),
		cmocka_unit_test(s11_a_ui_hears_that_its_own_page_asks),
		cmocka_unit_test(s11_a_websocket_says_the_uis_origin_once),
		cmocka_unit_test(s46_no_cookie_of_ours_is_set_by_a_ui_in_any_spelling),
		cmocka_unit_test(s70_the_checked_name_takes_the_place_of_what_a_client_wrote),
		cmocka_unit_test(s70_a_name_of_other_letters_is_encoded),
		cmocka_unit_test(s25_a_ui_gets_its_cookie_by_its_own_name),
		cmocka_unit_test(s90_spark_gets_no_cookie_but_what_spark_has_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
