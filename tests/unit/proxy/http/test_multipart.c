/* S174: forms in parts, as browsers write them and as nobody should. */
#include "proxy/http/multipart.h"

#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define TYPE	 "multipart/form-data; boundary=----WebKitFormBoundaryq7"
#define B	 "------WebKitFormBoundaryq7"
#define FIELD(n) "Content-Disposition: form-data; name=\"" n "\"\r\n\r\n"
#define FILE_HEAD                                                                                  \
	"Content-Disposition: form-data; name=\"file\"; filename=\"etl.py\"\r\n"                   \
	"Content-Type: text/x-python\r\n\r\n"

/* What is read, as text: "name[content]name<file>[content]." with "!" and the reason when it is
 * refused. `step`: bytes given at a time. */
static const char *read_form(const char *type, struct str form, size_t step, struct sbuf *out)
{
	enum multipart_event event = MULTIPART_MORE;
	struct multipart m;
	bool is_open = false;

	sbuf_reset(out);
	if (!multipart_begin(&m, str_of(type)))
		return "no form";
	while (form.len > 0 && event != MULTIPART_BAD) {
		size_t len = form.len < step ? form.len : step, used;
		struct str data;
		event = multipart_take(&m, (struct str){form.at, len}, &used, &data);
		form = str_from(form, used);
		if (event == MULTIPART_DATA)
			sbuf_add_str(out, data);
		if (is_open && event == MULTIPART_PART)
			sbuf_puts(out, "]");
		if (event == MULTIPART_PART && m.is_file)
			sbuf_printf(out, "%s<%s>[", m.name, m.file_name);
		else if (event == MULTIPART_PART)
			sbuf_printf(out, "%s[", m.name);
		is_open |= event == MULTIPART_PART;
	}
	if (event == MULTIPART_BAD)
		sbuf_printf(out, "!%s", m.error);
	else if (event == MULTIPART_END)
		sbuf_puts(out, "].");
	sbuf_puts(out, "");
	return out->at;
}

static void assert_read(const char *type, struct str form, const char *want)
{
	struct sbuf out;

	sbuf_init(&out, 64 * 1024);
	for (size_t step = 1; step <= form.len; step = step < 40 ? step + 1 : form.len + 1)
		assert_string_equal(read_form(type, form, step, &out), want);
	assert_string_equal(read_form(type, form, form.len ? form.len : 1, &out), want);
	sbuf_clear(&out);
}

static void form_is_read_the_same_in_pieces_of_any_length(void **state)
{
	(void)state;
	assert_read(TYPE,
		STR(B "\r\n" FIELD("form") "abc\r\n" B "\r\n" FIELD(
			"name") "\r\n" B "\r\n" FILE_HEAD "print(1)\r\n\r\n" B "--\r\n"),
		"form[abc]name[]file<etl.py>[print(1)\r\n].");
}

static void file_that_was_not_chosen_has_no_name(void **state)
{
	(void)state;
	assert_read(TYPE,
		STR(B "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n"
		      "Content-Type: application/octet-stream\r\n\r\n\r\n" B "--\r\n"),
		"file<>[].");
}

static void what_only_begins_like_a_delimiter_is_content(void **state)
{
	(void)state;
	assert_read(TYPE,
		STR(B "\r\n" FILE_HEAD "\r\r\n\r\n-\r\n------WebKitFormBoundaryq\r\n" B "-x--\r\n" B
		      "--\r\n"),
		"file<etl.py>[\r\r\n\r\n-\r\n------WebKitFormBoundaryq!The form has something "
		"between its parts.");
	assert_read(TYPE,
		STR(B "\r\n" FILE_HEAD "\r\r\n\r\n-\r\n------WebKitFormBoundaryQ7--\r\n\r\n" B
		      "--\r\n"),
		"file<etl.py>[\r\r\n\r\n-\r\n------WebKitFormBoundaryQ7--\r\n].");
}

static void content_may_be_any_bytes(void **state)
{
	static char bytes[3 * 256 + 200];
	struct sbuf form, out;

	(void)state;
	sbuf_init(&form, sizeof bytes + 1024);
	sbuf_init(&out, sizeof bytes + 1024);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 % 256 ? i * 7 % 256 : 1);
	sbuf_puts(&form, B "\r\n" FILE_HEAD);
	sbuf_add(&form, bytes, sizeof bytes);
	sbuf_puts(&form, "\r\n" B "--\r\n");
	for (size_t step = 1; step < form.len; step++) {
		read_form(TYPE, sbuf_str(&form), step, &out);
		assert_memory_equal(out.at + strlen("file<etl.py>["), bytes, sizeof bytes);
		assert_string_equal(out.at + strlen("file<etl.py>[") + sizeof bytes, "].");
	}
	sbuf_clear(&form);
	sbuf_clear(&out);
}

static void tail_is_what_stands_behind_the_last_part(void **state)
{
	struct multipart m;

	(void)state;
	assert_true(multipart_begin(&m, STR(TYPE)));
	assert_int_equal(multipart_tail(&m), strlen("\r\n" B "--\r\n"));
}

static void s174_content_types_that_are_no_form_in_parts_are_refused(void **state)
{
	static const char *const types[] = {"", "multipart/form-data",
		"multipart/mixed; boundary=x",
		"multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
		"multipart/form-data; boundary=a b", "multipart/form-data; boundary=a\"b",
		"multipart/form-data; boundary=a; boundary=b",
		"multipart/form-data; "
		"boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct multipart m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		assert_false(multipart_begin(&m, str_of(types[i])));
	assert_true(
		multipart_begin(&m, STR("Multipart/Form-Data; charset=utf-8; Boundary=\"a'b\"")));
}

/* Heads of a part, and what is said of them. */
static void s174_odd_heads_of_parts_are_refused(void **state)
{
	static const char odd[] = "!A part of the form has an odd head.",
			  nameless[] = "!A part of the form has no name.";
	static const struct {
		const char *head, *want;
	} rows[] = {{"", nameless}, {"Content-Type: text/plain\r\n", nameless},
		{"Content-Disposition: form-data\r\n", odd},
		{"Content-Disposition: attachment; name=\"a\"\r\n", odd},
		{"Content-Disposition: form-data; name=a\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\r\n", odd},
		{"Content-Disposition: form-data; name=\"\"\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\"; name=\"b\"\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\"; filename=\"b\"; filename=\"c\"\r\n",
			odd},
		{"Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''x\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\"; size=\"1\"\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\"x\r\n", odd},
		{"Content-Disposition: form-data; name=\"a\"\r\n"
		 "Content-Disposition: form-data; name=\"b\"\r\n",
			odd},
		{"Content-Disposition: form-data; name=\"a\"\r\n"
		 "Content-Transfer-Encoding: base64\r\n",
			odd},
		{"Content-Disposition: form-data; name=\"a\"\r\n folded\r\n", odd},
		{"no colon\r\n", odd}, {"X: a\nb\r\n", odd}, {"X: a\x01\r\n", odd}};
	struct sbuf form;

	(void)state;
	sbuf_init(&form, 4096);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sbuf_reset(&form);
		sbuf_printf(&form, B "\r\n%s\r\nx\r\n" B "--\r\n", rows[i].head);
		assert_read(TYPE, sbuf_str(&form), rows[i].want);
	}
	sbuf_clear(&form);
}

static void s174_what_stands_around_parts_is_refused(void **state)
{
	(void)state;
	assert_read(TYPE, STR("preamble\r\n" B "--\r\n"), "!The form does not begin with a part.");
	assert_read(TYPE, STR("\r\n" B "--\r\n"), "!The form does not begin with a part.");
	assert_read(TYPE, STR(B " \r\n"), "!The form has something between its parts.");
	assert_read(TYPE, STR(B "\n"), "!The form has something between its parts.");
	assert_read(TYPE, STR(B "--\r\nepilogue"), "!Something follows the end of the form.");
}

static void s174_heads_names_and_parts_are_bounded(void **state)
{
	struct sbuf form, out;

	(void)state;
	sbuf_init(&form, 64 * 1024);
	sbuf_init(&out, 64 * 1024);
	sbuf_puts(&form, B "\r\nX: ");
	for (int i = 0; i < MULTIPART_HEAD_MAX; i++)
		sbuf_putc(&form, 'x');
	assert_string_equal(read_form(TYPE, sbuf_str(&form), 100, &out),
		"!A part of the form has a long head.");
	sbuf_reset(&form);
	sbuf_puts(&form, B "\r\nContent-Disposition: form-data; name=\"");
	for (int i = 0; i <= MULTIPART_NAME_MAX; i++)
		sbuf_putc(&form, 'n');
	sbuf_puts(&form, "\"\r\n\r\n");
	assert_string_equal(read_form(TYPE, sbuf_str(&form), 100, &out),
		"!A part of the form has an odd head.");
	sbuf_reset(&form);
	for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
		sbuf_puts(&form, i ? "\r\n" B "\r\n" FIELD("a") : B "\r\n" FIELD("a"));
	assert_non_null(strstr(
		read_form(TYPE, sbuf_str(&form), 100, &out), "!The form has too many parts."));
	sbuf_clear(&form);
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_is_read_the_same_in_pieces_of_any_length),
		cmocka_unit_test(file_that_was_not_chosen_has_no_name),
		cmocka_unit_test(what_only_begins_like_a_delimiter_is_content),
		cmocka_unit_test(content_may_be_any_bytes),
		cmocka_unit_test(tail_is_what_stands_behind_the_last_part),
		cmocka_unit_test(s174_content_types_that_are_no_form_in_parts_are_refused),
		cmocka_unit_test(s174_odd_heads_of_parts_are_refused),
		cmocka_unit_test(s174_what_stands_around_parts_is_refused),
		cmocka_unit_test(s174_heads_names_and_parts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
