/* store_index: a snapshot as a file, so that sizes are counted once (poplin-maildir(7) has the
 * format).
 *
 * It is a cache and nothing else: whatever is odd about it (damage, another version, owner or kind
 * of file) makes it worth nothing, and what is lost with it is counted anew. */
#ifndef POPLIN_STORE_STORE_INDEX_H
#define POPLIN_STORE_STORE_INDEX_H

#include "store/store_maildir.h"

/* The file's octets, malloc'd; NULL: no memory. */
char *store_index_encode(const struct maildir_snapshot *s, size_t *size);

/* Where an index's octets come from, in order. */
struct store_index_source {
    void *context;
    uint64_t size; /* of the whole file */
    /* Exactly so many, or false. */
    bool (*read)(void *context, char *to, size_t size);
};

/* What they say; NULL: nothing, *cause says why (a constant text). Nothing of it is believed before
 * the last octet was read and the checksum is right. */
struct maildir_snapshot *store_index_decode(const struct store_index_source *file,
                                            const char **cause);
struct maildir_snapshot *store_index_decode_octets(struct slice file, const char **cause);

/* Writes the checksum that the octets ask for, for tests of what comes behind it. */
void store_index_sign(char *file, size_t size);

/* About as many octets as the file will have. */
size_t store_index_size(const struct maildir_snapshot *s);

/* Where a drop's index lies. */
struct store_index_place {
    int directory;
    char name[80];
};

/* In `index_directory` (a descriptor, or -1) under a hash of the path, else in the Maildir. */
bool store_index_locate(struct store_index_place *p, int index_directory, int maildir,
                        const char *path);

/* NULL: none; *cause is then NULL if there is no file, else says why it is not believed. */
struct maildir_snapshot *store_index_read(const struct store_index_place *p, const char **cause);

enum status store_index_write(const struct store_index_place *p, const struct maildir_snapshot *s);

#endif
