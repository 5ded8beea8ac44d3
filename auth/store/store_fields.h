/*
 * auth/store/store_fields.h - what the record of a token, of a session and of a launch has, for
 * every kind of store: one row a field.
 *
 * A row says the member, its kind, and its name in Redis; SQLite's column is called as the member.
 * The order is that of Redis's replies and of SQLite's lists of columns. A new field is a row here
 * and a migration in store_sqlite.c.
 */
#ifndef SPARKGATE_AUTH_STORE_STORE_FIELDS_H
#define SPARKGATE_AUTH_STORE_STORE_FIELDS_H

#include "auth/store/store.h"

/* FIRST for the first row, NEXT for the others. */
#define STORE_TOKEN_MADE(FIRST, NEXT)                                                              \
	FIRST(id, TEXT, "id")                                                                      \
	NEXT(client_name, TEXT, "client_name")                                                     \
	NEXT(issuer, TEXT, "issuer")                                                               \
	NEXT(subject, TEXT, "subject")                                                             \
	NEXT(created_by, TEXT, "created_by")                                                       \
	NEXT(note, TEXT, "note")                                                                   \
	NEXT(last_used_from, TEXT, "used_from")                                                    \
	NEXT(scope, TEXT, "scope")                                                                 \
	NEXT(role, ROLE, "role")                                                                   \
	NEXT(state, STATE, "state")                                                                \
	NEXT(created_at, NUMBER, "created")                                                        \
	NEXT(last_used_at, NUMBER, "used")                                                         \
	NEXT(access_ttl, NUMBER, "access_ttl")                                                     \
	NEXT(refresh_ttl, NUMBER, "refresh_ttl")                                                   \
	NEXT(standing, LATER, "standing")
#define STORE_TOKEN_RENEWED(FIRST, NEXT)                                                           \
	FIRST(expires_at, NUMBER, "expires")                                                       \
	NEXT(secret_expires_at, NUMBER, "secret_ends")                                             \
	NEXT(ends_at, NUMBER, "ends")                                                              \
	NEXT(serial, NUMBER, "serial")                                                             \
	NEXT(secret, DIGEST, "secret")                                                             \
	NEXT(family, DIGEST, "family")
#define STORE_TOKEN_FIELDS(FIRST, NEXT)                                                            \
	STORE_TOKEN_MADE(FIRST, NEXT)                                                              \
	STORE_TOKEN_RENEWED(NEXT, NEXT)

/* Without the key, by which a record is found. A list reads all but the last. */
#define STORE_SESSION_LISTED(FIRST, NEXT)                                                          \
	FIRST(person, DIGEST, "person")                                                            \
	NEXT(provider_sid, SID, "sid")                                                             \
	NEXT(label, LABEL, "label")                                                                \
	NEXT(version, NUMBER, "version")                                                           \
	NEXT(created_at, NUMBER, "created")                                                        \
	NEXT(last_seen_at, NUMBER, "seen")                                                         \
	NEXT(expires_at, NUMBER, "expires")
#define STORE_SESSION_FIELDS(FIRST, NEXT)                                                          \
	STORE_SESSION_LISTED(FIRST, NEXT)                                                          \
	NEXT(sealed, SEALED, "sealed")

#define STORE_LAUNCH_FIELDS(FIRST, NEXT)                                                           \
	FIRST(id, TEXT, "id")                                                                      \
	NEXT(person, DIGEST, "person")                                                             \
	NEXT(quota, DIGEST, "quota")                                                               \
	NEXT(idempotency, SID, "idem")                                                             \
	NEXT(request, DIGEST, "request")                                                           \
	NEXT(issuer, TEXT, "issuer")                                                               \
	NEXT(subject, TEXT, "subject")                                                             \
	NEXT(person_name, TEXT, "person_name")                                                     \
	NEXT(user, TEXT, "user")                                                                   \
	NEXT(cluster, TEXT, "cluster")                                                             \
	NEXT(profile, TEXT, "profile")                                                             \
	NEXT(name, TEXT, "name")                                                                   \
	NEXT(created_at, NUMBER, "created")                                                        \
	NEXT(version, NUMBER, "version")                                                           \
	STORE_LAUNCH_CHANGED(NEXT, NEXT)
#define STORE_LAUNCH_CHANGED(FIRST, NEXT)                                                          \
	FIRST(app_id, TEXT, "app")                                                                 \
	NEXT(state, LAUNCH, "state")                                                               \
	NEXT(updated_at, NUMBER, "updated")                                                        \
	NEXT(ended_at, NUMBER, "ended")                                                            \
	NEXT(json, SEALED, "json")

#define STORE_FIELD_ONE(member, kind, redis) +1
enum {
	STORE_TOKEN_MADE_COUNT = STORE_TOKEN_MADE(STORE_FIELD_ONE, STORE_FIELD_ONE),
	STORE_TOKEN_COUNT = STORE_TOKEN_FIELDS(STORE_FIELD_ONE, STORE_FIELD_ONE),
	STORE_SESSION_LISTED_COUNT = STORE_SESSION_LISTED(STORE_FIELD_ONE, STORE_FIELD_ONE),
	STORE_LAUNCH_CHANGED_COUNT = STORE_LAUNCH_CHANGED(STORE_FIELD_ONE, STORE_FIELD_ONE),
	STORE_LAUNCH_COUNT = STORE_LAUNCH_FIELDS(STORE_FIELD_ONE, STORE_FIELD_ONE),
	STORE_SESSION_COUNT = STORE_SESSION_FIELDS(STORE_FIELD_ONE, STORE_FIELD_ONE),
};

struct store_field {
	const char *redis;
	enum store_field_kind {
		FIELD_TEXT,   /* char[size] */
		FIELD_LATER,  /* the same; records of before have none, which is "" */
		FIELD_ROLE,   /* enum role, by name */
		FIELD_STATE,  /* enum token_state, by name */
		FIELD_LAUNCH, /* enum launch_state, by name */
		FIELD_NUMBER, /* int64_t, or uint64_t that is no larger */
		FIELD_DIGEST, /* DIGEST_LEN bytes */
		FIELD_SID,    /* the same, or all zero: none, which is kept as nothing */
		FIELD_LABEL,  /* struct store_bytes of `size` bytes at most */
		FIELD_SEALED, /* the same */
	} kind;
	size_t at, size; /* in the record */
};
extern const struct store_field store_token_fields[STORE_TOKEN_COUNT];
extern const struct store_field store_session_fields[STORE_SESSION_COUNT];
extern const struct store_field store_launch_fields[STORE_LAUNCH_COUNT];

static inline const void *store_field_in(const struct store_field *field, const void *record)
{
	return (const char *)record + field->at;
}

static inline void *store_field_of(const struct store_field *field, void *record)
{
	return (char *)record + field->at;
}

/* Of a text, or of what is kept by its name; borrows. */
const char *store_field_text(const struct store_field *field, const void *record);
/* Whether a session has the provider's id. */
bool store_has_sid(const unsigned char sid[static DIGEST_LEN]);

#endif
