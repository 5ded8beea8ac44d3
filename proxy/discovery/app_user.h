/*
 * proxy/discovery/app_user.h - whose an application is, as a person: what Spark calls its user.
 *
 * The cluster's word counts (S73): the master that lists the application, or the environment that
 * its driver's pod was made with. It is settled once, in the store, for all gateways and their
 * restarts; a later other word changes nothing. Event logs are a driver's own words: they count for
 * applications that no master and no pod ever named, and for those of an account that people share.
 * What disagrees is nobody's. Keeper thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_APP_USER_H
#define SPARKGATE_PROXY_DISCOVERY_APP_USER_H

struct app;
struct cluster;

/* Its master, or the pod that is taken for its driver, names this user; "": it names none. */
void app_user_tell(struct app *a, const char *user);
/* Its event logs name this user; "": those of two attempts disagree. */
void app_user_tell_history(struct app *a, const char *user);
/* Before each snapshot, after claim_settle(): asks the store, and settles what can be settled. */
void app_user_settle(struct cluster *c);
/* Whose it is; "": nobody's, or nobody knows yet. */
const char *app_user(const struct app *a);

#endif
