/* Correlation by Fourier transform, overlap-save, in float32.
 *
 * A tile of padded samples is transformed, multiplied by the taps' spectrum and transformed back; the results of all
 * windows that lie within it come out. Samples are real, so two planes share one complex tile: one as its real part,
 * the other as its imaginary part, and so do their results.
 *
 * Transforms are decimated in frequency on the way there and in time on the way back, so that frequencies may stay in
 * whatever order they come out. All of them go down columns of vectors. Those along the rows work on as many rows as
 * a vector has lanes, turned by 90 degrees into a buffer of the first-level cache, where the last pass forward, the
 * multiplication and the first pass back are one.
 */

/* A vector of complex numbers. In memory the imaginary part follows the real part. */
typedef struct {
    f32v re, im;
} PASTE(complexes, LEVEL);
#define complexes PASTE(complexes, LEVEL)
typedef f32v PASTE(f32v_stored, LEVEL) __attribute__((may_alias));
#define STORED(p) (*(PASTE(f32v_stored, LEVEL) *)(p))

INLINE complexes NAMED(load)(const float *p)
{
    return (complexes){*(const PASTE(f32v_stored, LEVEL) *)p, *(const PASTE(f32v_stored, LEVEL) *)(p + FLOATS)};
}

INLINE void NAMED(keep)(float *p, complexes x)
{
    STORED(p) = x.re;
    STORED(p + FLOATS) = x.im;
}

INLINE complexes NAMED(plus)(complexes a, complexes b) { return (complexes){a.re + b.re, a.im + b.im}; }
INLINE complexes NAMED(minus)(complexes a, complexes b) { return (complexes){a.re - b.re, a.im - b.im}; }

/* x times cos + i sin. */
INLINE complexes NAMED(times)(complexes x, float cos, float sin)
{
    return (complexes){x.re * cos - x.im * sin, x.im * cos + x.re * sin};
}

/* x turned by `turn` 48ths of a circle; both numbers are constants. */
INLINE complexes NAMED(turned)(complexes x, const int turn)
{
    static const float COS[] = {
        1.0f, 0.99144486f, 0.96592583f, 0.92387953f, 0.8660254f, 0.79335334f, 0.70710678f,
        0.60876143f, 0.5f, 0.38268343f, 0.25881905f, 0.13052619f, 0.0f,
    };
    const float half = COS[6];
    switch (turn) {
    case 0: return x;
    case 6: return (complexes){(x.re - x.im) * half, (x.re + x.im) * half};
    case 12: return (complexes){-x.im, x.re};
    case 18: return (complexes){(x.re + x.im) * -half, (x.re - x.im) * half};
    case 24: return (complexes){-x.re, -x.im};
    case 30: return (complexes){(x.im - x.re) * half, (x.re + x.im) * -half};
    case 36: return (complexes){x.im, -x.re};
    case 42: return (complexes){(x.re + x.im) * half, (x.im - x.re) * half};
    default: break;
    }
    const int first = turn % 12;
    const complexes y = NAMED(times)(x, COS[first], COS[12 - first]);
    return turn < 12 ? y : turn < 24 ? (complexes){-y.im, y.re} : turn < 36 ? (complexes){-y.re, -y.im}
                                                                            : (complexes){y.im, -y.re};
}

/* Transforms of 2, 3 and 4 numbers, `step` apart; `sign` is -1 forward and 1 back. */
INLINE void NAMED(dft2)(complexes *x, const int step)
{
    const complexes a = x[0], b = x[step];
    x[0] = NAMED(plus)(a, b);
    x[step] = NAMED(minus)(a, b);
}

INLINE void NAMED(dft3)(complexes *x, const int step, const int sign)
{
    const complexes a = x[0], sum = NAMED(plus)(x[step], x[2 * step]), difference = NAMED(minus)(x[step], x[2 * step]);
    const float sin = sign * 0.8660254f;
    const complexes half = {a.re - 0.5f * sum.re, a.im - 0.5f * sum.im};
    x[0] = NAMED(plus)(a, sum);
    x[step] = (complexes){half.re - sin * difference.im, half.im + sin * difference.re};
    x[2 * step] = (complexes){half.re + sin * difference.im, half.im - sin * difference.re};
}

INLINE void NAMED(dft4)(complexes *x, const int step, const int sign)
{
    const complexes a = NAMED(plus)(x[0], x[2 * step]), b = NAMED(minus)(x[0], x[2 * step]);
    const complexes c = NAMED(plus)(x[step], x[3 * step]), d = NAMED(minus)(x[step], x[3 * step]);
    const complexes e = sign < 0 ? (complexes){d.im, -d.re} : (complexes){-d.im, d.re};
    x[0] = NAMED(plus)(a, c);
    x[step] = NAMED(plus)(b, e);
    x[2 * step] = NAMED(minus)(a, c);
    x[3 * step] = NAMED(minus)(b, e);
}

/* Transform of 4 * many numbers; number q comes out at `PLACE(q)`. All arguments but x are constants. */
#define PLACE(q, many) (4 * ((q) % (many)) + (q) / (many))
INLINE void NAMED(dft)(complexes *x, const int many, const int sign)
{
    UNROLL for (int n = 0; n < 4; n++) {
        if (many == 2) NAMED(dft2)(x + n, 4);
        if (many == 3) NAMED(dft3)(x + n, 4, sign);
        if (many == 4) NAMED(dft4)(x + n, 4, sign);
        UNROLL for (int k = 1; k < many; k++)
            x[4 * k + n] = NAMED(turned)(x[4 * k + n], (48 + sign * (12 / many) * n * k) % 48);
    }
    UNROLL for (int k = 0; k < many; k++) NAMED(dft4)(x + 4 * k, 1, sign);
}

/* One pass forward over numbers `step` floats apart, in blocks of 4 * many * part; the last pass has part 1 and no
 * twiddle factors. */
INLINE void NAMED(forward_as)(const int many, float *data, ptrdiff_t step, ptrdiff_t blocks, ptrdiff_t part,
                              const float *turns)
{
    enum { MOST = 16 };
    const int radix = 4 * many;
    for (ptrdiff_t b = 0; b < blocks; b++, data += radix * part * step) {
        const float *turn = turns;
        for (ptrdiff_t j = 0; j < part; j++, turn += 2 * (radix - 1)) {
            float *at = data + j * step;
            complexes x[MOST];
            UNROLL for (int k = 0; k < radix; k++) x[k] = NAMED(load)(at + k * part * step);
            NAMED(dft)(x, many, -1);
            NAMED(keep)(at, x[0]);
            UNROLL for (int q = 1; q < radix; q++) {
                complexes y = x[PLACE(q, many)];
                if (turns)
                    y = NAMED(times)(y, turn[2 * q - 2], -turn[2 * q - 1]);
                NAMED(keep)(at + q * part * step, y);
            }
        }
    }
}

/* The same pass back. */
INLINE void NAMED(back_as)(const int many, float *data, ptrdiff_t step, ptrdiff_t blocks, ptrdiff_t part,
                           const float *turns)
{
    enum { MOST = 16 };
    const int radix = 4 * many;
    for (ptrdiff_t b = 0; b < blocks; b++, data += radix * part * step) {
        const float *turn = turns;
        for (ptrdiff_t j = 0; j < part; j++, turn += 2 * (radix - 1)) {
            float *at = data + j * step;
            complexes x[MOST];
            UNROLL for (int q = 0; q < radix; q++) {
                x[q] = NAMED(load)(at + q * part * step);
                if (turns && q)
                    x[q] = NAMED(times)(x[q], turn[2 * q - 2], turn[2 * q - 1]);
            }
            NAMED(dft)(x, many, 1);
            UNROLL for (int k = 0; k < radix; k++) NAMED(keep)(at + k * part * step, x[PLACE(k, many)]);
        }
    }
}

/* The last pass forward, the product with the taps' spectrum, and the first pass back. */
INLINE void NAMED(middle_as)(const int many, float *data, ptrdiff_t blocks, const float *spectrum)
{
    enum { MOST = 16 };
    const int radix = 4 * many;
    for (ptrdiff_t b = 0; b < blocks; b++, data += radix * 2 * FLOATS, spectrum += radix * 2 * FLOATS) {
        complexes x[MOST], y[MOST];
        UNROLL for (int k = 0; k < radix; k++) x[k] = NAMED(load)(data + k * 2 * FLOATS);
        NAMED(dft)(x, many, -1);
        UNROLL for (int q = 0; q < radix; q++) {
            const complexes a = x[PLACE(q, many)], h = NAMED(load)(spectrum + q * 2 * FLOATS);
            y[q] = (complexes){a.re * h.re - a.im * h.im, a.im * h.re + a.re * h.im};
        }
        NAMED(dft)(y, many, 1);
        UNROLL for (int k = 0; k < radix; k++) NAMED(keep)(data + k * 2 * FLOATS, y[PLACE(k, many)]);
    }
}

#define EACH_RADIX(DO) DO(1) DO(2) DO(3) DO(4)
#define FUNCTIONS(MANY)                                                                                          \
    NOINLINE void NAMED(forward##MANY)(float *data, ptrdiff_t step, ptrdiff_t blocks, ptrdiff_t part,     \
                                              const float *turns)                                                \
    {                                                                                                            \
        if (turns)                                                                                               \
            NAMED(forward_as)(MANY, data, step, blocks, part, turns);                                            \
        else                                                                                                     \
            NAMED(forward_as)(MANY, data, step, blocks, 1, NULL);                                                \
    }                                                                                                            \
    NOINLINE void NAMED(back##MANY)(float *data, ptrdiff_t step, ptrdiff_t blocks, ptrdiff_t part,        \
                                           const float *turns)                                                   \
    {                                                                                                            \
        if (turns)                                                                                               \
            NAMED(back_as)(MANY, data, step, blocks, part, turns);                                               \
        else                                                                                                     \
            NAMED(back_as)(MANY, data, step, blocks, 1, NULL);                                                   \
    }                                                                                                            \
    NOINLINE void NAMED(middle##MANY)(float *data, ptrdiff_t blocks, const float *spectrum)               \
    {                                                                                                            \
        NAMED(middle_as)(MANY, data, blocks, spectrum);                                                          \
    }
EACH_RADIX(FUNCTIONS)
#undef FUNCTIONS

/* Every pass forward but, for `middle`, the last; returns how many numbers the blocks of the last pass have. */
static void NAMED(forward)(const int64_t *radix, const float *turns, int64_t count, float *data, ptrdiff_t step,
                           int last)
{
    int64_t block = count;
    for (int p = 0; p < PASSES && radix[p]; p++) {
        const int64_t part = block / radix[p];
        const float *now = part > 1 ? turns : NULL;
        if (part == 1 && !last)
            return;
        switch (radix[p]) {
#define PASS(MANY) \
    case 4 * MANY: NAMED(forward##MANY)(data, step, count / block, part, now); break;
            EACH_RADIX(PASS)
#undef PASS
        }
        turns += part * (radix[p] - 1) * 2;
        block = part;
    }
}

/* Every pass back but, after `middle`, the first. */
static void NAMED(back)(const int64_t *radix, const float *turns, int64_t count, float *data, ptrdiff_t step, int first)
{
    const float *from[PASSES];
    int64_t parts[PASSES], block = count;
    int passes = 0;
    for (; passes < PASSES && radix[passes]; passes++) {
        from[passes] = turns;
        parts[passes] = block / radix[passes];
        turns += parts[passes] * (radix[passes] - 1) * 2;
        block = parts[passes];
    }
    for (int p = passes - 1; p >= 0; p--) {
        const int64_t part = parts[p];
        const float *now = part > 1 ? from[p] : NULL;
        if (part == 1 && !first)
            continue;
        switch (radix[p]) {
#define PASS(MANY) \
    case 4 * MANY: NAMED(back##MANY)(data, step, count / (part * radix[p]), part, now); break;
            EACH_RADIX(PASS)
#undef PASS
        }
    }
}

static void NAMED(middle)(const int64_t *radix, int64_t count, float *data, const float *spectrum)
{
    int64_t last = 0;
    for (int p = 0; p < PASSES && radix[p]; p++) last = radix[p];
    switch (last) {
#define PASS(MANY) \
    case 4 * MANY: NAMED(middle##MANY)(data, count / (4 * MANY), spectrum); break;
        EACH_RADIX(PASS)
#undef PASS
    }
}
#undef EACH_RADIX

/* The first and the second half of a and b interleaved. */
#if WIDTH == 64
INLINE f32v NAMED(low_zip)(f32v a, f32v b)
{
    return (f32v)_mm512_permutex2var_ps(
        (__m512)a, _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0), (__m512)b);
}
INLINE f32v NAMED(high_zip)(f32v a, f32v b)
{
    return (f32v)_mm512_permutex2var_ps(
        (__m512)a, _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8), (__m512)b);
}
#elif WIDTH == 32
INLINE f32v NAMED(low_zip)(f32v a, f32v b)
{
    return (f32v)_mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
}
INLINE f32v NAMED(high_zip)(f32v a, f32v b)
{
    return (f32v)_mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
}
#else
INLINE f32v NAMED(low_zip)(f32v a, f32v b) { return (f32v){a[0], b[0], a[1], b[1]}; }
INLINE f32v NAMED(high_zip)(f32v a, f32v b) { return (f32v){a[2], b[2], a[3], b[3]}; }
#endif

/* Turn a square of samples, from one place `from_step` apart to another. */
INLINE void NAMED(turn_square)(const float *from, ptrdiff_t from_step, float *to, ptrdiff_t to_step)
{
    f32v x[FLOATS], y[FLOATS];
    UNROLL for (int i = 0; i < FLOATS; i++) x[i] = *(const PASTE(f32v_stored, LEVEL) *)(from + i * from_step);
    UNROLL for (int size = 1; size < FLOATS; size *= 2) {
        UNROLL for (int i = 0; i < FLOATS / 2; i++) {
            y[2 * i] = NAMED(low_zip)(x[i], x[i + FLOATS / 2]);
            y[2 * i + 1] = NAMED(high_zip)(x[i], x[i + FLOATS / 2]);
        }
        UNROLL for (int i = 0; i < FLOATS; i++) x[i] = y[i];
    }
    UNROLL for (int i = 0; i < FLOATS; i++) STORED(to + i * to_step) = x[i];
}

/* Transform, multiply and transform back along FLOATS rows of the tile. */
NOINLINE void NAMED(along_rows)(const FourierPlan *plan, const FourierWork *work, int64_t row)
{
    const FourierSettings *is = &plan->is;
    const ptrdiff_t cols = is->tile_cols, step = 2 * FLOATS;
    float *rows = work->tile + row * work->pitch;
    for (ptrdiff_t x = 0; x < cols; x += FLOATS) {
        NAMED(turn_square)(rows + 2 * x, work->pitch, work->beside + x * step, step);
        NAMED(turn_square)(rows + 2 * x + FLOATS, work->pitch, work->beside + x * step + FLOATS, step);
    }
    NAMED(forward)(is->col_radix, plan->col_turns, cols, work->beside, step, 0);
    NAMED(middle)(is->col_radix, cols, work->beside, plan->spectrum + row * cols * 2);
    NAMED(back)(is->col_radix, plan->col_turns, cols, work->beside, step, 0);
    /* Columns without a whole window hold nothing of use. */
    const ptrdiff_t used = cols - is->span_cols + 1;
    for (ptrdiff_t x = 0; x < used; x += FLOATS) {
        NAMED(turn_square)(work->beside + x * step, step, rows + 2 * x, work->pitch);
        NAMED(turn_square)(work->beside + x * step + FLOATS, step, rows + 2 * x + FLOATS, work->pitch);
    }
}

/* Correlate both planes of the tile with the taps. */
static void NAMED(correlate)(const FourierPlan *plan, const FourierWork *work)
{
    const FourierSettings *is = &plan->is;
    for (ptrdiff_t x = 0; x < is->tile_cols; x += FLOATS)
        NAMED(forward)(is->row_radix, plan->row_turns, is->tile_rows, work->tile + 2 * x, work->pitch, 1);
    for (int64_t row = 0; row < is->tile_rows; row += FLOATS) NAMED(along_rows)(plan, work, row);
    for (ptrdiff_t x = 0; x < is->tile_cols - is->span_cols + 1; x += FLOATS)
        NAMED(back)(is->row_radix, plan->row_turns, is->tile_rows, work->tile + 2 * x, work->pitch, 1);
}

/* Samples of one channel of packed pixels: 16 bytes of them from as many times 16 bytes as there are channels, and
 * back. The sizes are constants. */
#if defined(__x86_64__) && WIDTH > 16
#define PICKED(b, size, channels, k) \
    (char)((b) / (size) * (channels) * (size) / 16 == (k) ? (b) / (size) * (channels) * (size) % 16 + (b) % (size) : -128)
#define PLACED(b, size, channels, k) \
    (char)((16 * (k) + (b)) / (size) % (channels) ? -128 : (16 * (k) + (b)) / (size) / (channels) * (size) + (b) % (size))
#define SIXTEEN(OF, ...)                                                                                          \
    _mm_setr_epi8(OF(0, __VA_ARGS__), OF(1, __VA_ARGS__), OF(2, __VA_ARGS__), OF(3, __VA_ARGS__),                 \
                  OF(4, __VA_ARGS__), OF(5, __VA_ARGS__), OF(6, __VA_ARGS__), OF(7, __VA_ARGS__),                 \
                  OF(8, __VA_ARGS__), OF(9, __VA_ARGS__), OF(10, __VA_ARGS__), OF(11, __VA_ARGS__),               \
                  OF(12, __VA_ARGS__), OF(13, __VA_ARGS__), OF(14, __VA_ARGS__), OF(15, __VA_ARGS__))

INLINE __m128i NAMED(pick)(const void *from, const int size, const int channels)
{
    __m128i found = _mm_setzero_si128();
    UNROLL for (int k = 0; k < channels; k++) {
        const __m128i part = _mm_loadu_si128((const __m128i *)from + k);
        found = _mm_or_si128(found, _mm_shuffle_epi8(part, SIXTEEN(PICKED, size, channels, k)));
    }
    return found;
}

INLINE void NAMED(place)(__m128i samples, const int size, const int channels, void *to)
{
    UNROLL for (int k = 0; k < channels; k++) {
        const __m128i at = SIXTEEN(PLACED, size, channels, k);
        const __m128i others = _mm_and_si128(_mm_loadu_si128((const __m128i *)to + k), _mm_cmplt_epi8(at, _mm_setzero_si128()));
        _mm_storeu_si128((__m128i *)to + k, _mm_or_si128(_mm_shuffle_epi8(samples, at), others));
    }
}

INLINE void NAMED(put_eight)(__m256i whole, float centre, float *to)
{
    _mm256_storeu_ps(to, _mm256_sub_ps(_mm256_cvtepi32_ps(whole), _mm256_set1_ps(centre)));
}
#define PICKING 1
#else
#define PICKING 0
#endif

/* Convert `count` samples, `channels` samples apart, less the centre. */
#define CENTRED(NAME_, FROM)                                                                                          \
    INLINE void NAMED(NAME_##_by)(const FROM *restrict from, const ptrdiff_t channels, ptrdiff_t count, float centre, \
                                  float *restrict to)                                                                 \
    {                                                                                                                 \
        ptrdiff_t x = 0;                                                                                              \
        PICK(FROM)                                                                                                    \
        for (; x < count; x++) to[x] = (float)from[x * channels] - centre;                                            \
    }                                                                                                                 \
    NOINLINE void NAMED(NAME_)(const FROM *restrict from, ptrdiff_t channels, ptrdiff_t count, float centre,   \
                                      float *restrict to)                                                             \
    {                                                                                                                 \
        switch (channels) {                                                                                           \
        case 1: NAMED(NAME_##_by)(from, 1, count, centre, to); break;                                                 \
        case 3: NAMED(NAME_##_by)(from, 3, count, centre, to); break;                                                 \
        case 4: NAMED(NAME_##_by)(from, 4, count, centre, to); break;                                                 \
        default: NAMED(NAME_##_by)(from, channels, count, centre, to);                                                \
        }                                                                                                             \
    }
#if PICKING
/* The pixel after the last one picked must be there: what is loaded reaches into it. */
#define PICK(FROM)                                                                                 \
    enum { MANY_ = 16 / sizeof(FROM) };                                                            \
    if (sizeof(FROM) < 4 && (channels == 3 || channels == 4))                                      \
        for (; x + MANY_ < count; x += MANY_) {                                                    \
            const __m128i found = NAMED(pick)(from + x * channels, (int)sizeof(FROM), (int)channels); \
            if (sizeof(FROM) == 2) {                                                               \
                NAMED(put_eight)(_mm256_cvtepu16_epi32(found), centre, to + x);                    \
            } else {                                                                               \
                NAMED(put_eight)(_mm256_cvtepu8_epi32(found), centre, to + x);                     \
                NAMED(put_eight)(_mm256_cvtepu8_epi32(_mm_srli_si128(found, 8)), centre, to + x + 8); \
            }                                                                                      \
        }
#else
#define PICK(FROM)
#endif
CENTRED(u8_centred, uint8_t)
CENTRED(u16_centred, uint16_t)
CENTRED(f32_centred, float)
#undef CENTRED
#undef PICK

/* One channel of one padded pixel. */
INLINE float NAMED(padded_sample)(const FourierPlan *plan, const Image *image, const char *row, int64_t channel,
                                  int64_t q)
{
    const int64_t col = row ? plan->cols[q] : -1;
    uint8_t byte;
    uint16_t pair;
    float value;
    if (col < 0)
        return (float)plan->constant;
    const char *from = row + col * image->col + channel * image->channel;
    switch (plan->is.source) {
    case U8: memcpy(&byte, from, 1); return (float)byte;
    case U16: memcpy(&pair, from, 2); return (float)pair;
    default: memcpy(&value, from, 4); return value;
    }
}

static const char *NAMED(padded_row)(const FourierPlan *plan, const Image *image, int64_t row)
{
    return plan->rows[row] < 0 ? NULL : image->data + plan->rows[row] * image->row;
}

/* A whole number near the mean of a tile of integers. Errors grow with what is transformed: less this, it is small,
 * and nothing where all samples are the same. */
static float NAMED(centre_of)(const FourierPlan *plan, const Image *image, int64_t row, int64_t col, int64_t channel)
{
    enum { GRID = 8 };
    const FourierSettings *is = &plan->is;
    if (is->source == SAMPLE_F32)
        return 0;
    const int64_t down = plan->row_count - row < is->tile_rows ? plan->row_count - row : is->tile_rows;
    const int64_t across = plan->col_count - col < is->tile_cols ? plan->col_count - col : is->tile_cols;
    float sum = 0;
    for (int64_t k = 0; k < GRID * GRID; k++) {
        const char *line = NAMED(padded_row)(plan, image, row + k / GRID * down / GRID);
        sum += NAMED(padded_sample)(plan, image, line, channel, col + k % GRID * across / GRID);
    }
    return (float)(int32_t)(sum / (GRID * GRID));
}

/* Read padded columns `first` to `first + count` of one channel of an image row (NULL: outside) into `line`. */
static void NAMED(read_line)(const FourierPlan *plan, const Image *image, const char *row, int64_t channel,
                             int64_t first, int64_t count, float centre, float *line)
{
    const FourierSettings *is = &plan->is;
    const int64_t last = first + count, end = last < plan->col_count ? last : plan->col_count;
    const ptrdiff_t size = SAMPLE_SIZE[is->source];
    int64_t start = is->run_start > first ? is->run_start : first, stop = is->run_stop < end ? is->run_stop : end;
    if (!image->packed || !row || stop < start)
        start = stop = end;
    for (int64_t q = first; q < last; q++) {
        if (q == start && stop > start) {
            const char *from = row + ((is->run_col + start - is->run_start) * is->channels + channel) * size;
            switch (is->source) {
            case U8: NAMED(u8_centred)((const uint8_t *)from, is->channels, stop - start, centre, line); break;
            case U16: NAMED(u16_centred)((const uint16_t *)from, is->channels, stop - start, centre, line); break;
            default: NAMED(f32_centred)((const float *)from, is->channels, stop - start, centre, line);
            }
            line += stop - start;
            q = stop;
            if (q == last)
                break;
        }
        *line++ = q < end ? NAMED(padded_sample)(plan, image, row, channel, q) - centre : 0;
    }
}

/* The largest magnitude among `count` floats, as its bits: NaN is above infinity, and that above all numbers. */
NOINLINE uint32_t NAMED(peak_bits)(const float *line, ptrdiff_t count)
{
    uint32_t most = 0;
    for (ptrdiff_t x = 0; x < count; x++) {
        uint32_t bits;
        memcpy(&bits, line + x, sizeof(bits));
        bits &= 0x7fffffffu;
        most = bits > most ? bits : most;
    }
    return most;
}

static float NAMED(tile_sample)(const FourierWork *work, int part, int64_t row, int64_t col)
{
    return work->tile[row * work->pitch + col / FLOATS * 2 * FLOATS + part * FLOATS + col % FLOATS];
}

/* Whether a transform's error, which is the same everywhere, is small beside the usual sample: not where a few
 * samples dwarf the others. */
static int NAMED(even)(const FourierPlan *plan, const FourierWork *work, int part, uint32_t bits)
{
    const FourierSettings *is = &plan->is;
    const float dwarfing = 30;
    float peak;
    memcpy(&peak, &bits, sizeof(peak));
    if (!(peak <= 1e18f))
        return 0;
    if (peak == 0)
        return 1;
    if (peak < 1e-18f)
        return 0;
    int counts[256] = {0}, all = 0;
    for (int64_t r = 0; r < is->tile_rows; r += 8)
        for (int64_t q = 0; q < is->tile_cols; q += 8) {
            const float value = NAMED(tile_sample)(work, part, r, q);
            memcpy(&bits, &value, sizeof(bits));
            counts[bits >> 23 & 255] += value != 0;
            all += value != 0;
        }
    int exponent = 0;
    for (int below = counts[0]; exponent < 254 && 2 * below < all; below += counts[++exponent]) continue;
    const uint32_t power = (uint32_t)exponent << 23;
    float usual = peak;
    if (all)
        memcpy(&usual, &power, sizeof(usual));
    if (peak <= dwarfing * usual)
        return 1;
    double squares = 0;
    for (int64_t r = 0; r < is->tile_rows; r++)
        for (int64_t q = 0; q < is->tile_cols; q++) {
            const double value = NAMED(tile_sample)(work, part, r, q);
            squares += value * value;
        }
    return squares <= (double)dwarfing * usual * dwarfing * usual * (double)(is->tile_rows * is->tile_cols);
}

/* Keep samples as int16, and return the sum of the squares of those handed over. */
NOINLINE double NAMED(keep_shorts)(const float *restrict line, ptrdiff_t count, float less,
                                          int16_t *restrict shorts)
{
    f32v squares = {0};
    double sum = 0;
    for (ptrdiff_t x = 0; x < count; x++) shorts[x] = (int16_t)(int32_t)(line[x] + less);
    for (ptrdiff_t x = 0; x < count; x += FLOATS) {
        const f32v some = *(const PASTE(f32v_stored, LEVEL) *)(line + x);
        squares += some * some;
    }
    for (int l = 0; l < FLOATS; l++) sum += squares[l];
    return sum;
}

/* Read one plane of samples into a part of the tile: 0 is the real one. Returns 0 if it must not be transformed. */
static int NAMED(read_plane)(const FourierPlan *plan, const Image *image, FourierWork *work, int64_t row, int64_t col,
                             int64_t channel, int part)
{
    const FourierSettings *is = &plan->is;
    const float centre = work->centre[part] = NAMED(centre_of)(plan, image, row, col, channel);
    uint32_t peak = 0;
    work->squares[part] = 0;
    for (int64_t r = 0; r < is->tile_rows; r++) {
        float *to = work->tile + r * work->pitch + part * FLOATS;
        if (row + r < plan->row_count)
            NAMED(read_line)(plan, image, NAMED(padded_row)(plan, image, row + r), channel, col, is->tile_cols, centre,
                             work->line);
        else
            memset(work->line, 0, (size_t)is->tile_cols * sizeof(float));
        if (is->source == SAMPLE_F32) {
            const uint32_t bits = NAMED(peak_bits)(work->line, is->tile_cols);
            peak = bits > peak ? bits : peak;
        }
        for (ptrdiff_t x = 0; x < is->tile_cols; x += FLOATS)
            STORED(to + 2 * x) = STORED(work->line + x);
        if (plan->exact.taps)
            work->squares[part] += NAMED(keep_shorts)(work->line, is->tile_cols, centre - plan->lower,
                                                      work->shorts[part] + r * work->short_pitch);
    }
    return is->source != SAMPLE_F32 || NAMED(even)(plan, work, part, peak);
}

/* Put samples next to each other into one channel of a row of pixels. */
INLINE void NAMED(spread_as)(const ptrdiff_t size, const ptrdiff_t channels, const char *restrict from, ptrdiff_t count,
                             char *restrict to)
{
    ptrdiff_t x = 0;
#if PICKING
    /* The pixel after the last one placed must be of the same row: its first samples are written again. */
    const ptrdiff_t many = 16 / size;
    if (size < 8 && (channels == 3 || channels == 4))
        for (; x + many < count; x += many)
            NAMED(place)(_mm_loadu_si128((const __m128i *)(from + x * size)), (int)size, (int)channels,
                         to + x * channels * size);
#endif
    for (; x < count; x++) memcpy(to + x * channels * size, from + x * size, (size_t)size);
}

NOINLINE void NAMED(spread)(ptrdiff_t size, ptrdiff_t channels, const char *from, ptrdiff_t count, char *to)
{
    switch (size * 8 + (channels < 5 ? channels : 0)) {
#define SPREAD_(SIZE)                                                                  \
    case SIZE * 8 + 3: NAMED(spread_as)(SIZE, 3, from, count, to); break;              \
    case SIZE * 8 + 4: NAMED(spread_as)(SIZE, 4, from, count, to); break;              \
    case SIZE * 8 + 2: case SIZE * 8: NAMED(spread_as)(SIZE, channels, from, count, to); break;
        SPREAD_(1) SPREAD_(2) SPREAD_(4) SPREAD_(8)
#undef SPREAD_
    }
}

/* The sum of the window that starts at (row, col) of a part of the tile. */
NOINLINE double NAMED(exact_sum)(const FourierPlan *plan, const FourierWork *work, int part, int64_t row,
                                        int64_t col)
{
    const Exact *exact = &plan->exact;
    const int16_t *line = work->shorts[part] + row * work->short_pitch + col, *taps = exact->taps;
    int64_t sum = 0;
#ifdef DOT_16
    i32v total = {0};
    for (int64_t i = 0; i < exact->rows; i++, line += plan->is.dilation_y * work->short_pitch, taps += exact->pitch)
        for (int64_t j = 0; j < exact->pitch; j += WIDTH / 2)
            total = DOT_16(total, *(const UNALIGNED(i32v) *)(line + j), *(const UNALIGNED(i32v) *)(taps + j));
    for (int l = 0; l < FLOATS; l++) sum += total[l];
#else
    for (int64_t i = 0; i < exact->rows; i++, line += plan->is.dilation_y * work->short_pitch, taps += exact->pitch)
        for (int64_t j = 0; j < exact->pitch; j++) sum += (int64_t)line[j] * taps[j];
#endif
    return (double)sum + (double)plan->lower * plan->sum;
}

/* What a sum becomes, before it is kept within the type's range. */
static double NAMED(exact_sample)(const Exact *exact, const Finish *finish, double sum)
{
    double value = (sum + exact->whole) / exact->divisor * exact->slope + exact->shift;
    if (finish->magnitude)
        value = fabs(value);
    return value < 0 ? ceil(value - 0.5) : floor(value + 0.5);
}

/* Note the extremes of a row of sums that may be wrong by `error` exactly; returns how many were computed again. */
static int64_t NAMED(note_ends)(const FourierPlan *plan, const FourierWork *work, const Exact *exact, int part,
                                int64_t row, ptrdiff_t count, double error, Seen *seen)
{
    const ptrdiff_t step = plan->is.stride_x;
    const f32v none = {0};
    const float *line = work->line;
    f32v low = INFINITY - none, high = -INFINITY - none;
    Seen ends = {INFINITY, -INFINITY, 0, 0, 0};
    int64_t again = 0;
    for (ptrdiff_t x = 0; x < count; x += FLOATS) {
        low = NAMED(least)(*(const PASTE(f32v_stored, LEVEL) *)(line + x), low);
        high = NAMED(most)(*(const PASTE(f32v_stored, LEVEL) *)(line + x), high);
    }
    NAMED(widen)(&ends, low, high);
    error += fmax(fabs(ends.low), fabs(ends.high)) * 0x1p-22;
    const int lower = ends.low - error < seen->low && seen->low > exact->least;
    const int higher = ends.high + error > seen->high && seen->high < exact->most;
    /* The ends first, which leaves few others to compute. */
    for (int round = 0; round < 2 && (lower || higher); round++)
        for (ptrdiff_t x = 0; x < count; x++) {
            const int down = lower && (round ? line[x] - error < seen->low : line[x] == (float)ends.low);
            const int up = higher && (round ? line[x] + error > seen->high : line[x] == (float)ends.high);
            if ((!down || seen->low <= exact->least) && (!up || seen->high >= exact->most))
                continue;
            const double sum = NAMED(exact_sum)(plan, work, part, row, x * step);
            if (sum < seen->low) seen->low = sum;
            if (sum > seen->high) seen->high = sum;
            again++;
        }
    return again;
}

/* Put results of a row that are too near to where rounding changes in the middle between two such places, by their
 * exact sums; returns how many. The others are wrong by less than `error`. */
static int64_t NAMED(make_exact)(const FourierPlan *plan, const FourierWork *work, const Exact *exact, int part,
                                 int64_t row, ptrdiff_t count, double error, const Finish *finish)
{
    const f32v none = {0};
    const double top = finish->type == U8 ? 255 : 65535;
    const float scale = (float)finish->scale, shift = (float)finish->shift;
    const double near = error * fabs(finish->scale) + (top + 1 + fabs(finish->shift)) * 0x1p-21;
    const f32v limit = (float)(0.4999999 - near) - none, first = -1.0f - none, last = (float)(top + 1) - none;
    const f32v whole = 12582912.0f - none; /* adding it leaves no fraction */
    int64_t again = 0;
    for (ptrdiff_t x = 0; x < count && scale != 0; x += FLOATS) {
        f32v value = *(const PASTE(f32v_stored, LEVEL) *)(work->line + x) * scale + shift;
        if (finish->magnitude)
            value = NAMED(magnitude)(value);
        const f32v rest = NAMED(magnitude)(value - ((value + whole) - whole));
        uint32_t bits = NAMED(up_to)(limit, rest) & NAMED(up_to)(first, value) & NAMED(up_to)(value, last);
        if (count - x < FLOATS)
            bits &= (1u << (count - x)) - 1;
        for (; bits; bits &= bits - 1, again++) {
            const ptrdiff_t at = x + __builtin_ctz(bits);
            const double sum = NAMED(exact_sum)(plan, work, part, row, at * plan->is.stride_x);
            const double sample = fmin(fmax(NAMED(exact_sample)(exact, finish, sum), -1), top + 1);
            work->line[at] = (float)((sample - finish->shift) / finish->scale);
        }
    }
    return again;
}

/* Results of one part of the tile to samples: `rows` rows of `cols`. Returns 0 if too many of them are in doubt.
 * Where sums are made exact, `ends` gets their extremes and `seen` the rest. */
static int NAMED(store_plane)(const FourierPlan *plan, const FourierWork *work, int part, int64_t rows, int64_t cols,
                              const Finish *finish, const Exact *exact, char *out, ptrdiff_t out_row, Seen *seen,
                              Seen *ends)
{
    const FourierSettings *is = &plan->is;
    const ptrdiff_t size = SAMPLE_SIZE[finish->type];
    const float base = (float)(work->centre[part] * plan->sum);
    const double error = exact->error * sqrt((work->squares[0] + work->squares[1]) * 1.001);
    int64_t doubts = rows * cols / 4;
    for (int64_t r = 0; r < rows; r++, out += out_row) {
        const float *from = work->tile + r * is->stride_y * work->pitch + part * FLOATS;
        if (is->stride_x == 1)
            for (ptrdiff_t x = 0; x < cols; x += FLOATS) STORED(work->line + x) = STORED((float *)from + 2 * x) + base;
        else
            for (ptrdiff_t x = 0; x < cols; x++) {
                const ptrdiff_t at = x * is->stride_x;
                work->line[x] = from[at / FLOATS * 2 * FLOATS + at % FLOATS] + base;
            }
        if (exact->taps) {
            for (ptrdiff_t x = cols; x % FLOATS; x++) work->line[x] = work->line[cols - 1];
            if (finish->watch)
                doubts -= NAMED(note_ends)(plan, work, exact, part, r * is->stride_y, cols, error, ends);
            doubts -= NAMED(make_exact)(plan, work, exact, part, r * is->stride_y, cols, error, finish);
            if (doubts < 0)
                return 0;
        }
        char *samples = is->channels == 1 ? out : work->samples;
        if (finish->wide)
            NAMED(store_wide)(finish, work->line, F32, cols, samples, seen);
        else
            NAMED(store_f32)(finish, work->line, cols, samples, seen);
        if (is->channels > 1)
            NAMED(spread)(size, is->channels, samples, cols, out);
    }
    return 1;
}

/* Compute output columns `first` to `last` (exclusive) directly. */
static int NAMED(directly)(const FourierPlan *plan, const Image *image, int64_t start, int64_t stop, int64_t first,
                           int64_t last, const Finish *finish, char *out, ptrdiff_t out_row, Seen *seen)
{
    Plan part = *plan->direct;
    Settings *is = &part.is;
    const int64_t skipped = first * is->stride_x;
    part.cols += skipped;
    part.col_count -= skipped;
    is->out_cols = last - first;
    is->run_start -= skipped;
    is->run_stop -= skipped;
    if (is->run_start < 0) {
        is->run_col -= is->run_start;
        is->run_start = 0;
    }
    if (is->run_stop < is->run_start)
        is->run_stop = is->run_start;
    for (int k = 0; k < SHELF; k++) part.shelf[k] = NULL;
    const Out to = {out, out_row};
    const int done = NAMED(band)(&part, image, start, stop, finish, &to, seen);
    for (int k = 0; k < SHELF; k++) free_aligned(part.shelf[k]);
    return done;
}

/* One row of tiles. */
static int NAMED(tiles)(const FourierPlan *plan, const Image *image, FourierWork *work, int64_t start,
                        int64_t stop, const Finish *finish, const Exact *exact, const Finish *direct, char *out,
                        ptrdiff_t out_row, Seen *seen, Seen *direct_seen)
{
    const FourierSettings *is = &plan->is;
    const ptrdiff_t size = SAMPLE_SIZE[finish->type];
    const int64_t down = stop - start, step = (is->tile_cols - is->span_cols) / is->stride_x + 1;
    int64_t waiting[2];
    int parts = 0;
    memset(work->bad, 0, (size_t)work->across);
    for (int64_t t = 0; t < work->across; t++) work->seen[t] = (Seen){INFINITY, -INFINITY, 0, 0, 0};
    for (int64_t plane = 0; plane <= work->across * is->channels; plane++) {
        const int64_t t = plane / is->channels, channel = plane % is->channels;
        if (t < work->across) {
            if (work->bad[t])
                continue;
            if (!NAMED(read_plane)(plan, image, work, start * is->stride_y, t * step * is->stride_x, channel, parts)) {
                work->bad[t] = 1;
                continue;
            }
            waiting[parts++] = plane;
        } else if (parts == 1) { /* the last one is alone */
            work->squares[1] = 0;
            for (int64_t r = 0; r < is->tile_rows; r++)
                for (ptrdiff_t x = 0; x < is->tile_cols; x += FLOATS)
                    STORED(work->tile + r * work->pitch + 2 * x + FLOATS) = (f32v){0};
        }
        if (parts == 0 || (parts == 1 && t < work->across))
            continue;
        NAMED(correlate)(plan, work);
        for (int part = 0; part < parts; part++) {
            const int64_t tile = waiting[part] / is->channels, at = waiting[part] % is->channels;
            const int64_t col = tile * step, cols = is->out_cols - col < step ? is->out_cols - col : step;
            if (!work->bad[tile]
                && !NAMED(store_plane)(plan, work, part, down, cols, finish, exact,
                                       out + (col * is->channels + at) * size, out_row, &work->seen[tile], seen))
                work->bad[tile] = 1;
        }
        parts = 0;
    }
    for (int64_t t = 0; t < work->across; t++) {
        const int64_t col = t * step, last = is->out_cols - col < step ? is->out_cols : col + step;
        const Seen *one = &work->seen[t];
        if (work->bad[t]) {
            if (!NAMED(directly)(plan, image, start, stop, col, last, direct, out + col * is->channels * size, out_row,
                                 direct_seen))
                return 0;
            continue;
        }
        if (!exact->taps && one->low < seen->low) seen->low = one->low;
        if (!exact->taps && one->high > seen->high) seen->high = one->high;
        seen->below += one->below;
        seen->above += one->above;
        seen->nan += one->nan;
    }
    return 1;
}

static int NAMED(fourier_band)(FourierPlan *plan, const Image *image, int64_t start, int64_t stop, const Finish *finish,
                               const Exact *exact, const Finish *direct, const Out *out, Seen *seen,
                               Seen *direct_seen)
{
    const FourierSettings *is = &plan->is;
    const int64_t down = (is->tile_rows - is->span_rows) / is->stride_y + 1;
    FourierWork *work = claim_fourier(plan, FLOATS);
    int done = work != NULL;
    for (int64_t row = start; done && row < stop; row += down)
        done = NAMED(tiles)(plan, image, work, row, stop - row < down ? stop : row + down, finish, exact, direct,
                            out->data + (row - start) * out->row, out->row, seen, direct_seen);
    if (work)
        put_back(plan->shelf, SHELF, work);
    return done;
}

#undef complexes
#undef STORED
#undef PICKING
#undef PICKED
#undef PLACED
#undef SIXTEEN
#undef PLACE
