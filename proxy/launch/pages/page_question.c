#include "proxy/launch/pages/page_question.h"

#include "proxy/web/web_fault.h"

#include <stdlib.h>

struct page_errand *page_errand_new(struct web_call *call)
{
	struct page_errand *errand = mem_alloc(1, sizeof *errand);

	errand->call = call;
	return errand;
}

static void free_errand(struct page_errand *errand)
{
	json_decref(errand->first);
	free(errand->problem);
	free(errand);
}

/* The handler of an answer may end the call; the errand is what tells whether it goes on. */
static void on_answer(struct launch_question *question)
{
	struct page_errand *errand = question->arg;

	errand->is_on_its_way = false;
	if (!web_is_there(errand->call))
		goto out;
	if (question->fault == FAULT_NONE)
		errand->then(errand, question);
	else if (errand->on_fault == NULL || !errand->on_fault(errand, question))
		web_fault(errand->call, question->fault,
			question->reason[0] ? question->reason : NULL);
out:
	launch_question_free(question);
	if (!errand->is_on_its_way)
		free_errand(errand);
}

struct launch_question *page_question_new(struct web_call *call, enum launch_wish wish)
{
	struct launch_question *question = launch_question_new(wish, call->who, on_answer, NULL);

	if (store_launch_is_id(str_of(call->token_id)))
		memcpy(question->id, call->token_id, sizeof question->id);
	(void)str_copy(str_of(web_client(call)), question->client, sizeof question->client);
	memcpy(question->request_id, call->id, sizeof question->request_id);
	return question;
}

void page_ask_on(struct page_errand *errand, struct launch_question *question)
{
	struct web_call *call = errand->call;
	struct launch_home home = call->site->launches(call);

	errand->is_on_its_way = true;
	question->arg = errand;
	question->home = home.inbox;
	LIST_INSERT_HEAD(home.questions, question, asked);
	call->site->on_wait(call, WEB_WAIT_STORE);
	home.ask(home.arg, question);
}

void page_ask(struct web_call *call, struct launch_question *question,
	void (*then)(struct page_errand *errand, struct launch_question *question))
{
	struct page_errand *errand = page_errand_new(call);

	errand->then = then;
	page_ask_on(errand, question);
}
