/* Sinks: accumulators that are still in registers become samples, and what was seen on the way is noted.
 *
 * A sink is a struct with three functions: `open` reads the finish, `put` takes `count` vectors of one row, and
 * `close` adds what it saw to `seen`. Each does what the function of _core_store.h named beside it does to whole
 * blocks, without writing accumulators to memory and reading them again.
 */

/* store_short: int16 to uint8. `below` and `above` are accumulators. */
typedef struct {
    i16v factor, shift, low, high, least, most, below, above;
    u16v magic;
    int watch, count, halves, divided;
    Magic by;
} NAMED(short_to_u8);

INLINE void NAMED(short_to_u8_open)(NAMED(short_to_u8) *sink, const Finish *finish)
{
    const i16v none = {0};
    *sink = (NAMED(short_to_u8)){
        .factor = (int16_t)(finish->halves ? 1 << (15 - finish->halves) : 0) - none,
        .shift = (int16_t)finish->shift - none,
        .low = (int16_t)fmax(finish->below, -32768) - none, .high = (int16_t)fmin(finish->above, 32767) - none,
        .least = 32767 - none, .most = -32768 - none, .watch = finish->watch, .count = finish->count, .halves = finish->halves, .divided = finish->divisor != 0, .by = magic_of(finish->divisor),
    };
    sink->magic = (uint16_t)sink->by.factor - (u16v){0};
}

INLINE void NAMED(short_to_u8_put)(NAMED(short_to_u8) *sink, int count, const void *sums, char *out, ptrdiff_t x)
{
    const i16v *value = sums, none = {0};
    UNROLL for (int v = 0; v < count; v += 2) {
        i16v pair[2];
        UNROLL for (int k = 0; k < 2; k++) {
            i16v one = value[v + k];
            if (sink->watch) {
                sink->least = NAMED(least_16)(one, sink->least);
                sink->most = NAMED(most_16)(one, sink->most);
            }
            if (sink->watch && sink->count) {
                sink->below = NAMED(plus_up_to_16)(sink->below, one, sink->low);
                sink->above = NAMED(plus_up_to_16)(sink->above, sink->high, one);
            }
            if (sink->halves)
                one = NAMED(mulhrs)(one, sink->factor);
            one = NAMED(adds)(one, sink->shift);
            if (sink->divided)
                one = (i16v)((u16v)NAMED(mulhi)(NAMED(most_16)(one, none), (i16v)sink->magic) >> sink->by.shift);
            pair[k] = one;
        }
        NAMED(pack_16)(out + x + v * (WIDTH / 2), pair[0], pair[1]);
    }
}

INLINE void NAMED(short_to_u8_close)(const NAMED(short_to_u8) *sink, const Finish *finish, Seen *seen)
{
    /* A threshold out of reach must not be met by the type's own end. */
    const int may_low = finish->below >= -32768, may_high = finish->above <= 32767;
    for (int l = 0; l < WIDTH / 2; l++) {
        if (sink->least[l] < seen->low) seen->low = sink->least[l];
        if (sink->most[l] > seen->high) seen->high = sink->most[l];
        seen->below += may_low ? sink->below[l] : 0;
        seen->above += may_high ? sink->above[l] : 0;
    }
}

/* store_int: int32 that stay small enough to uint8 or uint16. `below` and `above` are accumulators here too. */
typedef struct {
    f32v scale, shift, divisor;
    i32v low, high, least, most, below, above;
    int watch, count, divided;
} NAMED(int_to);

INLINE void NAMED(int_open)(NAMED(int_to) *sink, const Finish *finish)
{
    const f32v none = {0};
    const i32v nought = {0};
    *sink = (NAMED(int_to)){
        .scale = (float)finish->scale - none, .shift = (float)(finish->shift + finish->round) - none,
        .divisor = (float)finish->divisor - none,
        .low = (int32_t)finish->below - nought, .high = (int32_t)finish->above - nought,
        .least = INT32_MAX - nought, .most = INT32_MIN - nought,
        .watch = finish->watch, .count = finish->count, .divided = finish->divisor != 0,
    };
}

INLINE i32v NAMED(int_rounded)(NAMED(int_to) *sink, i32v value)
{
    if (sink->watch) {
        sink->least = NAMED(least_32)(value, sink->least);
        sink->most = NAMED(most_32)(value, sink->most);
    }
    if (sink->watch && sink->count) {
        sink->below = NAMED(plus_up_to_32)(sink->below, value, sink->low);
        sink->above = NAMED(plus_up_to_32)(sink->above, sink->high, value);
    }
    const f32v sum = __builtin_convertvector(value, f32v);
    if (!sink->divided)
        return __builtin_convertvector(sum * sink->scale + sink->shift, i32v);
    /* The quotient comes out right or one too small, and the exact remainder tells. */
    const f32v whole = sum + sink->shift;
    const i32v quotient = __builtin_convertvector(whole * sink->scale, i32v);
    const f32v rest = whole - __builtin_convertvector(quotient, f32v) * sink->divisor;
    return quotient - (i32v)(rest >= sink->divisor);
}

INLINE void NAMED(int_close)(const NAMED(int_to) *sink, const Finish *finish, Seen *seen)
{
    (void)finish;
    for (int l = 0; l < FLOATS; l++) {
        if (sink->least[l] < seen->low) seen->low = sink->least[l];
        if (sink->most[l] > seen->high) seen->high = sink->most[l];
        seen->below += sink->below[l];
        seen->above += sink->above[l];
    }
}

#define INT_TO(SAMPLE, BYTES, VECTORS, PACK)                                                                          \
    typedef NAMED(int_to) NAMED(int_to_##SAMPLE);                                                                     \
    INLINE void NAMED(int_to_##SAMPLE##_open)(NAMED(int_to) *sink, const Finish *finish)                              \
    {                                                                                                                 \
        NAMED(int_open)(sink, finish);                                                                                \
    }                                                                                                                 \
    INLINE void NAMED(int_to_##SAMPLE##_put)(NAMED(int_to) *sink, int count, const void *sums, char *out, ptrdiff_t x) \
    {                                                                                                                 \
        const i32v *value = sums;                                                                                     \
        UNROLL for (int v = 0; v < count; v += VECTORS) {                                                             \
            i32v some[VECTORS];                                                                                       \
            UNROLL for (int k = 0; k < VECTORS; k++) some[k] = NAMED(int_rounded)(sink, value[v + k]);                \
            NAMED(PACK)(out + (x + v * FLOATS) * BYTES, some);                                                        \
        }                                                                                                             \
    }                                                                                                                 \
    INLINE void NAMED(int_to_##SAMPLE##_close)(const NAMED(int_to) *sink, const Finish *finish, Seen *seen)           \
    {                                                                                                                 \
        NAMED(int_close)(sink, finish, seen);                                                                         \
    }
INT_TO(u8, 1, INT8_VECTORS, pack_32_to_8)
INT_TO(u16, 2, 2, pack_32_to_16)
#undef INT_TO

/* store_f32: float to float. */
typedef struct {
    f32v scale, shift, low, high;
    int64_t nan;
} NAMED(f32_to_f32);

INLINE void NAMED(f32_to_f32_open)(NAMED(f32_to_f32) *sink, const Finish *finish)
{
    const f32v none = {0};
    *sink = (NAMED(f32_to_f32)){(float)finish->scale - none, (float)finish->shift - none, INFINITY - none,
                                -INFINITY - none, 0};
}

INLINE void NAMED(f32_to_f32_put)(NAMED(f32_to_f32) *sink, int count, const void *sums, char *out, ptrdiff_t x)
{
    const f32v *value = sums;
    UNROLL for (int v = 0; v < count; v++) {
        sink->low = NAMED(least)(value[v], sink->low);
        sink->high = NAMED(most)(value[v], sink->high);
        const uint32_t holes = NAMED(unordered)(value[v]);
        if (__builtin_expect(holes != 0, 0)) sink->nan += __builtin_popcount(holes);
        *(UNALIGNED(f32v) *)(out + (x + v * FLOATS) * 4) = value[v] * sink->scale + sink->shift;
    }
}

INLINE void NAMED(f32_to_f32_close)(const NAMED(f32_to_f32) *sink, const Finish *finish, Seen *seen)
{
    (void)finish;
    for (int l = 0; l < FLOATS; l++) {
        if (sink->low[l] < seen->low) seen->low = sink->low[l];
        if (sink->high[l] > seen->high) seen->high = sink->high[l];
    }
    seen->nan += sink->nan;
}
