/* proxy/request/respond_gone.c - the page of a UI that is not there: gone, refused or not verified.
 */
#include "proxy/request/public_site.h"
#include "proxy/request/respond.h"

#include "proxy/guard/guard.h"
#include "proxy/web/web_fault.h"

void respond_gone(struct exchange *x)
{
	static const struct {
		int status;
		enum fault fault;
	} answers[] = {[MOUNT_UP] = {502, FAULT_UPSTREAM_CONNECT},
		[MOUNT_UNVERIFIED] = {503, FAULT_NOT_READY},
		[MOUNT_REFUSED] = {403, FAULT_NEVER},
		[MOUNT_GONE] = {404, FAULT_GONE}};
	const struct mount *mount = x->route.mount;
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (guard_is_navigation(x->web.req)) {
		page_gone(&page, &view, x->registry, mount);
		web_html(&x->web, answers[mount->state].status, &page,
			mount->state == MOUNT_UNVERIFIED ? "Refresh: 3\r\nRetry-After: 3\r\n"
							 : NULL,
			answers[mount->state].fault);
	} else {
		web_fault(&x->web, answers[mount->state].fault, mount->why[0] ? mount->why : NULL);
	}
	sbuf_clear(&page);
}
