/* Requests to UIs with https: who is trusted, and that nothing but the wire is different. */
#include "proxy/upstream/upstream.h"

#include "base/clock.h"
#include "tests/support/fake_tls.h"
#include "tests/support/scratch.h"
#include "tests/support/upstream_world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
	struct upstream_world *pool;
	char *folder, *ca_file;
};

static int make_world(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	w->folder = scratch_new();
	w->ca_file = mem_printf("%s/ca.pem", w->folder);
	*state = w;
	return upstream_world_open((void **)&w->pool);
}

static int drop_world(void **state)
{
	struct world *w = *state;
	int result = upstream_world_close((void **)&w->pool);

	scratch_free(w->folder);
	free(w->ca_file);
	free(w);
	return result;
}

static void begin(struct world *w, struct seen *s, const struct fake_tls *fake, const char *host,
	const char *ca_file)
{
	char authority[272];
	const struct upstream_secure secure = {authority, ca_file};

	snprintf(authority, sizeof authority, "%s:%u", host, fake_tls_port(fake));
	upstream_world_start_secure(w->pool, s, fake_tls_port(fake), &secure);
}

static struct seen ask(struct world *w, const struct fake_tls *fake, const char *host)
{
	struct seen s = {0};

	begin(w, &s, fake, host, w->ca_file);
	upstream_world_finish(w->pool, &s);
	seen_clear(&s);
	return s;
}

static void assert_answered(struct seen s, size_t bytes)
{
	assert_int_equal(s.fault, FAULT_NONE);
	assert_int_equal(s.status, 200);
	assert_int_equal(s.bytes, bytes);
}

static void name_in_the_certificate_is_asked(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	assert_answered(ask(w, fake, "master.example"), 5);
	fake_tls_stop(fake);
}

static void address_in_the_certificate_is_asked(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("127.0.0.1", w->ca_file);

	assert_answered(ask(w, fake, "127.0.0.1"), 5);
	assert_int_equal(ask(w, fake, "[::1]").fault, FAULT_UPSTREAM_CERTIFICATE);
	fake_tls_stop(fake);
}

static void other_name_or_address_is_refused(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	assert_int_equal(ask(w, fake, "other.example").fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_int_equal(ask(w, fake, "127.0.0.1").fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_int_equal(ask(w, fake, "x.master.example").fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_int_equal(ask(w, fake, "server").fault, FAULT_UPSTREAM_CERTIFICATE); /* its CN */
	assert_int_equal(fake_tls_requests(fake), 0);
	fake_tls_stop(fake);
}

static void authority_that_is_not_trusted_is_refused(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);
	char *theirs = mem_printf("%s/theirs.pem", w->folder);
	struct fake_tls *other = fake_tls_start("master.example", theirs);
	struct seen s = {0};

	assert_int_equal(ask(w, other, "master.example").fault, FAULT_UPSTREAM_CERTIFICATE);
	begin(w, &s, other, "master.example", NULL); /* nor do the system's know it */
	upstream_world_finish(w->pool, &s);
	assert_int_equal(s.fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_int_equal(fake_tls_requests(other), 0);
	seen_clear(&s);
	free(theirs);
	fake_tls_stop(other);
	fake_tls_stop(fake);
}

static void missing_file_of_authorities_trusts_nobody(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);
	struct seen s = {0};

	begin(w, &s, fake, "master.example", "/nowhere/ca.pem");
	upstream_world_finish(w->pool, &s);
	assert_int_equal(s.fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_int_equal(fake_tls_requests(fake), 0);
	seen_clear(&s);
	fake_tls_stop(fake);
}

static void pooled_connection_is_only_for_who_was_verified(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	assert_answered(ask(w, fake, "master.example"), 5);
	assert_answered(ask(w, fake, "master.example"), 5);
	assert_int_equal(fake_tls_connections(fake), 1);
	assert_int_equal(upstream_count(w->pool->up).reused, 1);
	assert_int_equal(ask(w, fake, "other.example").fault, FAULT_UPSTREAM_CERTIFICATE);
	fake_tls_stop(fake);
}

static void session_is_taken_up_again(void **state)
{
	struct world *w = *state;
	struct upstream_limits limits = upstream_default_limits;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	limits.idle_total = 0;
	upstream_world_limit(w->pool, &limits);
	for (int i = 0; i < 3; i++)
		assert_answered(ask(w, fake, "master.example"), 5);
	assert_int_equal(fake_tls_connections(fake), 3);
	assert_int_equal(fake_tls_resumed(fake), 2);
	fake_tls_stop(fake);
}

/* A session says that its server was verified once: not by the authorities of today. */
static void replaced_authorities_end_trust_at_once(void **state)
{
	struct world *w = *state;
	struct upstream_limits limits = upstream_default_limits;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	limits.idle_total = 0;
	upstream_world_limit(w->pool, &limits);
	assert_answered(ask(w, fake, "master.example"), 5);
	struct fake_tls *renewed = fake_tls_start("master.example", w->ca_file);
	assert_int_equal(ask(w, fake, "master.example").fault, FAULT_UPSTREAM_CERTIFICATE);
	assert_answered(ask(w, renewed, "master.example"), 5);
	fake_tls_stop(renewed);
	fake_tls_stop(fake);
}

static void long_content_comes_whole(void **state)
{
	static const unsigned sizes[] = {
		1, 16383, 16384, 16385, 65471, 65472, 65473, 300000, 5000000};
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		fake_tls_set_content(fake, sizes[i], 0);
		assert_answered(ask(w, fake, "master.example"), sizes[i]);
	}
	assert_int_equal(fake_tls_connections(fake), 1);
	fake_tls_stop(fake);
}

static void paused_reading_goes_on_where_it_was(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);
	struct seen s = {.pauses_on_body = true};

	fake_tls_set_content(fake, 3000000, 0);
	begin(w, &s, fake, "master.example", w->ca_file);
	for (int64_t until = clock_mono_ms() + 10000; s.call && clock_mono_ms() < until;) {
		upstream_resume(s.call);
		upstream_world_turn(w->pool);
	}
	assert_null(s.call);
	assert_answered(s, 3000000);
	seen_clear(&s);
	fake_tls_stop(fake);
}

static void cut_content_is_not_taken_for_whole(void **state)
{
	struct world *w = *state;
	struct fake_tls *fake = fake_tls_start("master.example", w->ca_file);

	fake_tls_set_content(fake, 100000, 1);
	assert_int_equal(ask(w, fake, "master.example").fault, FAULT_UPSTREAM_DIED);
	fake_tls_stop(fake);
}

static unsigned port_of(const struct sockaddr *addr)
{
	return ntohs(((const struct sockaddr_in *)(const void *)addr)->sin_port);
}

static void plain_server_is_a_fault_of_tls(void **state)
{
	static const struct fake_play play = {.answer = STR("HTTP/1.1 400 Bad Request\r\n\r\n")};
	struct world *w = *state;
	const struct upstream_secure secure = {"127.0.0.1", NULL};
	struct seen s = {0};
	socklen_t len;
	unsigned port = port_of(fake_upstream_addr(w->pool->fake, &len));

	fake_upstream_play(w->pool->fake, &play, 1);
	upstream_world_start_secure(w->pool, &s, port, &secure);
	UNTIL(w->pool, fake_upstream_count(w->pool->fake).open == 1);
	fake_upstream_say(w->pool->fake, play.answer);
	upstream_world_finish(w->pool, &s);
	assert_int_equal(s.fault, FAULT_UPSTREAM_TLS);
	seen_clear(&s);
}

static void handshake_that_never_ends_is_given_up(void **state)
{
	struct world *w = *state;
	struct upstream_limits limits = upstream_default_limits;
	const struct upstream_secure secure = {"127.0.0.1", NULL};
	struct seen s = {0};
	socklen_t len;

	limits.connect_ms = 300;
	upstream_world_limit(w->pool, &limits);
	upstream_world_start_secure(
		w->pool, &s, port_of(fake_upstream_addr(w->pool->fake, &len)), &secure);
	upstream_world_finish(w->pool, &s);
	assert_int_equal(s.fault, FAULT_UPSTREAM_CONNECT);
	seen_clear(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(name_in_the_certificate_is_asked),
		TEST(address_in_the_certificate_is_asked),
		TEST(other_name_or_address_is_refused),
		TEST(authority_that_is_not_trusted_is_refused),
		TEST(missing_file_of_authorities_trusts_nobody),
		TEST(pooled_connection_is_only_for_who_was_verified),
		TEST(session_is_taken_up_again),
		TEST(replaced_authorities_end_trust_at_once),
		TEST(long_content_comes_whole),
		TEST(paused_reading_goes_on_where_it_was),
		TEST(cut_content_is_not_taken_for_whole),
		TEST(plain_server_is_a_fault_of_tls),
		TEST(handshake_that_never_ends_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
