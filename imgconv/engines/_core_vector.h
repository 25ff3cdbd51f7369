/* Vectors of one SIMD level: the types, and the few operations that GCC's vector extension has no word for.
 *
 * f32v, i32v, i16v, f64v are whole registers. Everything else in the core is written with these.
 */
typedef float PASTE(f32v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef double PASTE(f64v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef int32_t PASTE(i32v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef uint16_t PASTE(u16v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef int16_t PASTE(i16v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef int64_t PASTE(i64v, LEVEL) __attribute__((vector_size(WIDTH)));
typedef int32_t PASTE(i32h, LEVEL) __attribute__((vector_size(WIDTH / 2)));
typedef float PASTE(f32h, LEVEL) __attribute__((vector_size(WIDTH / 2)));
#define f32h PASTE(f32h, LEVEL)
#define i64v PASTE(i64v, LEVEL)
#define i32h PASTE(i32h, LEVEL)
#define f32v PASTE(f32v, LEVEL)
#define f64v PASTE(f64v, LEVEL)
#define i32v PASTE(i32v, LEVEL)
#define u16v PASTE(u16v, LEVEL)
#define i16v PASTE(i16v, LEVEL)

enum { PASTE(FLOATS, LEVEL) = WIDTH / 4 };
#define FLOATS PASTE(FLOATS, LEVEL)

/* a where `mask` is all ones, b where it is all zeros. */
INLINE f64v NAMED(either)(i64v mask, f64v a, f64v b) { return (f64v)((mask & (i64v)a) | (~mask & (i64v)b)); }

#if WIDTH == 64

#define DOT_8(acc, sample, weight) ((i32v)_mm512_dpbusd_epi32((__m512i)(acc), (__m512i)(sample), (__m512i)(weight)))
#define DOT_16(acc, sample, weight) ((i32v)_mm512_dpwssd_epi32((__m512i)(acc), (__m512i)(sample), (__m512i)(weight)))
#define MULH_16(acc, sample, weight) ((acc) + (i16v)_mm512_mulhrs_epi16((__m512i)(sample), (__m512i)(weight)))

INLINE u16v NAMED(widened)(const uint8_t *p)
{
    return (u16v)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
}
INLINE f32v NAMED(least)(f32v a, f32v b) { return _mm512_min_ps(a, b); }
INLINE f32v NAMED(most)(f32v a, f32v b) { return _mm512_max_ps(a, b); }
INLINE f32v NAMED(magnitude)(f32v a) { return _mm512_abs_ps(a); }
INLINE uint32_t NAMED(up_to)(f32v a, f32v b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
INLINE uint32_t NAMED(unordered)(f32v a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
INLINE f32v NAMED(from_i32)(const int32_t *p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
INLINE f32v NAMED(from_i16)(const int16_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p)));
}
INLINE void NAMED(to_u8)(uint8_t *p, f32v a) /* a is within 0 and 255.5 */
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(a)));
}
INLINE void NAMED(to_u16)(uint16_t *p, f32v a)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_cvttps_epi32(a)));
}
INLINE void NAMED(to_f64)(double *p, f32v a)
{
    _mm512_storeu_pd(p, _mm512_cvtps_pd(_mm512_castps512_ps256(a)));
    _mm512_storeu_pd(p + 8, _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)));
}

/* What sinks need. */
#define SINKS
#define INT8_VECTORS 4
INLINE i16v NAMED(least_16)(i16v a, i16v b) { return (i16v)_mm512_min_epi16((__m512i)a, (__m512i)b); }
INLINE i16v NAMED(most_16)(i16v a, i16v b) { return (i16v)_mm512_max_epi16((__m512i)a, (__m512i)b); }
INLINE i32v NAMED(least_32)(i32v a, i32v b) { return (i32v)_mm512_min_epi32((__m512i)a, (__m512i)b); }
INLINE i32v NAMED(most_32)(i32v a, i32v b) { return (i32v)_mm512_max_epi32((__m512i)a, (__m512i)b); }
INLINE i16v NAMED(mulhrs)(i16v a, i16v b) { return (i16v)_mm512_mulhrs_epi16((__m512i)a, (__m512i)b); }
INLINE i16v NAMED(mulhi)(i16v a, i16v b) { return (i16v)_mm512_mulhi_epu16((__m512i)a, (__m512i)b); } /* unsigned */
INLINE i16v NAMED(adds)(i16v a, i16v b) { return (i16v)_mm512_adds_epi16((__m512i)a, (__m512i)b); }
INLINE i16v NAMED(plus_up_to_16)(i16v count, i16v a, i16v b) /* count + (a <= b) */
{
    const __mmask32 is = _mm512_cmple_epi16_mask((__m512i)a, (__m512i)b);
    return (i16v)_mm512_mask_add_epi16((__m512i)count, is, (__m512i)count, _mm512_set1_epi16(1));
}
INLINE i32v NAMED(plus_up_to_32)(i32v count, i32v a, i32v b)
{
    const __mmask16 is = _mm512_cmple_epi32_mask((__m512i)a, (__m512i)b);
    return (i32v)_mm512_mask_add_epi32((__m512i)count, is, (__m512i)count, _mm512_set1_epi32(1));
}
INLINE void NAMED(pack_16)(char *p, i16v a, i16v b)
{
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, _mm512_packus_epi16((__m512i)a, (__m512i)b)));
}
INLINE void NAMED(pack_32_to_8)(char *p, const i32v *a)
{
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    const __m512i low = _mm512_packs_epi32((__m512i)a[0], (__m512i)a[1]);
    const __m512i high = _mm512_packs_epi32((__m512i)a[2], (__m512i)a[3]);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
}
INLINE void NAMED(pack_32_to_16)(char *p, const i32v *a)
{
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, _mm512_packus_epi32((__m512i)a[0], (__m512i)a[1])));
}

/* The sums of two results' squares; `pack_sums` puts what becomes of both vectors back into order. */
INLINE void NAMED(sums_of_squares)(i16v a, i16v b, i32v *sum)
{
    const __m512i low = _mm512_unpacklo_epi16((__m512i)a, (__m512i)b), high = _mm512_unpackhi_epi16((__m512i)a, (__m512i)b);
    sum[0] = (i32v)_mm512_madd_epi16(low, low);
    sum[1] = (i32v)_mm512_madd_epi16(high, high);
}
INLINE i16v NAMED(pack_sums)(const i32v *a) { return (i16v)_mm512_packs_epi32((__m512i)a[0], (__m512i)a[1]); }

#elif WIDTH == 32

#define DOT_16(acc, sample, weight) ((acc) + (i32v)_mm256_madd_epi16((__m256i)(sample), (__m256i)(weight)))
#define MULH_16(acc, sample, weight) ((acc) + (i16v)_mm256_mulhrs_epi16((__m256i)(sample), (__m256i)(weight)))

INLINE u16v NAMED(widened)(const uint8_t *p)
{
    return (u16v)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}
INLINE f32v NAMED(least)(f32v a, f32v b) { return _mm256_min_ps(a, b); }
INLINE f32v NAMED(most)(f32v a, f32v b) { return _mm256_max_ps(a, b); }
INLINE f32v NAMED(magnitude)(f32v a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE uint32_t NAMED(up_to)(f32v a, f32v b)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LE_OQ));
}
INLINE uint32_t NAMED(unordered)(f32v a) { return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q)); }
INLINE f32v NAMED(from_i32)(const int32_t *p) { return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE f32v NAMED(from_i16)(const int16_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE __m128i NAMED(to_16)(f32v a)
{
    const __m256i whole = _mm256_cvttps_epi32(a);
    return _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
}
INLINE void NAMED(to_u8)(uint8_t *p, f32v a)
{
    const __m128i half = NAMED(to_16)(a);
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(half, half));
}
INLINE void NAMED(to_u16)(uint16_t *p, f32v a) { _mm_storeu_si128((__m128i *)p, NAMED(to_16)(a)); }
INLINE void NAMED(to_f64)(double *p, f32v a)
{
    _mm256_storeu_pd(p, _mm256_cvtps_pd(_mm256_castps256_ps128(a)));
    _mm256_storeu_pd(p + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)));
}

#define SINKS
#define INT8_VECTORS 2
INLINE i16v NAMED(least_16)(i16v a, i16v b) { return (i16v)_mm256_min_epi16((__m256i)a, (__m256i)b); }
INLINE i16v NAMED(most_16)(i16v a, i16v b) { return (i16v)_mm256_max_epi16((__m256i)a, (__m256i)b); }
INLINE i32v NAMED(least_32)(i32v a, i32v b) { return (i32v)_mm256_min_epi32((__m256i)a, (__m256i)b); }
INLINE i32v NAMED(most_32)(i32v a, i32v b) { return (i32v)_mm256_max_epi32((__m256i)a, (__m256i)b); }
INLINE i16v NAMED(mulhrs)(i16v a, i16v b) { return (i16v)_mm256_mulhrs_epi16((__m256i)a, (__m256i)b); }
INLINE i16v NAMED(mulhi)(i16v a, i16v b) { return (i16v)_mm256_mulhi_epu16((__m256i)a, (__m256i)b); } /* unsigned */
INLINE i16v NAMED(adds)(i16v a, i16v b) { return (i16v)_mm256_adds_epi16((__m256i)a, (__m256i)b); }
INLINE i16v NAMED(plus_up_to_16)(i16v count, i16v a, i16v b) { return count - (i16v)(a <= b); }
INLINE i32v NAMED(plus_up_to_32)(i32v count, i32v a, i32v b) { return count - (i32v)(a <= b); }
INLINE void NAMED(pack_16)(char *p, i16v a, i16v b)
{
    const __m256i both = _mm256_packus_epi16((__m256i)a, (__m256i)b);
    _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(both, 0xd8));
}
INLINE void NAMED(pack_32_to_8)(char *p, const i32v *a)
{
    const __m256i both = _mm256_packs_epi32((__m256i)a[0], (__m256i)a[1]);
    const __m256i bytes = _mm256_packus_epi16(both, both), order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, order)));
}
INLINE void NAMED(pack_32_to_16)(char *p, const i32v *a)
{
    const __m256i both = _mm256_packus_epi32((__m256i)a[0], (__m256i)a[1]);
    _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(both, 0xd8));
}

INLINE void NAMED(sums_of_squares)(i16v a, i16v b, i32v *sum)
{
    const __m256i low = _mm256_unpacklo_epi16((__m256i)a, (__m256i)b), high = _mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
    sum[0] = (i32v)_mm256_madd_epi16(low, low);
    sum[1] = (i32v)_mm256_madd_epi16(high, high);
}
INLINE i16v NAMED(pack_sums)(const i32v *a) { return (i16v)_mm256_packs_epi32((__m256i)a[0], (__m256i)a[1]); }

#else /* any machine with 16-byte vectors: written lane by lane, which compilers turn into vectors */

#ifdef __SSE2__
#define DOT_16(acc, sample, weight) ((acc) + (i32v)_mm_madd_epi16((__m128i)(sample), (__m128i)(weight)))
#endif

typedef uint8_t PASTE(u8half, LEVEL) __attribute__((vector_size(8)));

INLINE u16v NAMED(widened)(const uint8_t *p)
{
    PASTE(u8half, LEVEL) half;
    memcpy(&half, p, sizeof(half));
    return __builtin_convertvector(half, u16v);
}
INLINE f32v NAMED(least)(f32v a, f32v b)
{
    for (int l = 0; l < FLOATS; l++) a[l] = a[l] < b[l] ? a[l] : b[l];
    return a;
}
INLINE f32v NAMED(most)(f32v a, f32v b)
{
    for (int l = 0; l < FLOATS; l++) a[l] = a[l] > b[l] ? a[l] : b[l];
    return a;
}
INLINE f32v NAMED(magnitude)(f32v a)
{
    for (int l = 0; l < FLOATS; l++) a[l] = __builtin_fabsf(a[l]);
    return a;
}
INLINE uint32_t NAMED(up_to)(f32v a, f32v b)
{
    uint32_t bits = 0;
    for (int l = 0; l < FLOATS; l++) bits |= (uint32_t)(a[l] <= b[l]) << l;
    return bits;
}
INLINE uint32_t NAMED(unordered)(f32v a)
{
    uint32_t bits = 0;
    for (int l = 0; l < FLOATS; l++) bits |= (uint32_t)(a[l] != a[l]) << l;
    return bits;
}
INLINE f32v NAMED(from_i32)(const int32_t *p)
{
    f32v a;
    for (int l = 0; l < FLOATS; l++) a[l] = (float)p[l];
    return a;
}
INLINE f32v NAMED(from_i16)(const int16_t *p)
{
    f32v a;
    for (int l = 0; l < FLOATS; l++) a[l] = (float)p[l];
    return a;
}
INLINE void NAMED(to_u8)(uint8_t *p, f32v a)
{
    for (int l = 0; l < FLOATS; l++) p[l] = (uint8_t)(int32_t)a[l];
}
INLINE void NAMED(to_u16)(uint16_t *p, f32v a)
{
    for (int l = 0; l < FLOATS; l++) p[l] = (uint16_t)(int32_t)a[l];
}
INLINE void NAMED(to_f64)(double *p, f32v a)
{
    for (int l = 0; l < FLOATS; l++) p[l] = (double)a[l];
}

#endif
