/* mime_date: dates as mail writes them [RFC 5322 3.3, 4.3] and in every common broken form:
 * two-digit years, names of zones, no zone, no seconds, month names in full or in another place
 * (asctime), ISO 8601, day names in other languages, stray commas, comments, numbers out of range
 * by leap seconds. */
#ifndef POPLIN_MIME_DATE_H
#define POPLIN_MIME_DATE_H

#include "base/slice.h"

struct mime_date {
    int64_t seconds;      /* since 1970, UTC */
    int32_t zone_minutes; /* east of UTC */
    bool has_zone;        /* false: none was said or it is unknown (-0000): UTC is taken */
    bool is_broken;       /* not a form of RFC 5322, obsolete ones included */
};

/* False: no date can be read out of it. */
bool mime_date_parse(struct slice value, struct mime_date *out);

#endif
