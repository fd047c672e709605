/* pop3_text: what a server's replies say to people, in every language that LANG offers [RFC 6856
 * 3].
 *
 * A reply's text is free: clients judge by +OK, -ERR and the response code. English is ASCII; the
 * other languages are UTF-8 and are spoken only after LANG has asked for them. A `%` in a text
 * stands for a number. */
#ifndef POPLIN_POP3_TEXT_H
#define POPLIN_POP3_TEXT_H

#include "base/buf.h"
#include "base/status.h"

enum pop3_text {
    POP3_TEXT_NONE, /* nothing behind the +OK */
    POP3_TEXT_BYE,
    POP3_TEXT_SEND_PASSWORD,
    POP3_TEXT_MESSAGES, /* % messages (% octets) */
    POP3_TEXT_OCTETS,   /* % octets */
    POP3_TEXT_TOP,
    POP3_TEXT_DELETED,
    POP3_TEXT_REMOVED,     /* % deleted messages removed */
    POP3_TEXT_NOT_REMOVED, /* %: failed, of %: all that were marked */
    POP3_TEXT_CAPABILITIES,
    POP3_TEXT_MECHANISMS,
    POP3_TEXT_LANGUAGES,
    POP3_TEXT_LANGUAGE_CHANGED,
    POP3_TEXT_UTF8,
    POP3_TEXT_STLS,
    POP3_TEXT_UNKNOWN_COMMAND,
    POP3_TEXT_ARGUMENTS,
    POP3_TEXT_BAD_OCTETS,
    POP3_TEXT_LINE_TOO_LONG,
    POP3_TEXT_BEFORE_LOGIN,
    POP3_TEXT_AFTER_LOGIN,
    POP3_TEXT_TOO_MANY_BAD,
    POP3_TEXT_BAD_NUMBER,
    POP3_TEXT_NO_MESSAGE,
    POP3_TEXT_IS_DELETED,
    POP3_TEXT_VANISHED,
    POP3_TEXT_USER_FIRST,
    POP3_TEXT_NEEDS_TLS,
    POP3_TEXT_NO_MECHANISM,
    POP3_TEXT_CANCELLED,
    POP3_TEXT_BAD_BASE64,
    POP3_TEXT_TLS_ALREADY,
    POP3_TEXT_NO_STLS,
    POP3_TEXT_STLS_AFTER_UTF8,
    POP3_TEXT_STLS_INJECTION,
    POP3_TEXT_NO_LANGUAGE,
    POP3_TEXT_SHUTDOWN,
    POP3_TEXT_DENIED,
    POP3_TEXT_MALFORMED,
    POP3_TEXT_IN_USE,
    POP3_TEXT_NO_MAILDROP,
    POP3_TEXT_LIMIT,
    POP3_TEXT_TEMPORARY,
    POP3_TEXT_PERMANENT,
    POP3_TEXT_COUNT
};

/* The languages in the order of the listing. The first one is what a session starts with. */
enum { POP3_LANGUAGE_DEFAULT = 0, POP3_LANGUAGE_COUNT = 4 };

/* The tag [RFC 5646] and the language's own name for itself, in UTF-8. */
const char *pop3_language_tag(unsigned language);
const char *pop3_language_name(unsigned language);

/* The language for a range [RFC 4647 3.3.1], in any letter case: one whose tag is the range or goes
 * on with "-" behind it; else the range is shortened from its end and tried again [RFC 4647 3.4],
 * so that en-GB gets English. "*": the default. -1: none fits. */
int pop3_language_find(struct slice range);

/* Appends a text with its numbers; false: no room. */
bool pop3_text_put(struct buf *out, enum pop3_text text, unsigned language,
                   const uint64_t numbers[2]);

/* The text for a login that failed with a status, response code aside. */
enum pop3_text pop3_text_of_login(enum status why);

#endif
