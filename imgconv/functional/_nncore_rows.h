/* The inner loop of a convolution to one output: Y output rows by V vectors of columns, all accumulators in registers.
 *
 * Included with NAME, Y and V, which it undefines again. A line that serves several rows is read once; `slot` says
 * which rows a line serves and with which taps. Accumulators begin as `from` or, where that is NULL, as the bias.
 */
NOINLINE void NAME(const Plan *plan, const Slot *slot, int64_t slots, const LANE *lines, ptrdiff_t planes,
                   ptrdiff_t pitch, const LANE *weight, LANE bias, const LANE *from, LANE *to, ptrdiff_t to_pitch,
                   ptrdiff_t from_pitch)
{
    const ptrdiff_t *tap = plan->layout.tap, taps = plan->is.taps_x, all = plan->is.taps_y * taps;
    VEC acc[Y][V];
    if (from) {
        UNROLL for (int y = 0; y < Y; y++)
            UNROLL for (int v = 0; v < V; v++)
                acc[y][v] = *(const LOOSE *)(from + y * from_pitch + v * LANES);
    } else {
        UNROLL for (int y = 0; y < Y; y++)
            UNROLL for (int v = 0; v < V; v++)
                acc[y][v] = bias - (VEC){0};
    }
    for (ptrdiff_t k = 0; k < planes; k++, lines += pitch, weight += all)
        for (int64_t s = 0; s < slots; s++) {
            const LANE *line = lines + slot[s].line;
            switch (slot[s].low * 8 + slot[s].high) {
#define SPAN(LOW, HIGH)                                                                                     \
    case LOW * 8 + HIGH: {                                                                                  \
        const LANE *own[Y];                                                                                 \
        UNROLL for (int y = LOW; y < HIGH; y++) own[y] = weight + slot[s].weight[y];                        \
        for (ptrdiff_t j = 0; j < taps; j++) {                                                              \
            const LANE *at = line + tap[j];                                                                 \
            VEC sample[V];                                                                                  \
            UNROLL for (int v = 0; v < V; v++) sample[v] = *(const LOOSE *)(at + v * LANES);                \
            UNROLL for (int y = LOW; y < HIGH; y++) {                                                       \
                const VEC w = own[y][j] - (VEC){0};                                                         \
                UNROLL for (int v = 0; v < V; v++) acc[y][v] += sample[v] * w;                              \
            }                                                                                               \
        }                                                                                                   \
        break;                                                                                              \
    }
                SPAN(0, 1)
#if Y > 1
                SPAN(0, 2) SPAN(0, 3) SPAN(0, 4) SPAN(1, 2) SPAN(1, 3) SPAN(1, 4) SPAN(2, 3) SPAN(2, 4) SPAN(3, 4)
#endif
#undef SPAN
            }
        }
    UNROLL for (int y = 0; y < Y; y++)
        UNROLL for (int v = 0; v < V; v++)
            *(LOOSE *)(to + y * to_pitch + v * LANES) = acc[y][v];
}

#undef NAME
#undef Y
#undef V
