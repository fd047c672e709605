#include "config/config_directive.h"

bool config_needs_certificate(const struct config *c)
{
    for (size_t i = 0; i < c->listener_count; i++) {
        if (c->listeners[i].implicit_tls || c->listeners[i].starttls_required)
            return c->certificate_count == 0;
    }
    return false;
}

static void check_required(struct config_reader *r, const struct config_word *top)
{
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++) {
        const struct config_directive *d = &CONFIG_DIRECTIVES[i];
        if (d->fallback == NULL && r->seen[i].line == 0)
            config_fault(r, top, "there is no %s; add a line such as: %s", d->name, d->example);
    }
}

void config_check(struct config_reader *r, const struct config_word *top)
{
    check_required(r, top);
    if (config_needs_certificate(r->value))
        r->value->tls_auto = true;
}
