/*
 * proxy/admin/api_int.h - one call of the API: api.c (who, where, answers), api_tokens.c (what),
 * api_describe.c (how it is asked).
 */
#ifndef SPARKGATE_PROXY_ADMIN_API_INT_H
#define SPARKGATE_PROXY_ADMIN_API_INT_H

#include "proxy/admin/api.h"

#include <jansson.h>

enum {
	API_BODY_MAX = 64 * 1024,
	API_ID_LEN = 32 /* hexadecimal digits */,
	API_ID_MAX = 33,
	API_BATCH_MAX = 100
};

struct api {
	struct auth_service *service;
	struct auth *auth;
	struct budget *memory; /* of content */
	uint64_t next_id;
};

struct api_call {
	struct api *api;
	struct front_request *req; /* NULL: the client has left */
	const struct api_row *row;
	struct identity *who;
	char request_id[17];
	char id[API_ID_MAX]; /* of the token in the path */
	struct str path;     /* borrows from the request, for as long as it is there */
	char *query;
	json_t *body; /* an object; NULL: none is taken */
	bool waits;   /* for its content */
	bool has_bad_token;
};

/* Each ends the call. */
void api_answer(struct api_call *call, int status, json_t *json); /* takes json; NULL: none */
void api_problem(struct api_call *call, int status, const char *detail);
/* 404 for what was taken away, which is not to say that its owner may not know what it was (RFC
 * 9457 §3.2); takes token. */
void api_gone(struct api_call *call, const char *detail, json_t *token);

/* A parameter of the query, decoded; false when it is absent. Twice or broken: `*is_bad`. */
bool api_parameter(
	const struct api_call *call, const char *name, char *out, size_t size, bool *is_bad);

/* api_tokens.c */
void api_list(struct api_call *call);
void api_create(struct api_call *call);
void api_show(struct api_call *call);
void api_revoke(struct api_call *call);
void api_disable(struct api_call *call);
void api_enable(struct api_call *call);
void api_revoke_many(struct api_call *call);
/* api_describe.c */
void api_describe(struct api_call *call);

#endif
