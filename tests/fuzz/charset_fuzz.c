/* The first octet chooses the charset, the second the size of the pieces; the rest is a text. Its
 * UTF-8 must be valid and the same for every split; a guess must be one, and a name found. */
#include "codec/charset.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

struct decoded {
    char *text;
    size_t size;
    struct charset_decoder decoder;
};

static struct decoded decode(enum charset c, struct slice in, size_t piece, size_t room)
{
    /* The most that an octet becomes is U+FFFD, and one more behind each. */
    struct decoded r = {(char *)malloc(in.size * 8 + 2 * room + CHARSET_ROOM), 0, {.taken = 0}};
    must(r.text != NULL);
    charset_init(&r.decoder, c);
    while (in.size > 0) {
        struct slice part = slice_take(in, piece < in.size ? piece : in.size);
        in = slice_skip(in, part.size);
        while (part.size > 0) {
            size_t written = charset_feed(&r.decoder, &part, r.text + r.size, room);
            must(written <= room);
            r.size += written;
        }
    }
    size_t written = charset_end(&r.decoder, r.text + r.size);
    must(written <= CHARSET_ROOM);
    r.size += written;
    must(charset_is_utf8(slice_of(r.text, r.size)));
    return r;
}

static void same_in_pieces(enum charset c, struct slice in, size_t piece)
{
    struct decoded whole = decode(c, in, in.size + 1, in.size * 8 + CHARSET_ROOM);
    struct decoded pieces = decode(c, in, piece, CHARSET_ROOM + piece);
    must(slice_equal(slice_of(whole.text, whole.size), slice_of(pieces.text, pieces.size)));
    must(whole.decoder.invalid == pieces.decoder.invalid);
    must(whole.decoder.first_invalid == pieces.decoder.first_invalid);
    must(whole.decoder.taken == in.size && pieces.decoder.taken == in.size);
    free(whole.text);
    free(pieces.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum charset c = (enum charset)(data[0] % (CHARSET_LIMIT + 1));
    struct slice text = slice_of(data + 2, size - 2);
    same_in_pieces(c, text, data[1] + 1U);
    must(charset_guess(text, c) != CHARSET_UNKNOWN);
    must(charset_name(charset_find(text)) != NULL);
    return 0;
}
