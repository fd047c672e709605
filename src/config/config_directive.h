/* config_directive: the table of what a configuration may say. Parser, defaults, printing and the
 * manual page's test all go by it. Inside config/ only, but for tests. */
#ifndef POPLIN_CONFIG_DIRECTIVE_H
#define POPLIN_CONFIG_DIRECTIVE_H

#include "config/config_reader.h"
#include "config/config_unit.h"

#include <stdio.h>

enum config_setting_kind {
    CONFIG_SETTING_U32,
    CONFIG_SETTING_U64,
    CONFIG_SETTING_FLAG, /* words[0] is false, words[1] is true */
};

/* `name value` within a block. */
struct config_setting {
    const char *name; /* first: config_fault_unknown reads it */
    enum config_setting_kind kind;
    size_t offset; /* in struct config; of listen's, in struct config_listener */
    enum config_unit unit;
    uint64_t least, most, fallback;
    const char *words[2];
    const char *help;
};

/* What is printed, and what it is compared with: NULL prints everything. */
struct config_printer {
    FILE *out;
    const struct config *value;
    const struct config *than;
};

struct config_directive {
    const char *name;     /* first: config_fault_unknown reads it */
    const char *grammar;  /* of its arguments, as the manual shows it */
    const char *fallback; /* what holds without it, as the manual says it; NULL: must be given */
    const char *example;
    const char *help;    /* a sentence */
    uint8_t least, most; /* arguments */
    bool repeats;
    const struct config_setting *settings; /* of its block; NULL: none */
    size_t setting_count;
    void (*set)(struct config_reader *r, const struct config_statement *s);
    void (*print)(const struct config_printer *p, const struct config_directive *d);
};

extern const struct config_directive CONFIG_DIRECTIVES[];
extern const size_t CONFIG_DIRECTIVE_COUNT;

/* NULL: no such directive. */
const struct config_directive *config_directive_find(struct slice name);

/* A value with every default, or NULL: no memory. One reference, the caller's. */
struct config *config_new(void);
/* `tls auto` holds without a word when a listener needs a certificate and no file is named. */
bool config_needs_certificate(const struct config *c);

/* Checks a whole value; faults of what is missing are noted at `top`. */
void config_check(struct config_reader *r, const struct config_word *top);

/* config_setting.c: the block of a directive, into or from the struct that offsets count in. */
void config_set_block(struct config_reader *r, const struct config_statement *s,
                      const struct config_directive *d, void *base);
void config_default_block(const struct config_directive *d, void *base);
uint64_t config_setting_get(const struct config_setting *s, const void *base);

/* config_address.c: [ADDRESS[:PORT]], [v6]:PORT or PORT. `text` empty: none was given. Fills one
 * or two listeners' addresses; 0 and an error when it is neither. */
size_t config_address_parse(struct config_reader *r, const struct config_word *at, bool given,
                            uint16_t port, struct config_listener out[2]);
bool config_address_is_loopback(const struct config_listener *l);
bool config_address_equal(const struct config_listener *a, const struct config_listener *b);
/* As the parser reads it: "[::]:995". */
enum { CONFIG_ADDRESS_TEXT = 64 };
void config_address_print(const struct config_listener *l, char text[CONFIG_ADDRESS_TEXT]);

/* config_set.c */
bool config_is_hostname(struct slice text);
void config_set_hostname(struct config_reader *r, const struct config_statement *s);
void config_set_listen(struct config_reader *r, const struct config_statement *s);
void config_set_tls(struct config_reader *r, const struct config_statement *s);
void config_set_users(struct config_reader *r, const struct config_statement *s);
void config_set_store(struct config_reader *r, const struct config_statement *s);
void config_set_index(struct config_reader *r, const struct config_statement *s);
void config_set_user(struct config_reader *r, const struct config_statement *s);
void config_set_mail_user(struct config_reader *r, const struct config_statement *s);
void config_set_limits(struct config_reader *r, const struct config_statement *s);
void config_set_lock(struct config_reader *r, const struct config_statement *s);
void config_set_uidl(struct config_reader *r, const struct config_statement *s);
void config_set_log(struct config_reader *r, const struct config_statement *s);
void config_set_processes(struct config_reader *r, const struct config_statement *s);
void config_set_cache(struct config_reader *r, const struct config_statement *s);
void config_set_mechanisms(struct config_reader *r, const struct config_statement *s);
void config_set_expire(struct config_reader *r, const struct config_statement *s);
void config_set_login_delay(struct config_reader *r, const struct config_statement *s);

/* config_print.c */
void config_print_hostname(const struct config_printer *p, const struct config_directive *d);
void config_print_listen(const struct config_printer *p, const struct config_directive *d);
void config_print_tls(const struct config_printer *p, const struct config_directive *d);
void config_print_users(const struct config_printer *p, const struct config_directive *d);
void config_print_store(const struct config_printer *p, const struct config_directive *d);
void config_print_index(const struct config_printer *p, const struct config_directive *d);
void config_print_user(const struct config_printer *p, const struct config_directive *d);
void config_print_mail_user(const struct config_printer *p, const struct config_directive *d);
void config_print_limits(const struct config_printer *p, const struct config_directive *d);
void config_print_lock(const struct config_printer *p, const struct config_directive *d);
void config_print_uidl(const struct config_printer *p, const struct config_directive *d);
void config_print_log(const struct config_printer *p, const struct config_directive *d);
void config_print_processes(const struct config_printer *p, const struct config_directive *d);
void config_print_cache(const struct config_printer *p, const struct config_directive *d);
void config_print_mechanisms(const struct config_printer *p, const struct config_directive *d);
void config_print_expire(const struct config_printer *p, const struct config_directive *d);
void config_print_login_delay(const struct config_printer *p, const struct config_directive *d);

/* The words of the enums, in their order; "" ends none of them: counts stand beside. */
extern const char *const CONFIG_LOCK_WORDS[3];
extern const char *const CONFIG_LOG_FORMAT_WORDS[2];
extern const char *const CONFIG_LOG_TARGET_WORDS[2];
extern const char *const CONFIG_MECHANISM_WORDS[CONFIG_MECHANISM_COUNT];
extern const char *const CONFIG_UIDL_WORDS[2];

#endif
