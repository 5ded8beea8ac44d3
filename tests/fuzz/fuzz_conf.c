/* A configuration file of any bytes: refused with a message, or accepted and printed to what loads
 * again. */
#include "conf/conf.h"
#include "conf/load/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct conf *conf, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out == NULL)
		abort();
	conf_print(conf, out);
	fclose(out);
	return text;
}

/* What is printed means the same: printing it once more changes nothing. */
static void check_round_trip(const struct conf *conf)
{
	struct err err = {""};
	size_t len, len_again;
	char *text = printed(conf, &len);
	struct conf *again = load_text("printed", (struct str){text, len}, &err);

	if (again == NULL) {
		fprintf(stderr, "%s\n%s", err.text, text);
		abort();
	}
	char *text_again = printed(again, &len_again);
	if (len != len_again || memcmp(text, text_again, len) != 0)
		abort();
	conf_unref(again);
	free(text);
	free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {""};
	struct conf *conf = load_text("fuzz", (struct str){(const char *)data, size}, &err);

	if (conf == NULL) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	check_round_trip(conf);
	conf_unref(conf);
	return 0;
}
