#include "proxy/launch/target/launch_target.h"

#include <stdlib.h>

void launch_log_clear(struct launch_log *log)
{
	secret_free(log->authorization);
	secret_free(log->key);
	free(log->url);
	free(log->ca_file);
	free(log->ca);
	free(log->certificate);
	free(log->text);
	*log = (struct launch_log){.kind = LAUNCH_LOG_NONE};
}
