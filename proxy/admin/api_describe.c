/* The token API's answers that describe: itself (OpenAPI), its limits, who asks. */
#include "proxy/admin/api.h"

#include "auth/service/auth.h"
#include "auth/session/session.h"
#include "proxy/pages/page.h"
#include "proxy/pages/page_static.h"

#include <inttypes.h>
#include <stdio.h>

enum { NUMBER_MAX = 24 };

static void add_digits(struct sbuf *out, size_t count)
{
	if (count > 0)
		sbuf_printf(out, "[0-9]{%zu}", count);
}

/* A pattern of the decimals 1..max: a schema can't say "at most" of a text. */
static void add_range(struct sbuf *out, int64_t max)
{
	char digits[NUMBER_MAX];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRId64, max);

	if (len > 1)
		sbuf_printf(out, "[1-9][0-9]{0,%zu}|", len - 2);
	for (size_t i = 0; i < len; i++) {
		char least = i == 0 ? '1' : '0';
		if (digits[i] == least)
			continue;
		sbuf_printf(out, "%.*s[%c-%c]", (int)i, digits, least, digits[i] - 1);
		add_digits(out, len - i - 1);
		sbuf_putc(out, '|');
	}
	sbuf_puts(out, digits);
}

static void add_pattern(struct sbuf *out, int64_t max)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 24 * 3600}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (max < units[i].seconds)
			continue;
		sbuf_puts(out, i == 0 ? "^((" : "|(");
		add_range(out, max / units[i].seconds);
		sbuf_printf(out, ")%c", units[i].unit);
	}
	sbuf_puts(out, ")$");
}

/* What the operator allows today. */
static void set_limits(json_t *schema, int64_t def, int64_t max)
{
	struct sbuf pattern;

	sbuf_init(&pattern, 2048);
	add_pattern(&pattern, max);
	json_object_set_new(schema, "default", json_integer(def));
	json_object_set_new(schema, "maximum", json_integer(max));
	json_object_set_new(schema, "pattern", json_string(sbuf_str(&pattern).at));
	sbuf_clear(&pattern);
}

static void set_cookie_name(json_t *components, const struct conf *conf)
{
	json_t *schemes = json_object_get(components, "securitySchemes");
	char name[SESSION_COOKIE_MAX];

	session_cookie_name(conf, AUTH_SITE_ADMIN, "", name);
	json_object_set_new(json_object_get(schemes, "session"), "name", json_string(name));
}

void api_describe(struct web_call *call)
{
	const struct page_static *file = page_static_find(STR("openapi.json"));
	const struct conf *conf = auth_service_conf(admin_call_of(call)->admin->service);
	json_t *json = json_loadb((const char *)file->bytes, file->len, 0, NULL);
	json_t *components = json_object_get(json, "components");
	json_t *schemas = json_object_get(components, "schemas");

	set_limits(json_object_get(schemas, "AccessTtl"), conf->access_ttl_s.def,
		conf->access_ttl_s.max);
	set_limits(json_object_get(schemas, "RefreshTtl"), conf->refresh_ttl_s.def,
		conf->refresh_ttl_s.max);
	set_cookie_name(components, conf);
	api_answer(call, 200, json);
}
