#include "proxy/discovery/pods/lacking_right.h"

#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"

#include <stdlib.h>

void lacking_right_note(struct cluster *c, enum kube_right right)
{
	char *words;

	if (c->rights_lacking & 1u << right)
		return;
	c->rights_lacking |= 1u << right;
	words = kube_right_words(right);
	log_warn("discovery", "cluster %s: %s", c->name, words);
	free(words);
}
