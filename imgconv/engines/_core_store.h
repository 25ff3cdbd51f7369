/* Accumulators to samples, and what was seen on the way. */

enum { PASTE(FROM_F32, LEVEL), PASTE(FROM_I32, LEVEL), PASTE(FROM_I16, LEVEL) };

/* Note the smallest and largest of `count` floats in vectors. */
INLINE void NAMED(widen)(Seen *seen, f32v low, f32v high)
{
    for (int l = 0; l < FLOATS; l++) {
        if (low[l] < seen->low) seen->low = low[l];
        if (high[l] > seen->high) seen->high = high[l];
    }
}

/* `count` accumulators of type `from`; the slack behind them may be overwritten. Both types are constants. */
INLINE void NAMED(store_as)(const int from, const enum Sample type, const Finish *finish, void *line, ptrdiff_t count,
                            void *out, Seen *seen)
{
    const f32v none = {0};
    const f32v scale = (float)finish->scale - none, shift = (float)finish->shift - none;
    const f32v round = (float)finish->round - none, top = (float)finish->top - none;
    const f32v below = (float)finish->below - none, above = (float)finish->above - none;
    f32v low = INFINITY - none, high = -INFINITY - none;
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
            if (holes) seen->nan += __builtin_popcount(holes);
        }
        value = value * scale + shift;
        if (finish->magnitude)
            value = NAMED(magnitude)(value);
        if (type == U8 || type == U16) {
            if (finish->count) {
                seen->below += __builtin_popcount(NAMED(up_to)(value, below) & live);
                seen->above += __builtin_popcount(NAMED(up_to)(above, value) & live);
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
}

#define STORE(NAME_, FROM)                                                                                      \
    static NOINLINE void NAMED(NAME_)(const Finish *finish, void *line, ptrdiff_t count, void *out, Seen *seen) \
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

/* The same in double, for double accumulators and for int32 ones that float cannot hold. */
static NOINLINE void NAMED(store_wide)(const Finish *finish, const void *line, int integers, ptrdiff_t count,
                                       void *out, Seen *seen)
{
    for (ptrdiff_t x = 0; x < count; x++) {
        double value = integers ? ((const int32_t *)line)[x] : ((const double *)line)[x];
        if (value < seen->low) seen->low = value;
        if (value > seen->high) seen->high = value;
        seen->nan += value != value;
        value = value * finish->scale + finish->shift;
        if (finish->magnitude)
            value = fabs(value);
        if (finish->type == U8 || finish->type == U16) {
            seen->below += value <= finish->below;
            seen->above += value >= finish->above;
            value += finish->round;
            value = value > 0 ? value : 0;
            value = value < finish->top ? value : finish->top;
        }
        switch (finish->type) {
        case U8: ((uint8_t *)out)[x] = (uint8_t)value; break;
        case U16: ((uint16_t *)out)[x] = (uint16_t)value; break;
        case SAMPLE_F32: ((float *)out)[x] = (float)value; break;
        case SAMPLE_F64: ((double *)out)[x] = value; break;
        }
    }
}

/* int16 accumulators to uint8 without leaving 16 bits: rounded halves away, then shifted by whole levels. */
static NOINLINE void NAMED(store_short)(const Finish *finish, int16_t *line, ptrdiff_t count, uint8_t *out, Seen *seen)
{
    const int halves = finish->halves;
    const int below = finish->below < -32768 ? -32769 : (int)finish->below;
    const int above = finish->above > 32767 ? 32768 : (int)finish->above;
    const int shift = (int)finish->shift;
    int low = 32767, high = -32768;
    ptrdiff_t x = 0;
#if WIDTH == 64
    const __m512i under = _mm512_set1_epi16((int16_t)(below + 1)), over = _mm512_set1_epi16((int16_t)(above - 1));
    const __m512i factor = _mm512_set1_epi16(halves ? (int16_t)(1 << (15 - halves)) : 0);
    const __m512i offset = _mm512_set1_epi16((int16_t)shift), zero = _mm512_setzero_si512();
    __m512i least = _mm512_set1_epi16(32767), most = _mm512_set1_epi16(-32768);
    for (; x + 32 <= count; x += 32) {
        __m512i value = _mm512_loadu_si512(line + x);
        least = _mm512_min_epi16(least, value);
        most = _mm512_max_epi16(most, value);
        if (finish->count) {
            seen->below += __builtin_popcount(_mm512_cmplt_epi16_mask(value, under));
            seen->above += __builtin_popcount(_mm512_cmpgt_epi16_mask(value, over));
        }
        if (halves)
            value = _mm512_mulhrs_epi16(value, factor);
        value = _mm512_max_epi16(_mm512_adds_epi16(value, offset), zero);
        _mm256_storeu_si256((__m256i *)(out + x), _mm512_cvtusepi16_epi8(value));
    }
    int16_t lanes[64];
    _mm512_storeu_si512(lanes, least);
    _mm512_storeu_si512(lanes + 32, most);
    for (int l = 0; l < 32; l++) {
        low = lanes[l] < low ? lanes[l] : low;
        high = lanes[32 + l] > high ? lanes[32 + l] : high;
    }
#endif
    const int half = halves ? 1 << (halves - 1) : 0;
    int under_count = 0, over_count = 0;
    for (; x < count; x++) {
        const int value = line[x];
        low = value < low ? value : low;
        high = value > high ? value : high;
        under_count += value <= below;
        over_count += value >= above;
        int sample = ((value + half) >> halves) + shift;
        sample = sample < 0 ? 0 : sample;
        out[x] = (uint8_t)(sample > 255 ? 255 : sample);
    }
    seen->below += under_count;
    seen->above += over_count;
    if (low < seen->low) seen->low = low;
    if (high > seen->high) seen->high = high;
}

static void NAMED(store)(const Plan *plan, const Finish *finish, void *line, ptrdiff_t count, void *out, Seen *seen)
{
    switch (plan->is.operation) {
    case F32: NAMED(store_f32)(finish, line, count, out, seen); break;
    case F64: NAMED(store_wide)(finish, line, 0, count, out, seen); break;
    case DOT8:
    case DOT16:
        if (finish->wide)
            NAMED(store_wide)(finish, line, 1, count, out, seen);
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
