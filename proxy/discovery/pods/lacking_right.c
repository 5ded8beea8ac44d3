#include "proxy/discovery/pods/lacking_right.h"

#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"

void lacking_right_note(struct cluster *c, const char *need)
{
	uint32_t hash = str_hash(str_of(need)) | 1;

	for (size_t i = 0; i < ARRAY_LEN(c->refusals); i++) {
		if (c->refusals[i] == hash)
			return;
		if (c->refusals[i])
			continue;
		c->refusals[i] = hash;
		log_warn("discovery",
			"cluster %s: the API server does not allow it (403): for logs and events "
			"of pods the gateway's role needs %s",
			c->name, need);
		return;
	}
}
