#include "tests/support/conf_probe.h"

#include "conf/load/load.h"
#include "tests/support/scratch.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

struct conf *conf_probe_load(const char *text)
{
	struct err err = {""};
	struct conf *conf = load_text("sg.yaml", str_of(text), &err);

	if (conf == NULL)
		fail_msg("%s", err.text);
	return conf;
}

struct conf *conf_probe_load_file(const char *folder, char *text, struct err *err)
{
	char *file = scratch_write(folder, "sg.yaml", text);
	struct conf *conf = conf_load(file, err);

	free(file);
	free(text);
	return conf;
}

char *conf_probe_print(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	conf_print(conf, out);
	fclose(out);
	return text;
}

void conf_probe_assert_round_trip(const struct conf *conf)
{
	char *once = conf_probe_print(conf);
	struct conf *again = conf_probe_load(once);
	char *twice = conf_probe_print(again);

	assert_string_equal(once, twice);
	conf_unref(again);
	free(once);
	free(twice);
}

void conf_probe_assert_message(const char *what, const char *got, const char *want)
{
	struct str beginning = str_of(want);

	if (str_ends(beginning, STR("..."))) {
		beginning.len -= 3;
		if (str_starts(str_of(got), beginning))
			return;
	} else if (strcmp(got, want) == 0) {
		return;
	}
	fail_msg("for: %s\ngot:  %s\nwant: %s", what, got, want);
}

char *conf_probe_message(const char *text)
{
	struct err err = {""};

	if (load_text("sg.yaml", str_of(text), &err))
		fail_msg("accepted: %s", text);
	return mem_strdup(err.text);
}

void conf_probe_assert_refused(const struct conf_refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *message = conf_probe_message(rows[i].text);
		conf_probe_assert_message(rows[i].text, message, rows[i].message);
		free(message);
	}
}
