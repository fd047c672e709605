/* wire_simd: the narrow one of the wide twins by its own name, so that tests reach it on processors
 * where wire_measure_feed and wire_stuff take the wider one. */
#ifndef POPLIN_CODEC_WIRE_SIMD_H
#define POPLIN_CODEC_WIRE_SIMD_H

#include "codec/wire.h"

#if defined(__x86_64__)
void wire_measure_feed_sse2(struct wire_measure *m, struct slice stored);
size_t wire_stuff_sse2(struct wire_stuffer *w, struct slice *stored, char *out, size_t room);
#endif

#endif
