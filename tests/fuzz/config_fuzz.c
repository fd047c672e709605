/* Any octets are a configuration or a list of faults; what is accepted prints, and the print parses
 * back to what prints the same. */
#include "config/config.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every included file is the second half of the input: includes within includes, cycles too. */
static enum status read_half(void *context, const char *path, char **text, size_t *size)
{
    const struct slice *input = context;
    struct slice half = slice_skip(*input, input->size / 2);
    (void)path;
    *text = malloc(half.size + 1);
    if (*text == NULL)
        return STATUS_NO_MEMORY;
    if (half.size > 0)
        memcpy(*text, half.data, half.size);
    *size = half.size;
    return STATUS_OK;
}

static void check_errors(const struct config_errors *errors)
{
    char *report = config_errors_print(errors);
    assert(errors->count > 0 && report != NULL);
    for (const char *p = report; *p != '\0'; p++)
        assert(*p == '\n' || ((unsigned char)*p >= ' ' && *p != 0x7f));
    free(report);
}

static void check_identity(const struct config *c, bool only_changed, struct config_errors *errors)
{
    struct config *again = NULL;
    char *whole = config_print(c, false);
    char *text = config_print(c, only_changed);
    assert(whole != NULL && text != NULL);
    enum status s = config_parse_text("p", slice_str(text), &config_source_none, &again, errors);
    assert(s == STATUS_OK);
    char *reprinted = config_print(again, false);
    assert(reprinted != NULL && strcmp(reprinted, whole) == 0);
    config_unref(again);
    free(whole);
    free(text);
    free(reprinted);
}

static void check_paths(const struct config *c, struct slice user)
{
    char path[LIMIT_PATH];
    if (config_store_path(c->store_path, user, SLICE("/home/x"), path) == STATUS_OK)
        assert(strstr(path, "/../") == NULL && path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_errors errors;
    struct slice input = slice_of(data, size);
    struct config_source source = {&input, read_half};
    struct config *c = NULL;
    enum status s = config_parse_text("/f", input, &source, &c, &errors);
    if (s != STATUS_OK) {
        check_errors(&errors);
        return 0;
    }
    check_identity(c, false, &errors);
    check_identity(c, true, &errors);
    check_paths(c, slice_take(input, size < LIMIT_USER_NAME ? size : LIMIT_USER_NAME));
    config_unref(c);
    return 0;
}
