#include "proxy/launch/artifacts/artifact_ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct artifact_entry {
	LIST_ENTRY(artifact_entry) link;
	struct artifact_ledger *ledger;
	char *folder;
	uint64_t bytes;
};

struct artifact_ledger {
	pthread_mutex_t lock; /* guards all below */
	LIST_HEAD(, artifact_entry) entries;
	unsigned count;
};

struct artifact_ledger *artifact_ledger_new(void)
{
	struct artifact_ledger *ledger = mem_alloc(1, sizeof *ledger);

	pthread_mutex_init(&ledger->lock, NULL);
	LIST_INIT(&ledger->entries);
	return ledger;
}

void artifact_ledger_free(struct artifact_ledger *ledger)
{
	if (ledger == NULL)
		return;
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

static struct artifact_under_way count_folder(
	const struct artifact_ledger *ledger, const char *folder)
{
	struct artifact_under_way sum = {0, 0};
	const struct artifact_entry *entry;

	LIST_FOREACH(entry, &ledger->entries, link)
	{
		if (strcmp(entry->folder, folder) != 0)
			continue;
		sum.bytes += entry->bytes;
		sum.count++;
	}
	return sum;
}

struct artifact_entry *artifact_ledger_enter(struct artifact_ledger *ledger, const char *folder,
	uint64_t bytes, struct artifact_under_way *others)
{
	struct artifact_entry *entry = NULL;

	pthread_mutex_lock(&ledger->lock);
	*others = count_folder(ledger, folder);
	if (ledger->count < ARTIFACT_UPLOADS && others->count < ARTIFACT_UPLOADS_EACH) {
		entry = mem_alloc(1, sizeof *entry);
		*entry = (struct artifact_entry){
			.ledger = ledger, .folder = mem_strdup(folder), .bytes = bytes};
		LIST_INSERT_HEAD(&ledger->entries, entry, link);
		ledger->count++;
	}
	pthread_mutex_unlock(&ledger->lock);
	return entry;
}

void artifact_ledger_leave(struct artifact_entry *entry)
{
	struct artifact_ledger *ledger;

	if (entry == NULL)
		return;
	ledger = entry->ledger;
	pthread_mutex_lock(&ledger->lock);
	LIST_REMOVE(entry, link);
	ledger->count--;
	pthread_mutex_unlock(&ledger->lock);
	free(entry->folder);
	free(entry);
}
