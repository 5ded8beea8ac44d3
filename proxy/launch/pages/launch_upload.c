/*
 * A new application by a form with a file, which is the last part: its fields are read and judged,
 * then the file goes on as it comes, to the storage or, where there is none, with the launch
 * (S173).
 *
 * How long the file is has to be known before the storage gets its first byte: what is left of the
 * content by then, but for what stands behind the last part. A part behind the file, or another end
 * of the form, makes it end elsewhere: then the storage gets no end of it, so it is no file.
 */
#include "proxy/launch/pages/launch_fields.h"
#include "proxy/launch/pages/launch_new.h"
#include "proxy/launch/pages/launch_pages.h"
#include "proxy/launch/pages/upload_form.h"

#include "base/text/json_value.h"
#include "proxy/guard/guard.h"
#include "proxy/launch/upload/artifact_push.h"

#include <event2/buffer.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FIELDS_MAX = 256 * 1024,   /* all parts but the file, and what stands around them */
	CARRIED_MAX = 1024 * 1024, /* what a ConfigMap takes */
	CARRIED_COPIES = 4,	   /* as it came, in base64, in JSON and on its way */
};

struct upload {
	struct web_call *web;
	struct upload_form *form;
	uint64_t taken;		    /* bytes of the content */
	uint64_t length, came;	    /* of the file */
	struct evbuffer *file;	    /* what has come of it, and is not with `push` yet */
	json_t *body;		    /* the API's; NULL: not yet */
	struct artifact_push *push; /* NULL: not yet, or it goes with the launch */
	size_t room;		    /* taken of web->memory */
	bool is_carried, is_whole;
};

static void upload_free(void *arg)
{
	struct upload *u = arg;

	if (u->push)
		artifact_push_free(u->push);
	if (u->room)
		budget_give(u->web->memory, u->room);
	evbuffer_free(u->file);
	json_decref(u->body);
	upload_form_free(u->form);
	free(u);
}

/* --- the end --- */

static struct page_errand *new_errand(struct upload *u)
{
	struct page_errand *errand = page_errand_new(u->web);

	errand->first = json_incref(upload_form_values(u->form));
	return errand;
}

/* What a person can mend. The rest of the content is not read. */
static void refuse(struct upload *u, const char *why)
{
	front_content_want(u->web->req, false);
	launch_new_show_problem(new_errand(u), why);
}

/* In base64, as the API takes it. */
static void add_file(struct upload *u)
{
	size_t len = evbuffer_get_length(u->file);
	char *text = mem_alloc(1, (len + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, evbuffer_pullup(u->file, -1), (int)len);
	json_object_set_new(u->body, "file",
		json_pack("{s:s, s:s}", "name", upload_form_file(u->form), "content", text));
	secret_free(text);
}

static void create(struct web_call *web)
{
	struct upload *u = web->work_arg;

	if (u->is_carried)
		add_file(u);
	launch_new_create(new_errand(u), json_incref(u->body), upload_form_key(u->form));
}

static void create_if_let_in(struct web_call *web)
{
	if (web_is_let_in(web))
		create(web);
}

/* --- to the storage --- */

static void ask(void *arg)
{
	front_content_want(((struct upload *)arg)->web->req, true);
}

static void want(void *arg, bool wanted)
{
	front_content_want(((struct upload *)arg)->web->req, wanted);
}

/* From here on it is an artifact of theirs, whatever becomes of the launch. */
static void on_stored(struct artifact_push *push, void *arg)
{
	struct upload *u = arg;

	u->push = NULL;
	artifact_push_free(push);
	json_object_set_new(
		upload_form_values(u->form), "artifact", json_string(upload_form_file(u->form)));
	web_still_known(u->web, create, create_if_let_in);
}

static void push_it(struct page_errand *errand, struct launch_question *question)
{
	static const struct artifact_push_hooks hooks = {ask, want, on_stored};
	struct web_call *web = errand->call;
	struct upload *u = web->work_arg;
	struct str cluster = str_of(json_value_string(u->body, "cluster"));

	(void)question;
	web->site->on_wait(web, WEB_WAIT_WORK);
	struct artifact_push *push =
		artifact_push_of_file(web, cluster, str_of(upload_form_file(u->form)), &hooks, u);
	if (push == NULL)
		return;
	u->push = push;
	if (!artifact_push_fits(push, u->length))
		return;
	artifact_push_add(push, u->file, u->is_whole);
	artifact_push_begin(push, u->length);
}

/* --- the file begins --- */

static bool takes_files(const struct upload *u)
{
	const struct conf_cluster *cluster =
		conf_find_cluster(u->web->conf, str_of(json_value_string(u->body, "cluster")));

	return cluster && conf_launch_takes_files(&cluster->launch);
}

static bool carry(struct upload *u)
{
	if (u->length > CARRIED_MAX) {
		refuse(u, "file: this cluster has no storage, so a file may have 1 MiB.");
		return false;
	}
	if (!budget_take(u->web->memory, CARRIED_COPIES * u->length)) {
		web_fault(u->web, FAULT_MEMORY, NULL);
		return false;
	}
	u->room = CARRIED_COPIES * u->length;
	u->is_carried = true;
	return true;
}

static const char *why_not(const struct upload *u)
{
	json_t *values = upload_form_values(u->form);

	if (!artifact_is_segment(str_of(upload_form_file(u->form))))
		return "file: its name may have up to 128 letters, digits, \".\", \"_\" and \"-\", "
		       "and does not begin with \".\". Rename it.";
	if (json_value_string(values, "artifact")[0] || json_value_string(values, "resource")[0])
		return "file: choose one, or name an artifact or an address, and not both.";
	return u->length == 0 ? "file: it is empty." : NULL;
}

/* False: refused, and answered. */
static bool read_fields(struct upload *u)
{
	struct err err = {""};

	if (!u->web->site->is_own_form(u->web, str_of(upload_form_token(u->form)))) {
		web_fault(u->web, FAULT_CROSS_ORIGIN,
			"The form belongs to another session. Reload the page.");
		return false;
	}
	u->body = launch_fields_body(upload_form_values(u->form), &err);
	if (u->body)
		return true;
	refuse(u, err.text);
	return false;
}

/* All but the file is known by now. False: nothing more is to be read for now. */
static bool begin_file(struct upload *u)
{
	uint64_t left = (uint64_t)u->web->req->content_length - u->taken;
	size_t tail = upload_form_tail(u->form);

	if (!read_fields(u))
		return false;
	if (upload_form_file(u->form)[0] == '\0')
		return true;
	u->length = left > tail ? left - tail : 0;
	const char *why = why_not(u);
	if (why) {
		refuse(u, why);
		return false;
	}
	if (takes_files(u))
		return carry(u);
	json_object_set_new(u->body, "artifact", json_string(upload_form_file(u->form)));
	return true;
}

/* --- as it comes --- */

static bool fail(struct upload *u, const char *why)
{
	if (u->push)
		artifact_push_break_off(u->push, FAULT_BAD_REQUEST, why);
	else
		web_fault(u->web, FAULT_BAD_REQUEST, why);
	return false;
}

static bool take_data(struct upload *u, struct str data)
{
	u->came += data.len;
	if (u->came > u->length)
		return fail(u, "The form does not end behind its file as forms of browsers do.");
	evbuffer_add(u->file, data.at, data.len);
	return true;
}

static bool take_end(struct upload *u)
{
	u->is_whole = true;
	if (u->came != u->length)
		return fail(u, "Nothing may follow the file in the form.");
	return u->body || read_fields(u);
}

/* False: it is over with, or answered. */
static bool take_step(struct upload *u, enum upload_step step, struct str data)
{
	switch (step) {
	case UPLOAD_MORE:
		return true;
	case UPLOAD_FILE:
		return begin_file(u);
	case UPLOAD_DATA:
		return take_data(u, data);
	case UPLOAD_END:
		return take_end(u);
	case UPLOAD_BAD:
		break;
	}
	return fail(u, upload_form_error(u->form));
}

static bool take_all(struct upload *u, struct evbuffer *bytes)
{
	struct str rest = {(const char *)evbuffer_pullup(bytes, -1), evbuffer_get_length(bytes)};

	while (rest.len > 0) {
		size_t used;
		struct str data;
		enum upload_step step = upload_form_take(u->form, rest, &used, &data);
		u->taken += used;
		if (!take_step(u, step, data))
			return false;
		rest = str_from(rest, used);
	}
	return true;
}

static bool has_chosen(const struct upload *u)
{
	return u->body && upload_form_file(u->form)[0];
}

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	struct upload *u = arg;
	bool had_chosen = has_chosen(u);

	if (!take_all(u, bytes))
		return;
	if (is_last && !u->is_whole) {
		fail(u, "The form ends in the middle.");
	} else if (u->push) {
		artifact_push_add(u->push, u->file, u->is_whole);
	} else if (has_chosen(u) && !had_chosen && !u->is_carried) {
		front_content_want(u->web->req, false); /* until the storage takes it */
		launch_new_judge(new_errand(u), json_deep_copy(u->body), push_it);
	} else if (u->is_whole && (u->is_carried || !has_chosen(u))) {
		web_still_known(u->web, create, create_if_let_in);
	}
}

static void on_content_fault(void *arg, enum fault fault)
{
	struct upload *u = arg;

	if (u->push)
		artifact_push_break_off(u->push, fault, NULL);
	else
		web_fault(u->web, fault, NULL);
}

/* --- the head --- */

/* What the largest storage takes; which one it is the fields say. */
static uint64_t most_of(const struct conf *conf)
{
	uint64_t most = CARRIED_MAX;

	for (size_t i = 0; i < conf->clusters_count; i++) {
		const struct conf_launch *launch = &conf->clusters[i].launch;
		if (launch->has_artifacts && launch->artifacts.max > most)
			most = launch->artifacts.max;
	}
	return most + FIELDS_MAX;
}

static void begin(struct web_call *web, struct upload_form *form)
{
	static const struct web_work work = {upload_free, on_piece, on_content_fault};
	struct upload *u = mem_alloc(1, sizeof *u);

	u->web = web;
	u->form = form;
	u->file = evbuffer_new();
	web_wait_for(web, &work, u);
	enum fault fault = front_content_stream(web->req, most_of(web->conf), web->memory);
	if (fault != FAULT_NONE)
		web_fault(web, fault, NULL);
}

void launch_pages_upload(struct web_call *web)
{
	struct upload_form *form;

	if (web->req->content_length == -1) {
		web_fault(web, FAULT_LENGTH_REQUIRED, NULL);
		return;
	}
	if (web->req->content_length == 0) { /* there is nothing to ask for */
		web_fault(web, FAULT_BAD_REQUEST, "The form is empty.");
		return;
	}
	form = upload_form_new(guard_single_field(web->req, FIELD_CONTENT_TYPE));
	if (form)
		begin(web, form);
	else
		web_fault(web, FAULT_BAD_REQUEST, "The content type must be multipart/form-data.");
}
