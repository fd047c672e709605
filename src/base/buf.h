/* buf: owned bytes in memory that the caller gave, never more than that.
 *
 * What does not fit is left out whole and remembered in `overflow`, so that a row of appends needs
 * one check at the end. */
#ifndef POPLIN_BASE_BUF_H
#define POPLIN_BASE_BUF_H

#include "base/slice.h"

struct buf {
    char *data;
    size_t size;     /* octets in use */
    size_t capacity; /* octets there are */
    bool overflow;   /* an append did not fit and was left out */
};

static inline struct buf buf_over(void *memory, size_t capacity)
{
    return (struct buf){(char *)memory, 0, capacity, false};
}

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data, b->size};
}

static inline size_t buf_room(const struct buf *b)
{
    return b->capacity - b->size;
}

static inline void buf_clear(struct buf *b)
{
    b->size = 0;
    b->overflow = false;
}

/* Each appends all of it or nothing; false sets overflow. */
bool buf_put(struct buf *b, struct slice s);
bool buf_put_str(struct buf *b, const char *text);
bool buf_put_char(struct buf *b, char c);
bool buf_put_u64(struct buf *b, uint64_t n);
bool buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first n octets and moves the rest to the front. */
void buf_consume(struct buf *b, size_t n);

#endif
