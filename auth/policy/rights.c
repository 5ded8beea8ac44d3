#include "auth/policy/rights.h"

const struct right rights_table[] = {
	{ACTION_VIEW, "view", "pages", "GET of every known page that no other row names", false},
	{ACTION_LOGS, "logs", "logs of executors and drivers", "`logPage`, `log`, `logs`", false},
	{ACTION_ENVIRONMENT, "environment", "configuration and class path of an application",
		"`environment`", false},
	{ACTION_DOWNLOAD, "download", "event logs", "`api/v1/applications/…/logs`", false},
	{ACTION_DUMP, "dump", "thread dumps and heap histograms",
		"`threadDump`, `taskThreadDump`, `heapHistogram`, "
		"`api/v1/applications/…/threads`",
		false},
	{ACTION_KILL, "kill", "ending applications, drivers, jobs and stages",
		"`app/kill`, `app/hold`, `app/resume`, `driver/kill`, `jobs/job/kill`, "
		"`jobs/hold`, "
		"`jobs/resume`, `stages/stage/kill`, every POST and every page that no other row "
		"names",
		false},
	{ACTION_KILL, "kill:own", "the same of applications that one runs oneself",
		"as of `kill`; a row of `auth.roles.custom` gives it, and no scope", true},
	{ACTION_SUBMIT, "submit", "the submission API of a master", "`v1/submissions`", false},
	{ACTION_METRICS, "metrics", "of `view`, only what monitoring reads", "`/metrics`", false},
	{ACTION_TOKENS, "tokens", "everybody's tokens; one's own need no right",
		"none: `tokens` and `api/v1/tokens` of the admin listener", false},
	{ACTION_AUDIT, "audit", "what people did", "none: `audit` of the admin listener", false},
	{ACTION_SESSIONS, "sessions", "who is signed in, and ending it",
		"none: `sessions` of the admin listener", false},
	{ACTION_LAUNCH, "launch", "launching applications by the profiles of one's roles",
		"none: `api/v1/applications` of both listeners", false},
};
const size_t rights_count = ARRAY_LEN(rights_table);

bool right_is_of(const struct right *right, enum role role)
{
	return !right->is_own_only && policy_rights(role) & 1u << right->action;
}

const char *right_roles(const struct right *right)
{
	bool is_users = right_is_of(right, ROLE_USER), is_admins = right_is_of(right, ROLE_ADMIN);

	return is_users ? "user, admin" : is_admins ? "admin" : "";
}
