/* The form with a file: its fields each once, the file last (S174). */
#include "proxy/launch/pages/upload_form.h"

#include "base/sbuf.h"
#include "base/text/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=b"
#define PART(name, text)                                                                           \
	"--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" text "\r\n"
#define FILE_PART(name, text)                                                                      \
	"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" name "\"\r\n"          \
	"Content-Type: text/x-python\r\n\r\n" text "\r\n"
#define END "--b--\r\n"

/* The last step; what the file has to `file`. */
static enum upload_step read_form(struct upload_form *form, struct str text, struct sbuf *file)
{
	enum upload_step step = UPLOAD_MORE;

	while (text.len > 0 && step != UPLOAD_BAD) {
		size_t used;
		struct str data;
		step = upload_form_take(form, text, &used, &data);
		if (step == UPLOAD_DATA)
			sbuf_add_str(file, data);
		text = str_from(text, used);
	}
	return step;
}

static void assert_refused(struct str text, const char *why)
{
	struct upload_form *form = upload_form_new(STR(TYPE));
	struct sbuf file;

	sbuf_init(&file, 1024);
	assert_int_equal(read_form(form, text, &file), UPLOAD_BAD);
	assert_string_equal(upload_form_error(form), why);
	sbuf_clear(&file);
	upload_form_free(form);
}

static void fields_are_known_when_the_file_begins(void **state)
{
	static const char fields[] = PART("form", "token") PART("key", "abc")
		PART("profile", "prod/small") PART("arguments", " --day\r\n1\r\n");
	struct upload_form *form = upload_form_new(STR(TYPE));
	struct sbuf file;

	(void)state;
	sbuf_init(&file, 1024);
	assert_int_equal(read_form(form, str_of(fields), &file), UPLOAD_MORE);
	assert_int_equal(read_form(form,
				 STR("--b\r\nContent-Disposition: form-data; name=\"file\"; "
				     "filename=\"etl.py\"\r\n\r\n"),
				 &file),
		UPLOAD_FILE);
	assert_string_equal(upload_form_token(form), "token");
	assert_string_equal(upload_form_key(form), "abc");
	assert_string_equal(upload_form_file(form), "etl.py");
	json_t *values = upload_form_values(form);
	assert_string_equal(json_value_string(values, "profile"), "prod/small");
	assert_string_equal(json_value_string(values, "arguments"), "--day\r\n1\r\n");
	assert_null(json_object_get(values, "form"));
	assert_int_equal(read_form(form, STR("print(1)\r\n" END), &file), UPLOAD_END);
	assert_true(str_eq(sbuf_str(&file), STR("print(1)")));
	assert_int_equal(upload_form_tail(form), strlen("\r\n" END));
	sbuf_clear(&file);
	upload_form_free(form);
}

static void form_without_a_chosen_file_has_no_name_of_one(void **state)
{
	static const char *const forms[] = {
		PART("form", "token") FILE_PART("", "") END, PART("form", "token") END};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct upload_form *form = upload_form_new(STR(TYPE));
		struct sbuf file;
		sbuf_init(&file, 16);
		assert_int_equal(read_form(form, str_of(forms[i]), &file), UPLOAD_END);
		assert_string_equal(upload_form_file(form), "");
		assert_string_equal(upload_form_token(form), "token");
		sbuf_clear(&file);
		upload_form_free(form);
	}
}

static void s174_a_part_behind_the_file_is_refused(void **state)
{
	(void)state;
	assert_refused(STR(FILE_PART("etl.py", "x") PART("profile", "prod/large") END),
		"The file must be the last part of the form.");
	assert_refused(STR(FILE_PART("etl.py", "x") FILE_PART("other.py", "y") END),
		"The file must be the last part of the form.");
}

static void s174_fields_that_are_none_or_given_twice_are_refused(void **state)
{
	(void)state;
	assert_refused(
		STR(PART("image", "evil") END), "The form has a field that it should not have.");
	assert_refused(STR("--b\r\nContent-Disposition: form-data; name=\"name\"; "
			   "filename=\"a\"\r\n\r\nx\r\n" END),
		"The form has a field that it should not have.");
	assert_refused(STR(PART("file", "no name of a file") END),
		"The form has a field that it should not have.");
	assert_refused(STR(PART("form", "a") PART("form", "b") END),
		"A field of the form is given twice.");
	assert_refused(STR(PART("name", "a") PART("name", "b") END),
		"A field of the form is given twice.");
}

static void s174_fields_that_are_long_or_no_text_are_refused(void **state)
{
	static const char why[] = "A field of the form is too long or malformed.";
	struct sbuf text;

	(void)state;
	assert_refused(STR(PART("name", "caf\xe9") END), why);
	assert_refused(STR(PART("name", "a\0b") END), why);
	sbuf_init(&text, 256 * 1024);
	for (size_t len = 600; len < 200 * 1024; len *= 100) {
		sbuf_reset(&text);
		sbuf_puts(&text, "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n");
		for (size_t i = 0; i < len; i++)
			sbuf_putc(&text, 'x');
		sbuf_puts(&text, "\r\n" END);
		assert_refused(sbuf_str(&text), why);
	}
	sbuf_clear(&text);
}

static void what_is_no_form_in_parts_is_none(void **state)
{
	(void)state;
	assert_null(upload_form_new(STR("application/x-www-form-urlencoded")));
	upload_form_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_known_when_the_file_begins),
		cmocka_unit_test(form_without_a_chosen_file_has_no_name_of_one),
		cmocka_unit_test(s174_a_part_behind_the_file_is_refused),
		cmocka_unit_test(s174_fields_that_are_none_or_given_twice_are_refused),
		cmocka_unit_test(s174_fields_that_are_long_or_no_text_are_refused),
		cmocka_unit_test(what_is_no_form_in_parts_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
