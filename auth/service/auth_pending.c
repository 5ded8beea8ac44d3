#include "auth/service/auth_pending.h"

#include "auth/service/auth_keeper.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* Each turn brings one thing that was lacking; more of them means that it goes again as fast as it
 * comes. */
enum { TURNS_MAX = 8 + 3 * (COOKIES_TRIED - 1) };

struct auth_pending *auth_pending_new(struct auth *auth, size_t size,
	void (*answer)(struct auth_pending *pending, struct auth_result result))
{
	struct auth_pending *pending = mem_alloc(1, size);

	pending->size = size;
	pending->auth = auth;
	pending->answer = answer;
	TAILQ_INSERT_TAIL(&auth->pending, pending, link);
	auth->pending_count++;
	return pending;
}

void auth_pending_free(struct auth_pending *pending)
{
	TAILQ_REMOVE(&pending->auth->pending, pending, link);
	pending->auth->pending_count--;
	secret_free(pending->token);
	free(pending->question.standing);
	identity_unref(pending->question.found);
	OPENSSL_cleanse(pending, pending->size);
	free(pending);
}

static struct str keep_text(struct str text, char *out, size_t size)
{
	if (!str_copy(text, out, size))
		out[0] = '\0'; /* which names nothing */
	return str_of(out);
}

void auth_pending_keep(struct auth_pending *pending, const struct question *question)
{
	struct question *own = &pending->question;

	*own = *question;
	own->standing = mem_strdup(question->standing);
	if (question->token.at) {
		pending->token = mem_strndup(question->token.at, question->token.len);
		own->token = (struct str){pending->token, question->token.len};
	}
	for (size_t i = 0; i < own->named.count; i++)
		own->named.at[i] =
			keep_text(question->named.at[i], pending->ids[i], sizeof pending->ids[i]);
	if (own->named.tried)
		own->id = own->named.at[own->named.tried - 1];
	own->client = keep_text(question->client, pending->client, sizeof pending->client);
	auth_pending_keep_issuer(pending);
}

void auth_pending_keep_issuer(struct auth_pending *pending)
{
	struct question *question = &pending->question;

	if (question->issuer)
		question->issuer =
			keep_text(str_of(question->issuer), pending->issuer, sizeof pending->issuer)
				.at;
}

/* --- judging --- */

struct auth_result auth_pending_run(struct auth_pending *pending)
{
	struct auth_result result = auth_refused(AUTH_LATER, "");

	pending->is_running = true;
	while (!pending->is_waiting) {
		result = pending->auth->steps->judge(pending);
		if (result.status != AUTH_LATER)
			break;
		if (pending->turns++ == TURNS_MAX) {
			result = auth_refused(
				AUTH_UNAVAILABLE, "records change faster than they can be read");
			break;
		}
		pending->is_waiting = true;
		pending->auth->steps->ask(pending);
	}
	pending->is_running = false;
	return result;
}

void auth_pending_resume(struct auth_pending *pending)
{
	pending->is_waiting = false;
	if (pending->is_running)
		return; /* it came while it was asked for: the loop above goes on */
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		pending->judged(pending, result);
}

/* --- answering --- */

void auth_pending_answer(struct auth_pending *pending, struct auth_result result)
{
	pending->answer(pending, result);
}

static void on_later(struct auth_pending *pending, struct keeper_request *request)
{
	struct auth_result result = {request->status, request->who, ""};

	request->who = NULL;
	result.reason = auth_pending_reason(pending->auth, request->reason, "refused");
	auth_pending_answer(pending, result);
}

void auth_pending_answer_later(struct auth_pending *pending, struct auth_result result)
{
	struct keeper_request *request = auth_keeper_new(pending, sizeof *request);

	request->who = result.who;
	request->done = on_later;
	auth_keeper_answer(request, result.status, result.reason);
}

void auth_pending_answer_all(struct auth *auth)
{
	struct auth_pending *pending;

	while ((pending = TAILQ_FIRST(&auth->pending)) != NULL)
		auth_pending_answer(pending, auth_refused(AUTH_UNAVAILABLE, "shutting down"));
}

const char *auth_pending_reason(struct auth *auth, const char *text, const char *otherwise)
{
	for (size_t i = 0; i < auth->reasons_count; i++) {
		if (strcmp(auth->reasons[i], text) == 0)
			return auth->reasons[i];
	}
	if (auth->reasons_count == AUTH_REASONS_MAX)
		return otherwise;
	return auth->reasons[auth->reasons_count++] = mem_strdup(text);
}

/* --- sign-ins --- */

static void answer_sign_in(struct auth_pending *pending, struct auth_result result)
{
	struct sign_in_pending *own = sign_in_pending_of(pending);
	struct sign_in_result sign_in = own->result;
	sign_in_done *done = own->done;
	void *arg = own->arg;

	auth_pending_free(pending);
	sign_in.status = result.status;
	sign_in.who = result.who;
	sign_in.reason = result.reason;
	done(arg, sign_in);
}

struct sign_in_pending *auth_pending_sign_in(
	struct auth *auth, size_t size, sign_in_done *done, void *arg)
{
	struct sign_in_pending *own =
		sign_in_pending_of(auth_pending_new(auth, size, answer_sign_in));

	own->done = done;
	own->arg = arg;
	return own;
}
