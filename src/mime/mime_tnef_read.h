/* mime_tnef_read: numbers, little end first, and slices from the front of a slice. */
#ifndef POPLIN_MIME_TNEF_READ_H
#define POPLIN_MIME_TNEF_READ_H

#include "mime/mime_tnef.h"

/* False: there is not that much, and nothing is taken. */
bool mime_tnef_take(struct slice *from, size_t size, struct slice *out);
bool mime_tnef_take_u16(struct slice *from, uint32_t *out);
bool mime_tnef_take_u32(struct slice *from, uint32_t *out);

/* Text of `charset` as UTF-8 in the arena, up to its first NUL; empty: it does not fit. */
struct slice mime_tnef_text(struct arena *arena, struct slice text, enum charset charset);

/* Reads the MAPI properties of the message (attachment NULL) or of an attachment. False: they end
 * too early or have a type that nobody knows. */
bool mime_tnef_properties(struct mime_tnef *t, struct arena *arena, struct slice properties,
                          struct mime_tnef_attachment *attachment);

#endif
