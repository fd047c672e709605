/* slice: borrowed bytes. A pointer and a length, passed by value, no NUL at the end. The bytes
 * belong to somebody else and live as long as that owner says. */
#ifndef POPLIN_BASE_SLICE_H
#define POPLIN_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data; /* may be NULL only where size is 0 */
    size_t size;      /* octets */
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){("" literal), sizeof(literal) - 1})

/* printf("%.*s", SLICE_ARGS(s)): only for bytes that are known to be printable. */
#define SLICE_ARGS(s) (int)(s).size, (s).data ? (s).data : ""

static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){(const char *)data, size};
}

static inline struct slice slice_str(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The slice without its first n octets; n must not be larger than the slice. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
    return n == 0 ? s : (struct slice){s.data + n, s.size - n};
}

static inline struct slice slice_take(struct slice s, size_t n)
{
    return (struct slice){s.data, n};
}

/* Same letters, whatever their case; ASCII only (RFC 1939 3: keywords). */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Index of the first c, or s.size. */
size_t slice_find(struct slice s, char c);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* 1*DIGIT as a number; false for anything else (sign, blank, empty). A value that does not fit is
 * UINT64_MAX, so that it still compares larger than every real number. */
bool slice_parse_u64(struct slice s, uint64_t *value);

#endif
