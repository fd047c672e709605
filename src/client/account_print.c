#include "client/account_print.h"

#include "client/account_directive.h"
#include "config/config_unit.h"

#include <stdlib.h>

/* In quotes where the grammar needs them. */
static void put_word(FILE *out, const char *word)
{
    bool is_bare = word[0] != '\0' && word[0] != '#' && strpbrk(word, " \t{}\"") == NULL;
    fputs(is_bare ? " " : " \"", out);
    for (const char *p = word; *p != '\0'; p++) {
        if (!is_bare && (*p == '"' || *p == '\\'))
            putc('\\', out);
        putc(*p, out);
    }
    if (!is_bare)
        putc('"', out);
}

static void put_line(FILE *out, const char *name, const char *word)
{
    if (word == NULL)
        return;
    fprintf(out, "    %s", name);
    put_word(out, word);
    putc('\n', out);
}

static void put_time(FILE *out, const char *name, uint64_t value)
{
    char text[CONFIG_UNIT_TEXT];
    config_unit_print(CONFIG_UNIT_TIME, value, text);
    put_line(out, name, text);
}

static void put_secret(const struct account *a, bool only_changed, FILE *out)
{
    if (a->secret == ACCOUNT_SECRET_EVAL)
        put_line(out, "passwordeval", a->secret_text);
    else if (a->secret == ACCOUNT_SECRET_KEYRING)
        put_line(out, "password", "keyring");
    else if (a->secret == ACCOUNT_SECRET_ASK && !only_changed)
        put_line(out, "password", "ask");
    char *path = NULL;
    if (a->secret == ACCOUNT_SECRET_FILE && asprintf(&path, "file:%s", a->secret_text) >= 0)
        put_line(out, "password", path);
    free(path);
}

static void put_tls(const struct account *a, FILE *out)
{
    static const char *const words[] = {"implicit", "stls", "none"};
    if (a->tls == ACCOUNT_TLS_STLS || a->plain_allowed)
        put_line(out, "tls", words[a->tls]);
    put_line(out, "ca", a->ca_file);
    if (!a->has_fingerprint)
        return;
    fputs("    tls-fingerprint sha256:", out);
    for (size_t i = 0; i < sizeof a->fingerprint; i++)
        fprintf(out, "%02x", a->fingerprint[i]);
    putc('\n', out);
}

static void put_proxy(const struct account *a, FILE *out)
{
    char *url = NULL;
    if (a->proxy != NULL && asprintf(&url, "socks5://%s", a->proxy) >= 0)
        put_line(out, "proxy", url);
    free(url);
}

static void put_target(const struct account *a, FILE *out)
{
    static const char *const kinds[] = {NULL, "maildir", "mbox", "pipe", "lmtp", "stdout"};
    if (a->target == ACCOUNT_TARGET_NONE)
        return;
    fprintf(out, "    deliver %s", kinds[a->target]);
    for (size_t i = 0; a->arguments[i] != NULL; i++)
        put_word(out, a->arguments[i]);
    putc('\n', out);
}

static void put_keep(const struct account *a, bool only_changed, FILE *out)
{
    if (a->keep == ACCOUNT_KEEP_AGE)
        put_time(out, "keep", a->keep_age);
    else if (a->keep == ACCOUNT_KEEP_NONE)
        put_line(out, "keep", "none");
    else if (!only_changed)
        put_line(out, "keep", "forever");
}

static void put_fetching(const struct account *a, bool only_changed, FILE *out)
{
    struct account usual;
    account_defaults(&usual);
    if (!only_changed || a->timeout != usual.timeout)
        put_time(out, "timeout", a->timeout);
    if (!only_changed || a->run_timeout != usual.run_timeout)
        put_time(out, "run-timeout", a->run_timeout);
    if (!only_changed || a->pipeline != usual.pipeline || a->pipeline_forced)
        fprintf(out, "    pipeline %u%s\n", a->pipeline, a->pipeline_forced ? " forced" : "");
    bool any = a->add_received || a->add_delivered_to;
    if (any || !only_changed)
        fprintf(out, "    headers%s%s%s\n", a->add_received ? " received" : "",
                a->add_delivered_to ? " delivered-to" : "", any ? "" : " none");
    if (a->dedupe_content || !only_changed)
        put_line(out, "dedupe", a->dedupe_content ? "content" : "none");
}

void account_print_server(const struct account *a, FILE *out)
{
    char url[512];
    account_url_print(a, url, sizeof url);
    fputs(url, out);
}

void account_print(const struct account *a, bool only_changed, FILE *out)
{
    fprintf(out, "account %s {\n    server ", a->name);
    account_print_server(a, out);
    putc('\n', out);
    put_line(out, "user", a->user);
    put_secret(a, only_changed, out);
    put_line(out, "tokeneval", a->token_eval);
    put_line(out, "auth", a->auth);
    put_line(out, "authzid", a->authzid);
    put_tls(a, out);
    put_proxy(a, out);
    put_target(a, out);
    put_keep(a, only_changed, out);
    put_fetching(a, only_changed, out);
    fputs("}\n", out);
}

char *account_set_print(const struct account_set *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    fputs("config 1\n", out);
    for (size_t i = 0; i < s->count; i++)
        account_print(&s->list[i], false, out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
