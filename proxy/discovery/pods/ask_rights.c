#include "proxy/discovery/pods/ask_rights.h"

#include "base/net/fetch.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/pods/lacking_right.h"

#include <stdlib.h>

enum { TIMEOUT_MS = 10 * 1000, ANSWER_MAX = 64 * 1024 };

static const struct {
	enum kube_right right;
	const char *verb, *resource, *subresource;
} asked[] = {{KUBE_RIGHT_LOGS, "get", "pods", "log"}, {KUBE_RIGHT_EVENTS, "list", "events", ""}};

struct rights_question { /* stays when it was answered: it is not asked again */
	struct cluster *cluster;
	char *namespace;
	enum kube_right right;
	struct fetch *fetch; /* NULL: it was answered, or cannot be */
	struct rights_question *next;
};

static void on_answer(const struct fetch_result *result, void *arg)
{
	struct rights_question *q = arg;

	q->fetch = NULL;
	if (result->status == 201 && kube_review_read(result->body) == 0)
		lacking_right_note(q->cluster, q->right);
}

static void ask(
	struct cluster *c, const struct kube_access *access, const char *namespace, size_t row)
{
	struct rights_question *q = mem_alloc(1, sizeof *q);
	char *text = kube_review_text(&(struct kube_review){
		namespace, asked[row].verb, "", asked[row].resource, asked[row].subresource});

	q->cluster = c;
	q->namespace = mem_strdup(namespace);
	q->right = asked[row].right;
	q->next = c->rights_asked;
	c->rights_asked = q;
	q->fetch = kube_change(c->discovery->fetcher, access, "POST", KUBE_REVIEWS,
		&(struct fetch_request){.post = text,
			.timeout_ms = TIMEOUT_MS,
			.max_bytes = ANSWER_MAX,
			.done = on_answer,
			.arg = q});
	free(text);
}

void ask_rights_of(struct cluster *c, const char *namespace)
{
	const struct rights_question *q = c->rights_asked;
	struct kube_access access;
	struct err err = {""};

	while (q && strcmp(q->namespace, namespace) != 0)
		q = q->next;
	if (q || kube_access_load(c->conf->kubernetes.kubeconfig, &access, &err) == -1)
		return;
	for (size_t row = 0; row < ARRAY_LEN(asked); row++)
		ask(c, &access, namespace, row);
	kube_access_clear(&access);
}

void ask_rights_end(struct cluster *c)
{
	struct rights_question *q;

	while ((q = c->rights_asked) != NULL) {
		c->rights_asked = q->next;
		if (q->fetch)
			fetch_cancel(q->fetch);
		free(q->namespace);
		free(q);
	}
}
