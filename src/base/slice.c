#include "base/slice.h"

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

size_t slice_find(struct slice s, char c)
{
    if (s.size == 0)
        return 0;
    const char *at = memchr(s.data, c, s.size);
    return at ? (size_t)(at - s.data) : s.size;
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal(slice_take(s, prefix.size), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.size >= suffix.size && slice_equal(slice_skip(s, s.size - suffix.size), suffix);
}

bool slice_parse_u64(struct slice s, uint64_t *value)
{
    uint64_t n = 0;
    if (s.size == 0)
        return false;
    for (size_t i = 0; i < s.size; i++) {
        unsigned digit = (unsigned char)s.data[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        if (n > (UINT64_MAX - digit) / 10)
            n = UINT64_MAX;
        else
            n = n * 10 + digit;
    }
    *value = n;
    return true;
}
