/* Any split of a message gives the same parts and defects: every message of the fuzzer's corpus,
 * cut in two at every place and into pieces of every small size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "../support/mime_same.h"

enum { MESSAGE_MAX = 1 << 16, PIECES = 70, MESSAGES_MIN = 30 };

static char text[MESSAGE_MAX];

static struct slice read_message(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", CORPUS, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_true(n < sizeof text);
    return slice_of(text, n);
}

static void check(struct slice message)
{
    struct mime_same whole;
    mime_same_begin(&whole, message);
    for (size_t piece = 1; piece <= PIECES; piece++)
        assert_true(mime_same_in_pieces(&whole, piece));
    for (size_t cut = 1; cut < message.size; cut++)
        assert_true(mime_same_cut(&whole, cut));
    mime_same_end(&whole);
}

static void every_split_gives_the_same_parts_and_defects(void **state)
{
    DIR *dir = opendir(CORPUS);
    assert_non_null(dir);
    int seen = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        struct slice message = read_message(e->d_name);
        check(message);
        seen++;
    }
    closedir(dir);
    assert_true(seen >= MESSAGES_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same_parts_and_defects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
