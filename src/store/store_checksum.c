#include "store/store_checksum.h"

#include <assert.h>

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

/* A bijection of the lane for every word, and of the word for every lane. */
static uint64_t mix(uint64_t lane, uint64_t word)
{
    return rotate((lane ^ word) * 0x9e3779b97f4a7c15u, 29);
}

static uint64_t word_at(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

void store_checksum_init(struct store_checksum *c)
{
    *c = (struct store_checksum){
        {0x243f6a8885a308d3u, 0x13198a2e03707344u, 0xa4093822299f31d0u, 0x082efa98ec4e6c89u}, 0};
}

/* Four lanes, because a multiplication takes four steps and one may start with each. */
static void feed_blocks(struct store_checksum *c, const char *data, size_t blocks)
{
    uint64_t a = c->lanes[0], b = c->lanes[1], d = c->lanes[2], e = c->lanes[3];
    for (; blocks > 0; blocks--, data += STORE_CHECKSUM_BLOCK) {
        a = mix(a, word_at(data));
        b = mix(b, word_at(data + 8));
        d = mix(d, word_at(data + 16));
        e = mix(e, word_at(data + 24));
    }
    c->lanes[0] = a;
    c->lanes[1] = b;
    c->lanes[2] = d;
    c->lanes[3] = e;
}

void store_checksum_feed(struct store_checksum *c, struct slice octets)
{
    assert(c->length % STORE_CHECKSUM_BLOCK == 0 || octets.size == 0);
    size_t blocks = octets.size / STORE_CHECKSUM_BLOCK;
    feed_blocks(c, octets.data, blocks);
    c->length += octets.size;
    octets = slice_skip(octets, blocks * STORE_CHECKSUM_BLOCK);
    if (octets.size == 0)
        return;
    char last[STORE_CHECKSUM_BLOCK] = {0};
    memcpy(last, octets.data, octets.size);
    feed_blocks(c, last, 1);
}

uint64_t store_checksum_end(const struct store_checksum *c)
{
    uint64_t sum = c->length;
    for (size_t i = 0; i < 4; i++) {
        sum = mix(sum, c->lanes[i]);
        sum ^= sum >> 32;
    }
    return sum;
}
