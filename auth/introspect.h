/* temporary */
#ifndef SPARKGATE_AUTH_INTROSPECT_H
#define SPARKGATE_AUTH_INTROSPECT_H
#include "auth/fetch.h"
#include "conf/conf.h"
#include <jansson.h>
struct introspector;
struct introspect_result {
	enum { INTROSPECT_ACTIVE, INTROSPECT_INACTIVE, INTROSPECT_SILENT } answer;
	const char *reason;
	const json_t *claims;
	struct str issuer, subject;
	int64_t expires_at;
};
typedef void introspect_done(void *arg, const struct introspect_result *result);
struct introspector *introspector_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf);
void introspector_set_conf(struct introspector *in, const struct conf *conf);
void introspector_free(struct introspector *in);
bool introspect_is_configured(const struct conf *conf);
void introspect(struct introspector *in, struct str token, introspect_done *done, void *arg);
#endif
