#include "server/master.h"

#include "net/net_activation.h"
#include "net/net_address.h"
#include "net/net_listen.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    struct net_prefix pa = net_prefix_of(a), pb = net_prefix_of(b);
    if (a->ss_family != b->ss_family || net_port(a) != net_port(b) || !net_prefix_equal(pa, pb))
        return false;
    return memcmp(a, b, net_address_size(a)) == 0;
}

static struct master_listener *find(struct master *m, const struct sockaddr_storage *address)
{
    for (uint32_t i = 0; i < m->listener_count; i++) {
        if (is_same_address(&m->listeners[i].address, address))
            return &m->listeners[i];
    }
    return NULL;
}

const struct master_listener *master_listener_of(const struct master *m,
                                                 const struct config *config, size_t i)
{
    return find((struct master *)(uintptr_t)m, &config->listeners[i].address);
}

static void log_listening(const struct master_listener *l)
{
    struct log_line line;
    char text[NET_ADDRESS_TEXT];
    net_print(&l->bound, text);
    log_begin(&line, LOG_LEVEL_INFO, "listening");
    log_str(&line, "address", text);
    log_u64(&line, "sockets", l->socket_count);
    log_end(&line);
}

static void close_all(struct master_listener *l)
{
    for (uint32_t i = 0; i < l->socket_count; i++)
        close(l->sockets[i]);
    l->socket_count = 0;
}

/* More sockets for an address until each front has one. */
static enum status widen(struct master_listener *l, uint32_t fronts, char why[300])
{
    while (l->socket_count < fronts) {
        enum status s = net_listen(&l->bound, &l->sockets[l->socket_count], why);
        if (s != STATUS_OK)
            return s;
        l->socket_count++;
    }
    return STATUS_OK;
}

static struct master_listener *add(struct master *m, const struct sockaddr_storage *address)
{
    if (m->listener_count == CONFIG_LISTENERS_MAX)
        return NULL;
    struct master_listener *l = &m->listeners[m->listener_count++];
    *l = (struct master_listener){.address = *address, .bound = *address};
    return l;
}

enum status master_listen(struct master *m, const struct config *config, uint32_t fronts,
                          char why[300])
{
    uint32_t before = m->listener_count;
    for (size_t i = 0; i < config->listener_count; i++) {
        struct master_listener *l = find(m, &config->listeners[i].address);
        bool is_new = !l;
        if (is_new)
            l = add(m, &config->listeners[i].address);
        enum status s = STATUS_LIMIT;
        if (!l)
            snprintf(why, 300, "more than %d listening addresses at once", CONFIG_LISTENERS_MAX);
        else
            s = l->socket_count > 0 && !is_new ? STATUS_OK : widen(l, fronts, why);
        if (s != STATUS_OK) {
            while (m->listener_count > before)
                close_all(&m->listeners[--m->listener_count]);
            return s;
        }
        if (is_new)
            log_listening(l);
    }
    for (uint32_t i = 0; i < m->listener_count; i++)
        m->listeners[i].used = false;
    for (size_t i = 0; i < config->listener_count; i++)
        find(m, &config->listeners[i].address)->used = true;
    return STATUS_OK;
}

void master_listen_prune(struct master *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->listener_count; i++) {
        if (m->listeners[i].used)
            m->listeners[kept++] = m->listeners[i];
        else
            close_all(&m->listeners[i]);
    }
    m->listener_count = kept;
}
