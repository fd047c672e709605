#include "client/account_directive.h"

#include <stdlib.h>

/* A text that is sent to a server, or run: never empty, no control character (A54). */
static void take_text(struct config_reader *r, const struct account_statement *s, size_t longest,
                      char **slot)
{
    const struct config_word *at = &s->words[1];
    if (at->text.size == 0)
        config_fault(r, at, "%.*s is empty", SLICE_ARGS(s->words[0].text));
    else if (at->text.size > longest)
        config_fault(r, at, "%.*s is longer than %zu octets", SLICE_ARGS(s->words[0].text),
                     longest);
    else
        config_assign(r, slot, at->text);
}

void account_take_path(struct config_reader *r, const struct config_word *path, char **slot)
{
    bool homeless;
    char *whole = account_expand(path->text, &homeless);
    if (whole == NULL && !homeless)
        r->no_memory = true;
    else if (whole == NULL)
        config_fault(r, path, "~ stands for nothing here: HOME is not set");
    else if (strlen(whole) >= LIMIT_PATH)
        config_fault(r, path, "the path is longer than %d octets", LIMIT_PATH - 1);
    else if (whole[0] == '~')
        config_fault(r, path, "\"%s\": write the path of another user's home in full",
                     config_show(path->text).text);
    else if (whole[0] != '/')
        config_fault(r, path, "\"%s\" must begin with / or ~/", config_show(path->text).text);
    else
        config_assign(r, slot, slice_str(whole));
    free(whole);
}

void account_take_server(struct config_reader *r, const struct account_statement *s,
                         struct account *a)
{
    char why[200];
    enum status status = account_url_parse(s->words[1].text, false, a, why);
    if (status == STATUS_NO_MEMORY)
        r->no_memory = true;
    else if (status != STATUS_OK)
        config_fault(r, &s->words[1], "%s", why);
}

void account_take_user(struct config_reader *r, const struct account_statement *s,
                       struct account *a)
{
    take_text(r, s, LIMIT_USER_NAME, &a->user);
}

void account_take_authzid(struct config_reader *r, const struct account_statement *s,
                          struct account *a)
{
    take_text(r, s, LIMIT_USER_NAME, &a->authzid);
}

void account_take_passwordeval(struct config_reader *r, const struct account_statement *s,
                               struct account *a)
{
    a->secret = ACCOUNT_SECRET_EVAL;
    take_text(r, s, LIMIT_PATH, &a->secret_text);
}

void account_take_tokeneval(struct config_reader *r, const struct account_statement *s,
                            struct account *a)
{
    take_text(r, s, LIMIT_PATH, &a->token_eval);
}

void account_take_password(struct config_reader *r, const struct account_statement *s,
                           struct account *a)
{
    struct config_word at = s->words[1];
    if (slice_equal(at.text, SLICE("keyring"))) {
        a->secret = ACCOUNT_SECRET_KEYRING;
    } else if (slice_equal(at.text, SLICE("ask"))) {
        a->secret = ACCOUNT_SECRET_ASK;
    } else if (slice_starts(at.text, SLICE("file:"))) {
        at.text = slice_skip(at.text, 5);
        at.column += 5;
        a->secret = ACCOUNT_SECRET_FILE;
        account_take_path(r, &at, &a->secret_text);
    } else {
        config_fault(r, &at,
                     "a password itself does not belong here; write file:PATH, keyring or "
                     "ask, or passwordeval COMMAND");
    }
}

void account_take_auth(struct config_reader *r, const struct account_statement *s,
                       struct account *a)
{
    static const char *const names[] = {
        "SCRAM-SHA-512-PLUS",
        "SCRAM-SHA-512",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-1",
        "OAUTHBEARER",
        "XOAUTH2",
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "EXTERNAL",
        "USER",
        "APOP",
    };
    size_t count = sizeof names / sizeof *names;
    for (size_t i = 0; i < count; i++) {
        if (slice_equal_nocase(s->words[1].text, slice_str(names[i]))) {
            config_assign(r, &a->auth, slice_str(names[i]));
            return;
        }
    }
    config_fault_unknown(r, &s->words[1], "mechanism", names, sizeof *names, count);
}

/* After the server, whatever the order in the file: what contradicts is account_check's. */
void account_take_tls(struct config_reader *r, const struct account_statement *s, struct account *a)
{
    static const char *const words[] = {"implicit", "stls", "none"};
    static const enum account_tls kinds[] = {ACCOUNT_TLS_IMPLICIT, ACCOUNT_TLS_STLS,
                                             ACCOUNT_TLS_NONE};
    int i = config_keyword(r, &s->words[1], words, 3);
    if (i < 0)
        return;
    if (a->host != NULL && (a->tls == ACCOUNT_TLS_IMPLICIT) != (i == 0)) {
        config_fault(r, &s->words[1],
                     i == 0 ? "pop3:// has no TLS from the first octet; write pop3s:// as server"
                            : "pop3s:// has TLS from the first octet; write pop3:// as server");
        return;
    }
    a->tls = kinds[i];
    a->plain_allowed = i == 2;
}

void account_take_ca(struct config_reader *r, const struct account_statement *s, struct account *a)
{
    account_take_path(r, &s->words[1], &a->ca_file);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 digits, with a colon between any two octets or not. */
static bool parse_fingerprint(struct slice text, unsigned char out[32])
{
    size_t octets = 0, i = 0;
    while (octets < 32) {
        if (octets > 0 && i < text.size && text.data[i] == ':')
            i++;
        if (text.size - i < 2)
            return false;
        int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[octets++] = (unsigned char)(high << 4 | low);
        i += 2;
    }
    return i == text.size;
}

void account_take_fingerprint(struct config_reader *r, const struct account_statement *s,
                              struct account *a)
{
    struct slice text = s->words[1].text;
    unsigned char octets[32];
    bool is_sha256 = text.size > 7 && slice_equal_nocase(slice_take(text, 7), SLICE("sha256:"));
    if (!is_sha256 || !parse_fingerprint(slice_skip(text, 7), octets)) {
        config_fault(r, &s->words[1],
                     "write it as sha256: and 64 hexadecimal digits; "
                     "`poplin account info` prints the server's");
        return;
    }
    memcpy(a->fingerprint, octets, sizeof octets);
    a->has_fingerprint = true;
}

void account_take_proxy(struct config_reader *r, const struct account_statement *s,
                        struct account *a)
{
    static const char scheme[] = "socks5://";
    struct slice text = s->words[1].text, host;
    if (slice_equal(text, SLICE("none"))) {
        free(a->proxy);
        a->proxy = NULL;
        return;
    }
    if (!slice_starts(text, slice_str(scheme))) {
        config_fault(r, &s->words[1], "write it as socks5://HOST:PORT");
        return;
    }
    text = slice_skip(text, sizeof scheme - 1);
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != '@')
        at--;
    host = slice_skip(text, at);
    if (account_is_host_port(host))
        config_assign(r, &a->proxy, text);
    else
        config_fault(r, &s->words[1], "write it as socks5://HOST:PORT, IPv6 in brackets");
}
