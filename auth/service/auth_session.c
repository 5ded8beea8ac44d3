/* A session cookie judged. */
#include "auth/service/auth_judge.h"

#include "auth/service/auth_store_view.h"
#include "auth/session/cookie.h"
#include "base/clock.h"

#include <stdlib.h>

static struct auth_result refuse_ended(const char *reason)
{
	return auth_refused(AUTH_ABSENT, reason);
}

static struct auth_result read_record(
	struct auth *auth, struct question *question, int64_t now, struct record_cache_entry **out)
{
	switch (auth_store_view_session(auth, question, now, out)) {
	case RECORD_LATER:
		return auth_refused(AUTH_LATER, "");
	case RECORD_SILENT:
		return auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	case RECORD_NONE:
		return refuse_ended("the session has ended");
	case RECORD_FOUND:
		break;
	}
	return auth_refused(AUTH_OK, "");
}

/* The session if it is neither over nor idle. */
static struct auth_result find_alive(struct auth *auth, const struct auth_rules *rules,
	struct question *question, int64_t now, struct record_cache_entry **out)
{
	struct auth_result result = read_record(auth, question, now, out);

	/* Idle as far as this server thread knows: the others may have seen it since. */
	if (result.status == AUTH_OK && !question->session.is_done &&
		session_is_idle(rules->conf, (*out)->last_seen_at, now)) {
		auth_store_view_forget_session(auth, question);
		result = read_record(auth, question, now, out);
	}
	if (result.status != AUTH_OK)
		return result;
	if (now >= (*out)->ends_at)
		return refuse_ended("the session is over");
	if (session_is_idle(rules->conf, (*out)->last_seen_at, now))
		return refuse_ended("the session was idle for too long");
	return result;
}

/* A session ends with the token that opened it. */
static struct auth_result check_token(
	struct auth *auth, struct question *question, const struct identity *who, int64_t now)
{
	enum role role = ROLE_NONE;

	if (who->token_id[0] == '\0')
		return auth_refused(AUTH_OK, "");
	struct auth_result result =
		auth_bearer_check_record(auth, question, who->token_id, now, &role);
	if (result.status == AUTH_INVALID_TOKEN)
		return refuse_ended("the session's token is no longer good");
	return result;
}

/* The provider's token has run out: whether this is still its user, and with which roles, only the
 * provider can say (S32). */
static struct auth_result check_provider(
	struct question *question, const struct record_cache_entry *session, int64_t now)
{
	if (session->refresh_at == 0 || now < session->refresh_at)
		return auth_refused(AUTH_OK, "");
	if (question->refused != AUTH_OK)
		return auth_refused(question->refused, question->why);
	if (question->refresh_asked)
		return auth_refused(AUTH_OK, "");
	question->need = NEED_REFRESH;
	return auth_refused(AUTH_LATER, "");
}

static void note_use(struct auth *auth, const struct auth_rules *rules,
	const struct question *question, struct record_cache_entry *session, int64_t now)
{
	struct store_touch touch = {.is_token = false, .at = now};

	session->last_seen_at = now;
	if (now - session->saved_at >= session_save_interval(rules->conf)) {
		memcpy(touch.key, question->key, DIGEST_LEN);
		auth_store_view_touch(auth, session, &touch, session_save_interval(rules->conf));
	}
}

static struct auth_result judge_one(
	struct auth *auth, const struct auth_rules *rules, struct question *question)
{
	struct record_cache_entry *session = NULL;
	int64_t now = clock_wall_s();
	struct auth_result result = find_alive(auth, rules, question, now, &session);

	if (result.status == AUTH_OK)
		result = check_token(auth, question, session->who, now);
	if (result.status == AUTH_OK)
		result = check_provider(question, session, now);
	if (result.status != AUTH_OK)
		return result;
	if (!question->is_quiet)
		note_use(auth, rules, question, session, now);
	digest_cache_put(auth->ids, question->id, question->key);
	result.who = identity_ref(session->who);
	return result;
}

/* --- which one --- */

struct session_ids auth_session_ids(const struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count)
{
	struct session_ids ids = {.tried = 0};
	char name[SESSION_COOKIE_MAX];

	session_cookie_name(rules->conf, auth->site, "", name);
	ids.count = cookie_find(cookies, count, str_of(name), ids.at);
	return ids;
}

static bool find_key(struct auth *auth, struct str id, unsigned char key[static DIGEST_LEN])
{
	const unsigned char *known = digest_cache_find(auth->ids, id);

	if (known)
		memcpy(key, known, DIGEST_LEN);
	return known || session_key(id, key) == 0;
}

/* What was learnt of the one before says nothing of this one. */
static void begin_question(struct question *question, struct str id)
{
	free(question->standing);
	question->standing = NULL;
	question->id = id;
	question->session = question->record = (struct lookup){.is_done = false};
	question->refresh_asked = false;
	question->refused = AUTH_OK;
	question->why = NULL;
}

bool auth_session_next(struct auth *auth, struct question *question)
{
	struct session_ids *named = &question->named;

	while (named->tried < named->count) {
		struct str id = named->at[named->tried++];

		if (!find_key(auth, id, question->key))
			continue;
		begin_question(question, id);
		return true;
	}
	return false;
}

bool auth_session_named(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str *id,
	unsigned char key[static DIGEST_LEN])
{
	struct question question = {
		.named = auth_session_ids(auth, rules, cookies, count), .is_quiet = true};
	bool is_named = false, is_alive = question.named.count == 1;

	while (auth_session_next(auth, &question)) {
		if (!is_alive) {
			struct auth_result result = judge_one(auth, rules, &question);
			is_alive = result.status == AUTH_OK;
			identity_unref(result.who);
		}
		if (is_alive || !is_named) {
			*id = question.id;
			memcpy(key, question.key, DIGEST_LEN);
			is_named = true;
		}
		if (is_alive)
			break;
	}
	free(question.standing);
	return is_named;
}

static bool is_same_person(const struct identity *a, const struct identity *b)
{
	return strcmp(a->issuer, b->issuer) == 0 && strcmp(a->subject, b->subject) == 0;
}

/* Takes result.who. False: it is another person than the one before. */
static bool take_alive(struct question *question, struct auth_result result)
{
	bool is_fine = question->found == NULL || is_same_person(question->found, result.who);

	if (question->found)
		identity_unref(result.who);
	else
		question->found = result.who;
	return is_fine;
}

static struct auth_result give_found(struct question *question, struct auth_result result)
{
	if (result.status == AUTH_ABSENT && question->found)
		result = (struct auth_result){AUTH_OK, question->found, ""};
	else
		identity_unref(question->found);
	question->found = NULL;
	return result;
}

/* Of sessions of two persons nothing tells which one is meant: a page that may run scripts here has
 * put somebody else's beside (S81). */
struct auth_result auth_session_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question)
{
	struct auth_result result;

	do {
		result = judge_one(auth, rules, question);
		if (result.status == AUTH_LATER)
			return result;
		if (result.status == AUTH_OK) {
			if (!take_alive(question, result)) {
				identity_unref(question->found);
				question->found = NULL;
				return refuse_ended("the cookies are of two persons");
			}
			result = refuse_ended("");
		}
	} while (result.status == AUTH_ABSENT && auth_session_next(auth, question));
	return give_found(question, result);
}
