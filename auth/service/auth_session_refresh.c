#include "auth/service/auth_session_refresh.h"

#include "auth/oidc/oidc_url.h"
#include "auth/roles/standing.h"
#include "auth/service/auth_keeper.h"
#include "auth/service/auth_store_view.h"
#include "auth/session/session_view.h"
#include "auth/token/token_follow.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "conf/providers.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdlib.h>

/*
 * S27: providers that rotate refresh tokens take the second use of one for theft, and end the
 * person's sign-in. So a session is refreshed by one request at a time, in this process by the list
 * below, among gateways by a lease in the store. Who comes second waits, and reads what the first
 * one wrote. Nobody waits for long: what takes its time goes on without those who asked.
 */
enum {
	LEASE_MS = 60 * 1000, /* longer than an exchange with the provider, and than SAVES_MAX */
	POLL_MS = 100,	      /* between two looks at what another gateway does */
	POLLS_MAX = 150,
	PATIENCE_MS = 3000, /* of those who asked */
	SAVES_MAX = 400,    /* times POLL_MS: a rotated token is worth patience, but no request's */
	GRACE_S = 5 * 60,   /* a session goes on so long while the provider is silent */
	ASK_AGAIN_S = 5,    /* and asks again so soon */
};

enum stage {	       /* what its timer is for */
	STAGE_TURN,    /* another gateway has the lease: to look again */
	STAGE_ASKING,  /* to wait no longer for the provider */
	STAGE_SAVING,  /* to try the store again */
	STAGE_RESTING, /* to ask the provider again, for it has not answered in time */
	STAGES,
};

struct refresh_request {
	struct keeper_request base; /* first */
	TAILQ_ENTRY(refresh_request) link;
	unsigned char key[DIGEST_LEN];
	char id[SESSION_ID_LEN + 1]; /* secret */
};

struct refresh {
	TAILQ_ENTRY(refresh) link;
	struct auth_service *service; /* borrowed: it closes all refreshes first */
	unsigned char key[DIGEST_LEN];
	char id[SESSION_ID_LEN + 1];
	struct session_data data;
	struct store_session session;
	struct event *timer;
	enum stage stage;
	unsigned polls;
	bool has_lease;
	bool is_late; /* who asks is answered at once */
	TAILQ_HEAD(, refresh_request) waiting;
};

/* --- answers --- */

static void tell_waiting(struct refresh *refresh, enum auth_status status, const char *reason)
{
	struct refresh_request *own;

	while ((own = TAILQ_FIRST(&refresh->waiting)) != NULL) {
		TAILQ_REMOVE(&refresh->waiting, own, link);
		auth_keeper_answer(&own->base, status, reason);
	}
}

static void drop_lease(struct refresh *refresh)
{
	struct store *store = refresh->service->store;

	if (refresh->has_lease)
		store->ops->lease_drop(store, refresh->key, refresh->service->holder);
	refresh->has_lease = false;
}

static void refresh_free(struct refresh *refresh)
{
	drop_lease(refresh);
	TAILQ_REMOVE(&refresh->service->refreshes, refresh, link);
	event_free(refresh->timer);
	session_data_clear(&refresh->data);
	store_session_clear(&refresh->session);
	OPENSSL_cleanse(refresh, sizeof *refresh);
	free(refresh);
}

/* The one way out. AUTH_OK: the record is to be read again; AUTH_ABSENT: the session has ended;
 * AUTH_LATER: nobody knows now, and it goes on as it was for as long as S33 allows. */
static void finish_refresh(struct refresh *refresh, enum auth_status status, const char *reason)
{
	tell_waiting(refresh, status, reason);
	refresh_free(refresh);
}

static void stage_for(struct refresh *refresh, enum stage stage, int ms)
{
	refresh->stage = stage;
	event_add(refresh->timer,
		&(struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000});
}

/* Nobody is signed out because the provider is down; but nobody stays in unasked for long. */
static void answer_late(struct refresh *refresh)
{
	bool is_grace = clock_wall_s() - refresh->data.refresh_at < GRACE_S;

	refresh->is_late = true;
	tell_waiting(refresh, is_grace ? AUTH_LATER : AUTH_UNAVAILABLE,
		"the identity provider does not answer");
}

/* --- what the provider said --- */

/* NULL: it is not configured any more. */
static const struct conf_oidc *provider_of(const struct refresh *refresh)
{
	return conf_provider_of(refresh->service->conf, str_of(refresh->data.issuer));
}

static void end_session(struct refresh *refresh, const char *reason)
{
	struct auth_service *service = refresh->service;
	char *person = session_view_person(service->conf, &refresh->data);
	const struct log_field fields[] = {{"user", str_of(person ? person : ""), false},
		{"user_name", log_clip(str_of(refresh->data.name)), false},
		{"provider", str_of(conf_provider_name(provider_of(refresh))), false},
		{"reason", str_of(reason), false}};

	log_fields(LOG_INFO, "sign_out", "the identity provider does not renew the session", fields,
		ARRAY_LEN(fields));
	free(person);
	if (service_count(service, service->store->ops->session_end(
					   service->store, refresh->key)) == STORE_FAILED) {
		finish_refresh(refresh, AUTH_UNAVAILABLE, "the store does not answer");
		return;
	}
	service_note_end(service);
	finish_refresh(refresh, AUTH_ABSENT, "the identity provider has ended the session");
}

/* It has kept people waiting: nobody else is to wait for it before it is time to ask again. */
static void give_up_for_now(struct refresh *refresh)
{
	bool was_late = refresh->is_late;

	answer_late(refresh);
	drop_lease(refresh);
	if (was_late)
		stage_for(refresh, STAGE_RESTING, ASK_AGAIN_S * 1000);
	else
		refresh_free(refresh);
}

static void save_session(struct refresh *refresh)
{
	struct auth_service *service = refresh->service;

	switch (service_count(
		service, service->store->ops->session_replace(service->store, &refresh->session))) {
	case STORE_FOUND:
		atomic_fetch_add(&service->refreshes_ok, 1);
		finish_refresh(refresh, AUTH_OK, "");
		return;
	case STORE_NONE:
		finish_refresh(
			refresh, AUTH_OK, ""); /* ended meanwhile, or another's: reading tells */
		return;
	case STORE_FAILED: /* the old token is spent: what came for it must not be lost */
		tell_waiting(refresh, AUTH_LATER, "the store does not answer");
		if (++refresh->polls > SAVES_MAX)
			refresh_free(refresh);
		else
			stage_for(refresh, STAGE_SAVING, POLL_MS);
	}
}

static void replace_text(char **text, struct str by)
{
	if (by.len == 0)
		return; /* the old one stays in force */
	secret_free(*text);
	*text = mem_strndup(by.at, by.len);
}

/* A refreshed answer may leave out who it is about: that was said at the sign-in. */
static void take_standing(struct session_data *data, const struct oidc_grant *grant)
{
	char *renewed = standing_renew(str_of(data->standing), grant->standing);

	data->role = grant->role;
	free(data->standing);
	data->standing = renewed;
	free(data->scope); /* earlier versions kept a limited role there */
	data->scope = mem_strdup("");
}

static void end_what_exceeds(struct refresh *refresh)
{
	const struct session_data *data = &refresh->data;
	struct grants *left = standing_read(refresh->service->conf, str_of(data->standing));
	char *person = session_view_person(refresh->service->conf, data);

	if (person)
		(void)token_follow(auth_service_tokens(refresh->service), person, left, person);
	free(person);
	grants_unref(left);
}

/* S32: the roles are the provider's of now. */
static void take_grant(struct refresh *refresh, const struct oidc_grant *grant)
{
	struct session_data *data = &refresh->data;

	if (grant->id_token.len <= OIDC_HINT_MAX)
		replace_text(&data->id_token, grant->id_token);
	replace_text(&data->refresh_token, grant->refresh_token);
	replace_text(&data->name, grant->name);
	if (grant->has_role) {
		take_standing(data, grant);
		free(data->seen);
		data->seen = claims_seen_text(grant->seen,
			conf_roles_claim(refresh->service->conf, provider_of(refresh)));
	}
	/* At each refresh, whether anything has changed or not: it may have failed at the last. */
	if (grant->is_whole)
		end_what_exceeds(refresh);
	data->refresh_at = grant->refresh_at;
	store_session_clear(&refresh->session);
	refresh->polls = 0;
	if (session_data_seal(
		    refresh->service->ring, data, str_of(refresh->id), &refresh->session) == -1)
		end_session(refresh, "the provider's tokens are too long");
	else
		save_session(refresh);
}

static void on_refreshed(void *arg, const struct oidc_grant *grant)
{
	struct refresh *refresh = arg;

	event_del(refresh->timer);
	if (refresh->service->closed) {
		finish_refresh(refresh, AUTH_UNAVAILABLE, "shutting down");
		return;
	}
	if (grant->answer != OIDC_OK)
		atomic_fetch_add(&refresh->service->refreshes_failed, 1);
	switch (grant->answer) {
	case OIDC_OK:
		take_grant(refresh, grant);
		break;
	case OIDC_SILENT:
	case OIDC_MISTRUSTED:
		give_up_for_now(refresh);
		break;
	case OIDC_REFUSED:
	case OIDC_INVALID:
		end_session(refresh, grant->reason);
		break;
	}
}

/* --- whose turn it is --- */

static bool is_due(const struct session_data *data)
{
	return data->refresh_at != 0 && clock_wall_s() >= data->refresh_at && data->refresh_token &&
	       data->refresh_token[0];
}

/* The record as it is now. False: it is answered. */
static bool read_again(struct refresh *refresh)
{
	struct auth_service *service = refresh->service;
	struct store *store = service->store;

	store_session_clear(&refresh->session);
	session_data_clear(&refresh->data);
	enum store_answer answer = service_count(
		service, store->ops->session_get(store, refresh->key, &refresh->session));
	if (answer == STORE_FAILED)
		finish_refresh(refresh, AUTH_LATER, "the store does not answer");
	else if (answer == STORE_NONE || session_data_open(service->ring, str_of(refresh->id),
						 &refresh->session, &refresh->data) == -1)
		finish_refresh(refresh, AUTH_ABSENT, "the session has ended");
	else if (!is_due(&refresh->data))
		finish_refresh(refresh, AUTH_OK, ""); /* another gateway was faster */
	else
		return true;
	return false;
}

static void look_again_later(struct refresh *refresh)
{
	if (++refresh->polls > POLLS_MAX) {
		give_up_for_now(refresh);
		return;
	}
	if (refresh->is_late || refresh->polls * POLL_MS >= PATIENCE_MS)
		answer_late(refresh);
	stage_for(refresh, STAGE_TURN, POLL_MS);
}

/* `refresh` may be gone afterwards. */
static void ask_provider(struct refresh *refresh)
{
	char path[CLAIMS_SEEN_NAMES];
	struct claims_seen seen = {.is_found = false};
	struct oidc_person person = {.subject = refresh->data.subject};
	struct oidc *oidc = providers_find(refresh->service->providers, refresh->data.issuer);

	if (oidc == NULL) { /* nobody else can say whether this is still its user (S32) */
		end_session(refresh, "its identity provider is not configured any more");
		return;
	}
	/* Of another claim than today's it says nothing. */
	const char *claim = conf_roles_claim(refresh->service->conf, provider_of(refresh));
	if (claims_seen_parse(refresh->data.seen, &seen, path) && claim && strcmp(path, claim) == 0)
		person.places = seen.places;
	stage_for(refresh, STAGE_ASKING, PATIENCE_MS);
	oidc_refresh(oidc, refresh->data.refresh_token, &person, on_refreshed, refresh);
}

static void take_turn(struct refresh *refresh)
{
	struct auth_service *service = refresh->service;
	struct store *store = service->store;

	if (!read_again(refresh))
		return;
	switch (service_count(
		service, store->ops->lease_take(store, refresh->key, service->holder, LEASE_MS))) {
	case STORE_FAILED:
		finish_refresh(refresh, AUTH_LATER, "the store does not answer");
		return;
	case STORE_NONE:
		look_again_later(refresh);
		return;
	case STORE_FOUND:
		break;
	}
	/* Between reading and the lease another gateway may have done it all. */
	refresh->has_lease = true;
	if (read_again(refresh))
		ask_provider(refresh);
}

static void on_refresh_timer(evutil_socket_t fd, short what, void *arg)
{
	static void (*const then[STAGES])(struct refresh *) = {[STAGE_TURN] = take_turn,
		[STAGE_ASKING] = answer_late,
		[STAGE_SAVING] = save_session,
		[STAGE_RESTING] = refresh_free};
	struct refresh *refresh = arg;

	(void)fd;
	(void)what;
	then[refresh->stage](refresh);
}

static struct refresh *find_refresh(struct auth_service *service, const unsigned char *key)
{
	struct refresh *refresh;

	TAILQ_FOREACH(refresh, &service->refreshes, link)
	{
		if (memcmp(refresh->key, key, DIGEST_LEN) == 0)
			return refresh;
	}
	return NULL;
}

static void refresh_on_keeper(struct keeper_request *request)
{
	struct refresh_request *own = (struct refresh_request *)request;
	struct auth_service *service = request->service;
	struct refresh *refresh = find_refresh(service, own->key);

	if (refresh) {
		TAILQ_INSERT_TAIL(&refresh->waiting, own, link);
		if (refresh->is_late)
			answer_late(refresh);
		return;
	}
	refresh = mem_alloc(1, sizeof *refresh);
	refresh->service = service;
	memcpy(refresh->key, own->key, DIGEST_LEN);
	memcpy(refresh->id, own->id, sizeof refresh->id);
	refresh->timer = evtimer_new(service->base, on_refresh_timer, refresh);
	TAILQ_INIT(&refresh->waiting);
	TAILQ_INSERT_TAIL(&refresh->waiting, own, link);
	TAILQ_INSERT_TAIL(&service->refreshes, refresh, link);
	take_turn(refresh);
}

void auth_session_refresh_close(struct auth_service *service)
{
	struct refresh *refresh, *next;

	for (refresh = TAILQ_FIRST(&service->refreshes); refresh; refresh = next) {
		next = TAILQ_NEXT(refresh, link);
		if (refresh->stage != STAGE_ASKING)
			finish_refresh(refresh, AUTH_UNAVAILABLE, "shutting down");
	}
}

/* --- the server thread's half --- */

static void on_refresh_answered(struct auth_pending *pending, struct keeper_request *request)
{
	struct question *question = &pending->question;
	struct record_cache_entry *entry;
	int64_t now = clock_wall_s();

	question->refresh_asked = true;
	if (request->status == AUTH_OK) {
		auth_store_view_forget_session(pending->auth, question);
	} else if (request->status == AUTH_LATER) { /* nobody knows: it goes on for now */
		entry = record_cache_find(pending->auth->sessions, question->key, now);
		if (entry && entry->refresh_at <= now)
			entry->refresh_at = now + ASK_AGAIN_S;
	} else {
		record_cache_drop(pending->auth->sessions, question->key);
		question->refused = request->status;
		question->why = auth_pending_reason(
			pending->auth, request->reason, "the session has ended");
	}
	auth_pending_resume(pending);
}

void auth_session_refresh_ask(struct auth_pending *pending)
{
	struct keeper_request *request = auth_keeper_new(pending, sizeof(struct refresh_request));
	struct refresh_request *own = (struct refresh_request *)request;

	memcpy(own->key, pending->question.key, DIGEST_LEN);
	(void)str_copy(pending->question.id, own->id, sizeof own->id); /* it is one */
	request->work = refresh_on_keeper;
	request->done = on_refresh_answered;
	auth_keeper_send(request);
}
