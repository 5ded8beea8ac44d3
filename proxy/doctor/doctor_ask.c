/* A server is asked, and its answer waited for. */
#include "base/clock.h"
#include "proxy/doctor/doctor_int.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCKS_APART_S = 30 }; /* tokens allow 60 */

void doctor_on_done(const struct fetch_result *result, void *arg)
{
	struct doctor_wait *wait = arg;
	struct doctor_answer *answer = wait->answer;

	answer->status = result->status;
	answer->body = mem_strndup(result->body.at, result->body.len);
	(void)str_copy(str_of(result->error), answer->error, sizeof answer->error);
	answer->date_s = result->date_s;
	answer->has_no_address = result->has_no_address;
	event_base_loopbreak(wait->doctor->base);
}

void doctor_wait(struct doctor *d)
{
	event_base_dispatch(d->base);
}

void doctor_ask(struct doctor *d, const struct fetch_request *request, struct doctor_answer *out)
{
	struct doctor_wait wait = {d, out};
	struct fetch_request asked = *request;

	*out = (struct doctor_answer){.status = 0};
	asked.timeout_ms = DOCTOR_WAIT_MS;
	asked.max_bytes = DOCTOR_ANSWER_MAX;
	asked.is_once = true;
	asked.done = doctor_on_done;
	asked.arg = &wait;
	fetch_start(d->fetcher, &asked);
	doctor_wait(d);
}

void doctor_answer_clear(struct doctor_answer *answer)
{
	secret_free(answer->body);
	answer->body = NULL;
}

bool doctor_has_answer(
	struct doctor *d, const char *what, const char *ca_key, const struct doctor_answer *answer)
{
	char todo[200];
	bool is_tls = strstr(answer->error, "SSL") || strstr(answer->error, "certificate");

	if (answer->status != 0)
		return true;
	if (answer->has_no_address)
		snprintf(todo, sizeof todo, "correct the name, or this machine's DNS");
	else if (is_tls)
		snprintf(todo, sizeof todo,
			"set %s to the authority (PEM) that signed its certificate, and use a name "
			"that is in it",
			ca_key);
	else
		snprintf(todo, sizeof todo,
			"start it, or correct its address; a firewall may be in between");
	doctor_wrong(d, what, todo, "%s", answer->error);
	return false;
}

void doctor_compare_clocks(struct doctor *d, const char *what, const struct doctor_answer *answer)
{
	int64_t apart = answer->date_s - clock_wall_s();

	if (answer->date_s == 0 || (apart <= CLOCKS_APART_S && apart >= -CLOCKS_APART_S))
		return;
	doctor_wrong(d, what,
		"let both machines take the time from the network (NTP): tokens are refused from "
		"60 s on",
		"its clock is %lld s %s this machine's", (long long)(apart < 0 ? -apart : apart),
		apart < 0 ? "behind" : "ahead of");
}
