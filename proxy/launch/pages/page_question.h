/* proxy/launch/pages/page_question.h - a page's question to the keeper. Thread of the site. */
#ifndef SPARKGATE_PROXY_LAUNCH_PAGES_PAGE_QUESTION_H
#define SPARKGATE_PROXY_LAUNCH_PAGES_PAGE_QUESTION_H

#include "proxy/launch/api/launch_api.h"

/* What a page keeps between two questions; the first answer's JSON. */
struct page_errand {
	struct web_call *call;
	json_t *first; /* or NULL; its own */
	char *problem; /* the same */
	/* With the answer, while the client is there. A fault is told already, unless `on_fault`
	 * takes it. */
	void (*then)(struct page_errand *errand, struct launch_question *question);
	/* NULL, or: true when it answers, or asks on, in another way. */
	bool (*on_fault)(struct page_errand *errand, struct launch_question *question);
	bool is_on_its_way; /* another question was asked by the answer to this one */
};

/* Gives; about the row's {id}, if it has one. */
struct launch_question *page_question_new(struct web_call *call, enum launch_wish wish);
/* Takes the question. */
void page_ask(struct web_call *call, struct launch_question *question,
	void (*then)(struct page_errand *errand, struct launch_question *question));
/* The same with an errand, which is freed when no further question follows. */
void page_ask_on(struct page_errand *errand, struct launch_question *question);
struct page_errand *page_errand_new(struct web_call *call);

#endif
