/* config_unit: numbers with units, as they stand in the configuration.
 *
 * Times: 500ms 2s 10m 1h 7d, kept as milliseconds. Sizes: 512B 25MB 64MiB, kept as octets. A number
 * without its unit is refused, for nobody agrees what it means; only 0 needs none. */
#ifndef POPLIN_CONFIG_UNIT_H
#define POPLIN_CONFIG_UNIT_H

#include "base/slice.h"

enum config_unit { CONFIG_UNIT_NONE, CONFIG_UNIT_TIME, CONFIG_UNIT_SIZE };

enum { CONFIG_UNIT_TEXT = 32 }; /* octets that hold every printed number with its NUL */

/* False: not a number of that unit. What does not fit is UINT64_MAX, as in slice_parse_u64. */
bool config_unit_parse(enum config_unit unit, struct slice text, uint64_t *value);

/* In the largest unit that divides the value: parses back to the same. */
void config_unit_print(enum config_unit unit, uint64_t value, char text[CONFIG_UNIT_TEXT]);

/* What a right one looks like, for messages: "a number", "a time such as 10m" … */
const char *config_unit_text(enum config_unit unit);

#endif
