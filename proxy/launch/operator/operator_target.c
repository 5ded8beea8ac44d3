#include "proxy/launch/operator/operator_target.h"

#include "base/clock.h"
#include "proxy/launch/operator/operator_call.h"
#include "proxy/launch/operator/spark_words.h"
#include "proxy/launch/target/launch_gelf.h"

#include <assert.h>
#include <stdlib.h>

enum {
	NEWS_S = 60,	      /* its watch has not told of it yet */
	LACKS_MS = 30 * 1000, /* then one more may try: somebody may have mended it */
	SIGNALLED = 128, /* exit codes above: a signal, as shells and container engines have it */
};

static struct operator_target *of(struct launch_target *target)
{
	return (struct operator_target *)target;
}

/* --- its life --- */

static struct launch_target *target_open(const struct launch_world *world, const struct conf *conf,
	const struct conf_cluster *cluster)
{
	struct operator_target *t = mem_alloc(1, sizeof *t);
	union {
		const struct conf *borrowed;
		struct conf *shared;
	} it = {conf};

	t->target.ops = &launch_target_operator;
	t->world = *world;
	t->conf = conf_ref(it.shared);
	t->cluster = cluster;
	if (!spark_operator_find(cluster->launch.operator.kind, &t->kind))
		abort(); /* the keyword has these choices */
	LIST_INIT(&t->errands);
	return &t->target;
}

static void target_close(struct launch_target *target)
{
	struct operator_target *t = of(target);

	while (!LIST_EMPTY(&t->errands))
		operator_errand_free(LIST_FIRST(&t->errands));
	conf_unref(t->conf);
	free(t);
}

/* --- an order as a wish --- */

struct wish { /* what spark_wish borrows */
	struct spark_wish wish;
	struct spark_pair *pairs;
	char version[16];
};

static bool is_profiles(const struct conf_profile *profile, const struct conf_pair *pair)
{
	for (size_t i = 0; profile && i < profile->conf_count; i++) {
		if (strcmp(profile->conf[i].key, pair->key) == 0)
			return strcmp(profile->conf[i].value, pair->value) == 0;
	}
	return false;
}

static struct spark_pairs copy_pairs(const struct conf_pair *from, size_t count,
	const struct conf_profile *profile, bool wants_profiles, struct spark_pair **at)
{
	struct spark_pairs out = {*at, 0};

	for (size_t i = 0; i < count; i++) {
		if (profile && is_profiles(profile, &from[i]) != wants_profiles)
			continue;
		*(*at)++ = (struct spark_pair){from[i].key, from[i].value};
		out.count++;
	}
	return out;
}

/* The order has the profile's configuration and the person's in one: any key is an administrator's
 * to set, but not any a person's. */
static void copy_conf(
	const struct operator_target *t, const struct launch_order *order, struct wish *out)
{
	static const struct conf_profile none = {.conf_count = 0};
	const struct conf_profile *profile = conf_find_profile(t->cluster, str_of(order->profile));
	struct spark_pair *at;

	out->pairs = mem_alloc(order->conf.count + order->environment.count + 1, sizeof *at);
	at = out->pairs;
	if (profile == NULL)
		profile = &none;
	out->wish.profile_conf = copy_pairs(order->conf.at, order->conf.count, profile, true, &at);
	out->wish.conf = copy_pairs(order->conf.at, order->conf.count, profile, false, &at);
	out->wish.environment =
		copy_pairs(order->environment.at, order->environment.count, NULL, false, &at);
}

/* "spark:4.3.0-python3" is 4.3.0. Operators want a version, and look whether it is 3 at least. */
static void write_version(const char *image, char out[static 16])
{
	const char *tag = image ? strrchr(image, ':') : NULL;
	size_t len = tag ? strspn(tag + 1, "0123456789.") : 0;

	while (len > 0 && tag[len] == '.')
		len--;
	if (len < 3 || len > 12 || !str_copy((struct str){tag + 1, len}, out, 16))
		(void)str_copy(STR("4.0.0"), out, 16);
}

static void make_wish(
	const struct operator_target *t, const struct launch_order *order, struct wish *out)
{
	*out = (struct wish){
		.wish = {.id = order->id,
			.name = order->name,
			.user = order->user,
			.namespace = t->cluster->launch.operator.namespace,
			.resource = order->resource,
			.file = order->file,
			.main_class = order->main_class,
			.arguments = (const char *const *)order->arguments.at,
			.arguments_count = order->arguments.count,
			.driver = {order->driver.cores, order->driver.memory_mib},
			.executor = {order->executor.cores, order->executor.memory_mib},
			.executors = order->executors,
			.profile = order->profile,
			.image = order->image,
			.account = t->cluster->launch.operator.account,
			.keep_s = t->cluster->launch.operator.keep_s } };
	copy_conf(t, order, out);
	write_version(order->image, out->version);
	out->wish.version = out->version;
}

/* --- calls --- */

static const enum launch_outcome outcomes[] = {
	[OPERATOR_DONE] = LAUNCH_SAID,
	[OPERATOR_INVALID] = LAUNCH_REFUSED,
	[OPERATOR_FULL] = LAUNCH_NOT_NOW,
	[OPERATOR_TAKEN] = LAUNCH_REFUSED,
	[OPERATOR_LACKS] = LAUNCH_NOT_NOW,
	[OPERATOR_BUSY] = LAUNCH_NOT_NOW,
	[OPERATOR_SILENT] = LAUNCH_UNSURE,
};

static void on_call_done(const struct operator_result *result, void *arg)
{
	struct operator_errand *e = arg;

	e->call = NULL;
	operator_errand_say(e, outcomes[result->end], result->why);
	if (result->end == OPERATOR_DONE && result->uid[0])
		(void)str_copy(str_of(e->name), e->handle, sizeof e->handle);
	e->answer.state = LAUNCH_STARTING;
	operator_errand_end(e);
}

/* What it lacks it lacks for the next one, too. */
static void on_submitted(const struct operator_result *result, void *arg)
{
	struct operator_errand *e = arg;
	struct operator_target *t = e->target;
	struct str why = str_of(result->end == OPERATOR_LACKS ? result->why : "");

	why.len = str_fit_chars(why, sizeof t->lacks - 1);
	(void)str_copy(why, t->lacks, sizeof t->lacks);
	t->lacks_ms = clock_mono_ms();
	on_call_done(result, arg);
}

static const char *target_lacks(const struct launch_target *target)
{
	const struct operator_target *t = (const struct operator_target *)target;
	bool is_known = t->lacks[0] && clock_mono_ms() - t->lacks_ms < LACKS_MS;

	return is_known ? t->lacks : NULL;
}

static struct operator_place place_of(const struct operator_target *t)
{
	return (struct operator_place){.base = t->world.base,
		.fetcher = t->world.fetcher,
		.kubeconfig = t->cluster->kubernetes.kubeconfig,
		.namespace = t->cluster->launch.operator.namespace,
		.kind = t->kind};
}

static json_t *make_resource(
	const struct operator_target *t, const struct launch_order *order, const struct wish *wish)
{
	json_t *resource = spark_application_make(t->kind, &wish->wish);

	/* Both operators have it there. */
	launch_gelf_add(
		order, false, json_object_get(json_object_get(resource, "spec"), "sparkConf"));
	return resource;
}

static void target_submit(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	const struct operator_place place = place_of(t);
	struct err err = {""};
	struct wish wish;

	make_wish(t, order, &wish);
	if (spark_words_check(&wish.wish, &err) == -1) {
		operator_errand_say(e, LAUNCH_REFUSED, err.text);
		operator_errand_end_soon(e);
	} else {
		e->call = operator_submit(
			&place, &wish.wish, make_resource(t, order, &wish), on_submitted, e);
	}
	free(wish.pairs);
}

static void target_find(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	const struct operator_place place = place_of(t);

	e->call = operator_look(&place, order->id, e->name, on_call_done, e);
}

static void target_carry(struct launch_target *target, const struct launch_order *order,
	const char *base64, launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	const struct operator_place place = place_of(t);
	struct wish wish;

	make_wish(t, order, &wish);
	e->call = operator_carry(&place, &wish.wish, base64, on_call_done, e);
	free(wish.pairs);
}

static void target_drop(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	const struct operator_place place = place_of(t);

	e->call = operator_drop(&place, order->id, e->name, on_call_done, e);
}

static void target_kill(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	const struct operator_place place = place_of(t);

	e->call = operator_delete(&place, order->id, e->name, on_call_done, e);
}

/* --- how far it is --- */

static const enum launch_state states[] = {
	[OPERATOR_WAITS] = LAUNCH_STARTING,
	[OPERATOR_SUSPENDED] = LAUNCH_STARTING,
	[OPERATOR_RUNS] = LAUNCH_RUNNING,
	[OPERATOR_FINISHED] = LAUNCH_FINISHED,
	[OPERATOR_FAILED] = LAUNCH_FAILED,
	[OPERATOR_KILLED] = LAUNCH_KILLED,
};

/* A gateway that was not there when it ended, and for as long as ended ones are kept. */
static void answer_absent(const struct launch_order *order, struct operator_errand *e)
{
	int64_t age_s = clock_wall_ms() / 1000 - order->submitted_at;

	e->answer.state = LAUNCH_STARTING;
	if (age_s >= 0 && age_s < NEWS_S)
		return;
	e->answer.state = order->kill_asked_at ? LAUNCH_KILLED : LAUNCH_FAILED;
	operator_errand_say(e, LAUNCH_SAID,
		order->kill_asked_at ? "Its resource was deleted."
				     : "Its resource is not there, and nobody saw how it ended.");
}

/* Apache's operator ends the driver before its resource goes, and says of it only that it is
 * released. What a signal has ended, or nobody knows how, was ended by who asked for that. */
static bool is_end_that_was_asked_for(
	const struct launch_order *order, const struct operator_state *is)
{
	return order->kill_asked_at && is->stage == OPERATOR_FAILED &&
	       (is->exit_code == 0 || is->exit_code > SIGNALLED);
}

static void answer_state(const struct launch_order *order, const struct operator_state *is,
	struct operator_errand *e)
{
	bool was_asked_for = is_end_that_was_asked_for(order, is);

	operator_errand_say(e, LAUNCH_SAID,
		was_asked_for && is->exit_code == 0 ? "Its resource was deleted." : is->reason);
	if (is->stage == OPERATOR_SUSPENDED && is->reason[0] == '\0')
		operator_errand_say(e, LAUNCH_SAID, "It is suspended.");
	e->answer.state = was_asked_for ? LAUNCH_KILLED : states[is->stage];
	e->answer.exit_code = is->exit_code;
	e->answer.has_exit_code = is->stage == OPERATOR_FINISHED ||
				  (is->stage == OPERATOR_FAILED && is->exit_code != 0);
	e->answer.attempts = is->app_id[0] ? 1 : 0;
	(void)str_copy(str_of(is->app_id), e->app_id, sizeof e->app_id);
}

static void target_status(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = of(target);
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	struct operator_state is = {.stage = OPERATOR_UNKNOWN, .reason = ""};

	if (t->world.discovery)
		operator_state_read(t->world.discovery, str_of(t->cluster->name), t->kind,
			t->cluster->launch.operator.namespace, e->name, &is);
	if (is.stage == OPERATOR_UNKNOWN)
		operator_errand_say(e, LAUNCH_NOT_NOW, is.reason);
	else if (is.stage == OPERATOR_ABSENT)
		answer_absent(order, e);
	else
		answer_state(order, &is, e);
	operator_errand_end_soon(e);
}

const struct launch_target_ops launch_target_operator = {.open = target_open,
	.close = target_close,
	.lacks = target_lacks,
	.submit = target_submit,
	.find = target_find,
	.status = target_status,
	.kill = target_kill,
	.carry = target_carry,
	.drop = target_drop,
	.logs = operator_logs,
	.events = operator_events};
