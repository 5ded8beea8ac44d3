#include "proxy/launch/target/launch_target.h"

#include <netinet/in.h>
#include <stdlib.h>

void launch_log_clear(struct launch_log *log)
{
	secret_free(log->authorization);
	secret_free(log->key);
	free(log->url);
	free(log->second_url);
	free(log->ca_file);
	free(log->ca);
	free(log->certificate);
	free(log->text);
	*log = (struct launch_log){.kind = LAUNCH_LOG_NONE};
}

bool launch_is_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->sa_family != b->ss_family)
		return false;
	if (a->sa_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr && a4->sin_port == b4->sin_port;
	return a->sa_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
	       memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}
