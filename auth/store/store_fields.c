#include "auth/store/store_fields.h"

#include <assert.h>

#define SIZE_OF(record, member)	    sizeof(((struct record *)0)->member)
#define SIZE_TEXT(record, member)   SIZE_OF(record, member)
#define SIZE_LATER(record, member)  SIZE_OF(record, member)
#define SIZE_ROLE(record, member)   SIZE_OF(record, member)
#define SIZE_STATE(record, member)  SIZE_OF(record, member)
#define SIZE_LAUNCH(record, member) SIZE_OF(record, member)
#define SIZE_NUMBER(record, member) SIZE_OF(record, member)
#define SIZE_DIGEST(record, member) SIZE_OF(record, member)
#define SIZE_SID(record, member)    SIZE_OF(record, member)
#define SIZE_LABEL(record, member)  STORE_LABEL
#define SIZE_SEALED(record, member) STORE_SEALED

#define ROW(record, member, kind, redis)                                                           \
	{redis, FIELD_##kind, offsetof(struct record, member), SIZE_##kind(record, member)},
#define TOKEN_ROW(member, kind, redis)	 ROW(store_token, member, kind, redis)
#define LAUNCH_ROW(member, kind, redis)	 ROW(store_launch, member, kind, redis)
#define SESSION_ROW(member, kind, redis) ROW(store_session, member, kind, redis)

const struct store_field store_token_fields[] = {STORE_TOKEN_FIELDS(TOKEN_ROW, TOKEN_ROW)};
const struct store_field store_session_fields[] = {STORE_SESSION_FIELDS(SESSION_ROW, SESSION_ROW)};

const struct store_field store_launch_fields[] = {STORE_LAUNCH_FIELDS(LAUNCH_ROW, LAUNCH_ROW)};

const char *store_field_text(const struct store_field *field, const void *record)
{
	const void *at = store_field_in(field, record);

	switch (field->kind) {
	case FIELD_ROLE:
		return role_name(*(const enum role *)at);
	case FIELD_STATE:
		return token_state_name(*(const enum token_state *)at);
	case FIELD_LAUNCH:
		return launch_state_name(*(const enum launch_state *)at);
	default:
		assert(field->kind == FIELD_TEXT || field->kind == FIELD_LATER);
		return at;
	}
}

bool store_has_sid(const unsigned char sid[static DIGEST_LEN])
{
	static const unsigned char none[DIGEST_LEN];

	return memcmp(sid, none, sizeof none) != 0;
}
