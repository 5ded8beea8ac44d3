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

void web_whoami(struct web_call *call)
{
	json_t *me = whoami_describe(call->conf, call->who);

	if (!call->site->is_program && guard_wants_page(call->asked))
		reply_with_page(call, me);
	else
		reply_with_json(call, me);
	json_decref(me);
}
