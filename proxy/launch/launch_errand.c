/* proxy/launch/launch_errand.c - what answers to people share: whose, refused how, and a question
 * that waits for a target. */
#include "proxy/launch/launcher_int.h"

#include <stdio.h>
#include <stdlib.h>

void launch_desk_refuse(struct launch_question *question, enum fault fault, const char *reason)
{
	question->fault = fault;
	snprintf(question->reason, sizeof question->reason, "%s", reason);
}

void launch_desk_audit(const struct launch_question *question, const struct store_launch *launch,
	const char *decision, const char *reason)
{
	launch_audit(&(struct launch_told){.who = question->who,
		.launch = launch,
		.decision = decision,
		.reason = reason,
		.client = question->client,
		.request_id = question->request_id});
}

struct launch_asker launch_desk_asker(
	const struct launcher *launcher, const struct launch_question *question)
{
	return (struct launch_asker){question->who, launcher->conf, launcher->own_issuer};
}

bool launch_desk_sees(const struct launcher *launcher, const struct launch_question *question,
	const struct store_launch *launch)
{
	const struct launch_asker asker = launch_desk_asker(launcher, question);

	return launch_person_sees(&asker, launch);
}

/* --- a record --- */

bool launch_desk_get(struct launcher *launcher, struct launch_question *question,
	struct store_launch *launch, struct launch_order *order)
{
	enum store_answer answer =
		launcher->store->ops->launch_get(launcher->store, str_of(question->id), launch);

	if (answer == STORE_FOUND && launch_desk_sees(launcher, question, launch) &&
		launch_order_read(launch, order))
		return true;
	if (answer == STORE_FOUND)
		store_launch_clear(launch);
	launch_desk_refuse(question, answer == STORE_FAILED ? FAULT_STORE_DOWN : FAULT_NOT_FOUND,
		answer == STORE_FAILED ? "" : "There is no such launch.");
	return false;
}

void launch_desk_drop(struct store_launch *launch, struct launch_order *order)
{
	launch_order_clear(order);
	store_launch_clear(launch);
}

/* --- with a target --- */

struct desk_errand *launch_desk_errand(struct launcher *launcher, struct launch_question *question)
{
	struct desk_errand *errand = mem_alloc(1, sizeof *errand);

	errand->launcher = launcher;
	errand->question = question;
	return errand;
}

void launch_desk_wait(struct desk_errand *errand)
{
	LIST_INSERT_HEAD(&errand->launcher->waiting, errand, among);
}

void launch_desk_end(struct desk_errand *errand)
{
	struct launch_question *question = errand->question;

	LIST_REMOVE(errand, among);
	if (errand->is_carrying)
		errand->launcher->carrying--;
	launch_desk_drop(&errand->launch, &errand->order);
	free(errand);
	launch_question_give_back(question);
}
