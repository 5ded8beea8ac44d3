#include "auth/auth_int.h"

#include "auth/cookie.h"
#include "base/clock.h"

static struct auth_result ended(const char *reason)
{
	return auth_refused(AUTH_ABSENT, reason);
}

bool auth_session_named(const struct auth_rules *rules, const struct str *cookies, size_t count,
	struct session_name *out)
{
	const char *name = session_cookie_name(&rules->conf->server.public_url);

	return cookie_find(cookies, count, str_of(name), &out->id) &&
	       session_key(out->id, out->key) == 0;
}

/* The session of this name if it is neither over nor idle. */
static struct auth_result find_alive(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, int64_t now, struct recent_entry **out)
{
	enum store_answer answer = auth_record_session(auth, rules, name, now, out);

	/* Idle as far as this worker knows: the others may have seen it since. */
	if (answer == STORE_FOUND && session_is_idle(rules->conf, (*out)->last_seen_at, now))
		answer = auth_record_session_again(auth, rules, name, now, out);
	if (answer == STORE_FAILED)
		return auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	if (answer == STORE_NONE)
		return ended("the session has ended");
	if (now >= (*out)->ends_at)
		return ended("the session is over");
	if (session_is_idle(rules->conf, (*out)->last_seen_at, now))
		return ended("the session was idle for too long");
	return auth_refused(AUTH_OK, "");
}

/* A session ends with the token that opened it. */
static struct auth_result check_token(
	struct auth *auth, const struct identity *who, struct str client, int64_t now)
{
	enum role role = ROLE_NONE;

	if (who->token_id[0] == '\0')
		return auth_refused(AUTH_OK, "");
	struct auth_result result =
		auth_bearer_check_record(auth, who->token_id, client, now, &role);
	if (result.status == AUTH_INVALID_TOKEN)
		return ended("the session's token is no longer good");
	return result;
}

struct auth_result auth_session_judge(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client)
{
	struct store_touch touch = {.is_token = false};
	struct recent_entry *session = NULL;
	struct session_name name;
	int64_t now = clock_wall_s();

	if (!auth_session_named(rules, cookies, count, &name))
		return auth_refused(AUTH_ABSENT, "no credentials");
	struct auth_result result = find_alive(auth, rules, &name, now, &session);
	if (result.status != AUTH_OK)
		return result;
	result = check_token(auth, session->who, client, now);
	if (result.status != AUTH_OK)
		return result;
	touch.at = now;
	memcpy(touch.key, name.key, sizeof touch.key);
	auth_record_touch(auth, session, &touch, session_save_interval(rules->conf));
	result.who = identity_ref(session->who);
	return result;
}
