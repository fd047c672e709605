#include "codec/charset_machine.h"

static bool is_valid(struct slice text, enum charset c)
{
    struct charset_decoder d;
    charset_init(&d, c);
    while (text.size > 0 && d.invalid == 0) {
        char out[1024];
        charset_feed(&d, &text, out, sizeof out);
    }
    return d.invalid == 0;
}

enum charset charset_guess(struct slice text, enum charset hint)
{
    if (charset_is_utf8(text))
        return CHARSET_UTF_8;
    if (hint != CHARSET_UNKNOWN && is_valid(text, hint))
        return hint;
    return is_valid(text, CHARSET_GB18030) ? CHARSET_GB18030 : charset_find(SLICE("windows-1252"));
}
