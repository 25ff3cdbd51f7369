/* The inner loop of a convolution: R outputs by V vectors of columns, all accumulators in registers.
 *
 * Included with NAME, R and V, which it undefines again. The V vectors start `offset[v]` lanes from the first line of a
 * plane; they begin as `from[v]` (outputs `from_pitch` lanes apart) or, where that is NULL, as the bias, and end in
 * `to[v]`.
 */
NOINLINE void NAME(const LANE *lines, ptrdiff_t planes, ptrdiff_t pitch, const ptrdiff_t *tap, ptrdiff_t taps,
                   const LANE *weight, const ptrdiff_t *offset, const LANE *bias, LANE *const *from,
                   ptrdiff_t from_pitch, LANE *const *to, ptrdiff_t to_pitch)
{
    VEC acc[R][V];
    if (from) {
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int v = 0; v < V; v++)
                acc[r][v] = *(const LOOSE *)(from[v] + r * from_pitch);
    } else {
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int v = 0; v < V; v++)
                acc[r][v] = (bias ? bias[r] : 0) - (VEC){0};
    }
    for (ptrdiff_t k = 0; k < planes; k++, lines += pitch)
        for (ptrdiff_t t = 0; t < taps; t++, weight += R) {
            const LANE *at = lines + tap[t];
            VEC sample[V];
            UNROLL for (int v = 0; v < V; v++) sample[v] = *(const LOOSE *)(at + offset[v]);
            UNROLL for (int r = 0; r < R; r++) {
                const VEC w = weight[r] - (VEC){0};
                UNROLL for (int v = 0; v < V; v++) acc[r][v] += sample[v] * w;
            }
        }
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int v = 0; v < V; v++)
            *(LOOSE *)(to[v] + r * to_pitch) = acc[r][v];
}

#undef NAME
#undef R
#undef V
