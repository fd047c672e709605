/* mime_bench: what the decoders of the yardstick share: the mails they are given, and the printing
 * of a figure. A program is `NAME MODE MAIL ROUNDS`: MODE structure or decode, MAIL large or
 * letter; it prints the gigabytes of mail it took for each second of CPU, and the octets that came
 * out, so that it is seen whether all did the same. */
#ifndef POPLIN_BENCH_MIME_BENCH_H
#define POPLIN_BENCH_MIME_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct mime_bench {
    bool is_structure; /* else every leaf is decoded, and text is brought into UTF-8 */
    bool is_letter;
    int rounds;
    char *mail;
    size_t size;
    uint64_t out; /* octets that came out, all rounds together */
};

static void mime_bench_add(struct mime_bench *b, const char *text)
{
    size_t size = strlen(text);
    memcpy(b->mail + b->size, text, size);
    b->size += size;
}

/* 1.5 MB: a text and an attachment in base64. */
static void mime_bench_large(struct mime_bench *b)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    mime_bench_add(b, "From: Ann <ann@example.org>\r\nTo: Bob <bob@example.org>\r\n"
                      "Subject: A large one\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
                      "Message-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: multipart/mixed; boundary=\"=_boundary_1\"\r\n\r\n"
                      "--=_boundary_1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                      "The file you asked for.\r\n"
                      "--=_boundary_1\r\nContent-Type: application/octet-stream; name=file.bin\r\n"
                      "Content-Transfer-Encoding: base64\r\n"
                      "Content-Disposition: attachment; filename=file.bin\r\n\r\n");
    srand(1);
    for (int line = 0; line < 19200; line++) {
        for (int i = 0; i < 76; i++)
            b->mail[b->size++] = alphabet[rand() & 63];
        mime_bench_add(b, "\r\n");
    }
    mime_bench_add(b, "--=_boundary_1--\r\n");
}

/* 5 KB: a letter in Chinese and English, quoted-printable, with the header that mail has. */
static void mime_bench_letter(struct mime_bench *b)
{
    for (int hop = 0; hop < 4; hop++)
        mime_bench_add(b, "Received: from mx.example.org (mx.example.org [192.0.2.1])\r\n"
                          "\tby mail.example.net (Postfix) with ESMTPS id 4ABCDEF\r\n"
                          "\tfor <bob@example.net>; Wed, 25 Nov 2026 10:00:00 +0000 (UTC)\r\n");
    mime_bench_add(b, "From: =?UTF-8?B?546L5bCP5piO?= <wang@example.org>\r\n"
                      "To: \"Bob B.\" <bob@example.net>, carol@example.net\r\n"
                      "Subject: =?UTF-8?Q?=E5=8F=91=E7=A5=A8?= for November\r\n"
                      "Date: Wed, 25 Nov 2026 18:00:00 +0800\r\n"
                      "Message-ID: <letter@example.org>\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=UTF-8\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    for (int line = 0; line < 55; line++)
        mime_bench_add(
            b, line % 5 == 0
                   ? "=E6=82=A8=E5=A5=BD=EF=BC=8C=E5=8F=91=E7=A5=A8=E5=B7=B2=E5=AF=84=\r\n"
                   : "The invoice for last month is attached to this mail, as you wished.\r\n");
}

static struct mime_bench mime_bench_begin(int argc, char **argv)
{
    struct mime_bench b = {0};
    if (argc != 4 || (b.rounds = (int)strtol(argv[3], NULL, 10)) < 1) {
        fprintf(stderr, "usage: %s structure|decode large|letter ROUNDS\n", argv[0]);
        exit(64);
    }
    b.is_structure = strcmp(argv[1], "structure") == 0;
    b.is_letter = strcmp(argv[2], "letter") == 0;
    b.mail = malloc(2 << 20);
    if (!b.mail)
        exit(71);
    if (b.is_letter)
        mime_bench_letter(&b);
    else
        mime_bench_large(&b);
    return b;
}

static double mime_bench_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One round unseen, which fills the caches, then the others. */
static int mime_bench_run(struct mime_bench *b, void (*once)(struct mime_bench *b))
{
    once(b);
    b->out = 0;
    double begun = mime_bench_cpu();
    for (int i = 0; i < b->rounds; i++)
        once(b);
    double seconds = mime_bench_cpu() - begun;
    printf("%.4f GB/s %.0f octets out\n", (double)b->size * b->rounds / seconds / 1e9,
           (double)b->out / b->rounds);
    return 0;
}

#endif
