#include "proxy/discovery/pods/kept_end.h"

#include <stdlib.h>

void kept_end_take(struct kept_end *kept, struct shelf_record *record)
{
	*kept = (struct kept_end){
		.uid = record->uid, .pod = record->pod, .problem = record->problem};
	record->uid = record->pod = record->problem = NULL;
	if (record->text_len || kept->problem[0] == '\0') {
		kept->log = record->text;
		kept->log_len = record->text_len;
		record->text = NULL;
	}
	shelf_record_clear(record);
}

void kept_end_clear(struct kept_end *kept)
{
	free(kept->uid);
	free(kept->pod);
	free(kept->log);
	free(kept->problem);
	*kept = (struct kept_end){.uid = NULL};
}
