/* PASSWORD=… receive URL USER SEEN-FILE [CA-FILE]: lists the maildrop on standard error and prints
 * every message whose unique-id is not in SEEN-FILE, then notes it there. C11 and C++. */
#include <poplin/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 1000 }; /* new messages of one run; the next run gets more */
struct news {
    FILE *seen;
    unsigned count, numbers[AT_ONCE];
    char uids[AT_ONCE][1024];
};

static int print_row(void *context, uint32_t number, uint64_t octets)
{
    return fprintf((FILE *)context, "%u: %llu\n", (unsigned)number, (unsigned long long)octets) < 0;
}

static bool was_seen(FILE *seen, const char *uid)
{
    char line[1100];
    rewind(seen);
    while (fgets(line, sizeof line, seen)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, uid) == 0)
            return true;
    }
    return false;
}

static int look_up(void *context, uint32_t number, const char *uid)
{
    struct news *news = (struct news *)context;
    if (news->count < AT_ONCE && !was_seen(news->seen, uid)) {
        news->numbers[news->count] = number;
        snprintf(news->uids[news->count++], sizeof news->uids[0], "%s", uid);
    }
    return 0;
}

static int print(void *context, const char *data, size_t size)
{
    return fwrite(data, 1, size, (FILE *)context) != size;
}

static bool receive(struct poplin_client *c, char **argv, struct news *news)
{
    static struct poplin_client_options options;
    uint32_t messages = 0;
    options.size = sizeof options;
    options.ca_file = argv[4]; /* NULL: the system's authorities */
    if (poplin_client_connect(c, argv[1], &options) ||
        poplin_client_login(c, argv[2], getenv("PASSWORD")) ||
        poplin_client_stat(c, &messages, NULL) || poplin_client_list(c, print_row, stderr) ||
        poplin_client_uidl(c, look_up, news))
        return false;
    fprintf(stderr, "%u messages, %u new\n", (unsigned)messages, news->count);
    for (unsigned i = 0; i < news->count; i++) {
        if (poplin_client_retr(c, news->numbers[i], print, stdout) || fflush(stdout) != 0)
            return false;
        fseek(news->seen, 0, SEEK_END); /* only now: what was not printed whole comes again */
        fprintf(news->seen, "%s\n", news->uids[i]);
    }
    return poplin_client_quit(c) == POPLIN_CLIENT_OK;
}

int main(int argc, char **argv)
{
    static struct news news;
    struct poplin_client *c = poplin_client_new();
    if (c == NULL || argc < 4 || (news.seen = fopen(argv[3], "a+")) == NULL)
        return 64;
    bool ok = receive(c, argv, &news) && fclose(news.seen) == 0;
    fprintf(stderr, "%s\n", ok ? "done" : poplin_client_error_text(c));
    poplin_client_free(c);
    return ok ? 0 : 1;
}
