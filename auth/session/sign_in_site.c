#include "auth/session/sign_in_site.h"

const struct conf_listen *sign_in_site_listen(const struct conf *conf, enum auth_site site)
{
	return site == AUTH_SITE_ADMIN ? &conf->admin : &conf->server;
}

const char *sign_in_site_name(enum auth_site site)
{
	/* Sessions of before there was another site have no name in them. */
	static const char *const names[AUTH_SITES] = {
		[AUTH_SITE_PUBLIC] = "", [AUTH_SITE_ADMIN] = "admin"};

	return names[site];
}
