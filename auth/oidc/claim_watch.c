#include "auth/oidc/claim_watch.h"

#include "base/log/log.h"

#include <string.h>

void claim_watch_note(struct claim_watch *watch, const struct claims_seen *seen)
{
	if (seen->is_found)
		watch->is_found = true;
	else
		watch->sign_ins++;
	memcpy(watch->names, seen->names, sizeof watch->names);
}

void claim_watch_reset(struct claim_watch *watch)
{
	*watch = (struct claim_watch){.is_found = false};
}

bool claim_watch_is_due(struct claim_watch *watch, int64_t now_ms)
{
	if (watch->is_found || watch->sign_ins == 0 ||
		(watch->warned_ms != 0 && now_ms - watch->warned_ms < CLAIM_WATCH_MS))
		return false;
	watch->warned_ms = now_ms;
	return true;
}

void claim_watch_tick(struct claim_watch *watch, const struct claim_watched *what, int64_t now_ms)
{
	bool has_name = what->provider[0];

	if (what->claim == NULL || !claim_watch_is_due(watch, now_ms))
		return;
	log_warn("sign_in",
		"no sign-in%s%s since the start had the claim \"%s\" that %s names, of "
		"%u; claims of the last one: %.512s",
		has_name ? " at " : "", what->provider, what->claim,
		has_name ? "roles.claim" : "auth.roles.claim", watch->sign_ins,
		watch->names[0] ? watch->names : "none");
}
