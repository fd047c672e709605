/* How many gigabytes of encoded octets a CPU second decodes, wide and scalar, apart and in place.
 */
#include "codec/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The size of the mail that the issue measures: larger than the second-level cache. */
enum { CORPUS = 1536 * 1024, ROUNDS = 400, LINE = 76 };

static char encoded[CORPUS];
static char decoded[CORPUS + TRANSFER_ROOM];

typedef size_t feed_function(struct transfer *, struct slice *, char *, size_t);

struct corpus {
    const char *name;
    enum transfer_encoding encoding;
    const char *line_end;
    unsigned escapes; /* one octet in so many is an escape (quoted-printable); 0: none */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t put_unit(const struct corpus *c, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (c->escapes > 0 && (unsigned)rand() % c->escapes == 0) {
        memcpy(out, "=E9", 3);
        return 3;
    }
    out[0] = alphabet[rand() % 64];
    return 1;
}

static void fill(const struct corpus *c)
{
    size_t end = strlen(c->line_end);
    size_t in_line = 0;
    size_t n = 0;
    srand(1);
    while (n + 3 + end <= CORPUS) {
        size_t unit = put_unit(c, encoded + n);
        n += unit;
        in_line += unit;
        if (in_line >= LINE) {
            memcpy(encoded + n, c->line_end, end);
            n += end;
            in_line = 0;
        }
    }
    memset(encoded + n, 'A', CORPUS - n);
}

/* Each run decodes what is in `text`; where that is done in place, a copy is made before and its
 * time is not counted. */
static double gigabytes(const struct corpus *c, feed_function *feed, bool is_in_place, int rounds)
{
    double spent = 0;
    for (int i = 0; i < rounds; i++) {
        struct transfer t;
        struct slice rest = slice_of(encoded, CORPUS);
        if (is_in_place) {
            memcpy(decoded, encoded, CORPUS);
            rest.data = decoded;
        }
        transfer_init(&t, c->encoding);
        double begun = now();
        (void)feed(&t, &rest, decoded, sizeof decoded);
        spent += now() - begun;
    }
    return (double)CORPUS * rounds / spent / 1e9;
}

int main(void)
{
    static const struct corpus corpora[] = {
        {"base64, CRLF", TRANSFER_BASE64, "\r\n", 0},
        {"base64, LF", TRANSFER_BASE64, "\n", 0},
        {"base64, no lines", TRANSFER_BASE64, "", 0},
        {"quoted, few", TRANSFER_QUOTED_PRINTABLE, "=\r\n", 80},
        {"quoted, many", TRANSFER_QUOTED_PRINTABLE, "=\r\n", 4},
        {"7bit", TRANSFER_IDENTITY, "\r\n", 0},
    };
    printf("%-18s %8s %8s %8s  (GB/s of encoded octets)\n", "", "apart", "in place", "scalar");
    for (size_t i = 0; i < sizeof corpora / sizeof *corpora; i++) {
        fill(&corpora[i]);
        printf("%-18s %8.2f %8.2f %8.2f\n", corpora[i].name,
               gigabytes(&corpora[i], transfer_feed, false, ROUNDS),
               gigabytes(&corpora[i], transfer_feed, true, ROUNDS),
               gigabytes(&corpora[i], transfer_feed_scalar, false, ROUNDS / 20));
    }
    return 0;
}
