/* pop3_load: puts POP3 load on a server of this host and prints one line of JSON.
 *
 *     pop3_load poll  [OPTION…]   connect, USER, PASS, STAT, UIDL, QUIT; again and again
 *     pop3_load fetch [OPTION…]   one session that retrieves every message, --rounds times
 *     pop3_load idle  [OPTION…]   logs --count sessions in, prints, holds them until stdin ends
 *     pop3_load silent [OPTION…]  opens --count connections that say nothing, prints, holds them
 *
 *     --port N  --tls  --count N  --threads N  --user NAME  --users N  --first N  --rounds N
 *     --from ADDRESS
 *
 * With --users, sessions go round user00000, user00001 and so on from --first; the password is
 * always `secret`. Blocking sockets, one thread for each session at a time: the code stays plain,
 * and the server's cost is read elsewhere. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_SIZE = 262144, SAMPLES_MAX = 1000000, THREADS_MAX = 64, COMMAND_MAX = 160 };

static struct {
    uint16_t port;
    bool tls;
    unsigned count, threads, users, first, rounds;
    const char *user;
    struct in_addr from; /* 0.0.0.0: the kernel chooses */
} options = {.port = 110, .count = 1000, .threads = 4, .rounds = 1, .user = "alice"};

struct session {
    int fd;
    SSL *ssl;
    size_t from, to; /* what of `in` is unread */
    char in[INPUT_SIZE];
};

static SSL_CTX *tls_context;
static double samples[SAMPLES_MAX]; /* milliseconds */
static atomic_uint sample_count;
static atomic_uint next_session;
static atomic_uint failed;
static double login_ms; /* of the last login: from PASS to its reply */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void add_sample(double ms)
{
    unsigned i = atomic_fetch_add(&sample_count, 1);
    if (i < SAMPLES_MAX)
        samples[i] = ms;
}

/* The port is chosen by connect, so that many connections share the address. */
static bool bind_source(int fd)
{
    int on = 1;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr = options.from};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&source, sizeof source) == 0;
}

static bool session_open(struct session *s)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    struct timeval limit = {.tv_sec = 30};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->from = s->to = 0;
    s->ssl = NULL;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (options.from.s_addr != 0 && !bind_source(s->fd))
        return false;
    if (connect(s->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return false;
    if (!options.tls)
        return true;
    s->ssl = SSL_new(tls_context);
    return s->ssl != NULL && SSL_set_fd(s->ssl, s->fd) == 1 && SSL_connect(s->ssl) == 1;
}

static void session_close(struct session *s)
{
    SSL_free(s->ssl);
    close(s->fd);
}

static bool session_fill(struct session *s)
{
    if (s->from > 0) {
        memmove(s->in, s->in + s->from, s->to - s->from);
        s->to -= s->from;
        s->from = 0;
    }
    if (s->to == INPUT_SIZE)
        return false;
    int room = (int)(INPUT_SIZE - s->to);
    ssize_t got = s->ssl != NULL ? SSL_read(s->ssl, s->in + s->to, room)
                                 : recv(s->fd, s->in + s->to, (size_t)room, 0);
    if (got <= 0)
        return false;
    s->to += (size_t)got;
    return true;
}

/* Reads one line and says whether it begins with +OK. */
static bool session_line(struct session *s)
{
    char *end;
    while ((end = memchr(s->in + s->from, '\n', s->to - s->from)) == NULL) {
        if (!session_fill(s))
            return false;
    }
    bool is_good = s->to - s->from >= 3 && memcmp(s->in + s->from, "+OK", 3) == 0;
    s->from = (size_t)(end + 1 - s->in);
    return is_good;
}

/* Reads a multi-line reply's rest; its octets go to *octets. Only the last five octets of what
 * was read are kept in view: looking at every line would cost more than the server does. */
static bool session_body(struct session *s, size_t *octets)
{
    char tail[5] = "\r\n";
    size_t kept = 2;
    for (;;) {
        size_t size = s->to - s->from;
        const char *data = s->in + s->from;
        for (size_t i = size > 5 ? size - 5 : 0; i < size; i++) {
            if (kept == 5)
                memmove(tail, tail + 1, 4);
            else
                kept++;
            tail[kept - 1] = data[i];
        }
        *octets += size;
        s->from = s->to = 0;
        if (kept == 5 && memcmp(tail, "\r\n.\r\n", 5) == 0)
            return true;
        if (!session_fill(s))
            return false;
    }
}

static bool session_send(struct session *s, const char *text)
{
    size_t size = strlen(text);
    if (s->ssl != NULL)
        return SSL_write(s->ssl, text, (int)size) == (int)size;
    return send(s->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool session_ask(struct session *s, const char *command)
{
    return session_send(s, command) && session_line(s);
}

static bool session_login(struct session *s, unsigned number)
{
    char command[COMMAND_MAX];
    if (options.users > 0)
        snprintf(command, sizeof command, "USER user%05u\r\n",
                 options.first + number % options.users);
    else
        snprintf(command, sizeof command, "USER %s\r\n", options.user);
    if (!session_line(s) || !session_ask(s, command))
        return false;
    double start = now_ms();
    bool is_in = session_ask(s, "PASS secret\r\n");
    login_ms = now_ms() - start;
    return is_in;
}

static bool poll_once(struct session *s, unsigned number)
{
    size_t octets = 0;
    double start = now_ms();
    bool is_good = session_open(s) && session_login(s, number) && session_ask(s, "STAT\r\n") &&
                   session_ask(s, "UIDL\r\n") && session_body(s, &octets) &&
                   session_ask(s, "QUIT\r\n");
    session_close(s);
    add_sample(now_ms() - start);
    return is_good;
}

static void *poll_thread(void *unused)
{
    struct session *s = malloc(sizeof *s);
    unsigned number;
    (void)unused;
    while (s != NULL && (number = atomic_fetch_add(&next_session, 1)) < options.count) {
        if (!poll_once(s, number))
            atomic_fetch_add(&failed, 1);
    }
    free(s);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_result(double seconds, double octets, unsigned slow)
{
    unsigned n = atomic_load(&sample_count);
    n = n > SAMPLES_MAX ? SAMPLES_MAX : n;
    qsort(samples, n, sizeof *samples, compare);
    printf("{\"samples\": %u, \"failed\": %u, \"seconds\": %.4f, \"octets\": %.0f, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"over_35_ms\": %u, "
           "\"login_ms\": %.3f}\n",
           n, atomic_load(&failed), seconds, octets, n ? samples[n / 2] : 0,
           n ? samples[(size_t)n * 99 / 100] : 0, n ? samples[n - 1] : 0, slow, login_ms);
    fflush(stdout);
}

static int run_poll(void)
{
    pthread_t threads[THREADS_MAX];
    double start = now_ms();
    for (unsigned i = 0; i < options.threads; i++)
        pthread_create(&threads[i], NULL, poll_thread, NULL);
    for (unsigned i = 0; i < options.threads; i++)
        pthread_join(threads[i], NULL);
    print_result((now_ms() - start) / 1e3, 0, 0);
    return atomic_load(&failed) > 0;
}

/* The number of messages, from STAT's reply. */
static unsigned stat_count(struct session *s)
{
    if (!session_send(s, "STAT\r\n"))
        return 0;
    while (memchr(s->in + s->from, '\n', s->to - s->from) == NULL) {
        if (!session_fill(s))
            return 0;
    }
    unsigned long count = strtoul(s->in + s->from + 3, NULL, 10);
    session_line(s);
    return (unsigned)count;
}

static int run_fetch(void)
{
    char command[COMMAND_MAX];
    struct session *s = malloc(sizeof *s);
    size_t octets = 0;
    unsigned slow = 0;
    if (s == NULL || !session_open(s) || !session_login(s, 0)) {
        fputs("pop3_load: no session\n", stderr);
        return 1;
    }
    unsigned messages = stat_count(s);
    double start = now_ms();
    for (unsigned i = 0; i < options.rounds * messages; i++) {
        double before = now_ms();
        snprintf(command, sizeof command, "RETR %u\r\n", i % messages + 1);
        if (!session_ask(s, command) || !session_body(s, &octets)) {
            atomic_fetch_add(&failed, 1);
            break;
        }
        double took = now_ms() - before;
        slow += took >= 35;
        add_sample(took);
    }
    double seconds = (now_ms() - start) / 1e3;
    session_ask(s, "QUIT\r\n");
    session_close(s);
    free(s);
    print_result(seconds, (double)octets, slow);
    return atomic_load(&failed) > 0;
}

static void wait_for_end(void)
{
    while (getchar() != EOF) {
    }
}

static int run_silent(void)
{
    struct session *s = malloc(sizeof *s);
    double start = now_ms();
    for (unsigned i = 0; s != NULL && i < options.count; i++) {
        if (!session_open(s))
            atomic_fetch_add(&failed, 1);
    }
    print_result((now_ms() - start) / 1e3, 0, 0);
    wait_for_end();
    return atomic_load(&failed) > 0;
}

static int run_idle(void)
{
    struct session *s = malloc(sizeof *s);
    double start = now_ms();
    for (unsigned i = 0; s != NULL && i < options.count; i++) {
        double before = now_ms();
        if (!session_open(s) || !session_login(s, i))
            atomic_fetch_add(&failed, 1);
        add_sample(now_ms() - before); /* the descriptor stays open on purpose */
    }
    print_result((now_ms() - start) / 1e3, 0, 0);
    wait_for_end();
    return atomic_load(&failed) > 0;
}

static bool take_option(const char *name, const char *value)
{
    struct {
        const char *name;
        unsigned *number;
    } numbers[] = {
        {"--count", &options.count}, {"--threads", &options.threads}, {"--users", &options.users},
        {"--first", &options.first}, {"--rounds", &options.rounds},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = (unsigned)strtoul(value, NULL, 10);
            return true;
        }
    }
    if (strcmp(name, "--port") == 0)
        options.port = (uint16_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--user") == 0)
        options.user = value;
    else if (strcmp(name, "--from") == 0)
        return inet_pton(AF_INET, value, &options.from) == 1;
    else
        return false;
    return true;
}

static bool take_options(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--tls") == 0)
            options.tls = true;
        else if (i + 1 >= argc || !take_option(argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return options.threads >= 1 && options.threads <= THREADS_MAX;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } scenarios[] = {
        {"poll", run_poll}, {"fetch", run_fetch}, {"idle", run_idle}, {"silent", run_silent}};
    if (argc >= 2 && take_options(argc, argv)) {
        tls_context = SSL_CTX_new(TLS_client_method());
        for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
            if (strcmp(argv[1], scenarios[i].name) == 0)
                return scenarios[i].run();
        }
    }
    fputs("usage: pop3_load poll|fetch|idle|silent [OPTION…]; the options head the source\n",
          stderr);
    return 64;
}
