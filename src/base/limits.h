/* limits: the numbers that more than one floor must agree on. What only one floor knows stands
 * there; what an operator may set stands in the table of directives (config/). */
#ifndef POPLIN_BASE_LIMITS_H
#define POPLIN_BASE_LIMITS_H

enum {
    LIMIT_USER_NAME = 254,        /* octets of a user name, RFC 5321's longest path less its brackets */
    LIMIT_PASSWORD = 1023,        /* octets; more than any hash takes */
    LIMIT_UIDL = 70,              /* octets of a unique-id [RFC 1939 7] */
    LIMIT_REPLY_LINE = 512,       /* octets of a first line with its CRLF [RFC 2449 4] */
    LIMIT_COMMAND_LINE = 1024,    /* octets accepted, CRLF not counted (S30) */
    LIMIT_SASL_LINE = 16384,      /* octets of base64 in one line of an AUTH dialogue (S19) */
    LIMIT_SASL_DATA = 12288,      /* octets of the same, decoded */
    LIMIT_MESSAGES = 16 * 1024 * 1024, /* messages in one maildrop */
    LIMIT_PATH = 4096,            /* octets of a file path with its NUL */
};

#endif
