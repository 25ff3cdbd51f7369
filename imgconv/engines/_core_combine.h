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

/* Combine `some` values, rounded up to whole vectors, from `at` on into `line`. */
INLINE void NAMED(combine_some)(const enum Combine how, const float *const *member, int members, ptrdiff_t at,
                                ptrdiff_t some, float *line)
{
    for (ptrdiff_t x = 0; x < some; x += FLOATS) {
        f32v all = *(const UNALIGNED(f32v) *)(member[0] + at + x);
        if (how == MAGNITUDE) all = all * all;
        for (int m = 1; m < members; m++) {
            const f32v value = *(const UNALIGNED(f32v) *)(member[m] + at + x);
            all = how == MAGNITUDE ? all + value * value : how == MAXIMUM ? NAMED(larger)(all, value) : all + value;
        }
        *(UNALIGNED(f32v) *)(line + x) = how == MAGNITUDE ? NAMED(root)(all) : all;
    }
}

/* Make `count` samples of as many results of every member; a vector behind the last result may be read. */
NOINLINE void NAMED(combine)(enum Combine how, const float *const *member, int members, ptrdiff_t count,
                                    const Finish *finish, char *out, Seen *seen)
{
    float line[COMBINED + FLOATS];
    for (ptrdiff_t at = 0; at < count; at += COMBINED) {
        const ptrdiff_t some = count - at < COMBINED ? count - at : COMBINED;
        switch (how) {
        case MAGNITUDE: NAMED(combine_some)(MAGNITUDE, member, members, at, some, line); break;
        case MAXIMUM: NAMED(combine_some)(MAXIMUM, member, members, at, some, line); break;
        case SUM: NAMED(combine_some)(SUM, member, members, at, some, line); break;
        }
        NAMED(store_f32)(finish, line, some, out + at * SAMPLE_SIZE[finish->type], seen);
    }
}
