/* mime_tnef: winmail.dat, the Transport Neutral Encapsulation Format [MS-OXTNEF], opened in place.
 *
 * Every length is checked against what is there; what contradicts itself is left out and
 * remembered. Attachments and bodies are slices of the octets that were given; names are UTF-8 in
 * the arena. */
#ifndef POPLIN_MIME_TNEF_H
#define POPLIN_MIME_TNEF_H

#include "base/arena.h"
#include "codec/charset.h"

enum { MIME_TNEF_ATTACHMENTS = 1000 };

struct mime_tnef_attachment {
    struct slice name;       /* not cleaned; empty: none */
    struct slice type;       /* "image/png"; empty: none was said */
    struct slice content_id; /* without brackets; empty: none */
    struct slice data;
    bool is_message; /* data is a TNEF of its own */
};

struct mime_tnef {
    struct mime_tnef_attachment *attachments;
    uint32_t count;
    struct slice text, html;   /* bodies, in `charset`, without a NUL at the end; empty: none */
    struct slice unicode_text; /* a body that was stored in UTF-16, in UTF-8 */
    struct slice rtf;          /* compressed RTF [MS-OXRTFCP], as it is */
    enum charset charset;
    bool is_broken;  /* a checksum or a length is another, or it ends too early */
    bool is_limited; /* more attachments than that, or the arena is full */
};

/* False: it is no TNEF at all. */
bool mime_tnef_open(struct slice octets, struct arena *arena, struct mime_tnef *out);

#endif
