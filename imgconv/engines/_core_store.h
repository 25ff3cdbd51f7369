/* Accumulators to samples, and what was seen on the way. */

enum { PASTE(FROM_F32, LEVEL), PASTE(FROM_I32, LEVEL), PASTE(FROM_I16, LEVEL) };

/* Note the smallest and largest of `count` floats in vectors. */
INLINE void NAMED(widen)(Seen *seen, f32v low, f32v high)
{
    float lowest = low[0], highest = high[0];
    for (int l = 1; l < FLOATS; l++) {
        lowest = low[l] < lowest ? low[l] : lowest;
        highest = high[l] > highest ? high[l] : highest;
    }
    if (lowest < seen->low) seen->low = lowest;
    if (highest > seen->high) seen->high = highest;
}

/* `count` accumulators of type `from`; the slack behind them may be overwritten. Both types are constants. */
INLINE void NAMED(store_as)(const int from, const enum Sample type, const Finish *finish, void *line, ptrdiff_t count,
                            void *out, Seen *seen)
{
    const f32v none = {0};
    const f32v scale = (float)finish->scale - none, shift = (float)finish->shift - none;
    const f32v round = (float)finish->round - none, top = (float)finish->top - none;
    const f32v below = (float)finish->below - none, above = (float)finish->above - none;
    const int magnitude = finish->magnitude, count_clipped = finish->count;
    f32v low = INFINITY - none, high = -INFINITY - none;
    int under = 0, over = 0, nan = 0;
    const ptrdiff_t size = SAMPLE_SIZE[type];
    /* The last vector's spare lanes repeat a sample, which changes neither the smallest nor the largest. */
    for (ptrdiff_t x = count; x % FLOATS; x++) {
        if (from == PASTE(FROM_F32, LEVEL)) ((float *)line)[x] = ((float *)line)[count - 1];
        if (from == PASTE(FROM_I32, LEVEL)) ((int32_t *)line)[x] = ((int32_t *)line)[count - 1];
        if (from == PASTE(FROM_I16, LEVEL)) ((int16_t *)line)[x] = ((int16_t *)line)[count - 1];
    }
    for (ptrdiff_t x = 0; x < count; x += FLOATS) {
        f32v value;
        if (from == PASTE(FROM_F32, LEVEL))
            value = *(const UNALIGNED(f32v) *)((float *)line + x);
        else if (from == PASTE(FROM_I32, LEVEL))
            value = NAMED(from_i32)((int32_t *)line + x);
        else
            value = NAMED(from_i16)((int16_t *)line + x);
        /* In this order NaN loses against any number. */
        low = NAMED(least)(value, low);
        high = NAMED(most)(value, high);
        const uint32_t live = count - x >= FLOATS ? ~0u : (1u << (count - x)) - 1;
        if (from == PASTE(FROM_F32, LEVEL)) {
            const uint32_t holes = NAMED(unordered)(value) & live;
            if (holes) nan += __builtin_popcount(holes);
        }
        value = value * scale + shift;
        if (magnitude)
            value = NAMED(magnitude)(value);
        if (type == U8 || type == U16) {
            if (count_clipped) {
                under += __builtin_popcount(NAMED(up_to)(value, below) & live);
                over += __builtin_popcount(NAMED(up_to)(above, value) & live);
            }
            value = NAMED(least)(NAMED(most)(value + round, none), top);
        }
        char spare[FLOATS * sizeof(double)];
        char *to = count - x >= FLOATS ? (char *)out + x * size : spare;
        switch (type) {
        case U8: NAMED(to_u8)((uint8_t *)to, value); break;
        case U16: NAMED(to_u16)((uint16_t *)to, value); break;
        case SAMPLE_F32: memcpy(to, &value, sizeof(value)); break;
        case SAMPLE_F64: NAMED(to_f64)((double *)to, value); break;
        }
        if (to == spare)
            memcpy((char *)out + x * size, spare, (size_t)((count - x) * size));
    }
    NAMED(widen)(seen, low, high);
    seen->below += under;
    seen->above += over;
    seen->nan += nan;
}

#define STORE(NAME_, FROM)                                                                                      \
    NOINLINE void NAMED(NAME_)(const Finish *finish, void *line, ptrdiff_t count, void *out, Seen *seen) \
    {                                                                                                           \
        switch (finish->type) {                                                                                 \
        case U8: NAMED(store_as)(FROM, U8, finish, line, count, out, seen); break;                              \
        case U16: NAMED(store_as)(FROM, U16, finish, line, count, out, seen); break;                            \
        case SAMPLE_F32: NAMED(store_as)(FROM, SAMPLE_F32, finish, line, count, out, seen); break;              \
        case SAMPLE_F64: NAMED(store_as)(FROM, SAMPLE_F64, finish, line, count, out, seen); break;              \
        }                                                                                                       \
    }
STORE(store_f32, PASTE(FROM_F32, LEVEL))
STORE(store_i32, PASTE(FROM_I32, LEVEL))
STORE(store_i16, PASTE(FROM_I16, LEVEL))
#undef STORE

/* Put samples `first` to `last` (exclusive), which are in `values`, into `out`. */
static void NAMED(put)(enum Sample type, const double *restrict values, ptrdiff_t first, ptrdiff_t last, void *out)
{
    const ptrdiff_t count = last - first;
    uint8_t *restrict bytes = (uint8_t *)out + first;
    uint16_t *restrict shorts = (uint16_t *)out + first;
    float *restrict floats = (float *)out + first;
    switch (type) {
    case U8:
        for (ptrdiff_t x = 0; x < count; x++) bytes[x] = (uint8_t)(int32_t)values[x];
        break;
    case U16:
        for (ptrdiff_t x = 0; x < count; x++) shorts[x] = (uint16_t)(int32_t)values[x];
        break;
    case SAMPLE_F32:
        for (ptrdiff_t x = 0; x < count; x++) floats[x] = (float)values[x];
        break;
    case SAMPLE_F64: memcpy((double *)out + first, values, (size_t)count * sizeof(double));
    }
}

/* The same in double: for double accumulators, and for others where float would round too early. */
NOINLINE void NAMED(store_wide)(const Finish *finish, void *line, enum Operation operation, ptrdiff_t count,
                                       void *out, Seen *seen)
{
    enum { LANES = WIDTH / 8, SOME = 256 };
    double ready[SOME];
    const f64v none = {0};
    const f64v scale = finish->scale - none, shift = finish->shift - none;
    const f64v round = finish->round - none, top = finish->top - none;
    const f64v below = finish->below - none, above = finish->above - none;
    const i64v positive = INT64_MAX - (i64v){0};
    const int magnitude = finish->magnitude, whole = finish->type == U8 || finish->type == U16;
    f64v low = INFINITY - none, high = -INFINITY - none;
    i64v under = {0}, over = {0}, nan = {0};
    for (ptrdiff_t x = 0; x < count; x += LANES) {
        const int live = count - x < LANES ? (int)(count - x) : LANES;
        f64v value;
        i64v counts;
        for (int l = 0; l < LANES; l++) counts[l] = -(l < live);
        if (operation == F32)
            value = __builtin_convertvector(*(const UNALIGNED(f32h) *)((float *)line + x), f64v);
        else if (operation != F64)
            value = __builtin_convertvector(*(const UNALIGNED(i32h) *)((int32_t *)line + x), f64v);
        else
            value = *(const UNALIGNED(f64v) *)((double *)line + x);
        if (live < LANES) /* spare lanes repeat a sample, which changes neither the smallest nor the largest */
            for (int l = live; l < LANES; l++) value[l] = value[live - 1];
        low = NAMED(either)(value < low, value, low);
        high = NAMED(either)(value > high, value, high);
        nan -= (value != value) & counts;
        value = value * scale + shift;
        if (magnitude)
            value = (f64v)((i64v)value & positive);
        if (whole) {
            under -= (value <= below) & counts;
            over -= (value >= above) & counts;
            value += round;
            value = NAMED(either)(value > none, value, none);
            value = NAMED(either)(value < top, value, top);
        }
        *(UNALIGNED(f64v) *)(ready + x % SOME) = value;
        if (x + LANES >= count || (x + LANES) % SOME == 0)
            NAMED(put)(finish->type, ready, x / SOME * SOME, x + live, out);
    }
    for (int l = 0; l < LANES; l++) {
        if (low[l] < seen->low) seen->low = low[l];
        if (high[l] > seen->high) seen->high = high[l];
        seen->below += under[l];
        seen->above += over[l];
        seen->nan += nan[l];
    }
}

/* Fill a row up to a multiple of 64 lanes with its last one, which changes neither the smallest nor the largest. */
#define FILL(line, count) \
    for (ptrdiff_t x_ = (count); x_ % 64; x_++) (line)[x_] = (line)[(count) - 1]

#if WIDTH == 64

/* 64 lanes from two or four vectors of packed integers whose 16-byte parts are out of order. */
#define LOW_HALF(a) _mm512_castsi512_si256(a)
#define HIGH_HALF(a) _mm512_extracti64x4_epi64(a, 1)
#define IN_ORDER_16 _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0)
#define IN_ORDER_32 _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0)

/* The two ways from integers to uint8 are written out: they are as much work as a small kernel. */
INLINE void NAMED(store_short_as)(const int count_clipped, const Finish *finish, const int16_t *line, ptrdiff_t count,
                                  uint8_t *out, Seen *seen)
{
    const int halves = finish->halves;
    const Magic by = magic_of(finish->divisor);
    const __m512i magic = _mm512_set1_epi16((int16_t)by.factor);
    const __m512i factor = _mm512_set1_epi16(halves ? (int16_t)(1 << (15 - halves)) : 0);
    const __m512i offset = _mm512_set1_epi16((int16_t)finish->shift), one = _mm512_set1_epi16(1);
    const __m512i low = _mm512_set1_epi16((int16_t)fmax(finish->below, -32768));
    const __m512i high = _mm512_set1_epi16((int16_t)fmin(finish->above, 32767));
    /* A threshold out of reach must not be met by the type's own end. */
    const __mmask32 may_low = finish->below >= -32768 ? ~0u : 0, may_high = finish->above <= 32767 ? ~0u : 0;
    __m512i least = _mm512_set1_epi16(32767), most = _mm512_set1_epi16(-32768);
    __m512i below = _mm512_setzero_si512(), above = _mm512_setzero_si512();
    for (ptrdiff_t x = 0; x < count; x += 64) {
        __m512i value[2];
        const uint64_t live = count - x >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - x)) - 1;
        UNROLL for (int k = 0; k < 2; k++) {
            value[k] = _mm512_loadu_si512(line + x + 32 * k);
            least = _mm512_min_epi16(least, value[k]);
            most = _mm512_max_epi16(most, value[k]);
            if (count_clipped) {
                const __mmask32 part = (__mmask32)(live >> 32 * k);
                const __mmask32 under = _mm512_mask_cmple_epi16_mask(may_low & part, value[k], low);
                const __mmask32 over = _mm512_mask_cmpge_epi16_mask(may_high & part, value[k], high);
                below = _mm512_mask_add_epi16(below, under, below, one);
                above = _mm512_mask_add_epi16(above, over, above, one);
            }
            if (halves)
                value[k] = _mm512_mulhrs_epi16(value[k], factor);
            value[k] = _mm512_adds_epi16(value[k], offset);
            if (by.factor)
                value[k] = _mm512_srl_epi16(_mm512_mulhi_epu16(_mm512_max_epi16(value[k], _mm512_setzero_si512()), magic),
                                            _mm_cvtsi32_si128(by.shift));
        }
        const __m512i packed = _mm512_permutexvar_epi64(IN_ORDER_16, _mm512_packus_epi16(value[0], value[1]));
        _mm512_mask_storeu_epi8(out + x, live, packed);
    }
    const __m512i ends = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_min_epi16(LOW_HALF(least), HIGH_HALF(least))),
                                            _mm256_max_epi16(LOW_HALF(most), HIGH_HALF(most)), 1);
    const int lowest = _mm512_reduce_min_epi32(_mm512_cvtepi16_epi32(LOW_HALF(ends)));
    const int highest = _mm512_reduce_max_epi32(_mm512_cvtepi16_epi32(HIGH_HALF(ends)));
    if (lowest < seen->low) seen->low = lowest;
    if (highest > seen->high) seen->high = highest;
    if (count_clipped) {
        const __m512i ones = _mm512_set1_epi16(1);
        seen->below += _mm512_reduce_add_epi32(_mm512_madd_epi16(below, ones));
        seen->above += _mm512_reduce_add_epi32(_mm512_madd_epi16(above, ones));
    }
}

INLINE void NAMED(store_int_as)(const int count_clipped, const enum Sample type, const Finish *finish,
                                const int32_t *line, ptrdiff_t count, void *out, Seen *seen)
{
    const __m512 scale = _mm512_set1_ps((float)finish->scale);
    const __m512 shift = _mm512_set1_ps((float)(finish->shift + finish->round));
    const float finish_divisor = (float)finish->divisor;
    const __m512 divisor = _mm512_set1_ps(finish_divisor);
    const __m512i low = _mm512_set1_epi32((int32_t)finish->below), high = _mm512_set1_epi32((int32_t)finish->above);
    const __m512i one = _mm512_set1_epi32(1);
    __m512i least = _mm512_set1_epi32(INT32_MAX), most = _mm512_set1_epi32(INT32_MIN);
    __m512i below = _mm512_setzero_si512(), above = _mm512_setzero_si512();
    for (ptrdiff_t x = 0; x < count; x += 64) {
        __m512i value[4];
        const uint64_t live = count - x >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (count - x)) - 1;
        UNROLL for (int k = 0; k < 4; k++) {
            value[k] = _mm512_loadu_si512(line + x + 16 * k);
            least = _mm512_min_epi32(least, value[k]);
            most = _mm512_max_epi32(most, value[k]);
            if (count_clipped) {
                const __mmask16 part = (__mmask16)(live >> 16 * k);
                below = _mm512_mask_add_epi32(below, _mm512_mask_cmple_epi32_mask(part, value[k], low), below, one);
                above = _mm512_mask_add_epi32(above, _mm512_mask_cmpge_epi32_mask(part, value[k], high), above, one);
            }
            const __m512 sum = _mm512_cvtepi32_ps(value[k]);
            if (finish_divisor == 0) {
                value[k] = _mm512_cvttps_epi32(_mm512_fmadd_ps(sum, scale, shift));
                continue;
            }
            /* The quotient comes out right or one too small, and the exact remainder tells. */
            const __m512 whole = _mm512_add_ps(sum, shift);
            value[k] = _mm512_cvttps_epi32(_mm512_mul_ps(whole, scale));
            const __m512 rest = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(value[k]), divisor, whole);
            const __mmask16 more = _mm512_cmp_ps_mask(rest, divisor, _CMP_GE_OQ);
            value[k] = _mm512_mask_add_epi32(value[k], more, value[k], one);
        }
        if (type == U8) {
            const __m512i packed = _mm512_packus_epi16(_mm512_packs_epi32(value[0], value[1]),
                                                       _mm512_packs_epi32(value[2], value[3]));
            _mm512_mask_storeu_epi8((uint8_t *)out + x, live, _mm512_permutexvar_epi32(IN_ORDER_32, packed));
        } else {
            const __m512i first = _mm512_packus_epi32(value[0], value[1]), second = _mm512_packus_epi32(value[2], value[3]);
            uint16_t *to = (uint16_t *)out + x;
            _mm512_mask_storeu_epi16(to, (__mmask32)live, _mm512_permutexvar_epi64(IN_ORDER_16, first));
            _mm512_mask_storeu_epi16(to + 32, (__mmask32)(live >> 32), _mm512_permutexvar_epi64(IN_ORDER_16, second));
        }
    }
    const int lowest = _mm512_reduce_min_epi32(least), highest = _mm512_reduce_max_epi32(most);
    if (lowest < seen->low) seen->low = lowest;
    if (highest > seen->high) seen->high = highest;
    if (count_clipped) {
        seen->below += _mm512_reduce_add_epi32(below);
        seen->above += _mm512_reduce_add_epi32(above);
    }
}

#undef LOW_HALF
#undef HIGH_HALF
#undef IN_ORDER_16
#undef IN_ORDER_32

#else

INLINE void NAMED(store_short_as)(const int count_clipped, const Finish *finish, const int16_t *line, ptrdiff_t count,
                                  uint8_t *restrict out, Seen *seen)
{
    const int halves = finish->halves, half = halves ? 1 << (halves - 1) : 0, shift = (int)finish->shift;
    const int low = (int)fmax(finish->below, -32769), high = (int)fmin(finish->above, 32768);
    const Magic by = magic_of(finish->divisor);
    int16_t least = 32767, most = -32768;
    int below = 0, above = 0;
    for (ptrdiff_t x = 0; x < count; x++) {
        const int16_t value = line[x];
        least = value < least ? value : least;
        most = value > most ? value : most;
        if (count_clipped) {
            below += value <= low;
            above += value >= high;
        }
        int sample = ((value + half) >> halves) + shift;
        sample = sample < 0 ? 0 : sample;
        if (by.factor)
            sample = (int)(((uint32_t)sample * by.factor) >> 16 >> by.shift);
        out[x] = (uint8_t)(sample > 255 ? 255 : sample);
    }
    if (least < seen->low) seen->low = least;
    if (most > seen->high) seen->high = most;
    seen->below += below;
    seen->above += above;
}

INLINE void NAMED(store_int_as)(const int count_clipped, const enum Sample type, const Finish *finish,
                                const int32_t *restrict line, ptrdiff_t count, void *restrict out, Seen *seen)
{
    const float scale = (float)finish->scale, shift = (float)(finish->shift + finish->round);
    const int32_t low = (int32_t)finish->below, high = (int32_t)finish->above, divisor = (int32_t)finish->divisor;
    int32_t least = INT32_MAX, most = INT32_MIN;
    int below = 0, above = 0;
    for (ptrdiff_t x = 0; x < count; x++) {
        const int32_t value = line[x];
        least = value < least ? value : least;
        most = value > most ? value : most;
        if (count_clipped) {
            below += value <= low;
            above += value >= high;
        }
        int sample;
        if (divisor == 0) {
            sample = (int)((float)value * scale + shift);
        } else { /* the quotient comes out right or one too small, and the exact remainder tells */
            const int32_t whole = value + (int32_t)shift;
            sample = (int)((float)whole * scale);
            sample += whole - sample * divisor >= divisor;
        }
        sample = sample < 0 ? 0 : sample;
        if (type == U8)
            ((uint8_t *)out)[x] = (uint8_t)(sample > 255 ? 255 : sample);
        else
            ((uint16_t *)out)[x] = (uint16_t)(sample > 65535 ? 65535 : sample);
    }
    if (least < seen->low) seen->low = least;
    if (most > seen->high) seen->high = most;
    seen->below += below;
    seen->above += above;
}

#endif

/* int16 accumulators to uint8 without leaving 16 bits: rounded halves up and shifted by whole levels, or divided.
 * `below` and `above` are accumulators here. */
NOINLINE void NAMED(store_short)(const Finish *finish, int16_t *line, ptrdiff_t count, uint8_t *out, Seen *seen)
{
    FILL(line, count);
    if (finish->count)
        NAMED(store_short_as)(1, finish, line, count, out, seen);
    else
        NAMED(store_short_as)(0, finish, line, count, out, seen);
}

/* int32 accumulators that stay small enough to uint8 or uint16; `below` and `above` are accumulators here too. */
NOINLINE void NAMED(store_int)(const Finish *finish, int32_t *line, ptrdiff_t count, void *out, Seen *seen)
{
    FILL(line, count);
    if (finish->type == U8 && finish->count)
        NAMED(store_int_as)(1, U8, finish, line, count, out, seen);
    else if (finish->type == U8)
        NAMED(store_int_as)(0, U8, finish, line, count, out, seen);
    else
        NAMED(store_int_as)(1, U16, finish, line, count, out, seen);
}
#undef FILL

static void NAMED(store)(const Plan *plan, const Finish *finish, void *line, ptrdiff_t count, void *out, Seen *seen)
{
    switch (plan->is.operation) {
    case F32:
        if (finish->wide)
            NAMED(store_wide)(finish, line, F32, count, out, seen);
        else
            NAMED(store_f32)(finish, line, count, out, seen);
        break;
    case F64:
    case BOX64: NAMED(store_wide)(finish, line, F64, count, out, seen); break;
    case DOT8:
    case DOT16:
    case BOX:
        if (finish->wide)
            NAMED(store_wide)(finish, line, DOT16, count, out, seen);
        else if (finish->halves == 0)
            NAMED(store_int)(finish, line, count, out, seen);
        else
            NAMED(store_i32)(finish, line, count, out, seen);
        break;
    default:
        if (finish->halves >= 0 && finish->type == U8)
            NAMED(store_short)(finish, line, count, out, seen);
        else
            NAMED(store_i16)(finish, line, count, out, seen);
    }
}
