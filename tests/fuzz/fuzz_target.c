/* Request targets, URLs and address ranges out of the same bytes. */
#include "base/net/cidr.h"
#include "base/text/url.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* An accepted path has no byte or segment left that a second reader could take for another (S6). */
static void check_target(struct str raw)
{
	static const char *const never[] = {"//", "/../", "/./", "\\", "#", "%00", "%2f", "%2F",
		"%2e", "%2E", "%5c", "%5C", "%23"};
	struct target target;
	struct err err = {""};

	if (target_parse(raw, &target, &err) == -1) {
		must(err.text[0] != '\0');
		return;
	}
	must(target.path.at == raw.at && target.path.len <= raw.len);
	must(target.query.at == NULL ? target.path.len == raw.len
				     : target.path.len + 1 + target.query.len == raw.len);
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		must(str_find(target.path, str_of(never[i])) == -1);
}

/* An accepted URL, written out, is read as the same again. */
static void check_url(struct str text)
{
	struct url url, again;
	struct err err = {""};
	char origin[288], whole[1400];

	if (url_parse(text, &url, &err) == -1) {
		must(err.text[0] != '\0');
		return;
	}
	url_origin(&url, origin);
	snprintf(whole, sizeof whole, "%s%s", origin, url.path);
	must(url_parse(str_of(whole), &again, &err) == 0);
	must(again.tls == url.tls && again.port == url.port);
	must(strcmp(again.host, url.host) == 0 && strcmp(again.path, url.path) == 0);
}

static void check_cidr(struct str text)
{
	struct cidr range;
	struct err err = {""};

	if (cidr_parse(text, &range, &err) == -1)
		must(err.text[0] != '\0');
	else
		must(range.bits <= 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	check_target(text);
	check_url(text);
	check_cidr(text);
	return 0;
}
