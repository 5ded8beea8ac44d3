/* What an ingress asks about, read out of what it asks with: S-ext, S5, S6, S7, S10. */
#include "proxy/guard/ext_auth.h"

#include "proxy/guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "gw.example"
enum { FIELDS_MAX = 12 };

struct carrier { /* a request of an ingress, under construction */
	struct front_request req;
	struct h1_field fields[FIELDS_MAX];
	char target[600], url[600];
};

static void add(struct carrier *c, const char *name, struct str value)
{
	assert_true(c->req.fields_count < FIELDS_MAX);
	c->fields[c->req.fields_count++] = h1_field_of(str_of(name), value);
	c->req.fields = c->fields;
}

/* The exact fields that each of them sends of its own about `method` and `target` at HOST. */
static void ask(struct carrier *c, enum ext_auth_kind kind, const char *method, const char *target)
{
	*c = (struct carrier){.req = {.method = STR("GET")}};
	switch (kind) {
	case EXT_AUTH_NGINX:
		c->req.target = STR("/gate/_gate/auth/nginx");
		snprintf(c->url, sizeof c->url, "https://" HOST "%s", target);
		add(c, "Host", STR(HOST));
		add(c, "X-Original-URL", str_of(c->url));
		add(c, "X-Original-Method", str_of(method));
		break;
	case EXT_AUTH_TRAEFIK:
		c->req.target = STR("/gate/_gate/auth/traefik");
		add(c, "Host", STR("sparkgate.spark.svc:8480")); /* where it asks */
		add(c, "X-Forwarded-Method", str_of(method));
		add(c, "X-Forwarded-Proto", STR("https"));
		add(c, "X-Forwarded-Host", STR(HOST));
		add(c, "X-Forwarded-Uri", str_of(target));
		break;
	case EXT_AUTH_ENVOY:
		c->req.method = str_of(method);
		snprintf(c->target, sizeof c->target, "/gate/_gate/auth/envoy%s", target);
		c->req.target = str_of(c->target);
		add(c, "Host", STR(HOST));
		add(c, "X-Forwarded-Proto", STR("https"));
		break;
	default: /* nobody in between */
		c->req.method = str_of(method);
		c->req.target = str_of(target);
		add(c, "Host", STR(HOST));
	}
}

static enum fault judge(struct carrier *c, struct ext_auth **ext)
{
	struct conf_listen conf = {.public_url = {.tls = true, .port = 443, .host = HOST}};
	enum ext_auth_kind kind = ext_auth_kind_of("/gate", c->req.target);
	const struct front_request *asked = &c->req;
	struct err err = {""};
	struct target target;
	struct str label;
	enum fault fault = FAULT_NONE;

	*ext = NULL;
	if (kind != EXT_AUTH_NONE) {
		*ext = ext_auth_new(kind, &c->req);
		asked = &(*ext)->asked;
		fault = ext_auth_read(*ext, "/gate", true, &err);
	}
	return fault != FAULT_NONE ? fault : guard_check(&conf, 8480, asked, &label, &target, &err);
}

static enum fault verdict(struct carrier *c)
{
	struct ext_auth *ext;
	enum fault fault = judge(c, &ext);

	ext_auth_free(ext);
	return fault;
}

static const enum ext_auth_kind everyone[] = {
	EXT_AUTH_NONE, EXT_AUTH_NGINX, EXT_AUTH_TRAEFIK, EXT_AUTH_ENVOY};

static void s6_a_target_means_the_same_whoever_brings_it(void **state)
{
	static const struct {
		const char *target;
		enum fault fault;
	} rows[] = {{"/gate/local/", FAULT_NONE}, {"/spark/a%20b?x=%2F&y=//", FAULT_NONE},
		{"/a?b=c#d", FAULT_BAD_TARGET}, {"/a#b", FAULT_BAD_TARGET},
		{"/a\\b", FAULT_BAD_TARGET}, {"//evil.example/", FAULT_BAD_TARGET},
		{"/a//b", FAULT_BAD_TARGET}, {"/a/../b", FAULT_BAD_TARGET},
		{"/a/./b", FAULT_BAD_TARGET}, {"/a/..", FAULT_BAD_TARGET},
		{"/a/%2e%2e/b", FAULT_BAD_TARGET}, {"/a/.%2E/b", FAULT_BAD_TARGET},
		{"/a%2fb", FAULT_BAD_TARGET}, {"/a%5Cb", FAULT_BAD_TARGET},
		{"/a%00", FAULT_BAD_TARGET}, {"/a%23b", FAULT_BAD_TARGET},
		{"/a%zz", FAULT_BAD_TARGET}, {"/a b", FAULT_BAD_TARGET},
		{"/\x7f", FAULT_BAD_TARGET}, {"/\xc3\xa4", FAULT_BAD_TARGET},
		{"/a?\t", FAULT_BAD_TARGET}};
	struct carrier c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(everyone); k++) {
			ask(&c, everyone[k], "GET", rows[i].target);
			if (verdict(&c) != rows[i].fault)
				fail_msg("%s by way %d", rows[i].target, (int)everyone[k]);
		}
	}
}

static void what_is_asked_about_is_read_byte_for_byte(void **state)
{
	struct ext_auth *ext;
	struct carrier c;

	(void)state;
	for (size_t k = 1; k < ARRAY_LEN(everyone); k++) {
		ask(&c, everyone[k], "POST", "/spark/a%20b/?next=%2F&x=https://y/");
		add(&c, "Cookie", STR("a=b"));
		assert_int_equal(judge(&c, &ext), FAULT_NONE);
		assert_true(str_eq(ext->asked.method, STR("POST")));
		assert_true(str_eq(ext->asked.target, STR("/spark/a%20b/?next=%2F&x=https://y/")));
		assert_true(str_eq(guard_single_field(&ext->asked, FIELD_HOST), STR(HOST)));
		assert_true(str_eq(guard_single_field(&ext->asked, FIELD_COOKIE), STR("a=b")));
		ext_auth_free(ext);
	}
}

static void s7_an_input_that_is_there_twice_or_not_at_all_is_refused(void **state)
{
	struct carrier c;

	(void)state;
	for (size_t k = 1; k < ARRAY_LEN(everyone); k++) {
		ask(&c, everyone[k], "GET", "/");
		size_t count = c.req.fields_count;
		for (size_t i = 0; i < count; i++) {
			ask(&c, everyone[k], "GET", "/");
			if (everyone[k] != EXT_AUTH_ENVOY && str_eq(c.fields[i].name, STR("Host")))
				continue; /* of the carrier: says nothing */
			c.fields[c.req.fields_count++] = h1_field_of(c.fields[i].name, STR("y"));
			assert_int_equal(verdict(&c), FAULT_BAD_REQUEST);
			c.fields[i] = c.fields[count] = h1_field_of(STR("X"), STR("y"));
			assert_int_equal(verdict(&c), FAULT_BAD_REQUEST);
		}
	}
}

static void s5_another_host_or_scheme_is_another_site(void **state)
{
	static const char *const urls[] = {"https://evil.example/", "http://" HOST "/",
		"https://u@" HOST "/", "https://" HOST ":1/", "https:///", "https://",
		"HTTPS://" HOST "/", "ftp://" HOST "/", "https://" HOST "\\@evil.example/"};
	struct carrier c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		ask(&c, EXT_AUTH_NGINX, "GET", "/");
		c.fields[1].value = str_of(urls[i]);
		assert_int_equal(verdict(&c), FAULT_BAD_HOST);
	}
	ask(&c, EXT_AUTH_NGINX, "GET", "/");
	c.fields[1].value = STR("/only/a/path");
	assert_int_equal(verdict(&c), FAULT_BAD_REQUEST);
	ask(&c, EXT_AUTH_TRAEFIK, "GET", "/");
	c.fields[3].value = STR("evil.example");
	assert_int_equal(verdict(&c), FAULT_BAD_HOST);
	ask(&c, EXT_AUTH_TRAEFIK, "GET", "/");
	c.fields[2].value = STR("wss");
	assert_int_equal(verdict(&c), FAULT_NONE);
}

static void only_methods_that_are_served_are_asked_about(void **state)
{
	static const char *const methods[] = {
		"TRACE", "CONNECT", "get", "PROPFIND", "GETGETGETGET"};
	struct carrier c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		ask(&c, EXT_AUTH_NGINX, methods[i], "/");
		assert_int_equal(verdict(&c), FAULT_METHOD);
		ask(&c, EXT_AUTH_TRAEFIK, methods[i], "/");
		assert_int_equal(verdict(&c), FAULT_METHOD);
	}
}

static void the_name_of_the_ingress_ends_with_its_segment(void **state)
{
	static const struct {
		const char *target;
		enum ext_auth_kind kind;
	} rows[] = {{"/gate/_gate/auth/nginx", EXT_AUTH_NGINX},
		{"/gate/_gate/auth/nginx?a", EXT_AUTH_NGINX},
		{"/gate/_gate/auth/nginx/", EXT_AUTH_NONE},
		{"/gate/_gate/auth/nginxx", EXT_AUTH_NONE}, {"/_gate/auth/nginx", EXT_AUTH_NONE},
		{"/gate/_gate/auth/traefik", EXT_AUTH_TRAEFIK},
		{"/gate/_gate/auth/envoy/", EXT_AUTH_ENVOY},
		{"/gate/_gate/auth/envoy", EXT_AUTH_NONE},
		{"/gate/_gate/auth/envoy?a", EXT_AUTH_NONE}, {"/gate/_gate/auth/", EXT_AUTH_NONE},
		{"/gate/x", EXT_AUTH_NONE}, {"", EXT_AUTH_NONE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(ext_auth_kind_of("/gate", str_of(rows[i].target)), rows[i].kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s6_a_target_means_the_same_whoever_brings_it),
		cmocka_unit_test(what_is_asked_about_is_read_byte_for_byte),
		cmocka_unit_test(s7_an_input_that_is_there_twice_or_not_at_all_is_refused),
		cmocka_unit_test(s5_another_host_or_scheme_is_another_site),
		cmocka_unit_test(only_methods_that_are_served_are_asked_about),
		cmocka_unit_test(the_name_of_the_ingress_ends_with_its_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
