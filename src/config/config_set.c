#include "config/config_directive.h"

#include <stdlib.h>

void config_assign(struct config_reader *r, char **slot, struct slice text)
{
    char *copy = strndup(text.data, text.size);
    if (copy == NULL) {
        r->no_memory = true;
        return;
    }
    free(*slot);
    *slot = copy;
}

/* One more element at the end of an array; NULL: no memory. */
static void *grow(struct config_reader *r, void *array, size_t count, size_t size)
{
    void *larger = reallocarray(array, count + 1, size);
    if (larger == NULL)
        r->no_memory = true;
    return larger;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters and digits, and within those the other ones allowed. */
static bool is_name(struct slice text, const char *others, size_t longest)
{
    if (text.size == 0 || text.size > longest)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool other = text.data[i] != '\0' && strchr(others, text.data[i]) != NULL;
        if (!is_letter_or_digit(text.data[i]) && !other)
            return false;
    }
    return text.data[0] != '-' && text.data[0] != '.';
}

bool config_is_hostname(struct slice text)
{
    return is_name(text, "-._", 253);
}

void config_set_hostname(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *name = &s->words[1];
    if (config_is_hostname(name->text))
        config_assign(r, &r->value->hostname, name->text);
    else
        config_fault(r, name, "\"%s\" is no host name: letters, digits, hyphens and dots",
                     config_show(name->text).text);
}

static void set_account(struct config_reader *r, const struct config_word *name, char **slot)
{
    if (is_name(name->text, "-_.", 32))
        config_assign(r, slot, name->text);
    else
        config_fault(r, name, "\"%s\" is no system user's name", config_show(name->text).text);
}

void config_set_user(struct config_reader *r, const struct config_statement *s)
{
    set_account(r, &s->words[1], &r->value->user);
}

void config_set_mail_user(struct config_reader *r, const struct config_statement *s)
{
    set_account(r, &s->words[1], &r->value->mail_user);
}

/* The server's working directory is not the operator's: paths are absolute. */
static bool check_path(struct config_reader *r, const struct config_word *path)
{
    if (path->text.size >= LIMIT_PATH)
        config_fault(r, path, "the path is longer than %d octets", LIMIT_PATH - 1);
    else if (path->text.size == 0 || path->text.data[0] != '/')
        config_fault(r, path, "\"%s\" must be an absolute path, from / on",
                     config_show(path->text).text);
    else
        return true;
    return false;
}

static void set_path(struct config_reader *r, const struct config_word *path, char **slot)
{
    if (check_path(r, path))
        config_assign(r, slot, path->text);
}

static void append_listener(struct config_reader *r, const struct config_word *at,
                            const struct config_listener *one)
{
    struct config *c = r->value;
    for (size_t i = 0; i < c->listener_count; i++) {
        char text[CONFIG_ADDRESS_TEXT];
        config_address_print(one, text);
        if (!slice_ends(slice_str(text), SLICE(":0")) &&
            config_address_equal(one, &c->listeners[i])) {
            config_fault(r, at, "%s is listened on already", text);
            return;
        }
    }
    if (c->listener_count == CONFIG_LISTENERS_MAX) {
        config_fault(r, at, "more than %d listeners", CONFIG_LISTENERS_MAX);
        return;
    }
    struct config_listener *list = grow(r, c->listeners, c->listener_count, sizeof *list);
    if (list == NULL)
        return;
    c->listeners = list;
    list[c->listener_count++] = *one;
}

void config_set_listen(struct config_reader *r, const struct config_statement *s)
{
    static const char *const services[] = {"pop3", "pop3s"};
    struct config_listener found[2];
    int service = config_keyword(r, &s->words[1], services, 2);
    if (service < 0)
        return;
    bool is_given = s->count > 2;
    size_t count = config_address_parse(r, &s->words[is_given ? 2 : 1], is_given,
                                        service == 1 ? 995 : 110, found);
    struct config_listener model = {.implicit_tls = service == 1};
    model.starttls_required =
        !model.implicit_tls && (count == 0 || !config_address_is_loopback(&found[0]));
    if (model.implicit_tls && s->block_count > 0)
        config_fault(r, &s->open, "pop3s takes no settings: its TLS is there from the first octet");
    else
        config_set_block(r, s, config_directive_find(SLICE("listen")), &model);
    for (size_t i = 0; i < count; i++) {
        found[i].implicit_tls = model.implicit_tls;
        found[i].starttls_required = model.starttls_required;
        append_listener(r, &s->words[is_given ? 2 : 1], &found[i]);
    }
}

static void append_certificate(struct config_reader *r, const struct config_word *certificate,
                               const struct config_word *key)
{
    struct config *c = r->value;
    bool is_right = check_path(r, certificate);
    if (!check_path(r, key) || !is_right)
        return;
    if (c->certificate_count == CONFIG_CERTIFICATES_MAX) {
        config_fault(r, certificate, "more than %d certificates", CONFIG_CERTIFICATES_MAX);
        return;
    }
    struct config_certificate *list = grow(r, c->certificates, c->certificate_count, sizeof *list);
    if (list == NULL)
        return;
    c->certificates = list;
    struct config_certificate *one = &list[c->certificate_count++];
    *one = (struct config_certificate){NULL, NULL};
    config_assign(r, &one->certificate, certificate->text);
    config_assign(r, &one->key, key->text);
}

void config_set_tls(struct config_reader *r, const struct config_statement *s)
{
    static const char *const kinds[] = {"auto", "cert"};
    int kind = config_keyword(r, &s->words[1], kinds, 2);
    if (kind < 0)
        return;
    if (kind == 0 && s->count > 2)
        config_fault(r, &s->words[2], "tls auto takes nothing more");
    else if (kind == 0 && r->value->tls_auto)
        config_fault(r, &s->words[1], "tls auto is set already");
    else if (kind == 0)
        r->value->tls_auto = true;
    else if (s->count != 5 || !slice_equal(s->words[3].text, SLICE("key")))
        config_fault(r, &s->words[1], "write it as: tls cert FILE key FILE");
    else
        append_certificate(r, &s->words[2], &s->words[4]);
}

void config_set_users(struct config_reader *r, const struct config_statement *s)
{
    static const char *const kinds[] = {"file"};
    if (config_keyword(r, &s->words[1], kinds, 1) == 0)
        set_path(r, &s->words[2], &r->value->users_file);
}

/* Every letter known, one that tells users apart, and no way up. NULL: right; else why not. */
static const char *pattern_fault(struct slice p)
{
    bool tells_apart = false;
    for (size_t i = 0; i < p.size; i++) {
        if (p.data[i] == '/' && slice_starts(slice_skip(p, i + 1), SLICE("..")) &&
            (i + 3 == p.size || p.data[i + 3] == '/'))
            return "a path with .. in it";
        if (p.data[i] != '%')
            continue;
        char letter = ++i < p.size ? p.data[i] : '\0';
        if (letter == '\0' || strchr("undh%", letter) == NULL)
            return "after % comes u, n, d, h or another %";
        tells_apart = tells_apart || letter == 'u' || letter == 'n' || letter == 'h';
    }
    return tells_apart ? NULL : "without %u, %n or %h all users would share one maildrop";
}

static void set_maildir(struct config_reader *r, const struct config_word *pattern)
{
    const char *why = pattern_fault(pattern->text);
    bool is_home = slice_starts(pattern->text, SLICE("%h"));
    if (!is_home && !check_path(r, pattern))
        return;
    if (why != NULL || pattern->text.size >= LIMIT_PATH)
        config_fault(r, pattern, "%s", why ? why : "the pattern is too long");
    else
        config_assign(r, &r->value->store_path, pattern->text);
}

void config_set_store(struct config_reader *r, const struct config_statement *s)
{
    static const char *const drivers[] = {"maildir", "memory"};
    int driver = config_keyword(r, &s->words[1], drivers, 2);
    if (driver < 0)
        return;
    config_assign(r, &r->value->store_driver, s->words[1].text);
    if (driver == 0 && s->count == 3)
        set_maildir(r, &s->words[2]);
    else if (driver == 0)
        config_fault(r, &s->words[1], "maildir needs its path, such as /var/mail/%%d/%%n");
    else if (s->count == 3)
        config_fault(r, &s->words[2], "memory takes nothing more");
    else
        config_assign(r, &r->value->store_path, SLICE("/%u"));
}

void config_set_index(struct config_reader *r, const struct config_statement *s)
{
    set_path(r, &s->words[1], &r->value->index_directory);
}

void config_set_limits(struct config_reader *r, const struct config_statement *s)
{
    config_set_block(r, s, config_directive_find(SLICE("limits")), r->value);
}

void config_set_processes(struct config_reader *r, const struct config_statement *s)
{
    config_set_block(r, s, config_directive_find(SLICE("processes")), r->value);
}

void config_set_lock(struct config_reader *r, const struct config_statement *s)
{
    int i = config_keyword(r, &s->words[1], CONFIG_LOCK_WORDS, 3);
    if (i >= 0)
        r->value->lock = (enum config_lock)i;
    config_set_block(r, s, config_directive_find(SLICE("lock")), r->value);
}

void config_set_uidl(struct config_reader *r, const struct config_statement *s)
{
    int i = config_keyword(r, &s->words[1], CONFIG_UIDL_WORDS, 2);
    if (i >= 0)
        r->value->uidl_keep = i == 1;
}

void config_set_log(struct config_reader *r, const struct config_statement *s)
{
    int format = config_keyword(r, &s->words[1], CONFIG_LOG_FORMAT_WORDS, 2);
    int target = s->count > 2 ? config_keyword(r, &s->words[2], CONFIG_LOG_TARGET_WORDS, 2) : 0;
    if (format >= 0)
        r->value->log_format = (enum config_log_format)format;
    if (target >= 0)
        r->value->log_target = (enum config_log_target)target;
}

void config_set_cache(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *size = &s->words[1];
    uint64_t octets;
    if (!config_unit_parse(CONFIG_UNIT_SIZE, size->text, &octets))
        config_fault(r, size, "cache takes %s, not \"%s\"", config_unit_text(CONFIG_UNIT_SIZE),
                     config_show(size->text).text);
    else if (octets < 1024 * 1024 || octets > 1ull << 40)
        config_fault(r, size, "cache must be at least 1MiB and at most 1024GiB");
    else
        r->value->cache_octets = octets;
}

void config_set_mechanisms(struct config_reader *r, const struct config_statement *s)
{
    uint32_t bits = 0;
    for (size_t i = 1; i < s->count; i++) {
        int word = config_keyword(r, &s->words[i], CONFIG_MECHANISM_WORDS, CONFIG_MECHANISM_COUNT);
        if (word < 0)
            return;
        if (bits & 1u << word)
            config_fault(r, &s->words[i], "%s is named twice", CONFIG_MECHANISM_WORDS[word]);
        bits |= 1u << word;
    }
    r->value->mechanisms = bits;
}

void config_set_expire(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *days = &s->words[1];
    uint64_t number;
    if (slice_equal(days->text, SLICE("never")))
        r->value->expire_days = -1;
    else if (!slice_parse_u64(days->text, &number) || number > 36500)
        config_fault(r, days, "expire takes never or a number of days up to 36500");
    else
        r->value->expire_days = (int32_t)number;
}

void config_set_login_delay(struct config_reader *r, const struct config_statement *s)
{
    const struct config_word *time = &s->words[1];
    uint64_t delay;
    if (slice_equal(time->text, SLICE("none")))
        r->value->login_delay = -1;
    else if (!config_unit_parse(CONFIG_UNIT_TIME, time->text, &delay) || delay % 1000 != 0 ||
             delay > 86400000)
        config_fault(r, time, "login-delay takes none or whole seconds up to a day, such as 60s");
    else
        r->value->login_delay = (int32_t)(delay / 1000);
}
