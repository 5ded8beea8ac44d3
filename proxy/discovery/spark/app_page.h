/*
 * proxy/discovery/spark/app_page.h - a master's application page: the one place that says where a
 * driver's UI is (T6, T7).
 *
 * The address is not in any JSON. The page escapes what users chose, so an element can be told from
 * text; anything that is not exactly one such link is refused. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SPARK_APP_PAGE_H
#define SPARKGATE_PROXY_DISCOVERY_SPARK_APP_PAGE_H

#include "base/text/url.h"
#include "proxy/discovery/spark/spark_json.h"

enum { APP_PAGE_MAX = 8 * 1024 * 1024 };

enum app_link {
	APP_LINK_NONE,	   /* no such link yet */
	APP_LINK_DISABLED, /* an empty one: the application has no UI */
	APP_LINK_ADDRESS,  /* http://host:port, in `url` */
	APP_LINK_PROXIED,  /* spark.ui.reverseProxy: the master's own /proxy/<id> */
};

/* What the "Application Detail UI" link of this application's page says. -1 when it says something
 * else. */
MUST_CHECK int app_page_find_ui(
	struct str html, struct str app_id, enum app_link *link, struct url *url, struct err *err);
/* It tells of an application of this user: of several that have one id, it shows any. */
bool app_page_is_of(struct str html, struct str user);
/* The version beside the logo, on any page of Spark's; "" when there is none. */
void app_page_version(struct str html, char out[static SPARK_VERSION_MAX]);

#endif
