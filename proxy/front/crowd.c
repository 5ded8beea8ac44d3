#include "proxy/front/crowd.h"

#include "base/hash/siphash.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BUCKETS = 4096 };

struct crowd_client {
	struct cidr who;
	unsigned count;
	const struct crowd_member *newest; /* NULL: it has left */
	struct crowd_client *next;
	struct crowd_members seats[];
};

struct crowd {
	pthread_mutex_t lock;
	struct conf *conf;
	unsigned seats;
	_Atomic unsigned taken; /* of the seats */
	_Atomic unsigned unease;
	struct crowd_client *buckets[BUCKETS];
};

struct crowd *crowd_new(const struct conf *conf, unsigned seats)
{
	struct crowd *crowd = mem_alloc(1, sizeof *crowd);

	pthread_mutex_init(&crowd->lock, NULL);
	crowd->conf = conf_share(conf);
	crowd->seats = seats;
	return crowd;
}

unsigned crowd_sit(struct crowd *crowd)
{
	unsigned seat = atomic_fetch_add(&crowd->taken, 1);

	assert(seat < crowd->seats);
	return seat;
}

void crowd_free(struct crowd *crowd)
{
	if (crowd == NULL)
		return;
	conf_unref(crowd->conf);
	pthread_mutex_destroy(&crowd->lock);
	free(crowd);
}

void crowd_set_conf(struct crowd *crowd, const struct conf *conf)
{
	pthread_mutex_lock(&crowd->lock);
	struct conf *old = crowd->conf;
	crowd->conf = conf_share(conf);
	pthread_mutex_unlock(&crowd->lock);
	conf_unref(old);
	atomic_fetch_add(&crowd->unease, 1); /* it may be fewer now */
}

/* Where it stands in its bucket, or where it would. */
static struct crowd_client **find_client(struct crowd *crowd, const struct cidr *who)
{
	struct crowd_client **at =
		&crowd->buckets[siphash_secret(who->bytes, sizeof who->bytes) % BUCKETS];

	while (*at && memcmp((*at)->who.bytes, who->bytes, sizeof who->bytes) != 0)
		at = &(*at)->next;
	return at;
}

static bool is_client_over(const struct crowd *crowd, const struct crowd_client *client)
{
	return client->count > crowd->conf->limit_per_client;
}

static struct crowd_client *client_new(const struct crowd *crowd, const struct cidr *who)
{
	struct crowd_client *client =
		mem_alloc(1, sizeof *client + crowd->seats * sizeof client->seats[0]);

	client->who = *who;
	for (unsigned i = 0; i < crowd->seats; i++)
		TAILQ_INIT(&client->seats[i]);
	return client;
}

static void count_in(struct crowd *crowd, const struct sockaddr *peer, struct crowd_member *member)
{
	const struct cidr who = cidr_around(peer, 32, 64);
	struct crowd_client **at = find_client(crowd, &who);

	if (*at == NULL)
		*at = client_new(crowd, &who);
	(*at)->count++;
	(*at)->newest = member;
	member->client = *at;
	TAILQ_INSERT_TAIL(crowd_members(member), member, own);
}

bool crowd_enter(struct crowd *crowd, const struct sockaddr *peer, unsigned seat,
	struct crowd_member *member)
{
	bool over = false;

	*member = (struct crowd_member){.seat = seat};
	pthread_mutex_lock(&crowd->lock);
	const struct conf *conf = crowd->conf;
	if (!cidr_any_contains(conf->trusted_proxies, conf->trusted_proxies_count, peer)) {
		count_in(crowd, peer, member);
		over = is_client_over(crowd, member->client);
	}
	pthread_mutex_unlock(&crowd->lock);
	if (over)
		atomic_fetch_add(&crowd->unease, 1);
	return over;
}

/* With the lock. */
static void count_out(struct crowd *crowd, struct crowd_member *member)
{
	struct crowd_client *client = member->client;

	TAILQ_REMOVE(crowd_members(member), member, own);
	member->client = NULL;
	if (client->newest == member)
		client->newest = NULL;
	client->count -= 1 + member->requests;
	member->requests = 0;
	if (client->count > 0)
		return;
	*find_client(crowd, &client->who) = client->next;
	free(client);
}

void crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
	if (member->client == NULL)
		return;
	pthread_mutex_lock(&crowd->lock);
	count_out(crowd, member);
	pthread_mutex_unlock(&crowd->lock);
}

bool crowd_leave_if_over(struct crowd *crowd, struct crowd_member *member)
{
	pthread_mutex_lock(&crowd->lock);
	bool leaves = is_client_over(crowd, member->client) && member->client->newest != member;
	if (leaves)
		count_out(crowd, member);
	pthread_mutex_unlock(&crowd->lock);
	return leaves;
}

bool crowd_count(struct crowd *crowd, struct crowd_member *member)
{
	bool counts = false;

	if (member->client == NULL)
		return false;
	pthread_mutex_lock(&crowd->lock);
	counts = member->client->count < crowd->conf->limit_per_client;
	member->client->count += counts;
	member->requests += counts;
	pthread_mutex_unlock(&crowd->lock);
	return counts;
}

void crowd_discount(struct crowd *crowd, struct crowd_member *member)
{
	if (member->client == NULL) /* all of them have left with it */
		return;
	pthread_mutex_lock(&crowd->lock);
	member->client->count--;
	member->requests--;
	pthread_mutex_unlock(&crowd->lock);
}

bool crowd_is_far_over(struct crowd *crowd, const struct crowd_member *member)
{
	pthread_mutex_lock(&crowd->lock);
	bool far = member->client->count > crowd->conf->limit_per_client + CROWD_SLACK;
	pthread_mutex_unlock(&crowd->lock);
	return far;
}

struct crowd_members *crowd_members(const struct crowd_member *member)
{
	return &member->client->seats[member->seat];
}

void crowd_touch(struct crowd_member *member)
{
	if (member->client == NULL)
		return;
	struct crowd_members *all = crowd_members(member);
	if (TAILQ_LAST(all, crowd_members) == member)
		return;
	TAILQ_REMOVE(all, member, own);
	TAILQ_INSERT_TAIL(all, member, own);
}

unsigned crowd_unease(const struct crowd *crowd)
{
	return atomic_load(&crowd->unease);
}
