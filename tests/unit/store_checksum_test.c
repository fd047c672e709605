/* The checksum of the index. */
#include "store/store_checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SIZE = 203 };

static void fill(char *octets)
{
    for (size_t i = 0; i < SIZE; i++)
        octets[i] = (char)(i * 37 + i / 11);
}

static uint64_t sum_of(const char *octets, size_t size)
{
    struct store_checksum c;
    store_checksum_init(&c);
    store_checksum_feed(&c, slice_of(octets, size));
    return store_checksum_end(&c);
}

/* The manual's description, octet by octet. */
static uint64_t mixed(uint64_t lane, uint64_t word)
{
    uint64_t x = (lane ^ word) * 0x9e3779b97f4a7c15u;
    return x << 29 | x >> 35;
}

static uint64_t by_the_manual(const char *octets, size_t size)
{
    uint64_t lanes[4] = {0x243f6a8885a308d3u, 0x13198a2e03707344u, 0xa4093822299f31d0u,
                         0x082efa98ec4e6c89u};
    uint64_t sum = size;
    for (size_t block = 0; block < (size + 31) / 32; block++)
        for (size_t lane = 0; lane < 4; lane++) {
            uint64_t word = 0;
            for (size_t i = 0; i < 8; i++) {
                size_t at = block * 32 + lane * 8 + i;
                word |= (uint64_t)(at < size ? (unsigned char)octets[at] : 0) << (8 * i);
            }
            lanes[lane] = mixed(lanes[lane], word);
        }
    for (size_t lane = 0; lane < 4; lane++) {
        sum = mixed(sum, lanes[lane]);
        sum ^= sum >> 32;
    }
    return sum;
}

static void it_is_what_the_manual_says(void **state)
{
    (void)state;
    char octets[SIZE];
    fill(octets);
    for (size_t size = 0; size <= SIZE; size++)
        assert_true(sum_of(octets, size) == by_the_manual(octets, size));
}

static void any_split_at_a_block_gives_the_same(void **state)
{
    (void)state;
    char octets[SIZE];
    fill(octets);
    for (size_t at = 0; at <= SIZE; at += STORE_CHECKSUM_BLOCK) {
        struct store_checksum c;
        store_checksum_init(&c);
        store_checksum_feed(&c, slice_of(octets, at));
        store_checksum_feed(&c, slice_of(octets + at, SIZE - at));
        assert_true(store_checksum_end(&c) == sum_of(octets, SIZE));
    }
}

static void every_one_or_two_flipped_bits_are_seen(void **state)
{
    (void)state;
    char octets[SIZE];
    fill(octets);
    uint64_t sound = sum_of(octets, SIZE);
    for (size_t one = 0; one < (size_t)SIZE * 8; one++) {
        octets[one / 8] = (char)(octets[one / 8] ^ 1 << one % 8);
        assert_true(sum_of(octets, SIZE) != sound);
        for (size_t two = one + 1; two < (size_t)SIZE * 8; two += 13) {
            octets[two / 8] = (char)(octets[two / 8] ^ 1 << two % 8);
            assert_true(sum_of(octets, SIZE) != sound);
            octets[two / 8] = (char)(octets[two / 8] ^ 1 << two % 8);
        }
        octets[one / 8] = (char)(octets[one / 8] ^ 1 << one % 8);
    }
}

static void a_length_is_part_of_it(void **state)
{
    (void)state;
    static const char zeros[100];
    for (size_t size = 0; size < sizeof zeros; size++)
        assert_true(sum_of(zeros, size) != sum_of(zeros, size + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_the_manual_says),
        cmocka_unit_test(any_split_at_a_block_gives_the_same),
        cmocka_unit_test(every_one_or_two_flipped_bits_are_seen),
        cmocka_unit_test(a_length_is_part_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
