/*
 * Every frame's head, before the library has made anything of the frame: what a client may send
 * only so often, and what may come behind what. The library tells of no frame that it lets pass.
 */
#include "proxy/front/h2/h2_int.h"

#include "base/clock.h"

enum {
	REMEMBERED = 64, /* of the newest requests' numbers */
	WORTH = 4,	 /* drops that a frame of an answer brings back */
	HEAD = 9,
};

static const struct h2_bucket_size sizes[H2_HABITS] = {
	[H2_RESETS] = {200, 20}, [H2_EMPTY] = {400, 40}, [H2_WINDOWS] = {1000, 200}};

struct head {
	uint32_t length;
	uint8_t type, flags;
	int32_t stream;
};

void h2_frames_begin(struct h2_session *session)
{
	session->newest = -1;
	session->frame_left = NGHTTP2_CLIENT_MAGIC_LEN;
	for (size_t i = 0; i < H2_HABITS; i++)
		h2_bucket_fill(&session->habits[i], &sizes[i], clock_mono_ms());
}

bool h2_frames_allow(struct h2_session *session, enum h2_habit habit)
{
	if (h2_bucket_take(&session->habits[habit], &sizes[habit], clock_mono_ms()))
		return true;
	session->error = NGHTTP2_ENHANCE_YOUR_CALM;
	return false;
}

void h2_frames_reward(struct h2_session *session)
{
	h2_bucket_give(&session->habits[H2_EMPTY], &sizes[H2_EMPTY], WORTH);
	h2_bucket_give(&session->habits[H2_WINDOWS], &sizes[H2_WINDOWS], WORTH);
}

struct h2_stream *h2_frames_stream(nghttp2_session *library, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(library, id) : NULL;
}

/* --- numbers (RFC 9113 §5.1, §5.1.1) --- */

static uint64_t bit_of(const struct h2_session *session, int32_t id)
{
	int64_t behind = ((int64_t)session->newest - id) / 2;

	return id % 2 == 1 && behind >= 0 && behind < REMEMBERED ? (uint64_t)1 << behind : 0;
}

static void note_number(struct h2_session *session, int32_t id)
{
	int64_t ahead = ((int64_t)id - session->newest) / 2;

	if (id % 2 == 0 || ahead <= 0)
		return;
	session->used = ahead < REMEMBERED ? session->used << ahead : 0;
	session->over = ahead < REMEMBERED ? session->over << ahead : 0;
	session->used |= 1;
	session->newest = id;
}

/* A request's number is larger than all before; nothing comes behind its end. */
static uint32_t judge_number(struct h2_session *session, const struct head *head)
{
	if (head->type == NGHTTP2_HEADERS)
		note_number(session, head->stream);
	uint64_t bit = bit_of(session, head->stream);
	if (head->type == NGHTTP2_HEADERS && bit && !(session->used & bit))
		return NGHTTP2_PROTOCOL_ERROR;
	bool is_late = session->over & bit;
	if (head->flags & NGHTTP2_FLAG_END_STREAM)
		session->over |= bit;
	return is_late && h2_frames_stream(session->library, head->stream) == NULL
		       ? NGHTTP2_STREAM_CLOSED
		       : 0;
}

/* --- habits --- */

/* Of one head only so many frames come, and all of it within its time (S224). */
static void note_head(struct h2_session *session, const struct head *head)
{
	bool is_more = head->type == NGHTTP2_CONTINUATION;
	bool is_head = is_more || head->type == NGHTTP2_HEADERS;

	session->continuations = is_more ? session->continuations + 1 : 0;
	if (session->continuations > H2_CONTINUATIONS)
		session->error = NGHTTP2_ENHANCE_YOUR_CALM;
	if (!is_more)
		session->head_since = is_head ? clock_mono_ms() : 0;
	session->ends_head = is_head && head->flags & NGHTTP2_FLAG_END_HEADERS;
}

static void note_habit(struct h2_session *session, const struct head *head)
{
	if (head->type == NGHTTP2_RST_STREAM) {
		session->over |= bit_of(session, head->stream);
		(void)h2_frames_allow(session, H2_RESETS);
	} else if (head->type == NGHTTP2_WINDOW_UPDATE) {
		(void)h2_frames_allow(session, H2_WINDOWS);
	} else if (!(head->flags & NGHTTP2_FLAG_ACK)) {
		(void)h2_frames_allow(session, H2_EMPTY);
	}
}

/* No bytes and no end, or bytes for a stream that is no more. */
static bool brings_nothing(const struct h2_session *session, const struct head *head)
{
	return (head->length == 0 && !(head->flags & NGHTTP2_FLAG_END_STREAM)) ||
	       h2_frames_stream(session->library, head->stream) == NULL;
}

static void judge_frame(struct h2_session *session, const struct head *head)
{
	bool is_data = head->type == NGHTTP2_DATA, is_headers = head->type == NGHTTP2_HEADERS;

	note_head(session, head);
	if (is_headers || is_data)
		session->error = session->error ? session->error : judge_number(session, head);
	else if (head->type != NGHTTP2_CONTINUATION)
		note_habit(session, head);
	if (is_data && brings_nothing(session, head))
		(void)h2_frames_allow(session, H2_EMPTY);
}

/* --- bytes --- */

static struct head read_head(const uint8_t *at)
{
	return (struct head){.length = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2],
		.type = at[3],
		.flags = at[4],
		.stream = (int32_t)((uint32_t)(at[5] & 0x7f) << 24 | (uint32_t)at[6] << 16 |
				    (uint32_t)at[7] << 8 | at[8])};
}

size_t h2_frames_run(const struct h2_session *session, size_t len)
{
	size_t run = session->frame_left ? session->frame_left : HEAD - session->frame_have;

	return run < len ? run : len;
}

void h2_frames_pass(struct h2_session *session, struct str bytes)
{
	if (session->frame_left > 0) {
		session->frame_left -= (uint32_t)bytes.len;
		if (session->frame_left == 0 && session->ends_head)
			session->head_since = 0;
		return;
	}
	memcpy(session->frame_head + session->frame_have, bytes.at, bytes.len);
	session->frame_have += (unsigned)bytes.len;
	if (session->frame_have < HEAD)
		return;
	struct head head = read_head(session->frame_head);
	session->frame_have = 0;
	session->frame_left = head.length;
	judge_frame(session, &head);
}
