#define _GNU_SOURCE
#include "base/str.h"

#include "base/simd.h"

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	return (u >= 'A' && u <= 'Z') ? (unsigned char)(u | 0x20) : u;
}

/* Eight bytes at once: the top bit of a sum tells whether its byte is at least 'A', or beyond 'Z'.
 */
static inline uint64_t lower_eight(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t sevens = bytes & ~tops;
	uint64_t upper =
		(sevens + ones * (0x80 - 'A')) & ~(sevens + ones * (0x7f - 'Z')) & ~bytes & tops;

	return bytes | upper >> 2;
}

static inline uint64_t read_eight(const char *at)
{
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* Of four bytes to eight: the first four and the last four, some of them perhaps twice. */
static inline uint64_t read_ends(const char *at, size_t len)
{
	uint32_t first, last;

	memcpy(&first, at, sizeof first);
	memcpy(&last, at + len - sizeof last, sizeof last);
	return (uint64_t)first << 32 | last;
}

static bool is_same_short(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

/* Mostly they are the same, or differ in a letter that is none. */
static inline bool is_same_eight(uint64_t a, uint64_t b)
{
	uint64_t differs = a ^ b;

	if (differs == 0)
		return true;
	return (differs & ~UINT64_C(0x2020202020202020)) == 0 && lower_eight(a) == lower_eight(b);
}

/* Names of fields are asked for dozens of times a request (bench row page). */
bool str_same_nocase(const char *a, const char *b, size_t len)
{
	if (len < 4)
		return is_same_short(a, b, len);
	if (len < 8)
		return is_same_eight(read_ends(a, len), read_ends(b, len));
	for (size_t at = 0; at + 8 < len; at += 8) {
		if (!is_same_eight(read_eight(a + at), read_eight(b + at)))
			return false;
	}
	return is_same_eight(read_eight(a + len - 8), read_eight(b + len - 8));
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

enum { SHORT_TEXT = 128 /* bytes: memmem() would fill a table of 256 first */ };

static const char *find_in_short(struct str s, struct str needle)
{
	const char *at = s.at, *end = s.at + s.len - needle.len + 1;

	while ((at = memchr(at, needle.at[0], (size_t)(end - at)))) {
		if (memcmp(at, needle.at, needle.len) == 0)
			return at;
		at++;
	}
	return NULL;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	const char *hit;

	if (s.len < needle.len || s.len == 0)
		return -1;
	if (s.len < SHORT_TEXT && needle.len)
		hit = find_in_short(s, needle);
	else
		hit = memmem(s.at, s.len, needle.at, needle.len);
	return hit ? hit - s.at : -1;
}

struct str str_cut_line_end(struct str s)
{
	if (s.len > 0 && s.at[s.len - 1] == '\n')
		s.len--;
	else
		return s;
	if (s.len > 0 && s.at[s.len - 1] == '\r')
		s.len--;
	return s;
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

/* --- spans: sixteen bytes at a time where the machine can (`make bench-pair LOADS=page`: 6 % of a
 * request) --- */

#ifdef HAVE_SSE2

/* 0xff where a byte is `first` or at most `more` behind it. */
static __m128i within(__m128i bytes, char first, char more)
{
	__m128i behind = _mm_sub_epi8(bytes, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(behind, _mm_set1_epi8(more)), behind);
}

static __m128i equal(__m128i bytes, char wanted)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted));
}

/* A bit for each byte that ends the span. */
static int ends_of(__m128i good)
{
	return _mm_movemask_epi8(good) ^ 0xffff;
}

static int printable_ends(__m128i bytes)
{
	return _mm_movemask_epi8(_mm_or_si128(within(bytes, 0, 0x1f), equal(bytes, 0x7f)));
}

static int graphic_ends(__m128i bytes)
{
	return ends_of(within(bytes, 0x21, 0x7e - 0x21));
}

static __m128i letters_of(__m128i bytes)
{
	return within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
}

static int b64token_ends(__m128i bytes)
{
	__m128i others = _mm_or_si128(equal(bytes, '+'), within(bytes, '-', '9' - '-'));
	__m128i marks = _mm_or_si128(equal(bytes, '_'), equal(bytes, '~'));

	return ends_of(_mm_or_si128(letters_of(bytes), _mm_or_si128(others, marks)));
}

/* Of what names mostly are: letters, digits, hyphens. */
static int name_ends(__m128i bytes)
{
	__m128i others = _mm_or_si128(equal(bytes, '-'), within(bytes, '0', 9));

	return ends_of(_mm_or_si128(letters_of(bytes), others));
}

/* To the first end in a whole sixteen from n on; less than sixteen bytes are left to the caller. */
static inline size_t span_of_sixteens(struct str s, size_t n, int (*ends_in)(__m128i bytes))
{
	for (; s.len - n >= 16; n += 16) {
		int ends = ends_in(_mm_loadu_si128((const __m128i *)(const void *)(s.at + n)));
		if (ends)
			return n + (size_t)__builtin_ctz((unsigned)ends);
	}
	return n;
}

/* The same over thirty-twos, for what is long: tokens. The caller looks closer from there on. */
enum { LONG_TEXT = 96 };

static bool is_long(struct str s)
{
	return s.len >= LONG_TEXT && simd_has_avx2();
}

AVX2 static __m256i load_wide(struct str s, size_t n)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)(s.at + n));
}

AVX2 static size_t skip_printable(struct str s)
{
	size_t n = 0;

	for (; s.len - n >= 32; n += 32) {
		__m256i bytes = load_wide(s, n), low = _mm256_set1_epi8(0x1f);
		__m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, low), bytes);
		__m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
		if (_mm256_movemask_epi8(_mm256_or_si256(controls, del)))
			break;
	}
	return n;
}

/* The two halves of a byte each choose a set of rows of the ASCII table; a character whose sets
 * have one in common is one of the class. */
AVX2 static size_t skip_b64token(struct str s)
{
	enum { MARKS = 1, DIGITS = 2, LETTERS = 4, TO_Z = 8, TO_TILDE = 16, ALL = 2 | 4 | 8 | 16 };
	const __m256i below = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(DIGITS | TO_Z | TO_TILDE, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
			LETTERS | TO_Z | TO_TILDE, LETTERS | MARKS, LETTERS, LETTERS | MARKS,
			LETTERS | MARKS | TO_TILDE, LETTERS | MARKS | TO_Z));
	const __m256i above = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		0, 0, MARKS, DIGITS, LETTERS, TO_Z, LETTERS, TO_TILDE, 0, 0, 0, 0, 0, 0, 0, 0));
	size_t n = 0;

	for (; s.len - n >= 32; n += 32) {
		__m256i bytes = load_wide(s, n);
		__m256i halves =
			_mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
		__m256i common = _mm256_and_si256(
			_mm256_shuffle_epi8(below, bytes), _mm256_shuffle_epi8(above, halves));
		if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(common, _mm256_setzero_si256())))
			break;
	}
	return n;
}

#else

#define span_of_sixteens(s, n, ends_in) 0

#endif

size_t str_span_printable(struct str s)
{
	size_t n = span_of_sixteens(s, is_long(s) ? skip_printable(s) : 0, printable_ends);

	while (n < s.len && (unsigned char)s.at[n] >= 0x20 && s.at[n] != 0x7f)
		n++;
	return n;
}

size_t str_span_graphic(struct str s)
{
	size_t n = span_of_sixteens(s, 0, graphic_ends);

	while (n < s.len && s.at[n] > 0x20 && s.at[n] < 0x7f)
		n++;
	return n;
}

size_t str_span_b64token(struct str s)
{
	size_t n = span_of_sixteens(s, is_long(s) ? skip_b64token(s) : 0, b64token_ends);

	while (n < s.len && str_is(s.at[n], STR_B64TOKEN))
		n++;
	return n;
}

size_t str_span_token(struct str s)
{
	size_t n = span_of_sixteens(s, 0, name_ends);

	while (n < s.len && str_is_tchar(s.at[n]))
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
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0,
	0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 1, 3,
	1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 1, 0, 3, 0,
};
/* clang-format on */

bool str_is_token(struct str s)
{
	return s.len > 0 && str_span_token(s) == s.len;
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int str_hex(struct str s, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		int digit = i < s.len ? str_hex_digit(s.at[i]) : -1;
		if (digit == -1)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

bool str_read_hex(struct str digits, unsigned char *out, size_t size)
{
	if (digits.len != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int byte = str_hex(str_from(digits, 2 * i), 2);
		if (byte == -1)
			return false;
		out[i] = (unsigned char)byte;
	}
	return true;
}

void str_write_hex(const unsigned char *bytes, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++) {
		*out++ = "0123456789abcdef"[bytes[i] >> 4];
		*out++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*out = '\0';
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

size_t str_fit_chars(struct str s, size_t max)
{
	size_t len = s.len < max ? s.len : max;

	while (len > 0 && len < s.len && ((unsigned char)s.at[len] & 0xc0) == 0x80)
		len--;
	return len;
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
