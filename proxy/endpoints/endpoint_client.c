/*
 * proxy/endpoints/endpoint_client.c - the Python client, as a wheel and an index of it, so that
 * every gateway gives out the version that fits it.
 *
 * Anybody may fetch it: it is public code, the same at every gateway of this version, and who
 * installs it has no token yet.
 */
#include "proxy/endpoints/endpoint.h"

#include "base/version.h"
#include "proxy/endpoints/client_wheel.h"
#include "proxy/guard/guard.h"

#include <stdio.h>

enum { INDEX_MAX = 4 * 1024 };

/* PEP 503: a link with the digest, which pip checks. Its address is relative: it is right behind
 * every name that the gateway has. */
void endpoint_client_index(struct web_call *call)
{
	const struct client_wheel *wheel = client_wheel();
	struct sbuf page;

	sbuf_init(&page, INDEX_MAX);
	sbuf_printf(&page,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<title>sparkgate-client %s</title></head><body>\n"
		"<h1>sparkgate-client %s</h1>\n<p>Install it with <code>pip install %s%s"
		"/_gate/client/%s</code></p>\n"
		"<p><a href=\"%s#sha256=%s\">%s</a></p>\n</body></html>\n",
		SPARKGATE_VERSION, SPARKGATE_VERSION, call->conf->server.origin,
		call->conf->server.base, wheel->name, wheel->name, wheel->sha256, wheel->name);
	web_reply(call,
		&(struct web_reply){page.overflow ? 500 : 200, "text/html; charset=utf-8",
			sbuf_str(&page), "Cache-Control: public, max-age=60\r\n", WEB_KEPT},
		FAULT_NONE);
	sbuf_clear(&page);
}

void endpoint_client_file(struct web_call *call)
{
	const struct client_wheel *wheel = client_wheel();
	struct str path = call->target.path, name = str_of(wheel->name);
	char fields[160];

	if (path.len < name.len || !str_eq(str_from(path, path.len - name.len), name) ||
		path.at[path.len - name.len - 1] != '/') {
		web_fault(call, FAULT_NOT_FOUND, NULL);
		return;
	}
	snprintf(fields, sizeof fields, "ETag: \"%s\"\r\nCache-Control: public, max-age=600\r\n",
		wheel->sha256);
	web_reply(call,
		&(struct web_reply){200, "application/octet-stream",
			{(const char *)wheel->bytes, wheel->len}, fields, WEB_KEPT},
		FAULT_NONE);
}
