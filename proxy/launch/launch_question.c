#include "proxy/launch/launch_question.h"

#include <stdlib.h>

/* Where answers arrive: on the asker's thread. */
static void on_answered(struct task *task)
{
	struct launch_question *question = (struct launch_question *)task;

	LIST_REMOVE(question, asked);
	question->done(question);
}

struct launch_question *launch_question_new(enum launch_wish wish, const struct identity *who,
	void (*done)(struct launch_question *question), void *arg)
{
	struct launch_question *question = mem_alloc(1, sizeof *question);

	question->task.run = on_answered;
	question->wish = wish;
	question->who = identity_copy(who);
	question->limit = STORE_PAGE;
	question->done = done;
	question->arg = arg;
	return question;
}

void launch_question_free(struct launch_question *question)
{
	identity_unref(question->who);
	json_decref(question->body);
	json_decref(question->file);
	json_decref(question->json);
	launch_log_clear(&question->log);
	free(question);
}

void launch_question_give_back(struct launch_question *question)
{
	if (question->home)
		inbox_post(question->home, &question->task);
	else
		launch_question_free(question);
}

void launch_questions_leave(struct launch_question_list *questions)
{
	struct launch_question *question;

	LIST_FOREACH(question, questions, asked)
	question->home = NULL;
}
