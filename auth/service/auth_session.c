/* A session cookie judged. */
#include "auth/service/auth_judge.h"

#include "auth/service/auth_store_view.h"
#include "auth/session/cookie.h"
#include "base/clock.h"

static struct auth_result refuse_ended(const char *reason)
{
	return auth_refused(AUTH_ABSENT, reason);
}

bool auth_session_named(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str *id,
	unsigned char key[static DIGEST_LEN])
{
	const char *name = session_cookie_name(
		auth->site, &sign_in_site_listen(rules->conf, auth->site)->public_url);

	if (!cookie_find(cookies, count, str_of(name), id))
		return false;
	const unsigned char *known = digest_cache_find(auth->ids, *id);
	if (known)
		memcpy(key, known, DIGEST_LEN);
	return known || session_key(*id, key) == 0;
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

struct auth_result auth_session_judge(
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
