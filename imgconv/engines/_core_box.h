/* BOX: equal weights by running sums. Down, a sum per column gains the row that enters the window and loses the one
 * that leaves it; along, sums of 2, 4, 8 ... neighbours are put together to the window's width. All in integers, so
 * that nothing drifts.
 */

/* The lanes of one padded row that a tile reads, as they are: in the image, or copied to `spare`. */
static const void *NAMED(box_row)(const Plan *plan, const Image *image, int64_t row, int64_t first, int64_t last,
                                  char *spare)
{
    const Settings *is = &plan->is;
    const int64_t source = plan->rows[row];
    const char *line = source < 0 ? NULL : image->data + source * image->row;
    if (line && image->packed && first >= is->run_start && last <= is->run_stop)
        return line + (is->run_col + first - is->run_start) * image->col;
    const int64_t start = is->run_start > first ? is->run_start : first, stop = is->run_stop < last ? is->run_stop : last;
    if (stop <= start) {
        NAMED(copy)(plan, image, line, first, first, last, spare);
        return spare;
    }
    NAMED(copy)(plan, image, line, first, first, start, spare);
    NAMED(copy)(plan, image, line, first, start, stop, spare);
    NAMED(copy)(plan, image, line, first, stop, last, spare);
    return spare;
}

/* For samples of type FROM and sums of type LANE. */
#define BOX_OF(NAME_, FROM, LANE)                                                                                     \
    static void NAMED(NAME_##_enter)(LANE *restrict sums, const FROM *restrict in, ptrdiff_t lanes)                   \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) sums[x] = (LANE)(sums[x] + in[x]);                                      \
    }                                                                                                                 \
    static void NAMED(NAME_##_slide)(LANE *restrict sums, const FROM *restrict in, const FROM *restrict gone,         \
                                     ptrdiff_t lanes)                                                                 \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) sums[x] = (LANE)(sums[x] + in[x] - gone[x]);                            \
    }                                                                                                                 \
    static void NAMED(NAME_##_double)(const LANE *restrict sums, ptrdiff_t apart, ptrdiff_t lanes,                    \
                                      LANE *restrict twice)                                                           \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) twice[x] = (LANE)(sums[x] + sums[x + apart]);                           \
    }                                                                                                                 \
    static void NAMED(NAME_##_sum)(const LANE *const *part, int parts, ptrdiff_t lanes, int32_t *restrict out)        \
    {                                                                                                                 \
        const LANE *a = part[0], *b = part[1], *c = part[2], *d = part[3];                                            \
        switch (parts) {                                                                                              \
        case 1: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (int32_t)a[x]; break;                                  \
        case 2: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (int32_t)(LANE)(a[x] + b[x]); break;                   \
        case 3: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (int32_t)(LANE)(a[x] + b[x] + c[x]); break;            \
        default: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (int32_t)(LANE)(a[x] + b[x] + c[x] + d[x]);           \
        }                                                                                                             \
        for (int k = 4; k < parts; k++)                                                                               \
            for (ptrdiff_t x = 0; x < lanes; x++) out[x] += (int32_t)part[k][x];                                      \
    }                                                                                                                 \
    /* `width` neighbours `step` lanes apart: one part for each bit of the width. `level` holds the sums of 2**k. */  \
    static void NAMED(NAME_##_along)(const LANE *sums, LANE *const *level, int width, ptrdiff_t step,                 \
                                     ptrdiff_t lanes, int32_t *out)                                                   \
    {                                                                                                                 \
        const LANE *part[32] = {sums, sums, sums, sums};                                                              \
        int parts = 0;                                                                                                \
        ptrdiff_t at = 0;                                                                                             \
        for (int k = 0; width >> k; k++) {                                                                            \
            if (width >> k & 1) {                                                                                     \
                part[parts++] = sums + at * step;                                                                     \
                at += (ptrdiff_t)1 << k;                                                                              \
            }                                                                                                         \
            if (width >> k > 1) {                                                                                     \
                const ptrdiff_t needed = lanes + (width - ((ptrdiff_t)2 << k)) * step;                                \
                NAMED(NAME_##_double)(sums, step << k, needed, level[k]);                                             \
                sums = level[k];                                                                                      \
            }                                                                                                         \
        }                                                                                                             \
        NAMED(NAME_##_sum)(part, parts, lanes, out);                                                                  \
    }                                                                                                                 \
    static void NAMED(NAME_##_tile)(const Plan *plan, const Image *image, const Work *work, int64_t start,            \
                                    int64_t stop, int64_t first, int64_t last, const Finish *finish, char *out,       \
                                    ptrdiff_t out_row, Seen *seen)                                                    \
    {                                                                                                                 \
        const Taps *taps = &plan->term[0].second;                                                                     \
        const int64_t height = plan->term[0].first.taps;                                                              \
        const ptrdiff_t lanes = (last - first) * plan->is.channels, step = taps->taps > 1 ? taps->place[1].lane : 0;  \
        LANE *sums = (LANE *)work->lines, *level[32];                                                                 \
        for (int k = 0; k < 32; k++) level[k] = (LANE *)(work->lines + (k + 1) * work->line_bytes);                   \
        memset(sums, 0, (size_t)lanes * sizeof(LANE));                                                                \
        for (int64_t row = start; row < start + height - 1; row++)                                                    \
            NAMED(NAME_##_enter)(sums, NAMED(box_row)(plan, image, row, first, last, work->raw[0]), lanes);           \
        for (int64_t row = start; row < stop; row++) {                                                                \
            const FROM *in = NAMED(box_row)(plan, image, row + height - 1, first, last, work->raw[0]);                \
            if (row == start)                                                                                         \
                NAMED(NAME_##_enter)(sums, in, lanes);                                                                \
            else                                                                                                      \
                NAMED(NAME_##_slide)(sums, in, NAMED(box_row)(plan, image, row - 1, first, last, work->raw[1]), lanes); \
            NAMED(NAME_##_along)(sums, level, taps->taps, step, work->out_lanes, (int32_t *)work->result);            \
            NAMED(store)(plan, finish, work->result, work->out_lanes, out + (row - start) * out_row, seen);           \
        }                                                                                                             \
    }
BOX_OF(box_8_16, uint8_t, uint16_t)
BOX_OF(box_8_32, uint8_t, uint32_t)
BOX_OF(box_16_32, uint16_t, uint32_t)
#undef BOX_OF

/* Output rows `start` to `stop` (exclusive) of the tile that reads padded columns `first` to `last`. */
static void NAMED(box)(const Plan *plan, const Image *image, const Work *work, int64_t start, int64_t stop,
                       int64_t first, int64_t last, const Finish *finish, char *out, ptrdiff_t out_row, Seen *seen)
{
    const int64_t count = (int64_t)plan->term[0].first.taps * plan->term[0].second.taps;
    (plan->is.source == U16 ? NAMED(box_16_32_tile) : count <= 257 ? NAMED(box_8_16_tile) : NAMED(box_8_32_tile))(
        plan, image, work, start, stop, first, last, finish, out, out_row, seen);
}
