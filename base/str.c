#define _GNU_SOURCE
#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	return (u >= 'A' && u <= 'Z') ? (unsigned char)(u | 0x20) : u;
}

bool str_same_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq((struct str){s.at, prefix.len}, prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq_nocase((struct str){s.at, prefix.len}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	const char *hit = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;

	return hit ? hit - s.at : -1;
}

struct str str_trim(struct str s)
{
	while (s.len && (s.at[0] == ' ' || s.at[0] == '\t')) {
		s.at++;
		s.len--;
	}
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool str_next(struct str *rest, char byte, struct str *piece)
{
	if (rest->at == NULL)
		return false;
	ptrdiff_t cut = str_find_byte(*rest, byte);
	if (cut == -1) {
		*piece = *rest;
		*rest = (struct str){NULL, 0};
	} else {
		*piece = (struct str){rest->at, (size_t)cut};
		*rest = str_from(*rest, (size_t)cut + 1);
	}
	return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 18)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.at[i] - '0');
	}
	*out = n;
	return true;
}

#ifdef __SSE2__

/* Sixteen bytes: 0xff where one is `first` or at most `more` behind it. */
static __m128i within(__m128i bytes, char first, char more)
{
	__m128i behind = _mm_sub_epi8(bytes, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(behind, _mm_set1_epi8(more)), behind);
}

static bool are_printable(__m128i bytes)
{
	__m128i controls =
		_mm_or_si128(within(bytes, 0, 0x1f), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));

	return _mm_movemask_epi8(controls) == 0;
}

static bool are_b64token(__m128i bytes)
{
	__m128i letters = within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
	__m128i others = _mm_or_si128(
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8('+')), within(bytes, '-', '9' - '-'));
	__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8('~')));

	return _mm_movemask_epi8(_mm_or_si128(letters, _mm_or_si128(others, marks))) == 0xffff;
}

/* So many sixteens at the beginning are what `are` asks. */
static inline size_t span_of_sixteens(struct str s, bool (*are)(__m128i bytes))
{
	size_t n = 0;

	while (s.len - n >= 16 && are(_mm_loadu_si128((const __m128i *)(const void *)(s.at + n))))
		n += 16;
	return n;
}

#else

#define span_of_sixteens(s, are) 0

#endif

size_t str_span_printable(struct str s)
{
	size_t n = span_of_sixteens(s, are_printable);

	while (n < s.len && (unsigned char)s.at[n] >= 0x20 && s.at[n] != 0x7f)
		n++;
	return n;
}

size_t str_span_b64token(struct str s)
{
	size_t n = span_of_sixteens(s, are_b64token);

	while (n < s.len && str_is(s.at[n], STR_B64TOKEN))
		n++;
	return n;
}

/* enum str_class: tchar is ! # $ % & ' * + - . ^ _ ` | ~, digits, letters; b64token is - . _ ~ + /,
 * digits, letters. */
/* clang-format off */
const unsigned char str_classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 3, 0, 3, 3, 2,
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0,
	0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 1, 3,
	1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 1, 0, 3, 0,
};
/* clang-format on */

bool str_is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!str_is_tchar(s.at[i]))
			return false;
	}
	return s.len > 0;
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str str_of_u64(uint64_t n, unsigned base, char buf[static STR_U64])
{
	size_t at = STR_U64;

	do {
		buf[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	return (struct str){buf + at, STR_U64 - at};
}

bool str_copy(struct str s, char *buf, size_t size)
{
	bool fits = s.len < size;

	if (fits && s.len)
		memcpy(buf, s.at, s.len);
	buf[fits ? s.len : 0] = '\0';
	return fits;
}

size_t str_count_chars(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return count;
}

size_t str_utf8_len(struct str text)
{
	const unsigned char *s = (const unsigned char *)text.at;
	unsigned char c = text.len ? s[0] : 0xff;
	size_t n = c < 0x80		   ? 1
		   : c >= 0xc2 && c < 0xe0 ? 2
		   : (c & 0xf0) == 0xe0	   ? 3
		   : c >= 0xf0 && c < 0xf5 ? 4
					   : 0;

	if (n == 0 || n > text.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f))
		return 0;
	if ((c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

uint32_t str_hash(struct str s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.at[i]) * 16777619u;
	return h;
}
