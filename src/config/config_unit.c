#include "config/config_unit.h"

#include <assert.h>
#include <stdio.h>

struct suffix {
    const char *text;
    uint64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct suffix TIMES[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct suffix SIZES[] = {
    {"GiB", 1ull << 30},
    {"GB", 1000000000},
    {"MiB", 1ull << 20},
    {"MB", 1000000},
    {"KiB", 1ull << 10},
    {"KB", 1000},
    {"B", 1},
};
static const struct suffix PLAIN[] = {{"", 1}};

static const struct suffix *suffixes_of(enum config_unit unit, size_t *count)
{
    switch (unit) {
    case CONFIG_UNIT_TIME:
        *count = sizeof TIMES / sizeof *TIMES;
        return TIMES;
    case CONFIG_UNIT_SIZE:
        *count = sizeof SIZES / sizeof *SIZES;
        return SIZES;
    default:
        *count = 1;
        return PLAIN;
    }
}

bool config_unit_parse(enum config_unit unit, struct slice text, uint64_t *value)
{
    size_t digits = 0, count;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    uint64_t number;
    if (!slice_parse_u64(slice_take(text, digits), &number))
        return false;
    struct slice rest = slice_skip(text, digits);
    const struct suffix *list = suffixes_of(unit, &count);
    for (size_t i = 0; i < count; i++) {
        if (!slice_equal(rest, slice_str(list[i].text)))
            continue;
        if (__builtin_mul_overflow(number, list[i].factor, value))
            *value = UINT64_MAX;
        return true;
    }
    *value = 0;
    return rest.size == 0 && number == 0;
}

void config_unit_print(enum config_unit unit, uint64_t value, char text[CONFIG_UNIT_TEXT])
{
    size_t count;
    const struct suffix *list = suffixes_of(unit, &count);
    const struct suffix *chosen = &list[count - 1];
    for (size_t i = 0; i < count && value > 0; i++) {
        if (value % list[i].factor == 0) {
            chosen = &list[i];
            break;
        }
    }
    const char *suffix = value > 0 ? chosen->text : "";
    int n = snprintf(text, CONFIG_UNIT_TEXT, "%llu%s", (unsigned long long)(value / chosen->factor),
                     suffix);
    assert(n > 0 && n < CONFIG_UNIT_TEXT);
    (void)n;
}

const char *config_unit_text(enum config_unit unit)
{
    switch (unit) {
    case CONFIG_UNIT_TIME:
        return "a time with its unit, such as 500ms, 2s, 10m, 1h or 7d";
    case CONFIG_UNIT_SIZE:
        return "a size with its unit, such as 512B, 64KiB or 25MB";
    default:
        return "a whole number";
    }
}
