#!/bin/sh
# libevent's evhttp_parse_query_str() fails, and gives nothing at all, if one name in a query has no "=".
#
# Versions: libevent 2.1.12-stable-8+deb12u1, the package of Debian 12. It needs a C compiler on Debian 12.
# Seen:     "appId=app-1&raw" and "raw" answer -1, and the pairs that came before are gone, too. "appId=app-1&raw=" and
#           an "&" at the very end are fine; an "&&" in the middle fails like a name alone.
# Guess:    A name alone is a name with an empty value, as in forms of HTML and in Java's servlets. At least the other
#           pairs are there.
# Matters:  Spark's own URLs have names alone ("logPage/?self&logType=out"). A server on evhttp that drops the error sees
#           no parameters, neither the application nor the page, and one that reports it refuses a link that works elsewhere.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for package in libevent-dev libevent-core-2.1-7 libevent-extra-2.1-7; do
	apt-get -o APT::Sandbox::User=root download -qq "$package=2.1.12-stable-8+deb12u1"
done
for file in *.deb; do
	dpkg -x "$file" .
done
cat >query.c <<'C'
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <sys/queue.h>

static const struct {
	const char *query;
	int answer, pairs;
} rows[] = {
	{ "appId=app-1&raw=", 0, 2 },
	{ "appId=app-1&raw", -1, 0 },
	{ "raw&appId=app-1", -1, 0 },
	{ "raw", -1, 0 },
	{ "appId=app-1&&page=2", -1, 0 },
	{ "appId=app-1&", 0, 1 },
};

int main(void)
{
	int changed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct evkeyvalq list;
		struct evkeyval *pair;
		int pairs = 0;
		int answer = evhttp_parse_query_str(rows[i].query, &list);

		TAILQ_FOREACH (pair, &list, next)
			pairs++;
		printf("%-20s answer %2d, %d pairs\n", rows[i].query, answer, pairs);
		changed |= answer != rows[i].answer || pairs != rows[i].pairs;
		evhttp_clear_headers(&list);
	}
	return changed;
}
C
lib=usr/lib/$(cc -print-multiarch)
cc -Iusr/include -I"usr/include/$(cc -print-multiarch)" -L"$lib" query.c -o query -levent_extra -levent_core
LD_LIBRARY_PATH=$lib ./query
