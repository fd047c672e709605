#include "mime/mime_scan.h"

enum { BLOCK = 64 };

#define INLINE static inline __attribute__((always_inline))

/* Where in a block the octets stand that matter; bit 0 is the first octet. */
struct marks {
    uint64_t lf, cr, nul, dash, high;
};

void mime_scan_init(struct mime_scan *s)
{
    *s = (struct mime_scan){.nul = MIME_SCAN_NONE,
                            .bare_cr = MIME_SCAN_NONE,
                            .bare_lf = MIME_SCAN_NONE,
                            .long_line = MIME_SCAN_NONE,
                            .high = MIME_SCAN_NONE};
}

static void note(uint64_t *first, uint64_t offset)
{
    if (*first == MIME_SCAN_NONE)
        *first = offset;
}

/* Off the fast path: met once a part. */
static __attribute__((noinline)) void note_odd(struct mime_scan *s, struct marks k, uint64_t lone)
{
    if (k.nul)
        note(&s->nul, s->offset + (unsigned)__builtin_ctzll(k.nul));
    if (lone)
        note(&s->bare_cr, s->offset + (unsigned)__builtin_ctzll(lone) - 1);
    if (k.high)
        note(&s->high, s->offset + (unsigned)__builtin_ctzll(k.high));
}

/* `end` is the offset of an LF or of the end; the CR before it is not counted. */
static void end_line(struct mime_scan *s, uint64_t end, bool cr)
{
    if (end - s->line > MIME_SCAN_LINE_MAX + (cr ? 1u : 0u))
        note(&s->long_line, s->line);
}

/* What the first `size` octets of a block tell. */
INLINE void account(struct mime_scan *s, struct marks k, size_t size)
{
    uint64_t after_cr = k.cr << 1 | s->after_cr;
    uint64_t bare = k.lf & ~after_cr;
    uint64_t lone = after_cr & ~k.lf & (size == BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << size) - 1);
    if (__builtin_expect((k.nul | lone | k.high) != 0, 0))
        note_odd(s, k, lone);
    if (k.lf) {
        unsigned first = (unsigned)__builtin_ctzll(k.lf);
        unsigned last = 63 - (unsigned)__builtin_clzll(k.lf);
        if (__builtin_expect(s->offset + first - s->line > MIME_SCAN_LINE_MAX, 0))
            end_line(s, s->offset + first, after_cr >> first & 1);
        if (bare)
            note(&s->bare_lf, s->offset + (unsigned)__builtin_ctzll(bare));
        s->has_crlf |= (k.lf & after_cr) != 0;
        s->line = s->offset + last + 1;
        s->line_end = after_cr >> last & 1 ? 2 : 1;
    }
    s->after_cr = k.cr >> (size - 1) & 1;
    s->offset += size;
}

INLINE struct marks below(struct marks k, size_t size)
{
    uint64_t mask = size == BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << size) - 1;
    return (struct marks){k.lf & mask, k.cr & mask, k.nul & mask, k.dash & mask, k.high & mask};
}

/* How much of a block of `size` octets is taken. */
INLINE size_t stop_of(const struct mime_scan *s, struct marks k, size_t size,
                      enum mime_scan_stop stop)
{
    if (stop == MIME_SCAN_LF)
        return k.lf ? (unsigned)__builtin_ctzll(k.lf) + 1u : size;
    if (stop == MIME_SCAN_NOTHING || !k.dash)
        return size;
    uint64_t last = UINT64_C(1) << (size - 1);
    uint64_t starts = (k.lf << 1 | (s->offset == s->line)) & k.dash & (k.dash >> 1 | last);
    return starts ? (unsigned)__builtin_ctzll(starts) : size;
}

/* False: the stop was met. */
INLINE bool take_block(struct mime_scan *s, struct marks k, size_t size, enum mime_scan_stop stop)
{
    size_t n = stop_of(s, k, size, stop);
    if (stop != MIME_SCAN_LF)
        k.high = 0;
    if (n == size) {
        account(s, k, size);
        return stop != MIME_SCAN_LF || !k.lf;
    }
    if (n > 0)
        account(s, below(k, n), n);
    return false;
}

/* The same loop for all widths. What is shorter than a block is looked at in a copy. */
#define SCAN(marks_of)                                                                             \
    uint64_t begin = s->offset;                                                                    \
    for (; data.size >= BLOCK; data = slice_skip(data, BLOCK)) {                                   \
        if (!take_block(s, marks_of(data.data), BLOCK, stop))                                      \
            return s->offset - begin;                                                              \
    }                                                                                              \
    if (data.size > 0) {                                                                           \
        char copy[BLOCK];                                                                          \
        memset(copy, ' ', BLOCK);                                                                  \
        memcpy(copy, data.data, data.size);                                                        \
        take_block(s, marks_of(copy), data.size, stop);                                            \
    }                                                                                              \
    return s->offset - begin

static struct marks scalar_marks(const char *in)
{
    struct marks k = {0};
    for (unsigned i = 0; i < BLOCK; i++) {
        uint64_t bit = UINT64_C(1) << i;
        k.lf |= in[i] == '\n' ? bit : 0;
        k.cr |= in[i] == '\r' ? bit : 0;
        k.nul |= in[i] == '\0' ? bit : 0;
        k.dash |= in[i] == '-' ? bit : 0;
        k.high |= (unsigned char)in[i] > 127 ? bit : 0;
    }
    return k;
}

size_t mime_scan_scalar(struct mime_scan *s, struct slice data, enum mime_scan_stop stop)
{
    SCAN(scalar_marks);
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt,bmi")))

INLINE uint64_t sse2_equal(const __m128i block[4], char c)
{
    __m128i wanted = _mm_set1_epi8(c);
    uint64_t mask = 0;
    for (int i = 3; i >= 0; i--)
        mask = mask << 16 | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block[i], wanted));
    return mask;
}

INLINE struct marks sse2_marks(const char *in)
{
    __m128i block[4];
    uint64_t high = 0;
    for (int i = 3; i >= 0; i--) {
        block[i] = _mm_loadu_si128((const __m128i *)(const void *)(in + 16 * i));
        high = high << 16 | (uint32_t)_mm_movemask_epi8(block[i]);
    }
    return (struct marks){sse2_equal(block, '\n'), sse2_equal(block, '\r'), sse2_equal(block, '\0'),
                          sse2_equal(block, '-'), high};
}

size_t mime_scan_sse2(struct mime_scan *s, struct slice data, enum mime_scan_stop stop)
{
    SCAN(sse2_marks);
}

AVX2 INLINE uint64_t avx2_mask(__m256i low, __m256i high)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
           (uint32_t)_mm256_movemask_epi8(low);
}

AVX2 INLINE uint64_t avx2_equal(__m256i low, __m256i high, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);
    return avx2_mask(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

AVX2 INLINE struct marks avx2_marks(const char *in)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)in);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(in + 32));
    return (struct marks){avx2_equal(low, high, '\n'), avx2_equal(low, high, '\r'),
                          avx2_equal(low, high, '\0'), avx2_equal(low, high, '-'),
                          avx2_mask(low, high)};
}

AVX2 static size_t line_avx2(struct mime_scan *s, struct slice data)
{
    const enum mime_scan_stop stop = MIME_SCAN_LF;
    SCAN(avx2_marks);
}

AVX2 static size_t body_avx2(struct mime_scan *s, struct slice data)
{
    const enum mime_scan_stop stop = MIME_SCAN_DASHES;
    SCAN(avx2_marks);
}

AVX2 static size_t rest_avx2(struct mime_scan *s, struct slice data)
{
    const enum mime_scan_stop stop = MIME_SCAN_NOTHING;
    SCAN(avx2_marks);
}

static size_t scan(struct mime_scan *s, struct slice data, enum mime_scan_stop stop)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi"))
        return mime_scan_sse2(s, data, stop);
    return stop == MIME_SCAN_LF       ? line_avx2(s, data)
           : stop == MIME_SCAN_DASHES ? body_avx2(s, data)
                                      : rest_avx2(s, data);
}

#else

static size_t scan(struct mime_scan *s, struct slice data, enum mime_scan_stop stop)
{
    return mime_scan_scalar(s, data, stop);
}

#endif

size_t mime_scan_line(struct mime_scan *s, struct slice data)
{
    return scan(s, data, MIME_SCAN_LF);
}

size_t mime_scan_body(struct mime_scan *s, struct slice data)
{
    return scan(s, data, MIME_SCAN_DASHES);
}

void mime_scan_rest(struct mime_scan *s, struct slice data)
{
    scan(s, data, MIME_SCAN_NOTHING);
}

void mime_scan_end(struct mime_scan *s)
{
    if (s->after_cr)
        note(&s->bare_cr, s->offset - 1);
    end_line(s, s->offset, s->after_cr);
    s->after_cr = false;
}
