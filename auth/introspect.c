#include "auth/introspect.h"
struct introspector *introspector_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf)
{
	(void)base;
	(void)fetcher;
	(void)conf;
	return NULL;
}
void introspector_set_conf(struct introspector *in, const struct conf *conf)
{
	(void)in;
	(void)conf;
}
void introspector_free(struct introspector *in)
{
	(void)in;
}
bool introspect_is_configured(const struct conf *conf)
{
	(void)conf;
	return false;
}
void introspect(struct introspector *in, struct str token, introspect_done *done, void *arg)
{
	(void)in;
	(void)token;
	(void)done;
	(void)arg;
}
