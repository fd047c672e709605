#include "store/store_uidl.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

/* Sixteen octets at a time, with the processor's vectors where it has them: a listing of 100,000 is
 * looked at in a fraction of a millisecond. */
typedef uint8_t block __attribute__((vector_size(16)));

#define EACH(x) ((block){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x})

/* Not zero where an octet is below 0x21 or above 0x7E. */
static block unfit(const char *octets)
{
    block b;
    memcpy(&b, octets, sizeof b);
    return (block)(b - EACH(0x21) > EACH(0x7e - 0x21));
}

static bool is_zero(block b)
{
    uint64_t halves[2];
    memcpy(halves, &b, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* The last block begins before the end of the one before it where the size is odd. */
bool store_uidl_is_valid(struct slice s)
{
    if (s.size < 1 || s.size > LIMIT_UIDL)
        return false;
    if (s.size < sizeof(block)) {
        char padded[sizeof(block)];
        memset(padded, '!', sizeof padded);
        memcpy(padded, s.data, s.size);
        return is_zero(unfit(padded));
    }
    block bad = unfit(s.data + s.size - sizeof bad);
    for (size_t at = 0; at + sizeof bad < s.size; at += sizeof bad)
        bad |= unfit(s.data + at);
    return is_zero(bad);
}

void store_uidl_set(struct store_row *row, struct slice uidl)
{
    row->uidl_size = (uint8_t)uidl.size;
    memcpy(row->uidl, uidl.data, uidl.size);
}

struct slice store_uidl_get(const struct store_row *row)
{
    return slice_of(row->uidl, row->uidl_size);
}

static bool digest(struct slice name, uint32_t ordinal, unsigned char out[EVP_MAX_MD_SIZE])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    /* The NUL cannot stand in a name: no name and ordinal run into one another. */
    unsigned char tail[5] = {0, (unsigned char)(ordinal >> 24), (unsigned char)(ordinal >> 16),
                             (unsigned char)(ordinal >> 8), (unsigned char)ordinal};
    bool done = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
                EVP_DigestUpdate(md, name.data, name.size) &&
                EVP_DigestUpdate(md, tail, sizeof tail) && EVP_DigestFinal_ex(md, out, NULL);
    EVP_MD_CTX_free(md);
    return done;
}

bool store_uidl_hash(struct slice name, uint32_t ordinal, char out[64])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char octets[EVP_MAX_MD_SIZE];
    if (!digest(name, ordinal, octets))
        return false;
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
    return true;
}

/* The UIDLs that are taken: open addressing over row numbers. */
struct taken {
    const struct store_row *rows;
    uint32_t *slots; /* row + 1; 0: free */
    size_t mask;
    uint64_t seed; /* names are chosen by others: no fixed hash that they could fill a slot of */
};

static enum status taken_init(struct taken *t, const struct store_row *rows, uint32_t count)
{
    size_t size = 16;
    while (size < (size_t)count * 2)
        size *= 2;
    *t = (struct taken){.rows = rows, .mask = size - 1};
    if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) != sizeof t->seed)
        t->seed = (uintptr_t)t ^ (uintptr_t)rows;
    t->slots = calloc(size, sizeof *t->slots);
    return t->slots ? STATUS_OK : STATUS_NO_MEMORY;
}

static uint64_t hash_of(const struct taken *t, struct slice s)
{
    uint64_t h = t->seed;
    for (size_t i = 0; i < s.size; i++) {
        h = (h ^ (unsigned char)s.data[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

/* Sets row's UIDL if nobody has it. */
static bool take(struct taken *t, struct store_row *row, struct slice uidl)
{
    size_t at = hash_of(t, uidl) & t->mask;
    for (; t->slots[at]; at = (at + 1) & t->mask)
        if (slice_equal(store_uidl_get(&t->rows[t->slots[at] - 1]), uidl))
            return false;
    store_uidl_set(row, uidl);
    t->slots[at] = (uint32_t)(row - t->rows) + 1;
    return true;
}

static bool take_hash(struct taken *t, struct store_row *row, struct slice name)
{
    char hash[64];
    for (uint32_t ordinal = 0; store_uidl_hash(name, ordinal, hash); ordinal++)
        if (take(t, row, slice_of(hash, sizeof hash)))
            return true;
    return false;
}

static void take_kept(struct taken *t, const struct store_uidl_wish *wishes, struct store_row *rows,
                      uint32_t count, bool foreign)
{
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].uidl_size && wishes[i].is_foreign == foreign &&
            store_uidl_is_valid(wishes[i].kept))
            (void)take(t, &rows[i], wishes[i].kept);
}

/* `all`: those too that still hope for what they have in a header. */
static void take_names(struct taken *t, const struct store_uidl_wish *wishes,
                       struct store_row *rows, uint32_t count, bool all)
{
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].uidl_size && (all || !wishes[i].is_foreign) &&
            store_uidl_is_valid(wishes[i].name))
            (void)take(t, &rows[i], wishes[i].name);
}

/* In passes, so that neither a header nor a name made to look like another one's UIDL changes
 * that one. */
static enum status assign(struct taken *t, const struct store_uidl_wish *wishes,
                          struct store_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        rows[i].uidl_size = 0;
    take_kept(t, wishes, rows, count, false);
    take_names(t, wishes, rows, count, false);
    take_kept(t, wishes, rows, count, true);
    take_names(t, wishes, rows, count, true);
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].uidl_size && !take_hash(t, &rows[i], wishes[i].name))
            return STATUS_NO_MEMORY;
    return STATUS_OK;
}

enum status store_uidl_assign(const struct store_uidl_wish *wishes, struct store_row *rows,
                              uint32_t count)
{
    struct taken t;
    enum status s = taken_init(&t, rows, count);
    if (s == STATUS_OK)
        s = assign(&t, wishes, rows, count);
    free(t.slots);
    return s;
}
