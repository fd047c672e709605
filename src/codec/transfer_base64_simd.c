/* Base64 by blocks. An octet's two halves look up the sets of classes in which it is foreign; where
 * the sets do not meet it is of the alphabet, and its upper half says what to add to make it a
 * sextet. Multiplications gather four sextets to 24 bits, a shuffle puts them in order. A block
 * with a foreign octet in it is taken up to the quantum before, so that a line of 76 octets costs
 * three blocks of 32. SSSE3 and AVX2 are asked for at run time. */
#include "codec/transfer_steps.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define SSSE3 __attribute__((target("ssse3")))
#define AVX2 __attribute__((target("avx2,bmi")))

/* Classes of the upper half: 2, 3, 4 and 6, 5 and 7, others. */
#define UPPER 16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16
/* By the lower half: in which classes the octet is foreign. */
#define LOWER                                                                                      \
    0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a
/* By the upper half; `/` uses the place before its own. */
#define SHIFT                                                                                      \
    0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0
#define ORDER 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

SSSE3 INLINE uint32_t foreign_16(__m128i text)
{
    __m128i half = _mm_set1_epi8(0x0f);
    __m128i upper = _mm_and_si128(_mm_srli_epi16(text, 4), half);
    __m128i lower = _mm_and_si128(text, half);
    __m128i met = _mm_and_si128(_mm_shuffle_epi8(_mm_setr_epi8(UPPER), upper),
                                _mm_shuffle_epi8(_mm_setr_epi8(LOWER), lower));
    return 0xffff & ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(met, _mm_setzero_si128()));
}

SSSE3 INLINE void decode_16(__m128i text, char *out)
{
    __m128i upper = _mm_and_si128(_mm_srli_epi16(text, 4), _mm_set1_epi8(0x0f));
    __m128i place = _mm_add_epi8(upper, _mm_cmpeq_epi8(text, _mm_set1_epi8('/')));
    __m128i sextets = _mm_add_epi8(text, _mm_shuffle_epi8(_mm_setr_epi8(SHIFT), place));
    __m128i pairs = _mm_maddubs_epi16(sextets, _mm_set1_epi16(0x0140));
    __m128i quanta = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_shuffle_epi8(quanta, _mm_setr_epi8(ORDER)));
}

AVX2 INLINE uint32_t foreign_32(__m256i text)
{
    __m256i half = _mm256_set1_epi8(0x0f);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), half);
    __m256i lower = _mm256_and_si256(text, half);
    __m256i met = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_setr_epi8(UPPER, UPPER), upper),
                                   _mm256_shuffle_epi8(_mm256_setr_epi8(LOWER, LOWER), lower));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(met, _mm256_setzero_si256()));
}

AVX2 INLINE void decode_32(__m256i text, char *out)
{
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), _mm256_set1_epi8(0x0f));
    __m256i place = _mm256_add_epi8(upper, _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/')));
    __m256i shift = _mm256_shuffle_epi8(_mm256_setr_epi8(SHIFT, SHIFT), place);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_add_epi8(text, shift), _mm256_set1_epi16(0x0140));
    __m256i quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    __m256i halves = _mm256_shuffle_epi8(quanta, _mm256_setr_epi8(ORDER, ORDER));
    __m256i order = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permutevar8x32_epi32(halves, order));
}

INLINE __attribute__((target("sse2"))) __m128i load_16(const char *in)
{
    return _mm_loadu_si128((const __m128i *)(const void *)in);
}

AVX2 INLINE __m256i load_32(const char *in)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)in);
}

/* At least two octets are there. */
INLINE size_t line_end(const char *in)
{
    return in[0] == '\n' ? 1 : in[0] == '\r' && in[1] == '\n' ? 2 : 0;
}

/* The same loop for both widths. A store is a block long and its end means nothing: when the block
 * is taken only in part and lies in the same buffer, the store must not reach what comes next. */
#define BLOCKS(width, load, foreign_of, decode)                                                    \
    const char *in = encoded->data;                                                                \
    const char *end = in + encoded->size;                                                          \
    size_t n = 0;                                                                                  \
    while ((size_t)(end - in) >= (width) && room - n >= (width)) {                                 \
        uint32_t foreign = foreign_of(load(in));                                                   \
        size_t good = foreign == 0 ? (width) : (unsigned)__builtin_ctz(foreign) & ~3U;             \
        if (good < (width) && (uintptr_t)(in + good) - (uintptr_t)(out + n) < (width))             \
            break;                                                                                 \
        decode(load(in), out + n);                                                                 \
        in += good;                                                                                \
        n += good / 4 * 3;                                                                         \
        if (good == (width))                                                                       \
            continue;                                                                              \
        size_t skip = line_end(in);                                                                \
        if (skip == 0)                                                                             \
            break;                                                                                 \
        in += skip;                                                                                \
    }                                                                                              \
    *encoded = slice_of(in, (size_t)(end - in));                                                   \
    return n

SSSE3 size_t transfer_base64_ssse3(struct transfer *t, struct slice *encoded, char *out,
                                   size_t room)
{
    BLOCKS(16, load_16, foreign_16, decode_16);
}

AVX2 static size_t blocks_avx2(struct slice *encoded, char *out, size_t room)
{
    BLOCKS(32, load_32, foreign_32, decode_32);
}

bool transfer_base64_has_ssse3(void)
{
    return __builtin_cpu_supports("ssse3");
}

size_t transfer_base64_blocks(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return blocks_avx2(encoded, out, room);
    return transfer_base64_has_ssse3() ? transfer_base64_ssse3(t, encoded, out, room) : 0;
}

#else

size_t transfer_base64_blocks(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    return 0;
}

#endif
