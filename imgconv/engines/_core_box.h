/* BOX: equal weights by running sums. Down, a sum per column gains the row that enters the window and loses the one
 * that leaves it; along, sums of 2, 4, 8 ... neighbours are put together to the window's width. All in whole
 * numbers, so that nothing drifts; they may come as floats.
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

/* For samples of type FROM, taken as WHOLE numbers, sums of type LANE and those of a window of type SUM. */
#define BOX_OF(NAME_, FROM, WHOLE, LANE, SUM)                                                                         \
    static void NAMED(NAME_##_enter)(LANE *restrict sums, const FROM *restrict in, ptrdiff_t lanes)                   \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) sums[x] = (LANE)(sums[x] + (WHOLE)in[x]);                               \
    }                                                                                                                 \
    static void NAMED(NAME_##_slide)(LANE *restrict sums, const FROM *restrict in, const FROM *restrict gone,         \
                                     ptrdiff_t lanes)                                                                 \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) sums[x] = (LANE)(sums[x] + (WHOLE)in[x] - (WHOLE)gone[x]);              \
    }                                                                                                                 \
    static void NAMED(NAME_##_double)(const LANE *restrict sums, ptrdiff_t apart, ptrdiff_t lanes,                    \
                                      LANE *restrict twice)                                                           \
    {                                                                                                                 \
        for (ptrdiff_t x = 0; x < lanes; x++) twice[x] = (LANE)(sums[x] + sums[x + apart]);                           \
    }                                                                                                                 \
    static void NAMED(NAME_##_sum)(const LANE *const *part, int parts, ptrdiff_t lanes, SUM *restrict out)            \
    {                                                                                                                 \
        const LANE *a = part[0], *b = part[1], *c = part[2], *d = part[3];                                            \
        switch (parts) {                                                                                              \
        case 1: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (SUM)a[x]; break;                                      \
        case 2: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (SUM)(LANE)(a[x] + b[x]); break;                       \
        case 3: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (SUM)(LANE)(a[x] + b[x] + c[x]); break;                \
        default: for (ptrdiff_t x = 0; x < lanes; x++) out[x] = (SUM)(LANE)(a[x] + b[x] + c[x] + d[x]);               \
        }                                                                                                             \
        for (int k = 4; k < parts; k++)                                                                               \
            for (ptrdiff_t x = 0; x < lanes; x++) out[x] += (SUM)part[k][x];                                          \
    }                                                                                                                 \
    /* `width` neighbours `step` lanes apart: one part for each bit of the width. `level` holds the sums of 2**k. */  \
    static void NAMED(NAME_##_along)(const LANE *sums, LANE *const *level, int width, ptrdiff_t step,                 \
                                     ptrdiff_t lanes, SUM *out)                                                       \
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
                NAMED(NAME_##_slide)(sums, in, NAMED(box_row)(plan, image, row - 1, first, last, work->raw[1]), lanes);\
            NAMED(NAME_##_along)(sums, level, taps->taps, step, work->out_lanes, (SUM *)work->result);                \
            NAMED(store)(plan, finish, work->result, work->out_lanes, out + (row - start) * out_row, seen);           \
        }                                                                                                             \
    }
BOX_OF(box_8_16, uint8_t, uint8_t, uint16_t, int32_t)
BOX_OF(box_8_32, uint8_t, uint8_t, uint32_t, int32_t)
BOX_OF(box_16_32, uint16_t, uint16_t, uint32_t, int32_t)
BOX_OF(box_float_32, float, int32_t, uint32_t, int32_t)
BOX_OF(box_8_64, uint8_t, double, double, double)
BOX_OF(box_16_64, uint16_t, double, double, double)
BOX_OF(box_float_64, float, double, double, double)
BOX_OF(box_double_64, double, double, double, double)
#undef BOX_OF

/* Output rows `start` to `stop` (exclusive) of the tile that reads padded columns `first` to `last`. */
static void NAMED(box)(const Plan *plan, const Image *image, const Work *work, int64_t start, int64_t stop,
                       int64_t first, int64_t last, const Finish *finish, char *out, ptrdiff_t out_row, Seen *seen)
{
    const int64_t count = (int64_t)plan->term[0].first.taps * plan->term[0].second.taps;
    const int wide = plan->is.operation == BOX64;
#define BOX_BY(NAME_) NAMED(NAME_)(plan, image, work, start, stop, first, last, finish, out, out_row, seen)
    switch (plan->is.source) {
    case U8: wide ? BOX_BY(box_8_64_tile) : count <= 257 ? BOX_BY(box_8_16_tile) : BOX_BY(box_8_32_tile); break;
    case U16: wide ? BOX_BY(box_16_64_tile) : BOX_BY(box_16_32_tile); break;
    case SAMPLE_F32: wide ? BOX_BY(box_float_64_tile) : BOX_BY(box_float_32_tile); break;
    default: BOX_BY(box_double_64_tile);
    }
#undef BOX_BY
}
