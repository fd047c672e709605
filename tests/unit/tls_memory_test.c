/* What a connection keeps allocated on the server's side. OpenSSL allocates through functions of
 * this test, which count only while the server is at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls_peer.h"

#include <malloc.h>

/* 43 KiB were seen while a client is waited for in a handshake, most of it OpenSSL's buffer for
 * handshake messages; 14 KiB in an idle session; 9 KiB before the first call of tls_handshake. */
enum { FRESH_MAX = 12 * 1024, HANDSHAKING_MAX = 48 * 1024, IDLE_MAX = 20 * 1024 };

static bool counting;
static long live;

static void count(void *block, long sign)
{
    if (!counting || block == NULL)
        return;
    live += sign * (long)malloc_usable_size(block);
}

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *block = malloc(size);
    count(block, 1);
    return block;
}

static void counted_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    count(block, -1);
    free(block);
}

static void *counted_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    count(block, -1);
    void *moved = realloc(block, size);
    count(moved, 1);
    return moved;
}

static void assert_memory(struct tls_context *c, int version)
{
    struct wire w;
    char text[16];
    size_t n;
    int client = 0;
    long waiting = 0;
    live = 0;
    counting = true;
    open_sockets(&w, c);
    counting = false;
    assert_in_range(live, 1000, FRESH_MAX);
    open_client(&w, &(struct offer){.version = version, .sni = "mail.example.org"});
    for (int i = 0; i < 10; i++) {
        if (client != 1)
            client = SSL_do_handshake(w.client);
        counting = true;
        if (w.handshake == STATUS_AGAIN)
            w.handshake = tls_handshake(w.server);
        counting = false;
        if (w.handshake == STATUS_AGAIN && live > waiting)
            waiting = live;
    }
    assert_int_equal(w.handshake, STATUS_OK);
    assert_in_range(waiting, 10000, HANDSHAKING_MAX);
    SSL_write(w.client, "NOOP\r\n", 6);
    counting = true;
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(tls_write(w.server, "+OK\r\n", 5, &n), STATUS_OK);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_AGAIN);
    counting = false;
    assert_in_range(live, 1000, IDLE_MAX);
    close_wire(&w);
}

static void sessions_take_little_memory(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (int i = 0; i < 6; i++)
        assert_memory(c, versions[i % 2]);
    tls_context_unref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_take_little_memory),
    };
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    tls_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
