#include "proxy/web/web_row.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void no_handler(struct web_call *call)
{
	(void)call;
}

static const struct web_row rows[] = {
	{"GET, HEAD", "/", WEB_ANYBODY, no_handler, WEB_NOTHING},
	{"GET, HEAD", "/tokens", WEB_SESSION, no_handler, WEB_NOTHING},
	{"POST", "/tokens", WEB_SESSION, no_handler, WEB_OWN_FORM},
	{"GET", "/tokens/revoke", WEB_BEARER, no_handler, WEB_NOTHING},
	{"DELETE", "/tokens/{id}", WEB_BEARER, no_handler, WEB_NOTHING},
	{"GET", "/static/{file}", WEB_ANYBODY, no_handler, WEB_NOTHING},
};

#define ID "00112233445566778899aabbccddeeff"

static enum fault find(
	const char *base, const char *method, const char *path, struct web_call *call)
{
	static struct web_site site = {.rows = rows, .rows_count = ARRAY_LEN(rows)};
	static struct conf_listen listen;
	static struct front_request req;

	snprintf(listen.base, sizeof listen.base, "%s", base);
	req = (struct front_request){.method = str_of(method)};
	*call = (struct web_call){.site = &site, .listen = &listen, .req = &req};
	call->target.path = str_of(path);
	return web_row_find(call);
}

static void a_row_is_found_by_path_and_method(void **state)
{
	static const struct {
		const char *method, *path;
		enum fault fault;
		size_t row;
	} cases[] = {
		{"GET", "/", FAULT_NONE, 0},
		{"HEAD", "/tokens", FAULT_NONE, 1},
		{"POST", "/tokens", FAULT_NONE, 2},
		{"PUT", "/tokens", FAULT_METHOD, 0},
		{"GET", "/tokens/revoke", FAULT_NONE, 3},
		{"HEAD", "/tokens/revoke", FAULT_METHOD, 0},
		{"DELETE", "/tokens/" ID, FAULT_NONE, 4},
		{"DELETE", "/tokens/00112233445566778899aabbccddeef", FAULT_NOT_FOUND, 0},
		{"DELETE", "/tokens/" ID "0", FAULT_NOT_FOUND, 0},
		{"DELETE", "/tokens/00112233445566778899AABBCCDDEEFF", FAULT_NOT_FOUND, 0},
		{"DELETE", "/tokens/" ID "/x", FAULT_NOT_FOUND, 0},
		{"GET", "/static/gateway.css", FAULT_NONE, 5},
		{"GET", "/static/a/b", FAULT_NOT_FOUND, 0},
		{"GET", "/static", FAULT_NOT_FOUND, 0},
		{"GET", "/tokensx", FAULT_NOT_FOUND, 0},
		{"GET", "tokens", FAULT_NOT_FOUND, 0},
	};
	struct web_call call;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum fault fault = find("", cases[i].method, cases[i].path, &call);
		if (fault != cases[i].fault)
			fail_msg("%s %s: %d", cases[i].method, cases[i].path, fault);
		if (fault == FAULT_NONE)
			assert_ptr_equal(call.row, &rows[cases[i].row]);
	}
	assert_int_equal(find("", "DELETE", "/tokens/" ID, &call), FAULT_NONE);
	assert_string_equal(call.token_id, ID);
}

static void paths_are_below_the_base(void **state)
{
	struct web_call call;

	(void)state;
	assert_int_equal(find("/gate", "GET", "/gate/tokens", &call), FAULT_NONE);
	assert_int_equal(find("/gate", "GET", "/tokens", &call), FAULT_NOT_FOUND);
	assert_int_equal(find("/gate", "GET", "/gatetokens", &call), FAULT_NOT_FOUND);
}

static void a_405_names_every_method_of_the_path(void **state)
{
	struct web_call call;
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 200);
	assert_int_equal(find("", "PUT", "/tokens", &call), FAULT_METHOD);
	web_row_add_allow(&call, &out);
	assert_string_equal(out.at, "Allow: GET, HEAD, POST\r\n");
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_found_by_path_and_method),
		cmocka_unit_test(paths_are_below_the_base),
		cmocka_unit_test(a_405_names_every_method_of_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
