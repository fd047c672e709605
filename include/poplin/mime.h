/* poplin/mime.h: messages [RFC 5322, 2045 to 2049, 2231, 6532] decoded as real mail needs it: their
 * structure, their fields, their text in UTF-8, their attachments.
 *
 *     struct poplin_mime *m = poplin_mime_new(NULL);
 *     if (poplin_mime_parse(m, bytes) == POPLIN_OK &&
 *         poplin_mime_text(m, 0, "Subject", &subject) == POPLIN_OK) …
 *     poplin_mime_free(m);
 *
 * Nothing is refused because it is broken: what breaks the rules is read as mail means it, and told
 * as a defect with its place. Text is always valid UTF-8 and may hold control characters: escape
 * them before they reach a terminal. Memory is bounded by the limits, whatever the message is;
 * there is no recursion, no I/O, no clock. A handle is used by one thread at a time, different
 * handles by any.
 *
 * Parts are numbered from 0, the message itself, in the order in which they stand, parents first.
 */
#ifndef POPLIN_MIME_H
#define POPLIN_MIME_H

#include <poplin/api.h>

#ifdef __cplusplus
extern "C" {
#endif

struct poplin_mime;

/* Past a limit what follows stays one part as it stands, and a defect says so. */
struct poplin_mime_limits {
    size_t size;         /* sizeof of this struct */
    size_t memory;       /* octets that one message may cost at most; 0: 64 MiB */
    uint32_t depth;      /* 0: 100 */
    uint32_t parts;      /* 0: 10,000 */
    uint32_t header;     /* octets of one part's header; 0: 1 MiB */
    uint32_t parameters; /* of one field; 0: 128 */
};

/* NULL limits: the defaults. NULL: out of memory. */
POPLIN_API struct poplin_mime *poplin_mime_new(const struct poplin_mime_limits *limits);
/* NULL is allowed. */
POPLIN_API void poplin_mime_free(struct poplin_mime *m);

/* Parses a whole message. The bytes stay the caller's and must live until the handle is freed or
 * parses the next message, which gives back all that came out of this one. NO_MEMORY. */
POPLIN_API enum poplin_status poplin_mime_parse(struct poplin_mime *m, struct poplin_slice bytes);

/* The same in pieces, any split, without keeping them: afterwards parts, paths and defects can be
 * asked for; functions that need the message's bytes give UNSUPPORTED. begin, feed …, end. */
POPLIN_API enum poplin_status poplin_mime_begin(struct poplin_mime *m);
POPLIN_API void poplin_mime_feed(struct poplin_mime *m, struct poplin_slice piece);
POPLIN_API void poplin_mime_end(struct poplin_mime *m);

/* ---- structure ---- */

enum { POPLIN_MIME_NONE = -1 };

enum poplin_mime_kind {
    POPLIN_MIME_LEAF = 0,
    POPLIN_MIME_MULTIPART = 1,
    POPLIN_MIME_MESSAGE = 2 /* message/rfc822: its one child is the message within */
};

/* Slices live until the handle is freed or parses again. */
struct poplin_mime_part {
    size_t size;      /* octets of this struct that the library knows */
    uint64_t header;  /* offset in the message of the part's header */
    uint64_t body;    /* of its body */
    uint64_t end;     /* behind the body's last octet */
    int parent, next; /* numbers of parts; POPLIN_MIME_NONE */
    unsigned children;
    unsigned depth; /* 0: the message itself */
    enum poplin_mime_kind kind;
    struct poplin_slice type;        /* "text/plain", lower case, never empty */
    struct poplin_slice charset;     /* as declared, lower case; empty: none */
    struct poplin_slice disposition; /* "attachment", "inline"; empty: none, or fed in pieces */
};

POPLIN_API unsigned poplin_mime_count(const struct poplin_mime *m);
/* The caller sets out->size to sizeof of it. NOT_FOUND: no such part. */
POPLIN_API enum poplin_status poplin_mime_part(struct poplin_mime *m, int part,
                                               struct poplin_mime_part *out);
/* "1.2.3" as IMAP numbers parts [RFC 3501 6.4.5], NUL-ended, cut at the room. Octets of the path.
 */
POPLIN_API size_t poplin_mime_path(const struct poplin_mime *m, int part, char *out, size_t room);
/* The part of a path; POPLIN_MIME_NONE. */
POPLIN_API int poplin_mime_find(const struct poplin_mime *m, const char *path);
/* The part that a person reads first: text/plain, or text/html when that is wanted or all there is;
 * POPLIN_MIME_NONE. */
POPLIN_API int poplin_mime_best(const struct poplin_mime *m, bool want_html);

/* ---- fields ---- */

/* Each: NOT_FOUND: there is no such field, or nothing could be read out of it. What comes out lives
 * until the handle is freed or parses again. NO_MEMORY: past the limit on memory. */

/* An unstructured field, unfolded and decoded: Subject, Comments … */
POPLIN_API enum poplin_status poplin_mime_text(struct poplin_mime *m, int part, const char *name,
                                               struct poplin_slice *out);

struct poplin_mime_address {
    struct poplin_slice name;    /* decoded; empty: none */
    struct poplin_slice address; /* local@domain; empty: only a name could be read */
    struct poplin_slice group;   /* the group that it stands in; empty: none */
};
/* All fields of that name as one list, groups flattened: From, To, Cc … */
POPLIN_API enum poplin_status poplin_mime_addresses(struct poplin_mime *m, int part,
                                                    const char *name,
                                                    const struct poplin_mime_address **list,
                                                    size_t *count);

/* Date: seconds since 1970, UTC, and minutes east of UTC where the zone is said (else 0). */
POPLIN_API enum poplin_status poplin_mime_date(struct poplin_mime *m, int64_t *seconds,
                                               int *zone_minutes);

/* Message-ID, Content-ID …: the first id, without its angle brackets. */
POPLIN_API enum poplin_status poplin_mime_id(struct poplin_mime *m, int part, const char *name,
                                             struct poplin_slice *out);

/* The name that the sender gave to a part, decoded and NOT fit to be used as a path. */
POPLIN_API enum poplin_status poplin_mime_file_name(struct poplin_mime *m, int part,
                                                    struct poplin_slice *out);
/* A name that can be used as one: no folders, no control or direction characters, nothing
 * reserved, never empty. Open it with O_EXCL: it may exist. */
POPLIN_API enum poplin_status poplin_mime_save_name(struct poplin_mime *m, int part,
                                                    struct poplin_slice *out);

/* ---- bodies ---- */

/* A part's octets, decoded in pieces; the handle m must outlive it. */
struct poplin_mime_body;
/* as_text: in UTF-8, CRLF as LF; else the octets behind the transfer encoding. NULL: no such part,
 * no bytes, or no memory. */
POPLIN_API struct poplin_mime_body *poplin_mime_body_open(struct poplin_mime *m, int part,
                                                          bool as_text);
enum { POPLIN_MIME_ROOM = 256 };
/* Writes the next octets into out, which has at least POPLIN_MIME_ROOM. 0: that was all. */
POPLIN_API size_t poplin_mime_body_read(struct poplin_mime_body *b, char *out, size_t room);
POPLIN_API void poplin_mime_body_close(struct poplin_mime_body *b);

/* ---- defects ---- */

struct poplin_mime_defect {
    const char *name; /* "not-closed": stable, for programs */
    const char *text; /* a sentence fragment, for people */
    int part;         /* the part */
    uint64_t offset;  /* in the message */
};
/* Those found so far: decoding may add some. */
POPLIN_API size_t poplin_mime_defect_count(const struct poplin_mime *m);
POPLIN_API enum poplin_status poplin_mime_defect(const struct poplin_mime *m, size_t index,
                                                 struct poplin_mime_defect *out);

#ifdef __cplusplus
}
#endif

#endif
