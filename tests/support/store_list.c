/* store_list ROOT DROP [keep]: prints "number octets uidl" for every message of the Maildir DROP
 * (absolute, below ROOT), as a POP3 client would see it; notices go to standard error. */
#include "store/store.h"

#include "base/escape.h"

#include <stdio.h>
#include <string.h>

static void notice(void *context, const char *what, const char *path, struct slice name,
                   const char *cause)
{
    char memory[1024];
    struct buf escaped = buf_over(memory, sizeof memory);
    (void)context;
    escape_plain(&escaped, name, 200);
    fprintf(stderr, "%s: %s: %.*s: %s\n", path, what, SLICE_ARGS(buf_slice(&escaped)), cause);
}

static int list(struct store *s, const char *path)
{
    struct store_request request = {.path = path};
    struct store_drop *d;
    enum status status = store_open(s, &request, &d);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", path, status_text(status));
        return status_exit_code(status);
    }
    const struct store_row *rows = store_listing_rows(store_drop_listing(d));
    for (uint32_t i = 0; i < store_listing_count(store_drop_listing(d)); i++)
        printf("%u %llu %.*s\n", i + 1, (unsigned long long)rows[i].octets, rows[i].uidl_size,
               rows[i].uidl);
    store_drop_close(d);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    struct store_options options = {
        .driver = "maildir",
        .root = argv[1],
        .uidl_keep = argc > 3 && strcmp(argv[3], "keep") == 0,
        .observer = {NULL, notice},
    };
    struct store *s;
    enum status status = store_new(&options, &s);
    if (status != STATUS_OK)
        return status_exit_code(status);
    int code = list(s, argv[2]);
    store_free(s);
    return code;
}
