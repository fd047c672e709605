#include "codec/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct buf *out, struct slice data)
{
    if (BASE64_ENCODED(data.size) > buf_room(out)) {
        out->overflow = true;
        return false;
    }
    char *to = out->data + out->size;
    for (size_t i = 0; i < data.size; i += 3) {
        size_t left = data.size - i;
        uint32_t v = (uint32_t)(unsigned char)data.data[i] << 16;
        if (left > 1)
            v |= (uint32_t)(unsigned char)data.data[i + 1] << 8;
        if (left > 2)
            v |= (unsigned char)data.data[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[v & 63] : '=';
    }
    out->size += BASE64_ENCODED(data.size);
    return true;
}

/* 0 to 63, or 64 for an octet outside the alphabet. */
static uint32_t value_of(char c)
{
    unsigned char u = (unsigned char)c;
    if (u >= 'A' && u <= 'Z')
        return u - (uint32_t)'A';
    if (u >= 'a' && u <= 'z')
        return u - (uint32_t)'a' + 26;
    if (u >= '0' && u <= '9')
        return u - (uint32_t)'0' + 52;
    return u == '+' ? 62 : u == '/' ? 63 : 64;
}

/* One group of `digits` (2 to 4) characters into digits - 1 octets at to. */
static bool decode_group(const char *text, size_t digits, char *to)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t d = i < digits ? value_of(text[i]) : 0;
        if (d > 63)
            return false;
        v = v << 6 | d;
    }
    if ((digits == 2 && (v & 0xffff)) || (digits == 3 && (v & 0xff)))
        return false;
    for (size_t i = 0; i + 1 < digits; i++)
        to[i] = (char)(v >> (16 - 8 * i));
    return true;
}

enum status base64_decode(struct buf *out, struct slice text)
{
    if (text.size % 4 != 0)
        return STATUS_MALFORMED;
    while (text.size > 0) {
        size_t digits = 4;
        char group[3];
        if (text.size == 4 && text.data[3] == '=')
            digits = text.data[2] == '=' ? 2 : 3;
        if (!decode_group(text.data, digits, group))
            return STATUS_MALFORMED;
        if (!buf_put(out, slice_of(group, digits - 1)))
            return STATUS_TOO_LARGE;
        text = slice_skip(text, 4);
    }
    return STATUS_OK;
}
