#include "pop3/pop3_command.h"

enum {
    AUTHORIZATION = POP3_STATE_AUTHORIZATION,
    TRANSACTION = POP3_STATE_TRANSACTION,
    BOTH = POP3_STATE_AUTHORIZATION | POP3_STATE_TRANSACTION,
};

/* clang-format off */
static const struct pop3_command rows[POP3_VERB_COUNT] = {
/*                   name    verb            states         min max  bare   with   arguments               capability  described in */
[POP3_VERB_USER] = {"USER", POP3_VERB_USER, AUTHORIZATION, 1, 1, false, false, "name",                 "USER", "RFC 1939 7"},
[POP3_VERB_PASS] = {"PASS", POP3_VERB_PASS, AUTHORIZATION, 1, 1, false, false, "password",             NULL,   "RFC 1939 7"},
[POP3_VERB_AUTH] = {"AUTH", POP3_VERB_AUTH, AUTHORIZATION, 0, 2, true,  false, "[mechanism [response]]", "SASL", "RFC 5034 4"},
[POP3_VERB_STLS] = {"STLS", POP3_VERB_STLS, AUTHORIZATION, 0, 0, false, false, "",                     "STLS", "RFC 2595 4"},
[POP3_VERB_UTF8] = {"UTF8", POP3_VERB_UTF8, AUTHORIZATION, 0, 0, false, false, "",                     "UTF8", "RFC 6856 2"},
[POP3_VERB_STAT] = {"STAT", POP3_VERB_STAT, TRANSACTION,   0, 0, false, false, "",                     NULL,   "RFC 1939 5"},
[POP3_VERB_LIST] = {"LIST", POP3_VERB_LIST, TRANSACTION,   0, 1, true,  false, "[message]",            NULL,   "RFC 1939 5"},
[POP3_VERB_UIDL] = {"UIDL", POP3_VERB_UIDL, TRANSACTION,   0, 1, true,  false, "[message]",            "UIDL", "RFC 1939 7"},
[POP3_VERB_RETR] = {"RETR", POP3_VERB_RETR, TRANSACTION,   1, 1, false, true,  "message",              NULL,   "RFC 1939 5"},
[POP3_VERB_TOP]  = {"TOP",  POP3_VERB_TOP,  TRANSACTION,   2, 2, false, true,  "message lines",        "TOP",  "RFC 1939 7"},
[POP3_VERB_DELE] = {"DELE", POP3_VERB_DELE, TRANSACTION,   1, 1, false, false, "message",              NULL,   "RFC 1939 5"},
[POP3_VERB_RSET] = {"RSET", POP3_VERB_RSET, TRANSACTION,   0, 0, false, false, "",                     NULL,   "RFC 1939 5"},
[POP3_VERB_NOOP] = {"NOOP", POP3_VERB_NOOP, TRANSACTION,   0, 0, false, false, "",                     NULL,   "RFC 1939 5"},
[POP3_VERB_CAPA] = {"CAPA", POP3_VERB_CAPA, BOTH,          0, 0, true,  false, "",                     NULL,   "RFC 2449 5"},
[POP3_VERB_LANG] = {"LANG", POP3_VERB_LANG, BOTH,          0, 1, true,  false, "[language]",           "LANG", "RFC 6856 3"},
[POP3_VERB_QUIT] = {"QUIT", POP3_VERB_QUIT, BOTH,          0, 0, false, false, "",                     NULL,   "RFC 1939 4"},
};
/* clang-format on */

const struct pop3_command *pop3_command_row(enum pop3_verb verb)
{
    return &rows[verb];
}

const struct pop3_command *pop3_command_find(struct slice name)
{
    if (name.size < 3 || name.size > 4)
        return NULL;
    /* Bit 0x20 is all that letters of both cases differ by; the full comparison comes after. */
    char first = (char)(name.data[0] & ~0x20);
    for (size_t i = 0; i < POP3_VERB_COUNT; i++) {
        if (rows[i].name[0] == first && slice_equal_nocase(name, slice_str(rows[i].name)))
            return &rows[i];
    }
    return NULL;
}

bool pop3_command_is_multiline(const struct pop3_command *command, unsigned argument_count)
{
    return argument_count == 0 ? command->multiline_bare : command->multiline_with;
}

/* NUL and CR are refused everywhere; other controls too, save in a password. */
static bool has_foreign_octets(struct slice line)
{
    bool found = false;
    for (size_t i = 0; i < line.size; i++) {
        unsigned char c = (unsigned char)line.data[i];
        found |= c < 0x20 || c == 0x7f;
    }
    return found;
}

static bool has_nul_or_cr(struct slice line)
{
    return slice_find(line, '\0') < line.size || slice_find(line, '\r') < line.size;
}

static void split_arguments(struct slice rest, struct pop3_command_line *parsed)
{
    while (rest.size > 0 && parsed->argument_count <= POP3_ARGUMENTS_MAX) {
        if (rest.data[0] == ' ') {
            rest = slice_skip(rest, 1);
            continue;
        }
        size_t size = slice_find(rest, ' ');
        if (parsed->argument_count < POP3_ARGUMENTS_MAX)
            parsed->arguments[parsed->argument_count] = slice_take(rest, size);
        parsed->argument_count++;
        rest = slice_skip(rest, size);
    }
}

/* rest: what stands behind the verb, its first blank included. */
static void take_password(struct slice rest, struct pop3_command_line *parsed)
{
    if (rest.size == 0)
        return;
    parsed->arguments[0] = slice_skip(rest, 1);
    parsed->argument_count = 1;
}

enum pop3_syntax pop3_command_parse(struct slice line, struct pop3_command_line *parsed)
{
    *parsed = (struct pop3_command_line){.command = NULL};
    size_t verb_size = slice_find(line, ' ');
    const struct pop3_command *command = pop3_command_find(slice_take(line, verb_size));
    bool is_pass = command && command->verb == POP3_VERB_PASS;
    if (is_pass ? has_nul_or_cr(line) : has_foreign_octets(line))
        return POP3_SYNTAX_OCTETS;
    if (!command)
        return POP3_SYNTAX_UNKNOWN;
    parsed->command = command;
    if (is_pass)
        take_password(slice_skip(line, verb_size), parsed);
    else
        split_arguments(slice_skip(line, verb_size), parsed);
    if (parsed->argument_count < command->min_arguments ||
        parsed->argument_count > command->max_arguments)
        return POP3_SYNTAX_ARGUMENTS;
    return POP3_SYNTAX_OK;
}
