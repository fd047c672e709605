/* poplin_json: one JSON object a line on standard output, field by field; every text passes the
 * escaper. The objects are described in poplin(1). */
#ifndef POPLIN_CLI_POPLIN_JSON_H
#define POPLIN_CLI_POPLIN_JSON_H

#include "base/slice.h"

enum { JSON_TEXT = 1000, JSON_TIME = 24 }; /* octets of one text; of a time with its NUL */

struct json_line {
    bool has_fields;
};

void json_begin(struct json_line *j);
void json_end(struct json_line *j);
/* Names are our own. Octets past JSON_TEXT are left out, marked by the escaper. */
void json_text(struct json_line *j, const char *name, struct slice value);
void json_number(struct json_line *j, const char *name, uint64_t value);
void json_bool(struct json_line *j, const char *name, bool value);
/* Seconds since 1970 as 2027-01-31T23:59:59Z; 0, which is "not", as null. */
void json_time(struct json_line *j, const char *name, int64_t seconds);

/* The same for people and machines: UTC. "" for a year that no calendar has. */
void json_time_text(int64_t seconds, char out[JSON_TIME]);

#endif
