/* The wide twins of wire.c: blocks of 64 octets become masks of 64 bits, one bit an octet, in
 * which a line end that wants a CR or a dot that wants doubling is found by shifts. Every x86-64
 * has SSE2; AVX2 is asked for at run time. Other processors use the scalar twins. */
#include "codec/wire_simd.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { BLOCK = 64 };
/* Copies start anywhere in a block and are a block long. */
enum { READABLE = 2 * BLOCK };
/* Every octet of a block doubled, and the overhang of the last copy. */
enum { WRITABLE = 3 * BLOCK };
/* Fewer octets than these are not worth a block. */
enum { SINGLES = 8 };

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,popcnt,bmi")))

/* Where in a block the octets stand that matter; bit 0 is the first octet. */
struct marks {
    uint64_t lf;
    uint64_t cr;
    uint64_t dot;
};

/* Where something is to be inserted before an octet. */
struct inserts {
    uint64_t cr;
    uint64_t dot;
};

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
    for (int i = 0; i < 4; i++)
        block[i] = _mm_loadu_si128((const __m128i *)(const void *)(in + 16 * i));
    return (struct marks){sse2_equal(block, '\n'), sse2_equal(block, '\r'), sse2_equal(block, '.')};
}

AVX2 INLINE uint64_t avx2_equal(__m256i low, __m256i high, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);
    uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return (uint64_t)second << 32 | first;
}

AVX2 INLINE struct marks avx2_marks(const char *in)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)in);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(in + 32));
    return (struct marks){avx2_equal(low, high, '\n'), avx2_equal(low, high, '\r'),
                          avx2_equal(low, high, '.')};
}

INLINE struct inserts inserts_of(struct marks k, bool after_cr, bool line_start)
{
    return (struct inserts){.cr = k.lf & ~(k.cr << 1 | after_cr),
                            .dot = k.dot & (k.lf << 1 | line_start)};
}

INLINE void measure_block(struct wire_measure *m, struct marks k, size_t size)
{
    struct inserts wanted = inserts_of(k, m->after_cr, m->line_start);
    m->octets += size + (unsigned)__builtin_popcountll(wanted.cr);
    m->needs |=
        (wanted.cr ? (unsigned)WIRE_NEEDS_CRLF : 0) | (wanted.dot ? (unsigned)WIRE_NEEDS_DOTS : 0);
    m->after_cr = k.cr >> (size - 1) & 1;
    m->line_start = k.lf >> (size - 1) & 1;
}

/* `in` is readable for READABLE octets, of which the first `size` count; those between size and
 * BLOCK are NUL. Copies the block in one go and again from each insertion on, one octet further:
 * with usual lines that is one copy more a block. Returns the octets written. */
INLINE size_t stuff_block(struct wire_stuffer *w, struct marks k, struct slice in, char *out)
{
    struct inserts wanted = inserts_of(k, w->after_cr, w->line_start);
    uint64_t places = wanted.cr | wanted.dot;
    size_t inserted = 0;
    memcpy(out, in.data, BLOCK);
    for (; places != 0; places &= places - 1) {
        unsigned at = (unsigned)__builtin_ctzll(places);
        out[at + inserted] = wanted.cr >> at & 1 ? '\r' : '.';
        inserted++;
        memcpy(out + at + inserted, in.data + at, BLOCK);
    }
    w->octets += in.size + (unsigned)__builtin_popcountll(wanted.cr);
    w->after_cr = k.cr >> (in.size - 1) & 1;
    w->line_start = k.lf >> (in.size - 1) & 1;
    return in.size + inserted;
}

/* What is shorter than a block reads is looked at in a copy. */
INLINE void pad(char copy[READABLE], struct slice part)
{
    memset(copy, 0, READABLE);
    memcpy(copy, part.data, part.size);
}

/* How much of the rest is sure to fit, at the most a block; 0 where single octets are as fast. */
INLINE size_t part_for(size_t rest, size_t room)
{
    size_t size = rest < BLOCK ? rest : BLOCK;
    if (room < 2 * size)
        size = room / 2;
    return size < SINGLES && size < rest ? 0 : size;
}

/* The same loops for both widths; they differ in how marks are found and in what the compiler may
 * use for the copies and the counting. */
#define MEASURE(marks_of)                                                                          \
    char copy[READABLE];                                                                           \
    struct wire_measure local = *m;                                                                \
    for (; stored.size >= BLOCK; stored = slice_skip(stored, BLOCK))                               \
        measure_block(&local, marks_of(stored.data), BLOCK);                                       \
    if (stored.size > 0) {                                                                         \
        pad(copy, stored);                                                                         \
        measure_block(&local, marks_of(copy), stored.size);                                        \
    }                                                                                              \
    *m = local

#define STUFF(marks_of)                                                                            \
    char copy[READABLE];                                                                           \
    char framed[WRITABLE];                                                                         \
    struct wire_stuffer local = *w;                                                                \
    struct slice rest = *stored;                                                                   \
    size_t n = 0;                                                                                  \
    for (; rest.size >= READABLE && room - n >= WRITABLE; rest = slice_skip(rest, BLOCK))          \
        n += stuff_block(&local, marks_of(rest.data), slice_take(rest, BLOCK), out + n);           \
    for (size_t size; (size = part_for(rest.size, room - n)) > 0; rest = slice_skip(rest, size)) { \
        pad(copy, slice_take(rest, size));                                                         \
        size_t made = stuff_block(&local, marks_of(copy), slice_of(copy, size), framed);           \
        memcpy(out + n, framed, made);                                                             \
        n += made;                                                                                 \
    }                                                                                              \
    *w = local;                                                                                    \
    *stored = rest;                                                                                \
    return n + wire_stuff_scalar(w, stored, out + n, room - n)

void wire_measure_feed_sse2(struct wire_measure *m, struct slice stored)
{
    MEASURE(sse2_marks);
}

AVX2 static void measure_avx2(struct wire_measure *m, struct slice stored)
{
    MEASURE(avx2_marks);
}

size_t wire_stuff_sse2(struct wire_stuffer *w, struct slice *stored, char *out, size_t room)
{
    STUFF(sse2_marks);
}

AVX2 static size_t stuff_avx2(struct wire_stuffer *w, struct slice *stored, char *out, size_t room)
{
    STUFF(avx2_marks);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("bmi");
}

void wire_measure_feed(struct wire_measure *m, struct slice stored)
{
    if (has_avx2())
        measure_avx2(m, stored);
    else
        wire_measure_feed_sse2(m, stored);
}

size_t wire_stuff(struct wire_stuffer *w, struct slice *stored, char *out, size_t room)
{
    return has_avx2() ? stuff_avx2(w, stored, out, room) : wire_stuff_sse2(w, stored, out, room);
}

#else

void wire_measure_feed(struct wire_measure *m, struct slice stored)
{
    wire_measure_feed_scalar(m, stored);
}

size_t wire_stuff(struct wire_stuffer *w, struct slice *stored, char *out, size_t room)
{
    return wire_stuff_scalar(w, stored, out, room);
}

#endif
