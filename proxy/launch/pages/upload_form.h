/*
 * proxy/launch/pages/upload_form.h - the form of a new application in parts: its fields, each once
 * and bounded, and the file as the last part, handed on as it comes (S174).
 *
 * Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_PAGES_UPLOAD_FORM_H
#define SPARKGATE_PROXY_LAUNCH_PAGES_UPLOAD_FORM_H

#include "base/str.h"

#include <jansson.h>

enum upload_step {
	UPLOAD_MORE,
	UPLOAD_FILE, /* its part begins: all fields are known */
	UPLOAD_DATA, /* of the file */
	UPLOAD_END,
	UPLOAD_BAD,
};

struct upload_form;

/* By the value of Content-Type; NULL: it is no form in parts. Gives. */
struct upload_form *upload_form_new(struct str content_type);
void upload_form_free(struct upload_form *form); /* NULL is fine */
/* As multipart_take(). */
enum upload_step upload_form_take(
	struct upload_form *form, struct str bytes, size_t *used, struct str *data);
/* What stands behind the file when nothing follows it. */
size_t upload_form_tail(const struct upload_form *form);
const char *upload_form_error(const struct upload_form *form); /* why it is bad */

/* Borrowed, once the file begins or the form ends. */
json_t *upload_form_values(struct upload_form *form);	       /* by the names of launch_fields.h */
const char *upload_form_token(const struct upload_form *form); /* of the session's forms; "" */
const char *upload_form_key(const struct upload_form *form);   /* of this form; "" */
const char *upload_form_file(const struct upload_form *form);  /* its name; "": none was chosen */

#endif
