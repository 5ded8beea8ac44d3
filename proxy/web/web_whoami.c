#include "proxy/web/web_whoami.h"

#include "auth/policy/whoami.h"
#include "base/text/json_text.h"
#include "proxy/guard/guard.h"
#include "proxy/pages/self/page_whoami.h"
#include "proxy/web/web_reply.h"

#include <stdlib.h>

static void reply_with_page(struct web_call *call, const json_t *me)
{
	struct page_view view = call->site->view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_whoami(&page, &view, me);
	web_html(call, 200, &page, "Vary: Accept\r\n", FAULT_NONE);
	sbuf_clear(&page);
}

static void reply_with_json(struct web_call *call, const json_t *me)
{
	char *text = json_text(me);

	web_reply(call,
		&(struct web_reply){
			200, "application/json", str_of(text), "Vary: Accept\r\n", false},
		FAULT_NONE);
	free(text);
}

/* Of those that were deleted only their links go on. Gives; the names are borrowed. */
static struct access_cluster *list_found(const struct registry *reg, size_t *count)
{
	size_t all = reg ? registry_clusters(reg) : 0;
	struct access_cluster *found = mem_alloc(all ? all : 1, sizeof *found);

	*count = 0;
	for (size_t i = 0; i < all; i++) {
		const struct cluster_info *cluster = registry_cluster_at(reg, i);
		if (cluster->finder && cluster->finder[0] && cluster->deleted_ms == 0)
			found[(*count)++] = cluster_info_access(cluster);
	}
	return found;
}

static json_t *describe(struct web_call *call)
{
	size_t count;
	struct access_cluster *at = list_found(call->site->registry(call), &count);
	json_t *me = whoami_describe(call->conf, &(struct whoami_found){at, count}, call->who);

	free(at);
	return me;
}

void web_whoami(struct web_call *call)
{
	json_t *me = describe(call);

	if (!call->site->is_program && guard_wants_page(call->asked))
		reply_with_page(call, me);
	else
		reply_with_json(call, me);
	json_decref(me);
}
