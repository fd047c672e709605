#include "client/account_directive.h"
#include "config/config_unit.h"

#include <stdlib.h>

static void drop_arguments(struct account *a)
{
    for (size_t i = 0; i < ACCOUNT_ARGUMENTS_MAX; i++) {
        free(a->arguments[i]);
        a->arguments[i] = NULL;
    }
}

/* The command may be found by PATH; ~ is expanded where it begins a word. */
static void take_command(struct config_reader *r, const struct account_statement *s,
                         struct account *a)
{
    if (s->words[2].text.size == 0)
        config_fault(r, &s->words[2], "the command is empty");
    for (size_t i = 2; i < s->count; i++) {
        bool homeless;
        char *word = account_expand(s->words[i].text, &homeless);
        if (homeless)
            config_fault(r, &s->words[i], "~ stands for nothing here: HOME is not set");
        else if (word == NULL)
            r->no_memory = true;
        a->arguments[i - 2] = word;
        if (word == NULL)
            return;
    }
}

static void take_lmtp(struct config_reader *r, const struct config_word *target, struct account *a)
{
    struct slice text = target->text;
    if (text.size > 0 && (text.data[0] == '/' || text.data[0] == '~'))
        account_take_path(r, target, &a->arguments[0]);
    else if (account_is_host_port(text))
        config_assign(r, &a->arguments[0], text);
    else
        config_fault(r, target, "\"%s\" is neither HOST:PORT nor the path of a socket",
                     config_show(text).text);
}

void account_take_deliver(struct config_reader *r, const struct account_statement *s,
                          struct account *a)
{
    static const char *const kinds[] = {"maildir", "mbox", "pipe", "lmtp", "stdout"};
    static const char *const forms[] = {"maildir DIR", "mbox FILE", "pipe COMMAND [ARGUMENT ...]",
                                        "lmtp HOST:PORT or lmtp PATH", "stdout"};
    int kind = config_keyword(r, &s->words[1], kinds, 5);
    if (kind < 0)
        return;
    enum account_target target = (enum account_target)(ACCOUNT_TARGET_MAILDIR + kind);
    size_t wanted = target == ACCOUNT_TARGET_STDOUT ? 2 : 3;
    if (s->count < wanted || (s->count > wanted && target != ACCOUNT_TARGET_PIPE)) {
        config_fault(r, &s->words[s->count > wanted ? wanted : 1],
                     "write it as: deliver %s (a word with blanks stands in quotes)", forms[kind]);
        return;
    }
    drop_arguments(a);
    a->target = target;
    if (target == ACCOUNT_TARGET_PIPE)
        take_command(r, s, a);
    else if (target == ACCOUNT_TARGET_LMTP)
        take_lmtp(r, &s->words[2], a);
    else if (target != ACCOUNT_TARGET_STDOUT)
        account_take_path(r, &s->words[2], &a->arguments[0]);
}

/* A time with its unit between two bounds, of which `most` is for people. */
static bool take_time(struct config_reader *r, const struct config_word *at, uint64_t least,
                      uint64_t *value)
{
    static const uint64_t most = 10ull * 366 * 24 * 3600 * 1000;
    uint64_t number;
    if (!config_unit_parse(CONFIG_UNIT_TIME, at->text, &number)) {
        config_fault(r, at, "\"%s\" is not %s", config_show(at->text).text,
                     config_unit_text(CONFIG_UNIT_TIME));
        return false;
    }
    if (number < least || number > most) {
        char text[CONFIG_UNIT_TEXT];
        config_unit_print(CONFIG_UNIT_TIME, least, text);
        config_fault(r, at, "this must be at least %s and at most 3660d", text);
        return false;
    }
    *value = number;
    return true;
}

void account_take_keep(struct config_reader *r, const struct account_statement *s,
                       struct account *a)
{
    uint64_t age;
    a->keep_age = 0;
    if (slice_equal(s->words[1].text, SLICE("forever")))
        a->keep = ACCOUNT_KEEP_FOREVER;
    else if (slice_equal(s->words[1].text, SLICE("none")))
        a->keep = ACCOUNT_KEEP_NONE;
    else if (!config_unit_parse(CONFIG_UNIT_TIME, s->words[1].text, &age) || age == 0)
        config_fault(r, &s->words[1], "\"%s\": write forever, none, or a time such as 30d",
                     config_show(s->words[1].text).text);
    else if (take_time(r, &s->words[1], 1000, &a->keep_age))
        a->keep = ACCOUNT_KEEP_AGE;
}

void account_take_timeout(struct config_reader *r, const struct account_statement *s,
                          struct account *a)
{
    (void)take_time(r, &s->words[1], 1000, &a->timeout);
}

void account_take_run_timeout(struct config_reader *r, const struct account_statement *s,
                              struct account *a)
{
    if (slice_equal(s->words[1].text, SLICE("0")))
        a->run_timeout = 0;
    else
        (void)take_time(r, &s->words[1], 1000, &a->run_timeout);
}

void account_take_pipeline(struct config_reader *r, const struct account_statement *s,
                           struct account *a)
{
    enum { PIPELINE_MAX = 512 };
    uint64_t number;
    if (!slice_parse_u64(s->words[1].text, &number) || number == 0 || number > PIPELINE_MAX) {
        config_fault(r, &s->words[1], "\"%s\" is no number from 1 to %d",
                     config_show(s->words[1].text).text, PIPELINE_MAX);
        return;
    }
    a->pipeline = (uint32_t)number;
    a->pipeline_forced = s->count > 2;
    if (s->count > 2 && !slice_equal(s->words[2].text, SLICE("forced")))
        config_fault(r, &s->words[2], "write it as: pipeline NUMBER [forced]");
}

void account_take_headers(struct config_reader *r, const struct account_statement *s,
                          struct account *a)
{
    static const char *const words[] = {"received", "delivered-to", "none"};
    a->add_received = a->add_delivered_to = false;
    for (size_t i = 1; i < s->count; i++) {
        int which = config_keyword(r, &s->words[i], words, 3);
        a->add_received |= which == 0;
        a->add_delivered_to |= which == 1;
        if (which == 2 && s->count > 2)
            config_fault(r, &s->words[i], "none stands alone");
    }
}

void account_take_dedupe(struct config_reader *r, const struct account_statement *s,
                         struct account *a)
{
    static const char *const words[] = {"none", "content"};
    a->dedupe_content = config_keyword(r, &s->words[1], words, 2) == 1;
}
