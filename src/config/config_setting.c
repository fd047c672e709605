#include "config/config_directive.h"

uint64_t config_setting_get(const struct config_setting *s, const void *base)
{
    const char *at = (const char *)base + s->offset;
    if (s->kind == CONFIG_SETTING_FLAG)
        return *(const bool *)at;
    return s->kind == CONFIG_SETTING_U32 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static void put(const struct config_setting *s, void *base, uint64_t value)
{
    char *at = (char *)base + s->offset;
    if (s->kind == CONFIG_SETTING_FLAG)
        *(bool *)at = value != 0;
    else if (s->kind == CONFIG_SETTING_U32)
        *(uint32_t *)at = (uint32_t)value;
    else
        *(uint64_t *)at = value;
}

void config_default_block(const struct config_directive *d, void *base)
{
    for (size_t i = 0; i < d->setting_count; i++)
        put(&d->settings[i], base, d->settings[i].fallback);
}

static void fault_bounds(struct config_reader *r, const struct config_word *at,
                         const struct config_setting *s)
{
    char least[CONFIG_UNIT_TEXT], most[CONFIG_UNIT_TEXT];
    config_unit_print(s->unit, s->least, least);
    config_unit_print(s->unit, s->most, most);
    config_fault(r, at, "%s must be at least %s and at most %s", s->name, least, most);
}

static void set_one(struct config_reader *r, const struct config_word *value,
                    const struct config_setting *s, void *base)
{
    uint64_t number;
    if (s->kind == CONFIG_SETTING_FLAG) {
        int i = config_keyword(r, value, s->words, 2);
        if (i >= 0)
            put(s, base, (uint64_t)i);
    } else if (!config_unit_parse(s->unit, value->text, &number)) {
        config_fault(r, value, "%s takes %s, not \"%s\"", s->name, config_unit_text(s->unit),
                     config_show(value->text).text);
    } else if (number < s->least || number > s->most) {
        fault_bounds(r, value, s);
    } else {
        put(s, base, number);
    }
}

static const struct config_setting *find(const struct config_directive *d, struct slice name)
{
    for (size_t i = 0; i < d->setting_count; i++) {
        if (slice_equal(name, slice_str(d->settings[i].name)))
            return &d->settings[i];
    }
    return NULL;
}

void config_set_block(struct config_reader *r, const struct config_statement *s,
                      const struct config_directive *d, void *base)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < s->block_count; i += 2) {
        const struct config_word *name = &s->block[i];
        const struct config_setting *one = find(d, name->text);
        if (one == NULL) {
            config_fault_unknown(r, name, "setting", d->settings, sizeof *d->settings,
                                 d->setting_count);
            continue;
        }
        uint64_t bit = 1ull << (one - d->settings);
        if (seen & bit)
            config_fault(r, name, "%s is set twice in this block", one->name);
        seen |= bit;
        if (i + 1 == s->block_count)
            config_fault(r, name, "%s has no value", one->name);
        else
            set_one(r, &s->block[i + 1], one, base);
    }
}
