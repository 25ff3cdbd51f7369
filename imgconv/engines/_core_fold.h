/* FOLD16: symmetric separable taps in 16-bit fixed point. Samples that share a weight are added before they are
 * multiplied, which halves the products; the number of taps is a constant of each function, so that a pass down
 * keeps all its lines in registers.
 */

/* Rounded products of pairs that are `PAIR(k)`, and of the middle sample. */
#define FOLDED(N, MIDDLE, PAIR)                                                           \
    i16v sum = NAMED(mulhrs)(MIDDLE, w[N / 2]);                                           \
    UNROLL for (int k = 0; k < N / 2; k++) sum += NAMED(mulhrs)(PAIR, w[k])

#define WEIGHTS(N, WEIGHT)                                                                \
    i16v w[N / 2 + 1];                                                                    \
    UNROLL for (int k = 0; k <= N / 2; k++) w[k] = (WEIGHT)[k] - (i16v){0}

/* A pass down: ROWS rows of sums, `pitch` lanes apart, from N + ROWS - 1 lines of bytes. */
#define FOLD_DOWN(N)                                                                                                \
    NOINLINE void NAMED(fold_down_##N)(const void *const *line, const int16_t *weight, int16_t *out,         \
                                              ptrdiff_t pitch, ptrdiff_t lanes)                                     \
    {                                                                                                               \
        WEIGHTS(N, weight);                                                                                         \
        for (ptrdiff_t x = 0; x < lanes; x += WIDTH / 2) {                                                          \
            i16v at[N + ROWS - 1];                                                                                  \
            UNROLL for (int k = 0; k < N + ROWS - 1; k++)                                                           \
                at[k] = (i16v)(NAMED(widened)((const uint8_t *)line[k] + x) << (LIFT - 1));                         \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                 \
                FOLDED(N, at[r + N / 2], at[r + k] + at[r + N - 1 - k]);                                            \
                *(UNALIGNED(i16v) *)(out + r * pitch + x) = sum;                                                    \
            }                                                                                                       \
        }                                                                                                           \
    }

/* A pass along `rows` rows, whose taps are `step` lanes apart: whole blocks of two vectors straight to samples, or,
 * where `sums` is given, accumulators of any number of lanes. */
#define FOLD_ALONG(N)                                                                                               \
    NOINLINE void NAMED(fold_along_##N)(const int16_t *in, ptrdiff_t pitch, int rows, ptrdiff_t step,        \
                                               const int16_t *weight, ptrdiff_t lanes, const Finish *finish,        \
                                               char *out, ptrdiff_t out_row, Seen *seen)                            \
    {                                                                                                               \
        WEIGHTS(N, weight);                                                                                         \
        NAMED(short_to_u8) sink;                                                                                    \
        NAMED(short_to_u8_open)(&sink, finish);                                                                     \
        for (int r = 0; r < rows; r++)                                                                              \
            for (ptrdiff_t x = 0; x < lanes; x += WIDTH) {                                                          \
                i16v pair[2];                                                                                       \
                UNROLL for (int v = 0; v < 2; v++) {                                                                \
                    const int16_t *from = in + r * pitch + x + v * (WIDTH / 2);                                     \
                    FOLDED(N, FOLD_AT(from + N / 2 * step), FOLD_AT(from + k * step) + FOLD_AT(from + (N - 1 - k) * step)); \
                    pair[v] = sum;                                                                                  \
                }                                                                                                   \
                NAMED(short_to_u8_put)(&sink, 2, pair, out + r * out_row, x);                                       \
            }                                                                                                       \
        NAMED(short_to_u8_close)(&sink, finish, seen);                                                              \
    }                                                                                                               \
    NOINLINE void NAMED(fold_sums_##N)(const int16_t *in, ptrdiff_t step, const int16_t *weight,             \
                                              ptrdiff_t lanes, int16_t *out)                                        \
    {                                                                                                               \
        WEIGHTS(N, weight);                                                                                         \
        for (ptrdiff_t x = 0; x < lanes; x += WIDTH / 2) {                                                          \
            const int16_t *from = in + x;                                                                           \
            FOLDED(N, FOLD_AT(from + N / 2 * step), FOLD_AT(from + k * step) + FOLD_AT(from + (N - 1 - k) * step)); \
            *(UNALIGNED(i16v) *)(out + x) = sum;                                                                    \
        }                                                                                                           \
    }
#define FOLD_AT(p) (*(const UNALIGNED(i16v) *)(p))

#define EVERY_FOLD(DO) DO(3) DO(5) DO(7) DO(9) DO(11) DO(13) DO(15)
EVERY_FOLD(FOLD_DOWN)
EVERY_FOLD(FOLD_ALONG)

/* A chunk of a group; the chunk before has left `known` lanes of sums. */
static void NAMED(folded)(const Plan *plan, const Work *work, int64_t line, int rows, ptrdiff_t x, ptrdiff_t lanes,
                          ptrdiff_t known, const Finish *finish, char *out, ptrdiff_t out_row, Seen *seen)
{
    const Taps *first = &plan->term[0].first, *second = &plan->term[0].second;
    const ptrdiff_t last = x + lanes + work->halo, step = second->place[1].lane;
    int16_t *sums = (int16_t *)work->total, *result = (int16_t *)work->result;
    for (ptrdiff_t from = x + known, to; from < last; from = to) {
        to = NAMED(alike)(work, from, last);
        for (int k = 0; k < first->taps + ROWS - 1; k++) work->base[k] = NAMED(line_at)(plan, work, line + k, from);
#define RUN(N) case N: NAMED(fold_down_##N)(work->base, first->weight, sums + from - x, work->pitch, to - from); break;
        switch (first->taps) { EVERY_FOLD(RUN) }
#undef RUN
    }
    const ptrdiff_t whole = finish->halves >= 0 && finish->type == U8 ? lanes / WIDTH * WIDTH : 0;
#define RUN(N)                                                                                                        \
    case N:                                                                                                           \
        if (whole)                                                                                                    \
            NAMED(fold_along_##N)(sums, work->pitch, rows, step, second->weight, whole, finish, out, out_row, seen);  \
        for (int r = 0; r < rows && whole < lanes; r++)                                                               \
            NAMED(fold_sums_##N)(sums + r * work->pitch + whole, step, second->weight, lanes - whole, result + r * CHUNK); \
        break;
    switch (second->taps) { EVERY_FOLD(RUN) }
#undef RUN
    for (int r = 0; r < rows && whole < lanes; r++)
        NAMED(store)(plan, finish, result + r * CHUNK, lanes - whole, out + r * out_row + whole * SAMPLE_SIZE[finish->type],
                     seen);
}

#undef FOLDED
#undef WEIGHTS
#undef FOLD_DOWN
#undef FOLD_ALONG
#undef FOLD_AT
#undef EVERY_FOLD
