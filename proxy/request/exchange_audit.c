#include "proxy/request/exchange_audit.h"

#include "proxy/guard/audit_subject.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { ANSWER_MAX = 4096 }; /* bytes: of the REST server they are some hundred */

struct exchange_audit {
	struct audit_subject about;
	char answer[ANSWER_MAX]; /* of a submission: it names what was made */
	size_t answer_len;
};

void exchange_audit_begin(struct exchange *x)
{
	const struct mount *mount = x->route.kind == ROUTE_MOUNT ? x->route.mount : NULL;
	bool is_ours = x->route.kind == ROUTE_APP_KILL;

	if ((mount == NULL && !is_ours) || !action_is_audited(x->action))
		return;
	x->audit = mem_alloc(1, sizeof *x->audit);
	struct audit_subject *about = &x->audit->about;
	if (is_ours) {
		audit_subject_add(about, ABOUT_APP, x->route.name);
		return;
	}
	if (mount->kind == UI_DRIVER)
		audit_subject_add(
			about, mount->is_driver_log ? ABOUT_DRIVER : ABOUT_APP, str_of(mount->id));
	audit_subject_read_path(about, x->route.rest);
	audit_subject_read_params(
		about, x->route.rest, x->web.target.query.at ? x->web.target.query : STR(""));
}

void exchange_audit_content(struct exchange *x)
{
	size_t len = evbuffer_get_length(x->web.req->body);

	if (x->audit == NULL || len == 0)
		return;
	struct str content = {(const char *)evbuffer_pullup(x->web.req->body, -1), len};
	if (str_starts(str_trim(content), STR("{")))
		audit_subject_read_json(&x->audit->about, content);
	else
		audit_subject_read_params(&x->audit->about, x->route.rest, content);
}

void exchange_audit_reason(struct exchange *x, struct str reason)
{
	if (x->audit)
		audit_subject_set_reason(&x->audit->about, reason);
}

void exchange_audit_answer(struct exchange *x, struct evbuffer *bytes)
{
	struct exchange_audit *audit = x->audit;

	if (audit == NULL || x->action != ACTION_SUBMIT || audit->answer_len == ANSWER_MAX)
		return;
	ssize_t n = evbuffer_copyout(
		bytes, audit->answer + audit->answer_len, ANSWER_MAX - audit->answer_len);
	audit->answer_len += n > 0 ? (size_t)n : 0;
}

/* The registry knows an application's name, unless the request itself gave it one. */
static void find_name(struct exchange *x)
{
	struct audit_subject *about = &x->audit->about;
	const struct app_info *app =
		about->ids[ABOUT_APP][0] && x->registry && x->route.cluster
			? registry_app(x->registry, str_of(x->route.cluster->name),
				  str_of(about->ids[ABOUT_APP]))
			: NULL;

	if (app && about->app_name[0] == '\0')
		(void)str_copy(log_clip(str_of(app->name)), about->app_name, ABOUT_SIZE);
}

size_t exchange_audit_fields(struct exchange *x, struct log_field *out)
{
	struct exchange_audit *audit = x->audit;

	if (audit == NULL)
		return 0;
	if (audit->answer_len)
		audit_subject_read_json(
			&audit->about, (struct str){audit->answer, audit->answer_len});
	find_name(x);
	return audit_subject_fields(&audit->about, out);
}

void exchange_audit_drop(struct exchange *x)
{
	free(x->audit);
	x->audit = NULL;
}

void exchange_audit_free(struct exchange *x)
{
	free(x->audit);
}
