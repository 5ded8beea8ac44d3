#include "auth/backends/redis/link/store_redis_cmd.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void redis_cmd_bytes(struct redis_cmd *cmd, const void *bytes, size_t len)
{
	assert(cmd->argc < REDIS_ARGS);
	cmd->argv[cmd->argc] = bytes ? bytes : "";
	cmd->lens[cmd->argc] = len;
	cmd->argc++;
}

void redis_cmd_text(struct redis_cmd *cmd, const char *text)
{
	redis_cmd_bytes(cmd, text, strlen(text));
}

void redis_cmd_init(struct redis_cmd *cmd, const char *verb)
{
	cmd->argc = 0;
	cmd->used = 0;
	cmd->lua = NULL;
	cmd->key = 0;
	cmd->is_script = false;
	redis_cmd_text(cmd, verb);
}

void redis_cmd_script(struct redis_cmd *cmd, enum redis_script which)
{
	redis_cmd_init(cmd, "EVALSHA");
	redis_cmd_text(cmd, redis_script_sha(which));
	redis_cmd_text(cmd, "1");
	cmd->lua = redis_script_lua(which);
	cmd->is_script = true;
}

void redis_cmd_spell_out(struct redis_cmd *cmd)
{
	assert(cmd->lua);
	cmd->argv[0] = "EVAL";
	cmd->lens[0] = strlen("EVAL");
	cmd->argv[1] = cmd->lua;
	cmd->lens[1] = strlen(cmd->lua);
	cmd->lua = NULL;
}

/* Sizes are ours: what does not fit is a programming error. */
static void add_scratch(struct redis_cmd *cmd, size_t len)
{
	assert(cmd->used + len < sizeof cmd->scratch);
	redis_cmd_bytes(cmd, cmd->scratch + cmd->used, len);
	cmd->used += len;
}

static void add_printed(struct redis_cmd *cmd, const char *fmt, ...) PRINTF(2, 3);
static void add_printed(struct redis_cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(cmd->scratch + cmd->used, sizeof cmd->scratch - cmd->used, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	add_scratch(cmd, (size_t)len);
}

void redis_cmd_number(struct redis_cmd *cmd, int64_t number)
{
	add_printed(cmd, "%lld", (long long)number);
}

void redis_cmd_above(struct redis_cmd *cmd, int64_t number)
{
	add_printed(cmd, "(%lld", (long long)number);
}

static void put_hex(char *out, const unsigned char digest[static DIGEST_LEN])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_LEN; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
}

void redis_cmd_hex(struct redis_cmd *cmd, const unsigned char digest[static DIGEST_LEN])
{
	assert(cmd->used + REDIS_KEY_HEX < sizeof cmd->scratch);
	put_hex(cmd->scratch + cmd->used, digest);
	add_scratch(cmd, REDIS_KEY_HEX);
}

void redis_cmd_key(struct redis_cmd *cmd, const char *name)
{
	cmd->key = cmd->argc;
	add_printed(cmd, "sparkgate:%s", name);
}

void redis_cmd_key_hex(
	struct redis_cmd *cmd, const char *kind, const unsigned char digest[static DIGEST_LEN])
{
	char hex[REDIS_KEY_HEX];

	put_hex(hex, digest);
	cmd->key = cmd->argc;
	add_printed(cmd, "sparkgate:%s:%.*s", kind, REDIS_KEY_HEX, hex);
}

void redis_cmd_key_str(struct redis_cmd *cmd, const char *kind, struct str id)
{
	cmd->key = cmd->argc;
	add_printed(cmd, "sparkgate:%s:%.*s", kind, (int)id.len, id.at);
}

/* --- as bytes --- */

enum { SCRIPT_KEYS = 2 }; /* which argument says how many there are */

static void write_word(struct sbuf *out, const char *at, size_t len)
{
	sbuf_printf(out, "$%zu\r\n", len);
	sbuf_add(out, at, len);
	sbuf_puts(out, "\r\n");
}

/* "sparkgate:x" as "{sparkgate}:x". */
static void write_tagged(struct sbuf *out, const char *key, size_t len)
{
	static const struct str name = STR("sparkgate"), tag = STR("{sparkgate}");

	sbuf_printf(out, "$%zu\r\n", len - name.len + tag.len);
	sbuf_add_str(out, tag);
	sbuf_add(out, key + name.len, len - name.len);
	sbuf_puts(out, "\r\n");
}

void redis_cmd_write(const struct redis_cmd *cmd, bool is_cluster, struct sbuf *out)
{
	static const struct str never = STR("sparkgate:never");
	bool is_guarded = is_cluster && cmd->is_script;

	sbuf_printf(out, "*%d\r\n", cmd->argc + is_guarded);
	for (int i = 0; i < cmd->argc; i++) {
		if (is_guarded && i == SCRIPT_KEYS)
			write_word(out, "2", 1);
		else if (is_cluster && i > 0 && i == cmd->key)
			write_tagged(out, cmd->argv[i], cmd->lens[i]);
		else
			write_word(out, cmd->argv[i], cmd->lens[i]);
		if (is_guarded && i == cmd->key)
			write_tagged(out, never.at, never.len);
	}
}
