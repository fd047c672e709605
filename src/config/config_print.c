#include "config/config_directive.h"

#include <arpa/inet.h>
#include <stdlib.h>

static bool is_plain(const char *word)
{
    if (*word == '\0' || *word == '#')
        return false;
    return strpbrk(word, " \t\r\"{}") == NULL;
}

/* A word, in quotes where it would not be read back as itself. */
static void put_word(FILE *out, const char *word)
{
    if (is_plain(word)) {
        fputs(word, out);
        return;
    }
    putc('"', out);
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\')
            putc('\\', out);
        putc(*word, out);
    }
    putc('"', out);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* `head word`, unless it is what it is compared with or there is none. */
static void put_string(const struct config_printer *p, const char *head, const char *now,
                       const char *then)
{
    if (now == NULL || (p->than != NULL && same(now, then)))
        return;
    fprintf(p->out, "%s ", head);
    put_word(p->out, now);
    putc('\n', p->out);
}

/* The text of then, or NULL where everything is printed. */
#define THEN(p, field) ((p)->than != NULL ? (p)->than->field : NULL)

static void put_setting(FILE *out, const struct config_setting *s, const void *base)
{
    uint64_t value = config_setting_get(s, base);
    char text[CONFIG_UNIT_TEXT];
    config_unit_print(s->unit, value, text);
    fprintf(out, "    %s %s\n", s->name,
            s->kind == CONFIG_SETTING_FLAG ? s->words[value != 0] : text);
}

static bool differs(const struct config_printer *p, const struct config_setting *s)
{
    return p->than == NULL || config_setting_get(s, p->value) != config_setting_get(s, p->than);
}

/* `head { … }` with the settings that differ; without any, the head alone if `bare_head`. */
static void put_block(const struct config_printer *p, const struct config_directive *d,
                      const char *head, bool bare_head)
{
    bool open = false;
    for (size_t i = 0; i < d->setting_count; i++) {
        if (!differs(p, &d->settings[i]))
            continue;
        if (!open)
            fprintf(p->out, "%s {\n", head);
        open = true;
        put_setting(p->out, &d->settings[i], p->value);
    }
    if (open)
        fputs("}\n", p->out);
    else if (bare_head)
        fprintf(p->out, "%s\n", head);
}

void config_print_hostname(const struct config_printer *p, const struct config_directive *d)
{
    put_string(p, d->name, p->value->hostname, THEN(p, hostname));
}

void config_print_listen(const struct config_printer *p, const struct config_directive *d)
{
    for (size_t i = 0; i < p->value->listener_count; i++) {
        const struct config_listener *l = &p->value->listeners[i];
        char address[CONFIG_ADDRESS_TEXT];
        config_address_print(l, address);
        if (l->implicit_tls)
            fprintf(p->out, "listen pop3s %s\n", address);
        else
            fprintf(p->out, "listen pop3 %s { starttls %s }\n", address,
                    d->settings[0].words[l->starttls_required]);
    }
}

void config_print_tls(const struct config_printer *p, const struct config_directive *d)
{
    (void)d;
    if (p->value->tls_auto && (p->than == NULL || !p->than->tls_auto))
        fputs("tls auto\n", p->out);
    for (size_t i = 0; i < p->value->certificate_count; i++) {
        fputs("tls cert ", p->out);
        put_word(p->out, p->value->certificates[i].certificate);
        fputs(" key ", p->out);
        put_word(p->out, p->value->certificates[i].key);
        putc('\n', p->out);
    }
}

void config_print_users(const struct config_printer *p, const struct config_directive *d)
{
    (void)d;
    put_string(p, "users file", p->value->users_file, THEN(p, users_file));
}

void config_print_store(const struct config_printer *p, const struct config_directive *d)
{
    (void)d;
    if (same(p->value->store_driver, "memory"))
        fputs("store memory\n", p->out);
    else
        put_string(p, "store maildir", p->value->store_path, THEN(p, store_path));
}

void config_print_index(const struct config_printer *p, const struct config_directive *d)
{
    put_string(p, d->name, p->value->index_directory, THEN(p, index_directory));
}

void config_print_user(const struct config_printer *p, const struct config_directive *d)
{
    put_string(p, d->name, p->value->user, THEN(p, user));
}

void config_print_mail_user(const struct config_printer *p, const struct config_directive *d)
{
    put_string(p, d->name, p->value->mail_user, THEN(p, mail_user));
}

void config_print_limits(const struct config_printer *p, const struct config_directive *d)
{
    put_block(p, d, d->name, false);
}

void config_print_processes(const struct config_printer *p, const struct config_directive *d)
{
    put_block(p, d, d->name, false);
}

void config_print_lock(const struct config_printer *p, const struct config_directive *d)
{
    char head[32];
    bool changed = p->than == NULL || p->than->lock != p->value->lock;
    (void)snprintf(head, sizeof head, "lock %s", CONFIG_LOCK_WORDS[p->value->lock]);
    put_block(p, d, head, changed);
}

void config_print_uidl(const struct config_printer *p, const struct config_directive *d)
{
    if (p->than == NULL || p->than->uidl_keep != p->value->uidl_keep)
        fprintf(p->out, "%s %s\n", d->name, CONFIG_UIDL_WORDS[p->value->uidl_keep]);
}

void config_print_log(const struct config_printer *p, const struct config_directive *d)
{
    const struct config *c = p->value;
    if (p->than != NULL && p->than->log_format == c->log_format &&
        p->than->log_target == c->log_target)
        return;
    fprintf(p->out, "%s %s %s\n", d->name, CONFIG_LOG_FORMAT_WORDS[c->log_format],
            CONFIG_LOG_TARGET_WORDS[c->log_target]);
}

void config_print_cache(const struct config_printer *p, const struct config_directive *d)
{
    char text[CONFIG_UNIT_TEXT];
    config_unit_print(CONFIG_UNIT_SIZE, p->value->cache_octets, text);
    if (p->than == NULL || p->than->cache_octets != p->value->cache_octets)
        fprintf(p->out, "%s %s\n", d->name, text);
}

void config_print_mechanisms(const struct config_printer *p, const struct config_directive *d)
{
    if (p->than != NULL && p->than->mechanisms == p->value->mechanisms)
        return;
    fputs(d->name, p->out);
    for (int i = 0; i < CONFIG_MECHANISM_COUNT; i++)
        if (p->value->mechanisms & 1u << i)
            fprintf(p->out, " %s", CONFIG_MECHANISM_WORDS[i]);
    fputc('\n', p->out);
}

void config_print_expire(const struct config_printer *p, const struct config_directive *d)
{
    int32_t days = p->value->expire_days;
    if (p->than != NULL && p->than->expire_days == days)
        return;
    if (days < 0)
        fprintf(p->out, "%s never\n", d->name);
    else
        fprintf(p->out, "%s %d\n", d->name, (int)days);
}

void config_print_login_delay(const struct config_printer *p, const struct config_directive *d)
{
    int32_t seconds = p->value->login_delay;
    if (p->than != NULL && p->than->login_delay == seconds)
        return;
    if (seconds < 0)
        fprintf(p->out, "%s none\n", d->name);
    else
        fprintf(p->out, "%s %ds\n", d->name, (int)seconds);
}

static bool print_all(FILE *out, const struct config *c, bool only_changed)
{
    struct config *than = only_changed ? config_new() : NULL;
    if (only_changed && than == NULL)
        return false;
    if (than != NULL)
        than->tls_auto = config_needs_certificate(c);
    struct config_printer p = {out, c, than};
    fputs("config 1\n", out);
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++)
        CONFIG_DIRECTIVES[i].print(&p, &CONFIG_DIRECTIVES[i]);
    config_unref(than);
    return ferror(out) == 0;
}

char *config_print(const struct config *c, bool only_changed)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    bool is_whole = print_all(out, c, only_changed);
    if (fclose(out) == 0 && is_whole)
        return text;
    free(text);
    return NULL;
}
