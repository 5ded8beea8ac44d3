/* proxy/launch/pages/launch_new.c - the form for a new application: empty, filled with what was
 * launched before, or with what was wrong with it. */
#include "proxy/launch/pages/launch_new.h"

#include "proxy/launch/pages/launch_fields.h"
#include "proxy/launch/pages/launch_pages.h"

#include "base/rnd.h"
#include "proxy/pages/launch/page_launch.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_reply.h"

#include <stdlib.h>

enum { KEY_CHARS = 32, ARTIFACT_CHARS = 600 };

/* --- shown --- */

/* errand->first: the fields' values. */
static void show_form(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	struct page_view view = call->site->view(call);
	char key[KEY_CHARS + 1];
	struct sbuf page;

	rnd_hex(key, KEY_CHARS);
	sbuf_init_secret(&page, PAGE_MAX); /* people write secrets into arguments */
	page_launch_form(&page, &view,
		&(struct page_launch_form){.profiles = json_object_get(question->json, "profiles"),
			.values = errand->first,
			.key = key,
			.problem = errand->problem});
	web_html(call, errand->problem ? 400 : 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

static void ask_for_profiles(struct page_errand *errand)
{
	errand->then = show_form;
	errand->on_fault = NULL;
	page_ask_on(errand, page_question_new(errand->call, LAUNCH_ASK_PROFILES));
}

static void fill_from(struct page_errand *errand, struct launch_question *question)
{
	errand->first = launch_fields_values(json_object_get(question->json, "request"));
	ask_for_profiles(errand);
}

void launch_pages_new(struct web_call *call)
{
	struct page_errand *errand = page_errand_new(call);
	char from[64], artifact[ARTIFACT_CHARS];

	if (web_field(call, "artifact", artifact, sizeof artifact) && artifact[0])
		errand->first = json_pack("{s:s?}", "artifact", artifact);

	if (!web_field(call, "from", from, sizeof from) || !store_launch_is_id(str_of(from))) {
		ask_for_profiles(errand);
		return;
	}
	json_decref(errand->first);
	errand->first = NULL;
	struct launch_question *question = page_question_new(call, LAUNCH_ASK_SHOW);
	memcpy(question->id, from, sizeof question->id);
	errand->then = fill_from;
	page_ask_on(errand, question);
}

/* --- sent --- */

static void on_launched(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	const char *id = json_string_value(json_object_get(question->json, "id"));
	char *location = mem_printf(
		"%s/applications/%s?done=launched", call->conf->admin.base, id ? id : "");

	web_redirect(call, 303, str_of(location), NULL);
	free(location);
}

/* What a person can mend is said in the form, which keeps what was typed. */
static bool show_problem(struct page_errand *errand, struct launch_question *question)
{
	if (question->fault == FAULT_STORE_DOWN || question->reason[0] == '\0')
		return false;
	errand->problem = mem_strdup(question->reason);
	ask_for_profiles(errand);
	return true;
}

/* False: a field is given twice, broken or too long. */
static bool read_values(struct web_call *call, json_t *values)
{
	bool is_good = true;

	for (size_t i = 0; i < launch_fields_count && is_good; i++) {
		const struct launch_field *field = &launch_fields[i];
		char *text = mem_alloc(1, field->size);
		is_good = web_field(call, field->name, text, field->size);
		json_t *value = is_good ? json_string(text) : NULL;
		is_good = value && json_object_set_new(values, field->name, value) == 0;
		secret_free(text);
	}
	return is_good;
}

static void ask_for_it(struct page_errand *errand, enum launch_wish wish, json_t *body,
	const char *key, void (*then)(struct page_errand *errand, struct launch_question *question))
{
	struct launch_question *question = page_question_new(errand->call, wish);

	question->body = body;
	(void)str_copy(str_of(key), question->key, sizeof question->key);
	errand->then = then;
	errand->on_fault = show_problem;
	page_ask_on(errand, question);
}

void launch_new_create(struct page_errand *errand, json_t *body, const char *key)
{
	ask_for_it(errand, LAUNCH_ASK_CREATE, body, key, on_launched);
}

void launch_new_judge(struct page_errand *errand, json_t *body,
	void (*then)(struct page_errand *errand, struct launch_question *question))
{
	ask_for_it(errand, LAUNCH_ASK_JUDGE, body, "", then);
}

void launch_new_show_problem(struct page_errand *errand, const char *problem)
{
	errand->problem = mem_strdup(problem);
	ask_for_profiles(errand);
}

void launch_pages_create(struct web_call *call)
{
	struct page_errand *errand;
	struct err err = {""};
	char key[LAUNCH_KEY];
	json_t *values = json_object();

	if (!read_values(call, values)) {
		json_decref(values);
		web_fault(call, FAULT_BAD_REQUEST, "A field of the form is too long or malformed.");
		return;
	}
	errand = page_errand_new(call);
	errand->first = values;
	json_t *body = launch_fields_body(values, &err);
	if (!web_field(call, "key", key, sizeof key))
		key[0] = '\0';
	if (body)
		launch_new_create(errand, body, key);
	else
		launch_new_show_problem(errand, err.text);
}
