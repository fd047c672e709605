/* Any octets are a set of accounts or a list of faults; what is accepted prints, and the print
 * parses back to what prints the same; an account that is there is found in the text, and what is
 * left without it is still right. */
#include "client/account_edit.h"
#include "client/account_print.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config_errors errors;

static void check_errors(void)
{
    char *report = config_errors_print(&errors);
    assert(errors.count > 0 && report != NULL);
    for (const char *p = report; *p != '\0'; p++)
        assert(*p == '\n' || ((unsigned char)*p >= ' ' && *p != 0x7f));
    free(report);
}

static void check_identity(const struct account_set *set)
{
    struct account_set again;
    char *text = account_set_print(set);
    assert(text != NULL);
    enum status s = account_set_parse("p", slice_str(text), &again, &errors);
    assert(s == STATUS_OK);
    char *reprinted = account_set_print(&again);
    assert(reprinted != NULL && strcmp(text, reprinted) == 0);
    account_set_wipe(&again);
    free(text);
    free(reprinted);
}

static void check_removal(const struct account_set *set, struct slice text)
{
    struct account_set rest;
    size_t begin, end;
    char *copy = malloc(text.size + 1);
    assert(copy != NULL);
    if (set->count > 0) {
        bool found = account_edit_find(text, set->list[0].name, &begin, &end);
        assert(found && begin < end && end <= text.size);
        memcpy(copy, text.data, begin);
        memcpy(copy + begin, text.data + end, text.size - end);
        enum status s =
            account_set_parse("r", slice_of(copy, text.size - (end - begin)), &rest, &errors);
        assert(s == STATUS_OK && rest.count == set->count - 1);
        account_set_wipe(&rest);
    }
    free(copy);
}

static void check_url(struct slice text)
{
    struct account a;
    char why[200];
    char *url = strndup(text.data != NULL ? text.data : "", text.size);
    assert(url != NULL);
    if (account_from_url(url, &a, why) == STATUS_OK) {
        assert(a.port > 0 && a.host[0] != '\0');
        for (const char *p = a.host; *p != '\0'; p++)
            assert((unsigned char)*p > ' ' && *p != 0x7f);
    } else {
        assert(why[0] != '\0' && a.host == NULL);
    }
    account_wipe(&a);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct account_set set;
    check_url(text);
    if (account_set_parse("f", text, &set, &errors) != STATUS_OK) {
        check_errors();
        return 0;
    }
    check_identity(&set);
    check_removal(&set, text);
    account_set_wipe(&set);
    return 0;
}
