/* store_cache: snapshots of drops kept between sessions, the least recently used going first when
 * the memory allowed is in use. Thread-safe. */
#ifndef POPLIN_STORE_STORE_CACHE_H
#define POPLIN_STORE_STORE_CACHE_H

#include "store/store_maildir.h"

struct store_cache *store_cache_new(size_t octets); /* NULL: no memory */
void store_cache_free(struct store_cache *c);

/* A reference of the caller's own; NULL: none kept. */
struct maildir_snapshot *store_cache_get(struct store_cache *c, const char *path);

/* Gives back a reference when a session is over. Where many memfds are open, that of a listing that
 * no session uses any more is closed: descriptors are scarcer than the memory that is kept. */
void store_cache_release(struct store_cache *c, const char *path, struct maildir_snapshot *s);

/* Keeps it, in place of an older one of that path; not at all where it is too large. */
void store_cache_put(struct store_cache *c, const char *path, struct maildir_snapshot *s);

#endif
