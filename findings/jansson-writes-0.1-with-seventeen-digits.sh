#!/bin/sh
# jansson reads 0.1 and writes 0.10000000000000001: a number that only passes through it comes out as another text.
#
# Versions: jansson 2.14-2, the package of Debian 12. It needs a C compiler on Debian 12.
# Seen:     json_loads() and json_dumps() make 0.10000000000000001 of 0.1 and 1.8999999999999999 of 1.9, while 0.5 and
#           2.25 stay. 1e2 becomes 100.0. The flag JSON_REAL_PRECISION(15) gives 0.1 back, and then loses digits of
#           0.30000000000000004.
# Guess:    The shortest text that reads back as the same number, as JavaScript, Python, Go and Java write it.
# Matters:  Spark's REST answers are full of fractions (quantiles, memory shares, times). A program that changes one link in such an
#           answer and writes the rest back changes its bytes: comparisons, signatures and ETags differ, and people see
#           0.10000000000000001. Texts have to be changed in place, or the number's own text kept.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for package in libjansson-dev libjansson4; do
	apt-get -o APT::Sandbox::User=root download -qq "$package=2.14-2"
done
for file in *.deb; do
	dpkg -x "$file" .
done
cat >numbers.c <<'C'
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *in;
	size_t flags;
	const char *out;
} rows[] = {
	{ "[0.5, 2.25]", 0, "[0.5, 2.25]" },
	{ "[0.1, 1.9]", 0, "[0.10000000000000001, 1.8999999999999999]" },
	{ "[1e2]", 0, "[100.0]" },
	{ "[0.1]", JSON_REAL_PRECISION(15), "[0.1]" },
	{ "[0.30000000000000004]", JSON_REAL_PRECISION(15), "[0.3]" },
};

int main(void)
{
	int changed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *value = json_loads(rows[i].in, 0, NULL);
		char *out = json_dumps(value, rows[i].flags);

		printf("%-22s becomes %s%s\n", rows[i].in, out, rows[i].flags ? " with a precision of 15" : "");
		changed |= strcmp(out, rows[i].out) != 0;
		free(out);
		json_decref(value);
	}
	return changed;
}
C
lib=usr/lib/$(cc -print-multiarch)
cc -Iusr/include -L"$lib" numbers.c -o numbers -ljansson
LD_LIBRARY_PATH=$lib ./numbers
