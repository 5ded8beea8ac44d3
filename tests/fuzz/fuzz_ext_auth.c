/* What an ingress asks about: lines of a target, a method and "Name: value" fields. And what is
 * told to it of a name. */
#include "proxy/guard/ext_auth.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/person_field.h"
#include "proxy/http/request_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOST "gw.example"
enum { FIELDS_MAX = 100 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t read_fields(struct str rest, struct h1_field *fields)
{
	struct str line;
	size_t n = 0;

	while (n < FIELDS_MAX && str_next(&rest, '\n', &line)) {
		ptrdiff_t colon = str_find_byte(line, ':');
		if (colon > 0)
			fields[n++] = h1_field_of((struct str){line.at, (size_t)colon},
				str_trim(str_from(line, (size_t)colon + 1)));
	}
	return n;
}

/* What passes is a request about our own host, with one Host and a path that reads one way. */
static void check_asked(const struct front_request *asked)
{
	struct conf_listen conf = {.public_url = {.tls = true, .port = 443, .host = HOST}};
	struct target target;
	struct str label, host = guard_single_field(asked, FIELD_HOST);
	struct err err = {""};

	must(request_reader_serves_method(asked->method));
	must(host.at != NULL);
	if (guard_check(&conf, 8480, asked, &label, &target, &err) != FAULT_NONE)
		return;
	must(str_eq_nocase(host, STR(HOST)) || str_eq_nocase(host, STR(HOST ":443")));
	must(target.path.len > 0 && target.path.at[0] == '/');
	must(str_find(target.path, STR("/../")) == -1 && str_find(target.path, STR("//")) == -1);
}

static void check_value(struct str value)
{
	struct sbuf out;

	sbuf_init(&out, 4096);
	bool fits = person_field_add(&out, STR("X"), value);
	must(out.len >= 5 && out.len <= PERSON_FIELD_VALUE + 5 && !out.overflow);
	must(fits || out.len == 5);
	must(str_span_printable(sbuf_str(&out)) == out.len - 2);
	sbuf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct h1_field fields[FIELDS_MAX];
	struct front_request carrier = {.method = STR("GET")};
	struct err err = {""};

	check_value(rest);
	if (!str_next(&rest, '\n', &carrier.target) || !str_next(&rest, '\n', &carrier.method))
		return 0;
	carrier.fields = fields;
	carrier.fields_count = read_fields(rest, fields);
	enum ext_auth_kind kind = ext_auth_kind_of("/gate", carrier.target);
	if (kind == EXT_AUTH_NONE)
		return 0;
	struct ext_auth *ext = ext_auth_new(kind, &carrier);
	if (ext_auth_read(ext, "/gate", true, &err) == FAULT_NONE)
		check_asked(&ext->asked);
	ext_auth_free(ext);
	return 0;
}
