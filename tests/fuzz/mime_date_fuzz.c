/* A date is read or not, within the years that four digits can say. */
#include "mime/mime_date.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_date d, again;
    bool found = mime_date_parse(slice_of(data, size), &d);
    if (!found)
        return 0;
    assert(d.seconds > INT64_C(-62200000000) && d.seconds < INT64_C(253500000000));
    assert(d.zone_minutes > -24 * 60 && d.zone_minutes < 24 * 60);
    assert(d.has_zone || d.zone_minutes == 0);
    assert(mime_date_parse(slice_of(data, size), &again) && again.seconds == d.seconds);
    return 0;
}
