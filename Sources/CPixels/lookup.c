#include "braid_lookup.h"
#ifdef __x86_64__
#include <immintrin.h>

enum { block = 64, numbers = 16, bytes = 4, quarters = 4 };

#define FOR_BYTES static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512vbmi")))

// The numbers of a table apart: of each its lowest byte, then its next, and so on.
struct planes {
    __m512i of[bytes][quarters];
};

FOR_BYTES struct planes apart(const float *table) {
    const uint8_t *source = (const uint8_t *)table;
    uint8_t values[bytes][quarters * block];
    for (int value = 0; value < quarters * block; value++)
        for (int byte = 0; byte < bytes; byte++) values[byte][value] = source[value * bytes + byte];
    struct planes planes;
    for (int byte = 0; byte < bytes; byte++)
        for (int quarter = 0; quarter < quarters; quarter++) planes.of[byte][quarter] = _mm512_loadu_si512(values[byte] + quarter * block);
    return planes;
}

// Where the channel of a pixel of 64 lies among the bytes of all, for each byte of a vector. The bytes of numbers are put together in each quarter of
// a vector by itself: the byte that is to be number j of quarter q of the result's vector v stands at 16 q + 4 v + j.
FOR_BYTES __m512i places(ptrdiff_t channels, ptrdiff_t channel) {
    uint8_t places[block];
    for (int quarter = 0; quarter < quarters; quarter++)
        for (int vector = 0; vector < quarters; vector++)
            for (int number = 0; number < 4; number++)
                places[16 * quarter + 4 * vector + number] = (uint8_t)((numbers * vector + 4 * quarter + number) * channels + channel);
    return _mm512_loadu_si512(places);
}

// Up to 64 bytes, of which `left` can be read.
FOR_BYTES __m512i read(const uint8_t *source, ptrdiff_t left) {
    if (left >= block) return _mm512_loadu_si512(source);
    return _mm512_maskz_loadu_epi8(left > 0 ? ((__mmask64)1 << left) - 1 : 0, source);
}

FOR_BYTES void write(float *target, ptrdiff_t left, __m512i values) {
    if (left >= numbers) {
        _mm512_storeu_si512(target, values);
    } else if (left > 0) {
        _mm512_mask_storeu_epi32(target, (__mmask16)((1 << left) - 1), values);
    }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
static void by_bytes(const uint8_t *pixels, ptrdiff_t count, ptrdiff_t channels, ptrdiff_t channel, const float *table, float *result) {
    const struct planes planes = apart(table);
    const __m512i own = places(channels, channel);
    // Of three channels, the bytes beyond 127 are those of a third vector.
    const __mmask64 isThird = channels == 3 ? _mm512_movepi8_mask(own) : 0;
    for (ptrdiff_t pixel = 0; pixel < count; pixel += block) {
        const uint8_t *source = pixels + pixel * channels;
        const ptrdiff_t left = (count - pixel) * channels;
        __m512i values = _mm512_permutexvar_epi8(own, read(source, left));
        if (channels == 3) {
            values = _mm512_permutex2var_epi8(read(source, left), own, read(source + block, left - block));
            values = _mm512_mask_permutexvar_epi8(values, isThird, own, read(source + 2 * block, left - 2 * block));
        }
        const __mmask64 isUpper = _mm512_movepi8_mask(values);
        __m512i found[bytes];
        for (int byte = 0; byte < bytes; byte++) {
            const __m512i *of = planes.of[byte];
            found[byte] = _mm512_mask_blend_epi8(
                isUpper, _mm512_permutex2var_epi8(of[0], values, of[1]), _mm512_permutex2var_epi8(of[2], values, of[3]));
        }
        const __m512i lower[2] = {_mm512_unpacklo_epi8(found[0], found[1]), _mm512_unpackhi_epi8(found[0], found[1])};
        const __m512i upper[2] = {_mm512_unpacklo_epi8(found[2], found[3]), _mm512_unpackhi_epi8(found[2], found[3])};
        for (int vector = 0; vector < quarters; vector++) {
            const __m512i low = lower[vector / 2], high = upper[vector / 2];
            write(result + pixel + vector * numbers, count - pixel - vector * numbers,
                  vector % 2 ? _mm512_unpackhi_epi16(low, high) : _mm512_unpacklo_epi16(low, high));
        }
    }
}
#endif

void braid_lookup_channel(const uint8_t *pixels, ptrdiff_t count, ptrdiff_t channels, ptrdiff_t channel, const float *table, float *result) {
#ifdef __x86_64__
    // Any of 256 bytes is picked by two instructions (AVX-512 VBMI), which is faster than to read a number for each value.
    if (__builtin_cpu_supports("avx512vbmi")) {
        by_bytes(pixels, count, channels, channel, table, result);
        return;
    }
#endif
    for (ptrdiff_t pixel = 0; pixel < count; pixel++) result[pixel] = table[pixels[pixel * channels + channel]];
}
