#include "proxy/discovery/kubernetes/kube_refusal.h"

#include "base/mem.h"
#include "base/net/fetch.h"
#include "proxy/discovery/kubernetes/kube_right.h"
#include "proxy/discovery/kubernetes/kube_watch.h"

struct kube_refusal {
	int status;
	bool is_of_optional; /* of a kind that a cluster may lack */
	const char *lack;    /* what that kind is; NULL: this is a failure */
	const char *why;     /* NULL: a right is lacking */
};

static const struct kube_refusal rows[] = {
	{401, true, NULL, "the API server does not take the token or certificate (401)"},
	{401, false, NULL, "the API server does not take the token or certificate (401)"},
	{403, true, "not allowed", NULL},
	{403, false, NULL, NULL},
	{404, true, "not there", "this cluster does not have them (404)"},
	{404, false, NULL, "the API server does not know pods (404): is its URL right?"},
	{429, true, NULL, "the API server has too much to do (429)"},
	{429, false, NULL, "the API server has too much to do (429)"},
};

static const struct kube_refusal *find(int status, bool is_optional)
{
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == status && rows[i].is_of_optional == is_optional)
			return &rows[i];
	}
	return NULL;
}

const char *kube_refusal_lack(int status, const struct kube_kind *kind)
{
	const struct kube_refusal *row = find(status, kind->is_optional);

	return row ? row->lack : NULL;
}

char *kube_refusal_why(const struct fetch_result *result, const struct kube_kind *kind)
{
	const struct kube_refusal *row = find(result->status, kind->is_optional);

	if (row && row->why == NULL)
		return kube_right_words(kind->right);
	if (row)
		return mem_strdup(row->why);
	return result->status ? mem_printf("status %d", result->status) : mem_strdup(result->error);
}
