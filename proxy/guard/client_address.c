#include "proxy/guard/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool parse_hop(struct str text, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	char buf[46];

	*out = (struct sockaddr_storage){0};
	if (!str_copy(text, buf, sizeof buf))
		return false;
	if (inet_pton(AF_INET, buf, &v4->sin_addr) == 1)
		out->ss_family = AF_INET;
	else if (inet_pton(AF_INET6, buf, &v6->sin6_addr) == 1)
		out->ss_family = AF_INET6;
	return out->ss_family != 0;
}

static bool is_trusted(const struct conf *conf, const struct sockaddr *sa)
{
	return cidr_any_contains(conf->trusted_proxies, conf->trusted_proxies_count, sa);
}

/* Cuts the last comma-separated item off `*list`. */
static struct str last_item(struct str *list)
{
	size_t at = list->len;

	while (at > 0 && list->at[at - 1] != ',')
		at--;
	struct str item = str_trim(str_from(*list, at));
	list->len = at > 0 ? at - 1 : 0;
	return item;
}

/* Right to left, past the trusted hops; a hop that is no address ends the walk where it is. */
static void walk_hops(const struct conf *conf, struct str list, char out[static 46])
{
	while (list.len > 0) {
		struct str item = last_item(&list);
		struct sockaddr_storage hop;
		if (!parse_hop(item, &hop))
			return;
		str_copy(item, out, 46);
		if (!is_trusted(conf, (struct sockaddr *)&hop))
			return;
	}
}

void client_address_of(
	const struct conf *conf, const struct front_request *req, char out[static 46])
{
	str_copy(str_of(req->peer_text), out, 46);
	if (!is_trusted(conf, req->peer))
		return;
	/* Several fields are one list (RFC 9110 §5.3): the last field holds the nearest hops. */
	for (size_t i = req->fields_count; i > 0; i--) {
		if (req->fields[i - 1].kind.id == FIELD_X_FORWARDED_FOR) {
			walk_hops(conf, req->fields[i - 1].value, out);
			return;
		}
	}
}

bool client_address_is_trusted(const struct conf *conf, const struct front_request *req)
{
	return is_trusted(conf, req->peer);
}
