/* proxy/launch/launch_audit.c - audit lines of launches: who started, ended or repeated what, and
 * how it ended. */
#include "proxy/launch/launcher_int.h"

#include "base/log/log.h"

void launch_audit(const struct launch_told *told)
{
	const struct store_launch *launch = told->launch;
	const struct identity *who = told->who;
	struct str user = str_of(who ? who->subject : launch ? launch->subject : "");
	struct str name = who ? identity_name_beside(who) : STR("");
	const struct log_field fields[] = {{"user", user, false},
		{"user_name", log_clip(name), false},
		{"cluster", str_of(launch ? launch->cluster : NULL), false},
		{"launch_id", str_of(launch ? launch->id : NULL), false},
		{"profile", str_of(launch ? launch->profile : NULL), false},
		{"app_id", str_of(launch ? launch->app_id : NULL), false},
		{"app_name", log_clip(str_of(launch ? launch->name : NULL)), false},
		{"decision", str_of(told->decision), false},
		{"reason", log_clip(str_of(told->reason)), false},
		{"client", str_of(told->client), false},
		{"request_id", str_of(told->request_id), false}};

	log_audit("launch", fields, ARRAY_LEN(fields));
}
