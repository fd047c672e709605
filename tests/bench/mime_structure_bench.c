/* Structure only: gigabytes a second of CPU over usual mail, and seconds and memory for 25 MiB of
 * hostile kinds. Exits 1 when one of those takes more than a second or 64 MiB. */
#include "mime/mime_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"

enum { HOSTILE = 25 << 20, USUAL = 1500000, SHORT = 5000, ARENA = 64 << 20 };

static char *memory, *message;
static struct buf text;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the arena's octets in use. */
static size_t parse(void)
{
    struct arena arena = arena_over(memory, ARENA);
    struct mime_limits limits = mime_limits_default();
    struct mime_parser p;
    if (mime_parser_init(&p, &arena, &limits) != STATUS_OK)
        exit(2);
    mime_parser_feed(&p, buf_slice(&text));
    mime_parser_end(&p);
    return arena.size;
}

static void put_lines(size_t size, const char *line)
{
    while (text.size < size)
        buf_put_str(&text, line);
}

static void time_usual(const char *name)
{
    double begun = now(), seconds;
    size_t octets = 0;
    do {
        for (int i = 0; i < 20; i++)
            parse();
        octets += 20 * text.size;
        seconds = now() - begun;
    } while (seconds < 0.3);
    printf("%-28s %7zu octets  %6.2f GB/s\n", name, text.size, (double)octets / seconds / 1e9);
}

static const char header[] = "From: Ann <ann@example.org>\r\nTo: Bob <bob@example.org>\r\n"
                             "Subject: =?utf-8?Q?R=C3=A9union?=\r\nMessage-ID: <1@example.org>\r\n"
                             "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMIME-Version: 1.0\r\n";

static void usual(void)
{
    text = buf_over(message, HOSTILE);
    buf_put_str(&text, header);
    buf_put_str(&text,
                "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\n\r\nHello.\r\n"
                "--b1\r\nContent-Type: application/pdf; name=a.pdf\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n");
    put_lines(USUAL,
              "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n");
    buf_put_str(&text, "--b1--\r\n");
    time_usual("base64 attachment");
    text = buf_over(message, HOSTILE);
    buf_put_str(&text, header);
    buf_put_str(&text, "Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n");
    put_lines(SHORT, "A line of text as people write it, with - dashes - and words in it.\r\n");
    time_usual("short text");
}

#define MIXED(b) "Content-Type: multipart/mixed; boundary=" b "\n\n"

static const struct {
    const char *name, *head, *unit;
} kinds[] = {
    {"lines of dashes", MIXED("b") "--b\n\n", "--\n"},
    {"near boundaries", MIXED("b") "--b\n\n", "--bb\n"},
    {"parts", MIXED("b"), "--b\nContent-Type: a/b; c=d\n\n\n"},
    {"delimiters", MIXED("b"), "--b\n"},
    {"nested boundaries", "", MIXED("b") "--b\n"},
    {"multiparts in parts", MIXED("b"), "--b\n" MIXED("c") "--c\n--c--\n"},
    {"messages in messages", "", "Content-Type: message/rfc822\n\n"},
    {"fields", "", "A:\n"},
    {"lines that are no fields", "A: b\n", "x\n"},
    {"parts of large headers", MIXED("b"), "--b\nA:\nA:\nA:\nA:\nA:\nA:\nA:\n"},
    {"parameters", "Content-Type: a/b", "; c=d"},
    {"sections", "Content-Type: a/b", "; c*9*=%41"},
    {"parts of parameters", MIXED("b"),
     "--b\nContent-Type: a/b;c=1;d=2;e=3;f=4;g=5;h=6;i=7;j=8;k=9;l*3=x;l*2=y;l*1=z\n\n"},
    {"open quotes", "Content-Type: a/b", "; c=\"d"},
    {"one line", "A: b\n\n", "x"},
    {"blank lines", "A: b\n\n", "\n"},
};

static bool hostile(size_t k)
{
    text = buf_over(message, HOSTILE);
    buf_put_str(&text, kinds[k].head);
    struct slice unit = slice_str(kinds[k].unit);
    while (buf_put(&text, unit)) {
    }
    double begun = now();
    size_t octets = parse();
    double seconds = now() - begun;
    printf("25 MiB of %-26s %6.3f s  %5.1f MiB\n", kinds[k].name, seconds,
           (double)octets / (1 << 20));
    return seconds < 1;
}

int main(void)
{
    memory = malloc(ARENA);
    message = malloc(HOSTILE);
    if (!memory || !message)
        return 2;
    usual();
    bool held = true;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        held &= hostile(k);
    return !held;
}
