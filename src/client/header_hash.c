#include "client/header_hash.h"

#include <openssl/evp.h>

enum status header_hash_init(struct header_hash *h)
{
    *h = (struct header_hash){.sha = EVP_MD_CTX_new()};
    if (!h->sha)
        return STATUS_NO_MEMORY;
    header_hash_restart(h);
    return STATUS_OK;
}

void header_hash_restart(struct header_hash *h)
{
    h->lines = (struct deliver_lines){0};
    h->in_line = h->whole = false;
    h->broken = EVP_DigestInit_ex(h->sha, EVP_sha256(), NULL) != 1;
}

static void put(struct header_hash *h, struct slice s)
{
    h->broken |= EVP_DigestUpdate(h->sha, s.data, s.size) != 1;
}

void header_hash_feed(struct header_hash *h, struct slice octets)
{
    struct deliver_part part;
    while (!h->whole && deliver_lines_next(&h->lines, &octets, &part)) {
        if (part.cr)
            put(h, SLICE("\r"));
        if (part.text.size)
            put(h, part.text);
        h->in_line |= part.cr || part.text.size;
        if (!part.ends)
            continue;
        h->whole = !h->in_line;
        if (h->in_line)
            put(h, SLICE("\r\n"));
        h->in_line = false;
    }
}

/* A header that nothing follows may lack its last line end. */
bool header_hash_end(struct header_hash *h, unsigned char out[STATE_HASH])
{
    if (!h->whole && h->lines.held_cr)
        put(h, SLICE("\r"));
    if (!h->whole && (h->in_line || h->lines.held_cr))
        put(h, SLICE("\r\n"));
    h->whole = true;
    return EVP_DigestFinal_ex(h->sha, out, NULL) == 1 && !h->broken;
}

void header_hash_wipe(struct header_hash *h)
{
    EVP_MD_CTX_free(h->sha);
    h->sha = NULL;
}
