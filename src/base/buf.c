#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

bool buf_put(struct buf *b, struct slice s)
{
    if (s.size > buf_room(b)) {
        b->overflow = true;
        return false;
    }
    if (s.size > 0)
        memcpy(b->data + b->size, s.data, s.size);
    b->size += s.size;
    return true;
}

bool buf_put_str(struct buf *b, const char *text)
{
    return buf_put(b, slice_str(text));
}

bool buf_put_char(struct buf *b, char c)
{
    return buf_put(b, slice_of(&c, 1));
}

bool buf_put_u64(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    return buf_put(b, slice_of(digits + at, sizeof digits - at));
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = buf_room(b);
    int n = vsnprintf(room > 0 ? b->data + b->size : NULL, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room) {
        b->overflow = true;
        return false;
    }
    b->size += (size_t)n;
    return true;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->size);
    if (n > 0)
        memmove(b->data, b->data + n, b->size - n);
    b->size -= n;
}
