#include "config/config_directive.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* The value and who holds it; only the value is seen outside. */
struct shared {
    struct config value; /* first: a pointer to it is a pointer to the whole */
    atomic_uint references;
};

static char *system_hostname(void)
{
    char name[256];
    if (gethostname(name, sizeof name - 1) != 0)
        return strdup("localhost");
    name[sizeof name - 1] = '\0';
    return strdup(config_is_hostname(slice_str(name)) ? name : "localhost");
}

struct config *config_new(void)
{
    struct shared *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    struct config *c = &s->value;
    atomic_init(&s->references, 1);
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++) {
        if (!CONFIG_DIRECTIVES[i].repeats)
            config_default_block(&CONFIG_DIRECTIVES[i], c);
    }
    c->mechanisms = 1u << CONFIG_MECHANISM_PLAIN | 1u << CONFIG_MECHANISM_LOGIN;
    c->expire_days = -1;
    c->login_delay = -1;
    c->cache_octets = 64 * 1024 * 1024;
    c->hostname = system_hostname();
    c->user = strdup("poplin");
    if (c->hostname == NULL || c->user == NULL) {
        config_unref(c);
        return NULL;
    }
    return c;
}

static struct shared *shared_of(const struct config *c)
{
    return (struct shared *)(void *)c;
}

const struct config *config_ref(const struct config *c)
{
    atomic_fetch_add_explicit(&shared_of(c)->references, 1, memory_order_relaxed);
    return c;
}

void config_unref(const struct config *c)
{
    if (c == NULL || atomic_fetch_sub(&shared_of(c)->references, 1) > 1)
        return;
    for (size_t i = 0; i < c->certificate_count; i++) {
        free(c->certificates[i].certificate);
        free(c->certificates[i].key);
    }
    free(c->certificates);
    free(c->listeners);
    free(c->hostname);
    free(c->users_file);
    free(c->store_driver);
    free(c->store_path);
    free(c->index_directory);
    free(c->user);
    free(c->mail_user);
    free(shared_of(c));
}
