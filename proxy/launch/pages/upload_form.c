#include "proxy/launch/pages/upload_form.h"

#include "base/sbuf.h"
#include "base/text/json_value.h"
#include "proxy/http/multipart.h"
#include "proxy/launch/pages/launch_fields.h"

#include <stdlib.h>

enum { TEXT_SIZE = 256 };

static const char bad_field[] = "A field of the form is too long or malformed.";

/* Fields that are none of the launch. */
static const struct launch_field beside[] = {{"form", TEXT_SIZE}, {"key", TEXT_SIZE}};

struct upload_form {
	struct multipart parts;
	json_t *values, *others;
	const struct launch_field *field; /* that comes; NULL: none */
	struct sbuf text;		  /* of it */
	char file[MULTIPART_FILE_MAX + 1];
	bool has_file;
	const char *error; /* fixed text */
};

struct upload_form *upload_form_new(struct str content_type)
{
	struct upload_form *form = mem_alloc(1, sizeof *form);

	if (!multipart_begin(&form->parts, content_type)) {
		free(form);
		return NULL;
	}
	form->values = json_object();
	form->others = json_object();
	sbuf_init_secret(&form->text, LAUNCH_FIELD_MAX);
	return form;
}

void upload_form_free(struct upload_form *form)
{
	if (form == NULL)
		return;
	json_decref(form->values);
	json_decref(form->others);
	sbuf_clear(&form->text);
	explicit_bzero(&form->parts, sizeof form->parts);
	free(form);
}

static enum upload_step fail(struct upload_form *form, const char *why)
{
	form->error = why;
	return UPLOAD_BAD;
}

/* --- fields --- */

static const struct launch_field *find_in(
	const struct launch_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

static bool is_beside(const struct launch_field *field)
{
	return field >= beside && field < beside + ARRAY_LEN(beside);
}

/* As the fields of an urlencoded form: without blanks around, no NUL, UTF-8. */
static bool keep_field(struct upload_form *form)
{
	const struct launch_field *field = form->field;
	struct str text = form->text.len ? str_trim(sbuf_str(&form->text)) : STR("");
	json_t *to = field && is_beside(field) ? form->others : form->values;

	form->field = NULL;
	if (field == NULL)
		return true;
	if (form->text.overflow || text.len >= field->size || str_find_byte(text, '\0') != -1)
		return false;
	json_t *value = json_stringn(text.at, text.len);
	return value && json_object_set_new(to, field->name, value) == 0;
}

static enum upload_step begin_field(struct upload_form *form)
{
	const char *name = form->parts.name;
	const struct launch_field *field = find_in(launch_fields, launch_fields_count, name);

	if (field == NULL)
		field = find_in(beside, ARRAY_LEN(beside), name);
	if (field == NULL || form->parts.is_file)
		return fail(form, "The form has a field that it should not have.");
	if (json_object_get(form->values, name) || json_object_get(form->others, name))
		return fail(form, "A field of the form is given twice.");
	form->field = field;
	sbuf_reset(&form->text);
	return UPLOAD_MORE;
}

static enum upload_step begin_part(struct upload_form *form)
{
	const struct multipart *parts = &form->parts;

	if (form->has_file)
		return fail(form, "The file must be the last part of the form.");
	if (!keep_field(form))
		return fail(form, bad_field);
	if (strcmp(parts->name, "file") != 0 || !parts->is_file)
		return begin_field(form);
	form->has_file = true;
	memcpy(form->file, parts->file_name, sizeof form->file);
	return UPLOAD_FILE;
}

/* --- read --- */

static enum upload_step take_data(struct upload_form *form, struct str data)
{
	if (form->has_file)
		return UPLOAD_DATA;
	sbuf_add_str(&form->text, data);
	return form->text.overflow ? fail(form, bad_field) : UPLOAD_MORE;
}

enum upload_step upload_form_take(
	struct upload_form *form, struct str bytes, size_t *used, struct str *data)
{
	switch (multipart_take(&form->parts, bytes, used, data)) {
	case MULTIPART_MORE:
		return UPLOAD_MORE;
	case MULTIPART_PART:
		return begin_part(form);
	case MULTIPART_DATA:
		return take_data(form, *data);
	case MULTIPART_END:
		return keep_field(form) ? UPLOAD_END : fail(form, bad_field);
	case MULTIPART_BAD:
		break;
	}
	return fail(form, form->parts.error);
}

size_t upload_form_tail(const struct upload_form *form)
{
	return multipart_tail(&form->parts);
}

const char *upload_form_error(const struct upload_form *form)
{
	return form->error;
}

json_t *upload_form_values(struct upload_form *form)
{
	return form->values;
}

const char *upload_form_token(const struct upload_form *form)
{
	return json_value_string(form->others, "form");
}

const char *upload_form_key(const struct upload_form *form)
{
	return json_value_string(form->others, "key");
}

const char *upload_form_file(const struct upload_form *form)
{
	return form->file;
}
