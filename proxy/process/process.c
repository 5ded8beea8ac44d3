#include "proxy/process/process.h"

#include "base/log/log.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum { OWN = 256 }; /* descriptors for what is no connection of a client or to a UI */

void process_forbid_dumps(void)
{
	/* A sanitizer's leak check looks into the process from outside. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) == -1 || prctl(PR_SET_DUMPABLE, 0) == -1)
		log_warn("start", "dumps of the process's memory could not be forbidden");
#endif
}

/* Each connection may need one to a UI as well. */
static rlim_t needed_for(unsigned connections)
{
	return (rlim_t)connections * 2 + OWN;
}

/* With very few, half of them are for clients and their UIs all the same. */
static unsigned connections_for(rlim_t descriptors)
{
	rlim_t own = descriptors / 2 < OWN ? descriptors / 2 : OWN;
	rlim_t count = (descriptors - own) / 2;

	return count ? (unsigned)count : 1;
}

void process_fit_descriptors(struct conf *conf)
{
	rlim_t wanted = needed_for(conf->limit_connections);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	/* Shells start programs with far fewer than may be had. */
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 && getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	if (limit.rlim_cur >= wanted)
		return;
	unsigned fits = connections_for(limit.rlim_cur);
	log_warn("start",
		"%llu file descriptors are too few for server.limits.connections: %u, so it is %u; "
		"allow %llu (systemd: LimitNOFILE=, Docker: --ulimit nofile=, shell: ulimit -n) or "
		"set server.limits.connections to %u",
		(unsigned long long)limit.rlim_cur, conf->limit_connections, fits,
		(unsigned long long)wanted, fits);
	conf->limit_connections = fits;
}
