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
	static const enum fault lacks[] = {[LACKS_NOTHING] = FAULT_NONE,
		[LACKS_START] = FAULT_STARTING,
		[LACKS_ADDRESS] = FAULT_NO_ADDRESS,
		[LACKS_UI] = FAULT_NO_UI};
	const struct mount *mount = x->route.mount;
	enum fault fault = mount->lack ? lacks[mount->lack] : answers[mount->state].fault;
	int status = mount->lack ? fault_row(fault)->status : answers[mount->state].status;
	bool may_change = mount->state == MOUNT_UNVERIFIED && mount->lack <= LACKS_START;
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (guard_is_navigation(x->web.req)) {
		page_gone(&page, &view, x->registry, mount);
		web_html(&x->web, status, &page,
			may_change ? "Refresh: 3\r\nRetry-After: 3\r\n" : NULL, fault);
	} else {
		web_fault(&x->web, fault, mount->why[0] ? mount->why : NULL);
	}
	sbuf_clear(&page);
}
