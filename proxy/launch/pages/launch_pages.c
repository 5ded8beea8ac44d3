/* proxy/launch/pages/launch_pages.c - the list, one application, its log; ended, launched again. */
#include "proxy/launch/pages/launch_pages.h"

#include "auth/policy/access.h"
#include "proxy/launch/pages/page_question.h"
#include "proxy/pages/launch/page_launch.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_reply.h"

#include <stdlib.h>

enum { PAGE_ROWS = 50, WORD_MAX = 16, CONTAINER_MAX = LAUNCH_CONTAINER };

/* --- the list --- */

static void show_list(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	struct page_view view = call->site->view(call);
	const char *next = json_string_value(json_object_get(question->json, "next_cursor"));
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_launches(&page, &view,
		&(struct page_launches){.launches = json_object_get(question->json, "applications"),
			.next = next ? next : "",
			.is_later = question->before[0] != '\0',
			.has_profiles = access_anywhere(call->who) & 1u << ACTION_LAUNCH});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void launch_pages_list(struct web_call *call)
{
	struct launch_question *question = page_question_new(call, LAUNCH_ASK_LIST);
	char cursor[64], owner[WORD_MAX];

	if (!web_field(call, "cursor", cursor, sizeof cursor) ||
		!web_field(call, "owner", owner, sizeof owner) ||
		(cursor[0] && !store_launch_is_id(str_of(cursor)))) {
		launch_question_free(question);
		web_fault(call, FAULT_BAD_REQUEST, "The address is not one of this list.");
		return;
	}
	memcpy(question->before, cursor, cursor[0] ? sizeof question->before : 1);
	question->is_of_all = strcmp(owner, "all") == 0;
	question->limit = PAGE_ROWS;
	page_ask(call, question, show_list);
}

/* --- one --- */

/* What the page before has done. */
static const char *read_done(struct web_call *call)
{
	static const struct {
		const char *word, *sentence;
	} rows[] = {{"launched", "The application was launched."},
		{"killed", "The application is being ended."}};
	char word[WORD_MAX];

	if (!web_field(call, "done", word, sizeof word))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(word, rows[i].word) == 0)
			return rows[i].sentence;
	}
	return NULL;
}

static void show_page(struct web_call *call, const json_t *launch, const json_t *events)
{
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init_secret(&page, PAGE_MAX); /* people write secrets into arguments */
	page_launch(&page, &view,
		&(struct page_launch){.launch = launch, .events = events, .done = read_done(call)});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

static void show_with_events(struct page_errand *errand, struct launch_question *question)
{
	show_page(errand->call, errand->first, json_object_get(question->json, "events"));
}

/* Without them, when its cluster does not say them. */
static bool show_without_events(struct page_errand *errand, struct launch_question *question)
{
	(void)question;
	show_page(errand->call, errand->first, NULL);
	return true;
}

static void ask_for_events(struct page_errand *errand, struct launch_question *question)
{
	errand->first = json_incref(question->json);
	errand->then = show_with_events;
	errand->on_fault = show_without_events;
	page_ask_on(errand, page_question_new(errand->call, LAUNCH_ASK_EVENTS));
}

void launch_pages_show(struct web_call *call)
{
	page_ask(call, page_question_new(call, LAUNCH_ASK_SHOW), ask_for_events);
}

/* --- its log --- */

static bool read_container(struct web_call *call, char out[static CONTAINER_MAX])
{
	bool is_good = web_field(call, "container", out, CONTAINER_MAX);

	if (out[0] == '\0')
		memcpy(out, "driver", sizeof "driver");
	for (const char *c = out; *c && is_good; c++)
		is_good = str_is_alnum(*c) || *c == '-' || *c == '.' || *c == '_';
	if (!is_good)
		web_fault(call, FAULT_BAD_REQUEST,
			"Expected driver, or an executor such as executor-0.");
	return is_good;
}

static void show_log(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_launch_log(&page, &view,
		&(struct page_launch_log){
			.launch = question->json, .container = question->container});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void launch_pages_log(struct web_call *call)
{
	char container[CONTAINER_MAX];

	if (!read_container(call, container))
		return;
	struct launch_question *question = page_question_new(call, LAUNCH_ASK_SHOW);
	memcpy(question->container, container, sizeof question->container);
	page_ask(call, question, show_log);
}

/* --- changes --- */

static void redirect_to_it(
	struct web_call *call, const struct launch_question *question, const char *done)
{
	const char *id = json_string_value(json_object_get(question->json, "id"));
	char *location = mem_printf(
		"%s/applications/%s?done=%s", call->conf->admin.base, id ? id : "", done);

	web_redirect(call, 303, str_of(location), NULL);
	free(location);
}

static void on_killed(struct page_errand *errand, struct launch_question *question)
{
	redirect_to_it(errand->call, question, "killed");
}

static void on_launched(struct page_errand *errand, struct launch_question *question)
{
	redirect_to_it(errand->call, question, "launched");
}

static void show_question(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_launch_kill(&page, &view, question->json);
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void launch_pages_ask_kill(struct web_call *call)
{
	page_ask(call, page_question_new(call, LAUNCH_ASK_SHOW), show_question);
}

void launch_pages_kill(struct web_call *call)
{
	page_ask(call, page_question_new(call, LAUNCH_ASK_KILL), on_killed);
}

void launch_pages_restart(struct web_call *call)
{
	page_ask(call, page_question_new(call, LAUNCH_ASK_RESTART), on_launched);
}
