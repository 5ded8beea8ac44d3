/* A sign-in that gives no role: what the operator's log says of it, and what the session keeps for
 * the person's page. */
#include "auth/policy/claims_seen.h"
#include "base/log/log.h"
#include "tests/support/provider_fixture.h"

#include <pthread.h>

/* --- the log --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char signed_in[2048], warned[2048]; /* the last line of each kind: key=value; ... */

static void write_line(char *out, size_t size, const struct log_record *record)
{
	struct sbuf text;

	sbuf_init(&text, size - 1);
	sbuf_puts(&text, record->msg ? record->msg : "");
	for (size_t i = 0; i < record->count; i++) {
		sbuf_printf(&text, "; %s=", record->fields[i].key);
		sbuf_add_str(&text, record->fields[i].value);
	}
	(void)str_copy(sbuf_str(&text), out, size);
	sbuf_clear(&text);
}

static void on_line(const struct log_record *record)
{
	if (strcmp(record->event, "sign_in") != 0)
		return;
	pthread_mutex_lock(&lock);
	if (record->level == LOG_WARN)
		write_line(warned, sizeof warned, record);
	else
		write_line(signed_in, sizeof signed_in, record);
	pthread_mutex_unlock(&lock);
}

static void expect_line(char *line, const char *part)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		bool is_there = strstr(line, part) != NULL;
		pthread_mutex_unlock(&lock);
		if (is_there)
			return;
		usleep(5000);
	}
	fail_msg("\"%s\" is not in: %s", part, line);
}

static int listen_and_set_up(void **state)
{
	signed_in[0] = warned[0] = '\0';
	log_set_sink(on_line);
	return set_up(state);
}

static int tear_down_and_leave(void **state)
{
	int result = tear_down(state);

	log_set_sink(NULL);
	return result;
}

/* --- signing in --- */

/* Gives who signed in by an ID token that says this besides the usual. */
static struct identity *sign_in_saying(struct fixture *f, const char *more)
{
	struct begun begun = begin(f, "/");
	char *all = mem_printf("\"nonce\":\"%s\"%s", begun.nonce, more);

	answer_tokens(f, signed_token(f, "u-17", all), 300, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	struct identity *who = result.who;
	sign_in_result_clear(&result);
	free(begun.cookie);
	free(all);
	return who;
}

static void who_has_no_role_is_logged_with_name_claim_and_the_claims_that_were_there(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct identity *who =
		sign_in_saying(f, ",\"name\":\"Ann Example\",\"groups\":[\"s3cret\"]");
	assert_int_equal(who->role, ROLE_NONE);
	expect_line(signed_in, "; user=u-17; user_name=Ann Example; role=none; decision=deny; ");
	expect_line(signed_in, "reason=no role: the claim was not there; claim=roles; claims=");
	expect_line(signed_in, "groups");
	assert_null(strstr(signed_in, "s3cret"));
	identity_unref(who);
}

static void names_that_open_nothing_are_said_to(void **state)
{
	struct fixture *f = *state;

	start(f);
	identity_unref(sign_in_saying(f, ",\"roles\":[\"stranger\"]"));
	expect_line(signed_in, "reason=no role: auth.roles has no name that the claim has");
	assert_null(strstr(signed_in, "stranger"));
}

static void who_has_a_role_is_logged_with_it(void **state)
{
	struct fixture *f = *state;

	start(f);
	identity_unref(sign_in_saying(f, ",\"name\":\"Ann\",\"roles\":[\"boss\"]"));
	expect_line(signed_in, "; user_name=Ann; role=admin; decision=allow");
	assert_null(strstr(signed_in, "claims=s"));
}

static void groups_that_cannot_be_read_are_the_reason(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct identity *who = sign_in_saying(f, ",\"_claim_names\":{\"roles\":\"x\"}");
	assert_int_equal(who->role, ROLE_NONE);
	expect_line(signed_in, "no role: the groups could not be read: the provider does not say");
	identity_unref(who);
}

static void operator_is_warned_while_no_sign_in_has_the_claim(void **state)
{
	struct fixture *f = *state;

	start(f);
	identity_unref(sign_in_saying(f, ",\"groups\":[]"));
	expect_line(warned, "no sign-in since the start had the claim \"roles\"");
}

static void session_keeps_what_was_seen(void **state)
{
	struct fixture *f = *state;
	struct claims_seen seen;
	char path[CLAIMS_SEEN_NAMES];

	start(f);
	struct identity *who = sign_in_saying(f, ",\"groups\":[]");
	assert_true(claims_seen_parse(who->seen, &seen, path));
	assert_false(seen.is_found);
	assert_string_equal(path, "roles");
	assert_non_null(strstr(seen.names, "groups"));
	identity_unref(who);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, listen_and_set_up, tear_down_and_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOG(who_has_no_role_is_logged_with_name_claim_and_the_claims_that_were_there),
		WITH_LOG(names_that_open_nothing_are_said_to),
		WITH_LOG(who_has_a_role_is_logged_with_it),
		WITH_LOG(groups_that_cannot_be_read_are_the_reason),
		WITH_LOG(operator_is_warned_while_no_sign_in_has_the_claim),
		WITH_LOG(session_keeps_what_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
