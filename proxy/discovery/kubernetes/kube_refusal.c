#include "proxy/discovery/kubernetes/kube_refusal.h"

#include "base/mem.h"

static const struct kube_refusal rows[] = {
	{401, true, NULL, "the API server does not take the token or certificate (401)"},
	{401, false, NULL, "the API server does not take the token or certificate (401)"},
	{403, true, "not allowed", "the account may not list and watch them (403); the rest works"},
	{403, false, NULL,
		"the API server does not allow it (403): the role needs list and watch of pods in "
		"this namespace"},
	{404, true, "not there", "this cluster does not have them (404)"},
	{404, false, NULL, "the API server does not know pods (404): is its URL right?"},
	{429, true, NULL, "the API server has too much to do (429)"},
	{429, false, NULL, "the API server has too much to do (429)"},
};

const struct kube_refusal *kube_refusal_find(int status, bool is_optional)
{
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == status && rows[i].is_of_optional == is_optional)
			return &rows[i];
	}
	return NULL;
}
