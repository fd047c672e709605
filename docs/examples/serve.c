/* serve: an in-memory maildrop as a POP3 server on loopback, one session after the other. The
 * machine of poplin/pop3.h does the protocol; this file does sockets, users and mail.
 *
 *     PASSWORD=… serve USER FILE…     prints its port, then serves until it is killed */
#define _POSIX_C_SOURCE 200809L

#include <poplin/pop3.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MESSAGES = 100 };

struct message {
    char *data;
    size_t size;
    char uid[32];
};

struct drop {
    const char *user, *password;
    struct message list[MESSAGES];
    uint32_t count;
};

/* ---- the maildrop ---- */

static bool load(struct drop *drop, const char *path)
{
    struct message *m = &drop->list[drop->count];
    FILE *f = fopen(path, "rb");
    long size;
    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
        return false;
    rewind(f);
    m->size = (size_t)size;
    m->data = malloc(m->size + 1);
    if (m->data == NULL || fread(m->data, 1, m->size, f) != m->size)
        return false;
    fclose(f);
    snprintf(m->uid, sizeof m->uid, "message-%u", (unsigned)drop->count++);
    return true;
}

static struct poplin_slice text_of(const struct message *m)
{
    struct poplin_slice text = {m->data, m->size};
    return text;
}

static uint64_t octets_of(void *context, uint32_t i)
{
    return poplin_pop3_wire_octets(text_of(&((struct drop *)context)->list[i]));
}

static struct poplin_slice uid_of(void *context, uint32_t i)
{
    const char *uid = ((struct drop *)context)->list[i].uid;
    struct poplin_slice s = {uid, strlen(uid)};
    return s;
}

static uint32_t remove_marked(struct drop *drop, const struct poplin_pop3_server *s)
{
    uint32_t kept = 0, count = drop->count;
    for (uint32_t i = 0; i < count; i++) {
        if (poplin_pop3_server_is_marked(s, i))
            free(drop->list[i].data);
        else
            drop->list[kept++] = drop->list[i];
    }
    drop->count = kept;
    return count - kept;
}

/* ---- a session ---- */

static bool send_output(int client, struct poplin_pop3_server *s)
{
    struct poplin_slice out = poplin_pop3_server_output(s);
    while (out.size > 0) {
        ssize_t n = write(client, out.data, out.size);
        if (n <= 0)
            return false;
        poplin_pop3_server_sent(s, (size_t)n);
        out = poplin_pop3_server_output(s);
    }
    return true;
}

static bool is_same(struct poplin_slice s, const char *text)
{
    return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static void log_in(struct poplin_pop3_server *s, struct drop *drop,
                   const struct poplin_pop3_server_event *e)
{
    struct poplin_pop3_listing listing = {sizeof listing, drop, drop->count, 0, octets_of, uid_of};
    for (uint32_t i = 0; i < drop->count; i++)
        listing.octets += octets_of(drop, i);
    if (!is_same(e->user, drop->user) || !is_same(e->data, drop->password))
        poplin_pop3_server_refused(s, POPLIN_DENIED);
    else if (poplin_pop3_server_opened(s, &listing) != POPLIN_OK)
        poplin_pop3_server_refused(s, POPLIN_NO_MEMORY);
}

static bool send_body(int client, struct poplin_pop3_server *s, struct poplin_slice text,
                      uint64_t octets)
{
    if (!send_output(client, s) || poplin_pop3_server_body(s, octets) != POPLIN_OK)
        return false;
    while (poplin_pop3_server_body_data(s, &text) == POPLIN_AGAIN) {
        if (!send_output(client, s))
            return false;
    }
    return send_output(client, s) && poplin_pop3_server_body_end(s) == POPLIN_OK;
}

/* False: the session is over. */
static bool handle(int client, struct poplin_pop3_server *s, struct drop *drop,
                   const struct poplin_pop3_server_event *e)
{
    uint32_t i = e->index;
    switch (e->type) {
    case POPLIN_POP3_SERVER_PASS:
        log_in(s, drop, e);
        return true;
    case POPLIN_POP3_SERVER_RETR:
        return send_body(client, s, text_of(&drop->list[i]), octets_of(drop, i));
    case POPLIN_POP3_SERVER_TOP:
        return send_body(client, s, poplin_pop3_top(text_of(&drop->list[i]), e->lines), 0);
    case POPLIN_POP3_SERVER_UPDATE:
        return poplin_pop3_server_updated(s, remove_marked(drop, s), 0) == POPLIN_OK;
    default:
        return e->type != POPLIN_POP3_SERVER_CLOSE;
    }
}

static void converse(int client, struct poplin_pop3_server *s, struct drop *drop)
{
    char memory[4096];
    ssize_t n = 0;
    bool goes_on = send_output(client, s);
    while (goes_on && (n = read(client, memory, sizeof memory)) > 0) {
        struct poplin_slice input = {memory, (size_t)n};
        const struct poplin_pop3_server_event *e;
        do {
            e = poplin_pop3_server_feed(s, &input);
            goes_on = handle(client, s, drop, e);
            goes_on = send_output(client, s) && goes_on;
        } while (goes_on && e->type != POPLIN_POP3_SERVER_WANT_INPUT);
    }
}

static void serve(int client, struct drop *drop)
{
    struct poplin_pop3_server_options options;
    struct timeval patience = {30, 0};
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.greeting = "serve ready";
    options.cleartext = true; /* on loopback */
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct poplin_pop3_server *s = poplin_pop3_server_new(&options);
    if (s != NULL)
        converse(client, s, drop);
    poplin_pop3_server_free(s);
    close(client);
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || bind(s, (struct sockaddr *)&address, size) != 0 || listen(s, 8) != 0 ||
        getsockname(s, (struct sockaddr *)&address, &size) != 0)
        return -1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return s;
}

int main(int argc, char **argv)
{
    static struct drop drop;
    drop.password = getenv("PASSWORD");
    if (argc < 2 || argc > MESSAGES || drop.password == NULL)
        return 64;
    drop.user = argv[1];
    for (int i = 2; i < argc; i++) {
        if (!load(&drop, argv[i]))
            return 66;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on_loopback();
    if (listener < 0)
        return 71;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0)
            serve(client, &drop);
    }
}
