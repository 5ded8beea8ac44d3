#include "proxy/guard/websocket.h"

#include "proxy/guard/guard.h"

#include <openssl/evp.h>

enum { KEY_LEN = 24, SHA1_LEN = 20, ACCEPT_SIZE = 32 };

static bool has_content(const struct front_request *req)
{
	for (size_t i = 0; i < req->fields_count; i++) {
		unsigned char id = req->fields[i].kind.id;
		if (id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
			return true;
	}
	return false;
}

/* Base64 of 16 bytes. */
static bool is_key(struct str key)
{
	if (key.at == NULL || key.len != KEY_LEN || key.at[22] != '=' || key.at[23] != '=')
		return false;
	for (size_t i = 0; i < 22; i++) {
		char c = key.at[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!is_letter && !(c >= '0' && c <= '9') && c != '+' && c != '/')
			return false;
	}
	return true;
}

bool websocket_is_asked(const struct front_request *req)
{
	return str_eq(req->method, STR("GET")) && !req->http_1_0 && !has_content(req) &&
	       h1_connection_has(req->fields, req->fields_count, STR("upgrade")) &&
	       str_eq_nocase(guard_single_field(req, FIELD_UPGRADE), STR("websocket")) &&
	       is_key(guard_single_field(req, FIELD_SEC_WEBSOCKET_KEY));
}

static bool has_origin(const struct front_request *req)
{
	return h1_find(req->fields, req->fields_count, FIELD_ORIGIN).at != NULL;
}

bool websocket_is_from_us(const struct front_request *req, struct str scheme, bool may_be_silent)
{
	struct str origin = guard_single_field(req, FIELD_ORIGIN);
	struct str host = guard_single_field(req, FIELD_HOST);

	if (!has_origin(req))
		return may_be_silent;
	return origin.at && host.at && str_starts(origin, scheme) &&
	       str_eq_nocase(str_from(origin, scheme.len), host);
}

/* RFC 6455 §4.2.2: base64 of SHA-1 of the key and this. */
static bool write_accept(struct str key, char out[static ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KEY_LEN + sizeof guid - 1];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	memcpy(text, key.at, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof guid - 1);
	if (EVP_Digest(text, sizeof text, digest, &len, EVP_sha1(), NULL) != 1 || len != SHA1_LEN)
		return false;
	EVP_EncodeBlock((unsigned char *)out, digest, SHA1_LEN);
	return true;
}

bool websocket_is_accepted(const struct front_request *req, const struct h1_response *head)
{
	struct str key = guard_single_field(req, FIELD_SEC_WEBSOCKET_KEY);
	char accept[ACCEPT_SIZE];

	return is_key(key) && write_accept(key, accept) &&
	       h1_connection_has(head->fields, head->fields_count, STR("upgrade")) &&
	       str_eq_nocase(h1_field(head, FIELD_UPGRADE), STR("websocket")) &&
	       str_eq(h1_field(head, FIELD_SEC_WEBSOCKET_ACCEPT), str_of(accept));
}

/* RFC 6455 §5.2: a short length, or 126 or 127 and a longer one behind it. */
static unsigned head_size(unsigned char second)
{
	unsigned length = second & 0x7f;

	return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static uint64_t frame_rest(const unsigned char *head)
{
	unsigned size = head_size(head[1]);
	uint64_t length = size == 2 ? head[1] & 0x7f : 0;

	for (unsigned i = 2; i < size; i++)
		length = length << 8 | head[i];
	return (length & INT64_MAX) + (head[1] & 0x80 ? 4 : 0);
}

bool websocket_hear(struct websocket_ear *ear, struct str bytes)
{
	bool any = false;

	while (bytes.len > 0) {
		if (ear->left > 0) {
			size_t skip = ear->left < bytes.len ? (size_t)ear->left : bytes.len;
			ear->left -= skip;
			bytes = str_from(bytes, skip);
			continue;
		}
		ear->head[ear->have++] = (unsigned char)bytes.at[0];
		bytes = str_from(bytes, 1);
		if (ear->have < 2 || ear->have < head_size(ear->head[1]))
			continue;
		ear->left = frame_rest(ear->head);
		ear->have = 0;
		any |= (ear->head[0] & 0x08) == 0; /* from 8 on they control */
	}
	return any;
}

bool websocket_is_between_frames(const struct websocket_ear *ear)
{
	return ear->left == 0 && ear->have == 0;
}

void websocket_write_close(unsigned code, unsigned char out[static WEBSOCKET_CLOSE])
{
	out[0] = 0x88; /* the last of its message, a close */
	out[1] = 2;    /* no mask: a server's */
	out[2] = (unsigned char)(code >> 8);
	out[3] = (unsigned char)code;
}
