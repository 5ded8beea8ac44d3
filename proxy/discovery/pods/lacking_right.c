#include "proxy/discovery/pods/lacking_right.h"

#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"

#include <stdlib.h>

void lacking_right_note(struct cluster *c, enum kube_right right)
{
	bool is_wanted = c->conf->kubernetes.keep_logs_s > 0;
	char *words;

	if (c->rights_lacking & 1u << right)
		return;
	c->rights_lacking |= 1u << right;
	words = kube_right_words(right);
	log_line(is_wanted ? LOG_WARN : LOG_INFO, "discovery", "cluster %s: %s", c->name, words);
	free(words);
}
