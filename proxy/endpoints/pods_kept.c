/* proxy/endpoints/pods_kept.c - what was kept of driver and executors whose pods are gone. */
#include "proxy/endpoints/pods_state.h"

#include "base/text/json_text.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

/* --- whose --- */

static const struct kept_end *find_kept(const struct endpoint_pods *p, const char *uid)
{
	const struct pod_answer *told = &p->told->answer;

	if (strcmp(uid, told->uid) == 0)
		return &told->kept;
	for (size_t i = 0; i < told->kept_executors_count; i++) {
		if (strcmp(told->kept_executors[i].uid, uid) == 0)
			return &told->kept_executors[i];
	}
	return NULL;
}

/* Of each pod the log of its main container is kept. */
const struct kept_end *pods_kept(const struct endpoint_pods *p)
{
	const struct kube_container *main;

	if (p->target.uid == NULL)
		return p->asked.pod[0] && strcmp(p->asked.pod, p->told->answer.pod) != 0
			       ? NULL
			       : &p->told->answer.kept;
	main = kube_status_main(&p->target);
	return main && strcmp(main->name, p->container) == 0 ? find_kept(p, p->target.uid) : NULL;
}

static bool is_there(const struct endpoint_pods *p, const char *uid)
{
	struct kube_status status;
	struct err err = {""};

	for (size_t i = 0; i < p->executors_there; i++) {
		if (kube_status_read(p->executors[i], &status, &err) == 0 &&
			strcmp(status.uid, uid) == 0)
			return true;
	}
	return false;
}

void pods_add_kept_executors(struct endpoint_pods *p)
{
	const struct pod_answer *told = &p->told->answer;
	struct err err = {""};

	p->executors_there = p->executors_count;
	for (size_t i = 0; i < told->kept_executors_count; i++) {
		const struct kept_end *one = &told->kept_executors[i];
		json_t *pod = is_there(p, one->uid) ? NULL : json_of_text(str_of(one->pod), &err);
		if (pod)
			p->executors[p->executors_count++] = pod;
	}
}

/* --- its log --- */

static const char *why_not(const struct kept_end *kept)
{
	if (kept && kept->problem && kept->problem[0])
		return kept->problem;
	return kept ? "The pod is not there any more, and its log was not kept "
		      "(kubernetes.keep_logs)."
		    : "This application has no such pod or container any more, and no log of it "
		      "was kept.";
}

void pods_take_kept(struct endpoint_pods *p, bool says_why)
{
	static const struct kept_end nothing = {.uid = NULL};
	const struct kept_end *found = pods_kept(p), *kept = found ? found : &nothing;

	p->has_log = p->is_kept = kept->log != NULL;
	pods_add_tail(p, (struct str){kept->log, kept->log_len});
	p->log_is_cut |= kept->log_len >= p->told->log_max;
	pods_begin_tail_at_line(p);
	if (says_why && (kept->log == NULL || kept->problem[0]))
		pods_problem(p, mem_strdup(why_not(found)));
}

static struct str last_lines(struct str text, uint64_t lines)
{
	size_t at = text.len;

	if (lines == 0)
		return text;
	if (at > 0 && text.at[at - 1] == '\n')
		at--;
	for (; at > 0; at--) {
		if (text.at[at - 1] == '\n' && --lines == 0)
			break;
	}
	return str_from(text, at);
}

void pods_send_kept(struct endpoint_pods *p)
{
	const struct kept_end *kept = pods_kept(p);

	if (kept == NULL || kept->log == NULL) {
		web_fault(&p->x->web, FAULT_GONE, why_not(kept));
		return;
	}
	const struct str text = {kept->log, kept->log_len};
	web_reply(&p->x->web,
		&(struct web_reply){200, "text/plain; charset=utf-8",
			last_lines(text, p->asked.tail), PODS_VARY, WEB_WIPED},
		FAULT_NONE);
}
