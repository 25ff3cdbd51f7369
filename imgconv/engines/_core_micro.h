/* The inner loop: one operation, R output rows by V vectors of accumulators in registers.
 *
 * Included once per operation with these defined, which it undefines again:
 *   NAME        of the function        LANE        C type of a lane
 *   VEC         vector type            R, V        output rows and vectors
 *   LINE        C type of a line's lane LOAD(p)    a vector of lanes from a line
 *   SPREAD(w)   a vector of w          OP(a, v, w) the accumulator after one tap
 * It makes NAME, which writes accumulators; with SINK and OTHER_SINK defined also NAME_SINK, which writes samples.
 */
#define LANES ((ptrdiff_t)(sizeof(VEC) / sizeof(LANE)))

/* Add all taps for lanes x onwards to `acc`; `base[k]` is where tap k finds its sample of lane 0. */
INLINE void PASTE(NAME, sums)(const Taps *taps, const void *const *base, ptrdiff_t x, VEC acc[R][V])
{
    const LANE *weight = taps->weight;
    for (int32_t s = 0; s < taps->segments; s++) {
        const Segment *segment = &taps->segment[s];
        switch (segment->low * 8 + segment->high) {
#define SPAN(LOW, HIGH)                                                                                     \
    case LOW * 8 + HIGH:                                                                                    \
        for (int32_t k = segment->begin; k < segment->end; k++) {                                           \
            const LINE *at = (const LINE *)base[k] + x;                                                     \
            VEC sample[V];                                                                                  \
            UNROLL for (int v = 0; v < V; v++) sample[v] = LOAD(at + v * LANES);                            \
            UNROLL for (int r = LOW; r < HIGH; r++) {                                                       \
                const VEC w = SPREAD(weight[k * R + r]);                                                    \
                UNROLL for (int v = 0; v < V; v++) acc[r][v] = OP(acc[r][v], sample[v], w);                 \
            }                                                                                               \
        }                                                                                                   \
        break;
            SPAN(0, 1)
#if R > 1
            SPAN(0, 2) SPAN(1, 2)
#endif
#if R > 2
            SPAN(0, 3) SPAN(0, 4) SPAN(1, 3) SPAN(1, 4) SPAN(2, 3) SPAN(2, 4) SPAN(3, 4)
#endif
#undef SPAN
        }
    }
}

/* Rows of `out` are `pitch` lanes apart. */
NOINLINE void NAME(const Taps *taps, const void *const *base, LANE first, int onto, LANE *out, ptrdiff_t pitch,
                          ptrdiff_t lanes)
{
    for (ptrdiff_t x = 0; x < lanes; x += V * LANES) {
        VEC acc[R][V];
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int v = 0; v < V; v++)
                acc[r][v] = SPREAD(first);
        if (onto)
            UNROLL for (int r = 0; r < R; r++)
                UNROLL for (int v = 0; v < V; v++)
                    acc[r][v] = *(const UNALIGNED(VEC) *)(out + r * pitch + x + v * LANES);
        PASTE(NAME, sums)(taps, base, x, acc);
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int v = 0; v < V; v++)
                *(UNALIGNED(VEC) *)(out + r * pitch + x + v * LANES) = acc[r][v];
    }
}

#ifdef SINK
INTO(SINK)
#undef SINK
#endif
#ifdef OTHER_SINK
INTO(OTHER_SINK)
#undef OTHER_SINK
#endif

#undef LANES
#undef NAME
#undef LANE
#undef VEC
#undef R
#undef V
#undef SPREAD
#undef LINE
#undef LOAD
#undef OP
