/* mime_file_name_type: the ending that files of a type have. mime_file_name's own. */
#ifndef POPLIN_MIME_FILE_NAME_TYPE_H
#define POPLIN_MIME_FILE_NAME_TYPE_H

#include "base/slice.h"

/* ".png" for "image/png", in any case; ".bin" for what is unknown, ".txt" for unknown text. */
const char *mime_file_name_ending(struct slice type);

#endif
