/* pop3_reply: the lines a server answers with, as typed values (RFC 1939 3, 5, 7; RFC 2449 8).
 *
 * Servers are sloppy and some lie. What can be understood is understood and the sloppiness told as
 * quirks; what cannot be used is a fault, a value that says why (C06). Nothing here is an error of
 * the session: that is for the caller to decide. Lines come without their line end. */
#ifndef POPLIN_POP3_REPLY_H
#define POPLIN_POP3_REPLY_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"

/* Why a server refused, as far as it says so in brackets [RFC 2449 8, RFC 3206, RFC 6856]. */
enum pop3_code {
    POP3_CODE_NONE,
    POP3_CODE_IN_USE,      /* [IN-USE]: another session holds the maildrop */
    POP3_CODE_LOGIN_DELAY, /* [LOGIN-DELAY]: too soon after the last login */
    POP3_CODE_AUTH,        /* [AUTH]: the credentials are wrong */
    POP3_CODE_SYS_TEMP,    /* [SYS/TEMP] */
    POP3_CODE_SYS_PERM,    /* [SYS/PERM] */
    POP3_CODE_UTF8,        /* [UTF8]: the session must say UTF8 first */
    POP3_CODE_OTHER,       /* one that we do not know; its name is in code_text */
};

/* What a refusal with this code is: IN_USE, LIMIT (login delay), DENIED, TEMPORARY, PERMANENT,
 * UNSUPPORTED (UTF8). NONE and OTHER: TEMPORARY, for a server that says no and not why may say yes
 * another time; what the command was tells the caller more. */
enum status pop3_code_status(enum pop3_code code);

enum pop3_answer {
    POP3_OK,       /* +OK, or anything that starts with + where no dialogue is under way (C01) */
    POP3_ERR,      /* -ERR, or anything that starts with - */
    POP3_CONTINUE, /* + in an AUTH dialogue: go on */
};

/* A first line. The slices lie in the line. */
struct pop3_reply {
    enum pop3_answer answer;
    enum pop3_code code;
    struct slice code_text; /* what stands in the brackets, "" without them */
    struct slice text;      /* what follows the word and the code: free text, any octets */
    bool is_exact;          /* the word was +OK or -ERR (or + alone in a dialogue), then a blank */
    bool was_cut;           /* the line was longer than our memory for it; set by pop3_client */
};

/* False: the line starts with neither + nor -. in_dialogue: an AUTH command is under way, a + that
 * is not +OK asks for its next line, a blank may follow it or not (C13). */
bool pop3_reply_parse(struct slice line, bool in_dialogue, struct pop3_reply *reply);

/* The APOP timestamp in a greeting's text with its angle brackets, or "" (RFC 1939 7). */
struct slice pop3_reply_timestamp(struct slice text);

/* What makes a row or a STAT useless, or worth less. */
enum pop3_fault {
    POP3_FAULT_NONE,
    POP3_FAULT_NUMBER, /* no message number where one is due */
    POP3_FAULT_ZERO,   /* message 0 */
    POP3_FAULT_RANGE,  /* a number past the maildrop's count, or past LIMIT_MESSAGES */
    POP3_FAULT_TWICE,  /* a number that was there before */
    POP3_FAULT_OTHER,  /* about another message than was asked for */
    POP3_FAULT_SIZE,   /* the size is missing or is no number; the message number is good */
    POP3_FAULT_UID,    /* the unique-id is missing; the message number is good */
    POP3_FAULT_CUT,    /* longer than the line memory; what was read of it is not to be trusted */
};
/* The fault as a sentence fragment: "no message number" … Never NULL. */
const char *pop3_fault_text(enum pop3_fault fault);

/* What was strange and could be read nevertheless; bits. */
enum {
    POP3_QUIRK_BLANKS = 1,      /* blanks where there should be none, or a TAB for one */
    POP3_QUIRK_OK = 2,          /* "+OK" before a row */
    POP3_QUIRK_TEXT = 4,        /* text behind the values, skipped */
    POP3_QUIRK_UID_LONG = 8,    /* a unique-id of more than 70 octets */
    POP3_QUIRK_UID_OCTETS = 16, /* a unique-id with octets outside 0x21–0x7E */
};

struct pop3_stat {
    uint32_t count;
    uint64_t octets;
};

/* "7 1800662 …", the text of a +OK to STAT. Faults: NUMBER, RANGE, and SIZE with a good count. */
enum pop3_fault pop3_reply_stat(struct slice text, struct pop3_stat *stat);

/* A row of LIST or UIDL, or the text of a +OK to LIST n or UIDL n. */
struct pop3_row {
    uint32_t number; /* from 1; 0 where the fault is NUMBER, ZERO or RANGE */
    uint64_t size;   /* LIST: octets, as the server says */
    struct slice
        uid; /* UIDL: all that stands behind the number, less outer blanks; lies in the line */
    unsigned quirks; /* POP3_QUIRK_… */
};

enum pop3_fault pop3_reply_list_row(struct slice line, struct pop3_row *row);
enum pop3_fault pop3_reply_uidl_row(struct slice line, struct pop3_row *row);

/* The numbers that a listing has named, to find what is out of range or there twice. */
struct pop3_row_set {
    uint64_t *bits; /* the caller's, zeroed, pop3_row_set_size octets */
    uint32_t count; /* messages that STAT said there are */
    uint32_t seen;  /* different ones named so far */
};
size_t pop3_row_set_size(uint32_t count);

/* NONE, and the number is in the set; ZERO, RANGE or TWICE, and it is not or was already. */
enum pop3_fault pop3_row_set_add(struct pop3_row_set *set, uint32_t number);
bool pop3_row_set_has(const struct pop3_row_set *set, uint32_t number);

#endif
