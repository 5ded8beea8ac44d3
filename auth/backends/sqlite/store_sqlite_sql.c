/* The text of every statement, by its row. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#define COLUMN(member, kind, redis)	 #member
#define NEXT_COLUMN(member, kind, redis) ", " #member
#define MARK(member, kind, redis)	 "?"
#define NEXT_MARK(member, kind, redis)	 ", ?"
#define NEXT_SET(member, kind, redis)	 ", " #member " = ?"
#define TOKEN_COLUMNS			 STORE_TOKEN_FIELDS(COLUMN, NEXT_COLUMN)
#define TOKEN_MARKS			 STORE_TOKEN_FIELDS(MARK, NEXT_MARK)
#define SESSION_COLUMNS			 "key" STORE_SESSION_FIELDS(NEXT_COLUMN, NEXT_COLUMN)
#define SESSION_MARKS			 "?" STORE_SESSION_FIELDS(NEXT_MARK, NEXT_MARK)
/* Keyset paging: an index leads straight to where the last page ended. */
#define TOKEN_PAGE " (created_at, id) < (?1, ?2) ORDER BY created_at DESC, id DESC LIMIT ?3"
/* purge() marks what has ended: what is not marked yet is a minute's worth. */
#define TOKEN_LIVING "state = 'active' AND ended = 0 AND ends_at > ?4 AND"
#define LIST_SESSIONS                                                                              \
	"SELECT key" STORE_SESSION_LISTED(NEXT_COLUMN, NEXT_COLUMN) " FROM sessions"               \
								    " WHERE expires_at > ?1"
#define NEWEST_FIRST " ORDER BY created_at DESC, key DESC"
/* What has no wish for them is ''. */
#define AUDIT_EVENTS "SELECT id, user, action, app_id, app_name, fields FROM audit"
#define AUDIT_PAGE                                                                                 \
	" id < ?1 AND id >= ?2 AND (?3 = '' OR user = ?3) AND (?4 = '' OR action = ?4)"            \
	" AND (?5 = '' OR app_id = ?5 OR app_name = ?5) ORDER BY id DESC LIMIT ?6"
#define LAUNCH_COLUMNS STORE_LAUNCH_FIELDS(COLUMN, NEXT_COLUMN)
#define LAUNCH_MARKS   STORE_LAUNCH_FIELDS(MARK, NEXT_MARK)
#define LAUNCH_ALIVE   "state IN ('queued', 'starting', 'running')"
/* Those that are wanted by their state: their names, or '' for all. */
#define LAUNCH_PAGE " id < ?1 AND (?2 = '' OR instr(?2, state) > 0) ORDER BY id DESC LIMIT ?3"
#define AUDIT_OF_APP                                                                               \
	"SELECT seq FROM audit INDEXED BY audit_of_app WHERE app_id = ?5 UNION"                    \
	" SELECT seq FROM audit INDEXED BY audit_of_app_name WHERE app_name = ?5"

const char *const store_sqlite_statements[SQL_ROWS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_VERSION] = "PRAGMA data_version",
	[SQL_TOKEN_ADD] = "INSERT INTO tokens(" TOKEN_COLUMNS ") VALUES(" TOKEN_MARKS ")",
	[SQL_TOKEN_GET] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE id = ?1",
	[SQL_TOKEN_LIST] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE" TOKEN_PAGE,
	[SQL_TOKEN_LIST_OF] =
		"SELECT " TOKEN_COLUMNS " FROM tokens WHERE subject = ?4 AND" TOKEN_PAGE,
	[SQL_TOKEN_LIVING] = "SELECT " TOKEN_COLUMNS " FROM tokens INDEXED BY tokens_living"
			     " WHERE " TOKEN_LIVING TOKEN_PAGE,
	[SQL_TOKEN_LIVING_OF] = "SELECT " TOKEN_COLUMNS " FROM tokens INDEXED BY tokens_living_of"
				" WHERE subject = ?5 AND " TOKEN_LIVING TOKEN_PAGE,
	[SQL_TOKEN_COUNT] = "SELECT count(*) FROM tokens INDEXED BY tokens_living_of WHERE"
			    " subject = ?1 AND state = 'active' AND ended = 0 AND ends_at > ?2",
	[SQL_TOKEN_SET_STATE] = "UPDATE tokens SET state = CASE state WHEN 'revoked' THEN state"
				" ELSE ?2 END WHERE id = ?1",
	[SQL_TOKEN_RENEW] = "UPDATE tokens SET ended = 0" STORE_TOKEN_RENEWED(
		NEXT_SET, NEXT_SET) " WHERE id = ? AND secret = ? AND state = 'active'",
	[SQL_TOKEN_TOUCH] = "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3"
			    " WHERE id = ?1 AND last_used_at <= ?2",
	[SQL_TOKEN_END] = "UPDATE tokens SET ended = 1 WHERE id IN (SELECT id FROM tokens"
			  " INDEXED BY tokens_ending WHERE ended = 0 AND ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_PURGE] = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
			    " INDEXED BY tokens_by_end WHERE ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_REVOKED_PURGE] =
		"DELETE FROM tokens WHERE id IN (SELECT id FROM tokens INDEXED BY tokens_revoked"
		" WHERE state = 'revoked' AND ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_TRIM] = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
			   " INDEXED BY tokens_dead_of WHERE subject = ?1"
			   " AND (state <> 'active' OR ended <> 0)"
			   " ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3)",
	[SQL_SESSION_ADD] = "INSERT INTO sessions(" SESSION_COLUMNS ") VALUES(" SESSION_MARKS ")",
	[SQL_SESSION_GET] = "SELECT " SESSION_COLUMNS " FROM sessions WHERE key = ?1",
	[SQL_SESSION_REPLACE] =
		"UPDATE sessions SET sealed = ?3, label = ?4, provider_sid = ?5, expires_at = ?6,"
		" version = version + 1 WHERE key = ?1 AND version = ?2",
	[SQL_SESSION_END] = "DELETE FROM sessions WHERE key = ?1",
	[SQL_SESSION_END_PERSON] = "DELETE FROM sessions WHERE person = ?1",
	[SQL_SESSION_END_SID] = "DELETE FROM sessions WHERE provider_sid = ?1",
	[SQL_SESSION_END_ALL] = "DELETE FROM sessions",
	[SQL_SESSION_LIST_PERSON] = LIST_SESSIONS " AND person = ?2" NEWEST_FIRST,
	[SQL_SESSION_LIST_SID] = LIST_SESSIONS " AND provider_sid = ?2" NEWEST_FIRST,
	[SQL_SESSION_LIST_ALL] = LIST_SESSIONS NEWEST_FIRST,
	[SQL_SESSION_PAGE] =
		LIST_SESSIONS " AND (created_at, key) < (?2, ?3)" NEWEST_FIRST " LIMIT ?4",
	[SQL_SESSION_FIND] = "SELECT key FROM sessions WHERE key >= ?1 ORDER BY key LIMIT 1",
	[SQL_SESSION_TOUCH] = "UPDATE sessions SET last_seen_at = ?2"
			      " WHERE key = ?1 AND last_seen_at < ?2",
	[SQL_SESSION_PURGE] = "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions"
			      " WHERE expires_at <= ?1 OR last_seen_at <= ?2 LIMIT ?3)",
	[SQL_LINK_CLEAR] = "DELETE FROM links",
	[SQL_LINK_ADD] = "INSERT INTO links(hash, created_at, expires_at, used_at)"
			 " VALUES(?1,?2,?3,0)",
	[SQL_LINK_USE] = "UPDATE links SET used_at = ?2 WHERE hash = ?1 AND used_at = 0"
			 " AND expires_at > ?2",
	[SQL_LINK_PURGE] = "DELETE FROM links WHERE hash IN"
			   " (SELECT hash FROM links WHERE expires_at <= ?1 LIMIT ?2)",
	[SQL_HAS_ADMIN] = "SELECT EXISTS(SELECT 1 FROM meta WHERE key = 'link_used')"
			  " OR EXISTS(SELECT 1 FROM tokens WHERE state = 'active'"
			  " AND role = 'admin' AND scope = '' AND ends_at > ?1)",
	[SQL_COUNT] = "SELECT (SELECT count(*) FROM sessions WHERE expires_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active'"
		      " AND role IN ('custom', 'user', 'admin') AND ends_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active' AND role = 'admin'"
		      " AND scope = '' AND ends_at > ?1)",
	[SQL_ONCE] = "INSERT INTO seen(key, until) VALUES(?1, ?2) ON CONFLICT(key) DO NOTHING",
	[SQL_NOTED] = "SELECT 1 FROM seen WHERE key = ?1",
	[SQL_ONCE_PURGE] = "DELETE FROM seen WHERE key IN"
			   " (SELECT key FROM seen WHERE until <= ?1 LIMIT ?2)",
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
			 " ON CONFLICT(key) DO UPDATE SET value = ?2",
	[SQL_META_SETTLE] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
			    " ON CONFLICT(key) DO NOTHING",
	[SQL_OWNER_ADD] = "INSERT INTO owners(key, namespace, asked_at) VALUES(?1, ?2, ?3)"
			  " ON CONFLICT(key) DO NOTHING",
	/* Once a day is enough: what is asked for at every start costs no write. */
	[SQL_OWNER_TOUCH] = "UPDATE owners SET asked_at = ?2 WHERE key = ?1"
			    " AND asked_at < ?2 - 86400",
	[SQL_OWNER_GET] = "SELECT namespace FROM owners WHERE key = ?1 AND asked_at > ?2",
	[SQL_OWNER_CUT] = "DELETE FROM owners WHERE key IN (SELECT key FROM owners"
			  " WHERE namespace = ?1 ORDER BY asked_at DESC LIMIT -1 OFFSET ?2)",
	[SQL_OWNER_CUT_GROUP] = "DELETE FROM owners WHERE key IN (SELECT key FROM owners"
				" WHERE namespace >= ?1 || char(31)"
				" AND namespace < ?1 || char(32)"
				" ORDER BY asked_at DESC LIMIT -1 OFFSET ?2)",
	[SQL_OWNER_PURGE] = "DELETE FROM owners WHERE key IN"
			    " (SELECT key FROM owners WHERE asked_at <= ?1 LIMIT ?2)",
	[SQL_DEVICE_ADD] = "INSERT INTO devices SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT"
			   " count(*) FROM devices WHERE source = ?3 AND expires_at > ?5) < ?8"
			   " AND (SELECT count(*) FROM devices WHERE expires_at > ?5) < ?9"
			   " ON CONFLICT DO NOTHING",
	[SQL_DEVICE_GET] = "SELECT * FROM devices WHERE key = ?1",
	[SQL_DEVICE_GET_BY_USER] = "SELECT * FROM devices WHERE user_code = ?1",
	[SQL_DEVICE_SETTLE] = "UPDATE devices SET state = ?2, expires_at = ?3, text = ?4"
			      " WHERE key = ?1 AND state = 'waiting'",
	[SQL_DEVICE_TAKE] = "DELETE FROM devices WHERE key = ?1",
	[SQL_DEVICE_PURGE] = "DELETE FROM devices WHERE key IN"
			     " (SELECT key FROM devices WHERE expires_at <= ?1 LIMIT ?2)",
	[SQL_AUDIT_ADD] = "INSERT INTO audit(id, user, action, app_id, app_name, fields)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(id) DO NOTHING",
	/* By numbers without gaps: to count them would take a look at all. */
	[SQL_AUDIT_CUT] = "DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?1",
	[SQL_AUDIT_LIST] = AUDIT_EVENTS " WHERE" AUDIT_PAGE,
	[SQL_AUDIT_LIST_USER] =
		AUDIT_EVENTS " INDEXED BY audit_of_user WHERE user = ?3 AND" AUDIT_PAGE,
	[SQL_AUDIT_LIST_ACTION] =
		AUDIT_EVENTS " INDEXED BY audit_of_action WHERE action = ?4 AND" AUDIT_PAGE,
	[SQL_AUDIT_LIST_APP] = AUDIT_EVENTS " WHERE seq IN (" AUDIT_OF_APP ") AND" AUDIT_PAGE,
	[SQL_AUDIT_PURGE] = "DELETE FROM audit WHERE seq IN"
			    " (SELECT seq FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)",
	[SQL_LAUNCH_ADD] = "INSERT INTO launches(" LAUNCH_COLUMNS ") VALUES(" LAUNCH_MARKS ")",
	[SQL_LAUNCH_GET] = "SELECT " LAUNCH_COLUMNS " FROM launches WHERE id = ?1",
	[SQL_LAUNCH_BEFORE] = "SELECT id, request FROM launches INDEXED BY launches_once"
			      " WHERE idempotency = ?1 AND idempotency <> x''",
	[SQL_LAUNCH_COUNT] =
		"SELECT count(*), count(*) FILTER (WHERE quota = ?1 AND state <> 'queued'),"
		" count(*) FILTER (WHERE quota = ?1 AND state = 'queued')"
		" FROM launches INDEXED BY launches_live WHERE " LAUNCH_ALIVE,
	[SQL_LAUNCH_REPLACE] = "UPDATE launches SET version = version + 1" STORE_LAUNCH_CHANGED(
		NEXT_SET, NEXT_SET) " WHERE id = ? AND version = ? AND " LAUNCH_ALIVE,
	[SQL_LAUNCH_LIST] = "SELECT " LAUNCH_COLUMNS " FROM launches WHERE" LAUNCH_PAGE,
	[SQL_LAUNCH_LIST_OF] = "SELECT " LAUNCH_COLUMNS " FROM launches INDEXED BY launches_of"
			       " WHERE person = ?4 AND" LAUNCH_PAGE,
	[SQL_LAUNCH_LIST_LIVE] = "SELECT " LAUNCH_COLUMNS " FROM launches INDEXED BY launches_live"
				 " WHERE " LAUNCH_ALIVE " AND" LAUNCH_PAGE,
	[SQL_LAUNCH_TRIM] = "DELETE FROM launches WHERE id IN (SELECT id FROM launches"
			    " INDEXED BY launches_of WHERE person = ?1 AND NOT " LAUNCH_ALIVE
			    " ORDER BY id DESC LIMIT ?2 OFFSET ?3)",
	[SQL_LAUNCH_PURGE] = "DELETE FROM launches WHERE id IN (SELECT id FROM launches"
			     " INDEXED BY launches_ended WHERE ended_at > 0 AND ended_at <= ?1"
			     " LIMIT ?2)",
};
