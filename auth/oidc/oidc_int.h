/* auth/oidc/oidc_int.h - the provider's two halves: metadata (oidc.c) and grants (oidc_grant.c). */
#ifndef SPARKGATE_AUTH_OIDC_OIDC_INT_H
#define SPARKGATE_AUTH_OIDC_OIDC_INT_H

#include "auth/oidc/oidc.h"
#include "auth/oidc/token_call.h"

enum { OIDC_GRANTS_MAX = 1024 };

struct grant;
TAILQ_HEAD(grant_list, grant);

struct oidc {
	struct oidc_options options;
	struct oidc_timing timing;
	struct conf *conf;
	const struct conf_oidc *own;	/* its row in there */
	struct oidc_provider *provider; /* NULL: not known */
	struct client_ways ways;	/* to show it the client's secret */
	struct fetch *under_way;	/* of the metadata */
	struct event *timer;
	int64_t retry; /* ms until the next try after a failure; 0: the last was good */
	struct grant_list grants;
	size_t grants_count;
};

/* Answers OIDC_SILENT to all. */
void oidc_grants_close(struct oidc *oidc);

#endif
