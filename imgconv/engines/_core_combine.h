/* Several kernels' float results become one, and its samples, while they are in the cache. */

#if WIDTH == 64
INLINE f32v NAMED(root)(f32v a) { return (f32v)_mm512_sqrt_ps((__m512)a); }
#elif WIDTH == 32
INLINE f32v NAMED(root)(f32v a) { return (f32v)_mm256_sqrt_ps((__m256)a); }
#elif defined(__SSE__)
INLINE f32v NAMED(root)(f32v a) { return (f32v)_mm_sqrt_ps((__m128)a); }
#else
INLINE f32v NAMED(root)(f32v a)
{
    for (int l = 0; l < FLOATS; l++) a[l] = sqrtf(a[l]);
    return a;
}
#endif

/* The larger of two; NaN if one is. */
INLINE f32v NAMED(larger)(f32v a, f32v b)
{
    const i32v first = (a > b) | (a != a);
    return (f32v)((first & (i32v)a) | (~first & (i32v)b));
}

/* A vector of results from number `at` on; int16 ones if `shorts`, else floats. */
INLINE f32v NAMED(result)(const int shorts, const void *results, ptrdiff_t at)
{
    if (shorts)
        return NAMED(from_i16)((const int16_t *)results + at);
    return *(const UNALIGNED(f32v) *)((const float *)results + at);
}

/* Combine `some` values, rounded up to whole vectors, from `at` on into `line`. */
INLINE void NAMED(combine_some)(const enum Combine how, const int shorts, const void *const *member, int members,
                                ptrdiff_t at, ptrdiff_t some, float *line)
{
    for (ptrdiff_t x = 0; x < some; x += FLOATS) {
        f32v all = NAMED(result)(shorts, member[0], at + x);
        if (how == MAGNITUDE) all = all * all;
        for (int m = 1; m < members; m++) {
            const f32v value = NAMED(result)(shorts, member[m], at + x);
            all = how == MAGNITUDE ? all + value * value : how == MAXIMUM ? NAMED(larger)(all, value) : all + value;
        }
        *(UNALIGNED(f32v) *)(line + x) = how == MAGNITUDE ? NAMED(root)(all) : all;
    }
}

/* Make `count` samples of as many results of every member; a vector behind the last result may be read. */
INLINE void NAMED(combine_as)(const int shorts, enum Combine how, const void *const *member, int members,
                              ptrdiff_t count, const Finish *finish, char *out, Seen *seen)
{
    float line[COMBINED + FLOATS];
    for (ptrdiff_t at = 0; at < count; at += COMBINED) {
        const ptrdiff_t some = count - at < COMBINED ? count - at : COMBINED;
        switch (how) {
        case MAGNITUDE: NAMED(combine_some)(MAGNITUDE, shorts, member, members, at, some, line); break;
        case MAXIMUM: NAMED(combine_some)(MAXIMUM, shorts, member, members, at, some, line); break;
        case SUM: NAMED(combine_some)(SUM, shorts, member, members, at, some, line); break;
        }
        NAMED(store_f32)(finish, line, some, out + at * SAMPLE_SIZE[finish->type], seen);
    }
}

NOINLINE void NAMED(combine)(enum Combine how, const void *const *member, int members, ptrdiff_t count,
                             const Finish *finish, char *out, Seen *seen)
{
    NAMED(combine_as)(0, how, member, members, count, finish, out, seen);
}

NOINLINE void NAMED(combine_shorts)(enum Combine how, const void *const *member, int members, ptrdiff_t count,
                                    const Finish *finish, char *out, Seen *seen)
{
    NAMED(combine_as)(1, how, member, members, count, finish, out, seen);
}

#ifdef SINKS
/* Lengths of two int16 results as uint8, `count` in whole blocks: what edges in pictures are made of. None is negative
 * when it is stored, so that saturation keeps what fits, and what is rounded beyond it is counted. */
INLINE void NAMED(lengths_as)(const int watch, const Finish *finish, const int16_t *a, const int16_t *b, ptrdiff_t count,
                              uint8_t *out, Seen *seen)
{
    const f32v scale = (float)finish->scale - (f32v){0}, shift = (float)(finish->shift + finish->round) - (f32v){0};
    const i16v beyond = 256 - (i16v){0};
    i16v over = {0};
    i32v least = INT32_MAX - (i32v){0}, most = {0};
    for (ptrdiff_t x = 0; x < count; x += WIDTH) {
        i16v half[2];
        UNROLL for (int k = 0; k < 2; k++) {
            const ptrdiff_t at = x + k * (WIDTH / 2);
            i32v sum[2];
            NAMED(sums_of_squares)(*(const UNALIGNED(i16v) *)(a + at), *(const UNALIGNED(i16v) *)(b + at), sum);
            UNROLL for (int v = 0; v < 2; v++) {
                if (watch) {
                    least = NAMED(least_32)(least, sum[v]);
                    most = NAMED(most_32)(most, sum[v]);
                }
                sum[v] = __builtin_convertvector(NAMED(root)(__builtin_convertvector(sum[v], f32v)) * scale + shift, i32v);
            }
            half[k] = NAMED(pack_sums)(sum);
            if (watch)
                over = NAMED(plus_up_to_16)(over, beyond, half[k]);
        }
        NAMED(pack_16)((char *)out + x, half[0], half[1]);
    }
    if (!watch || count == 0)
        return;
    int low = INT32_MAX, high = 0;
    for (int l = 0; l < FLOATS; l++) {
        low = least[l] < low ? least[l] : low;
        high = most[l] > high ? most[l] : high;
    }
    for (int l = 0; l < WIDTH / 2; l++) seen->above += over[l];
    if (sqrtf((float)low) < seen->low) seen->low = sqrtf((float)low);
    if (sqrtf((float)high) > seen->high) seen->high = sqrtf((float)high);
}

/* Return how many were done, in whole blocks; none where `finish` asks for something else. */
NOINLINE ptrdiff_t NAMED(lengths)(const Finish *finish, const void *const *member, ptrdiff_t count, char *out, Seen *seen)
{
    const double longest = 46341 * finish->scale + finish->shift; /* of two int16 */
    if (finish->type != U8 || finish->magnitude || !(finish->scale > 0 && finish->shift >= 0 && longest < 1e9))
        return 0;
    const ptrdiff_t whole = count / WIDTH * WIDTH;
    if (finish->watch)
        NAMED(lengths_as)(1, finish, member[0], member[1], whole, (uint8_t *)out, seen);
    else
        NAMED(lengths_as)(0, finish, member[0], member[1], whole, (uint8_t *)out, seen);
    return whole;
}
#endif

/* Make samples of one output row of a plan whose members lie in rows of accumulators, CHUNK lanes apart. */
static void NAMED(join)(const Plan *plan, const Finish *finish, const char *rows, ptrdiff_t count, char *out, Seen *seen)
{
    const Settings *is = &plan->is;
    const void *member[ROWS];
    for (int m = 0; m < is->members; m++) member[m] = rows + m * CHUNK * LANE_SIZE[is->operation];
#ifdef SINKS
    if (is->operation == MUL16 && is->members == 2 && is->combine == MAGNITUDE) {
        const ptrdiff_t done = NAMED(lengths)(finish, member, count, out, seen);
        for (int m = 0; m < 2; m++) member[m] = (const int16_t *)member[m] + done;
        count -= done;
        out += done * SAMPLE_SIZE[finish->type];
    }
#endif
    (is->operation == MUL16 ? NAMED(combine_shorts) : NAMED(combine))((enum Combine)is->combine, member,
                                                                      (int)is->members, count, finish, out, seen);
}
