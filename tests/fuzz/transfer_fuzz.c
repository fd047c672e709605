/* The first two octets choose the encoding, the pieces and the window, the rest is encoded. The
 * wide loops must give what the scalar ones give, and so must decoding in place. */
#include "codec/transfer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

/* A line of uuencode may stand for 63 octets whatever its size, two octets at the least. */
enum { EXPANSION = 32 };

static size_t decode_whole(struct transfer *t, struct slice encoded, char *out, size_t room)
{
    size_t n = transfer_feed_scalar(t, &encoded, out, room);
    must(encoded.size == 0);
    return n + transfer_end(t, out + n);
}

/* Each piece in a block of its own, so that reading past one is seen. */
static size_t decode_in_pieces(struct transfer *t, struct slice encoded, char *out, size_t piece)
{
    size_t n = 0;
    while (encoded.size > 0) {
        size_t size = piece < encoded.size ? piece : encoded.size;
        char *copy = (char *)malloc(size);
        must(copy != NULL);
        memcpy(copy, encoded.data, size);
        struct slice part = slice_of(copy, size);
        while (part.size > 0)
            n += transfer_feed(t, &part, out + n, TRANSFER_ROOM + piece);
        free(copy);
        encoded = slice_skip(encoded, size);
    }
    return n + transfer_end(t, out + n);
}

static size_t decode_in_place(struct transfer *t, char *buffer, size_t size, size_t piece)
{
    size_t n = 0;
    for (size_t at = 0; at < size; at += piece) {
        struct slice part = slice_of(buffer + at, piece < size - at ? piece : size - at);
        n += transfer_feed(t, &part, buffer + n, size + TRANSFER_ROOM - n);
        must(part.size == 0);
    }
    return n + transfer_end(t, buffer + n);
}

static void same(const struct transfer *a, const struct transfer *b)
{
    must(a->defects == b->defects && a->first_defect == b->first_defect && a->taken == b->taken);
}

static void place_agrees(enum transfer_encoding encoding, struct slice encoded, size_t piece,
                         const struct transfer *whole, struct slice wanted)
{
    char *buffer = (char *)malloc(encoded.size + TRANSFER_ROOM);
    must(buffer != NULL);
    memcpy(buffer, encoded.data, encoded.size);
    struct transfer t;
    transfer_init(&t, encoding);
    size_t n = decode_in_place(&t, buffer, encoded.size, piece);
    must(n == wanted.size && memcmp(buffer, wanted.data, n) == 0);
    same(&t, whole);
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum transfer_encoding encoding = (enum transfer_encoding)(data[0] % (TRANSFER_Q + 1));
    size_t piece = data[1] + 1U;
    struct slice encoded = slice_of(data + 2, size - 2);
    size_t room = encoded.size * EXPANSION + piece + 3 * (size_t)TRANSFER_ROOM;
    char *out = (char *)malloc(room);
    char *pieces = (char *)malloc(room);
    must(out != NULL && pieces != NULL);
    struct transfer whole;
    struct transfer parts;
    transfer_init(&whole, encoding);
    transfer_init(&parts, encoding);
    size_t n = decode_whole(&whole, encoded, out, room);
    must(decode_in_pieces(&parts, encoded, pieces, piece) == n && memcmp(out, pieces, n) == 0);
    same(&whole, &parts);
    if (encoding != TRANSFER_UUENCODE)
        place_agrees(encoding, encoded, piece, &whole, slice_of(out, n));
    free(out);
    free(pieces);
    return 0;
}
