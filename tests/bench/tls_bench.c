/* What TLS costs the server: CPU of a handshake, of a megabyte sent, memory of an idle session. The
 * client is in the same thread; only what the server's calls take is counted. */
#include "tls/tls.h"

#include <malloc.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HANDSHAKES = 1000, IDLE = 500, MEGABYTES = 200, CHUNK = 256 * 1024 };

struct peer {
    int sockets[2];
    struct tls_connection *server;
    SSL *client;
    double cpu;      /* seconds in the server's calls */
    long long bytes; /* allocated by them and not given back */
};

static struct tls_context *context;
static SSL_CTX *client_context;
static SSL_SESSION *session;

static void must(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "tls_bench: %s failed\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int keep_session(SSL *ssl, SSL_SESSION *s)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = s;
    return 1;
}

static void open_peer(struct peer *p, bool resumed)
{
    *p = (struct peer){.cpu = 0};
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->sockets) == 0, "socketpair");
    p->client = SSL_new(client_context);
    SSL_set_fd(p->client, p->sockets[1]);
    SSL_set_tlsext_host_name(p->client, "mail.example.org");
    SSL_set_connect_state(p->client);
    if (resumed)
        SSL_set_session(p->client, session);
    double begun = now();
    long long used = (long long)mallinfo2().uordblks;
    must(tls_connection_new(context, p->sockets[0], &p->server) == STATUS_OK, "connection");
    p->bytes += (long long)mallinfo2().uordblks - used;
    p->cpu += now() - begun;
}

static void shake(struct peer *p)
{
    enum status s = STATUS_AGAIN;
    int client = 0;
    while (s == STATUS_AGAIN || client != 1) {
        if (client != 1)
            client = SSL_do_handshake(p->client);
        double begun = now();
        long long used = (long long)mallinfo2().uordblks;
        if (s == STATUS_AGAIN)
            s = tls_handshake(p->server);
        p->bytes += (long long)mallinfo2().uordblks - used;
        p->cpu += now() - begun;
        must(s == STATUS_OK || s == STATUS_AGAIN, "handshake");
    }
}

static void close_peer(struct peer *p)
{
    char text[8];
    (void)SSL_read(p->client, text, sizeof text); /* the tickets */
    SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(p->client);
    double begun = now();
    tls_connection_free(p->server);
    p->cpu += now() - begun;
    close(p->sockets[0]);
    close(p->sockets[1]);
}

static void bench_handshakes(const char *name, bool resumed)
{
    double cpu = 0;
    struct peer p;
    for (int i = 0; i < HANDSHAKES; i++) {
        open_peer(&p, resumed && i > 0);
        shake(&p);
        must(tls_was_resumed(p.server) == (resumed && i > 0), "resumption");
        close_peer(&p);
        cpu += p.cpu;
    }
    printf("%-24s %8.1f us\n", name, cpu / HANDSHAKES * 1e6);
}

static void bench_idle(const char *name)
{
    static struct peer peers[IDLE];
    double bytes = 0;
    for (int i = 0; i < IDLE; i++) {
        size_t n;
        char text[8];
        open_peer(&peers[i], false);
        shake(&peers[i]);
        SSL_write(peers[i].client, "NOOP\r\n", 6);
        long long used = (long long)mallinfo2().uordblks;
        must(tls_read(peers[i].server, text, sizeof text, &n) == STATUS_OK, "read");
        must(tls_read(peers[i].server, text, sizeof text, &n) == STATUS_AGAIN, "read");
        must(tls_write(peers[i].server, "+OK\r\n", 5, &n) == STATUS_OK, "write");
        peers[i].bytes += (long long)mallinfo2().uordblks - used;
        bytes += (double)peers[i].bytes;
    }
    printf("%-24s %8.1f KiB\n", name, bytes / IDLE / 1024);
    for (int i = 0; i < IDLE; i++)
        close_peer(&peers[i]);
}

static void bench_bulk(void)
{
    static char data[CHUNK];
    static char sink[CHUNK];
    struct peer p;
    open_peer(&p, false);
    shake(&p);
    p.cpu = 0;
    for (size_t sent = 0; sent < (size_t)MEGABYTES * 1000000;) {
        double begun = now();
        for (size_t at = 0, n; at < CHUNK; at += n) {
            enum status s = tls_write(p.server, data + at, CHUNK - at, &n);
            if (s == STATUS_OK)
                continue;
            must(s == STATUS_AGAIN, "write");
            p.cpu += now() - begun;
            while (recv(p.sockets[1], sink, sizeof sink, 0) > 0)
                continue;
            begun = now();
        }
        p.cpu += now() - begun;
        sent += CHUNK;
    }
    printf("%-24s %8.2f ms/MB (%s)\n", "bulk", p.cpu / MEGABYTES * 1e3, tls_cipher(p.server));
    close_peer(&p);
}

static void make_context(void)
{
    static const char keys[TLS_TICKET_KEY_SIZE];
    struct tls_bundle b;
    char why[300];
    must(tls_bundle_generate("mail.example.org", NULL, slice_of(keys, sizeof keys), &b, why) ==
             STATUS_OK,
         why);
    must(tls_context_new(slice_of(b.data, b.size), &context, why) == STATUS_OK, why);
    tls_bundle_free(&b);
}

static void use_version(int version)
{
    SSL_CTX_set_min_proto_version(client_context, version);
    SSL_CTX_set_max_proto_version(client_context, version);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    make_context();
    client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(client_context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client_context, keep_session);
    use_version(TLS1_2_VERSION);
    bench_handshakes("handshake 1.2", false);
    bench_handshakes("handshake 1.2, resumed", true);
    bench_idle("idle session 1.2");
    use_version(TLS1_3_VERSION);
    bench_handshakes("handshake 1.3", false);
    bench_handshakes("handshake 1.3, resumed", true);
    bench_idle("idle session 1.3");
    bench_bulk();
    return 0;
}
