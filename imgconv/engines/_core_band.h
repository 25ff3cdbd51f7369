/* A band of output rows: tile by tile across, group by group down, chunk by chunk along it. */

/* Run one pass over a group (`rows` is ROWS) or over one row. */
static void NAMED(pass)(const Plan *plan, const Taps *taps, const void *const *base, int rows, int64_t first, int onto,
                        void *out, ptrdiff_t pitch, ptrdiff_t lanes)
{
    switch (plan->is.operation) {
    case F32: (rows > 1 ? NAMED(f32_rows) : NAMED(f32_row))(taps, base, 0, onto, out, pitch, lanes); break;
    case F64: (rows > 1 ? NAMED(f64_rows) : NAMED(f64_row))(taps, base, 0, onto, out, pitch, lanes); break;
#ifdef DOT_8
    case DOT8: NAMED(dot8_rows)(taps, base, (int32_t)first, onto, out, pitch, lanes); break;
#endif
#ifdef DOT_16
    case DOT16: NAMED(dot16_rows)(taps, base, (int32_t)first, onto, out, pitch, lanes); break;
#endif
    case MUL16: (rows > 1 ? NAMED(mul16_rows) : NAMED(mul16_row))(taps, base, 0, onto, out, pitch, lanes); break;
#ifdef MULH_16
    case MULH16: (rows > 1 ? NAMED(mulh16_rows) : NAMED(mulh16_row))(taps, base, 0, onto, out, pitch, lanes); break;
#endif
    }
}

/* Run a whole group's last pass (`rows` is ROWS), or one row's, straight to samples, as far as whole blocks go.
 * Return the lanes done: 0 where no sink does what `finish` asks for. */
static ptrdiff_t NAMED(pour)(const Plan *plan, const Taps *taps, const void *const *base, int rows,
                             const Finish *finish, char *out, ptrdiff_t out_row, ptrdiff_t lanes, Seen *seen)
{
#ifdef SINKS
    const enum Operation operation = plan->is.operation;
    const ptrdiff_t block = (rows > 1 ? MANY : 8) * WIDTH / LANE_SIZE[operation], whole = lanes / block * block;
    const int whole_group = rows == ROWS, shorts = finish->halves >= 0 && finish->type == U8;
    const int ints = whole_group && finish->halves == 0 && !finish->wide;
#define POUR(OPERATION, SINK) \
    (PASTE(NAMED(OPERATION), SINK)(taps, base, first, finish, out, out_row, whole, seen), whole)
    if (whole == 0 || (rows > 1 && !whole_group))
        return 0;
    if (operation == F32 && finish->type == SAMPLE_F32 && !finish->magnitude && !finish->wide) {
        const float first = 0;
        return whole_group ? POUR(f32_rows, f32_to_f32) : POUR(f32_row, f32_to_f32);
    }
    const int32_t first = (int32_t)plan->is.start;
#ifdef DOT_8
    if (operation == DOT8 && ints && finish->type == U8)
        return POUR(dot8_rows, int_to_u8);
#endif
    if (operation == DOT16 && ints)
        return finish->type == U8 ? POUR(dot16_rows, int_to_u8) : POUR(dot16_rows, int_to_u16);
    if (operation == MUL16 && shorts)
        return whole_group ? POUR(mul16_rows, short_to_u8) : POUR(mul16_row, short_to_u8);
    if (operation == MULH16 && shorts && !whole_group)
        return POUR(mulh16_row, short_to_u8);
#undef POUR
#else
    (void)plan, (void)taps, (void)base, (void)rows, (void)finish, (void)out, (void)out_row, (void)lanes, (void)seen;
#endif
    return 0;
}

/* Where lane `x` of line number `line` is: in the image or in the ring of lines. */
INLINE const void *NAMED(line_at)(const Plan *plan, const Work *work, int64_t line, ptrdiff_t x)
{
    const int64_t slot = line % plan->is.lines;
    const int here = x >= work->here_start && x < work->here_stop;
    return (here ? work->row[slot] : work->lines + slot * work->line_bytes) + x * LINE_SIZE[plan->is.operation];
}

/* Point `base` at what the first pass of `term` reads for lane `x`, from the lines starting with number `line`. */
static const Taps *NAMED(aim_down)(const Plan *plan, const Work *work, int term, int64_t line, ptrdiff_t x)
{
    const ptrdiff_t lane = LINE_SIZE[plan->is.operation];
    const Taps *taps = &plan->term[term].first;
    for (int32_t k = 0; k < taps->taps; k++)
        work->base[k] = (const char *)NAMED(line_at)(plan, work, line + taps->place[k].line, x) + taps->place[k].lane * lane;
    return taps;
}

/* Where the lanes from `x` on, up to `last` at most, stop being all in place or all in lines. */
static ptrdiff_t NAMED(alike)(const Work *work, ptrdiff_t x, ptrdiff_t last)
{
    ptrdiff_t stop = last;
    if (x < work->here_start) stop = work->here_start;
    else if (x < work->here_stop) stop = work->here_stop;
    return stop < last ? stop : last;
}

/* The same for the second pass, which reads row `r` of what the first one left for the chunk; `x` is in the chunk. */
static const Taps *NAMED(aim_along)(const Plan *plan, const Work *work, int term, int r, ptrdiff_t x)
{
    const ptrdiff_t lane = LANE_SIZE[plan->is.operation];
    const Taps *taps = &plan->term[term].second;
    const char *sums = work->total + (r * work->pitch + x) * lane;
    for (int32_t k = 0; k < taps->taps; k++)
        work->base[k] = sums + taps->place[k].lane * lane;
    return taps;
}

/* Where a group's samples go. */
typedef struct {
    const Finish *finish;
    char *out;
    ptrdiff_t row, size;     /* bytes of a row and of a sample */
    Seen *seen;
} NAMED(Goal);

/* Lanes `x` to `x + lanes` of a group in one pass of several members, a stretch at a time that stays in the nearest
 * cache until it is combined. */
static void NAMED(abreast)(const Plan *plan, const Work *work, int64_t line, int rows, ptrdiff_t x, ptrdiff_t lanes,
                           const NAMED(Goal) *goal)
{
    enum { STRETCH = 2048 };
    const int members = (int)plan->is.members;
    for (ptrdiff_t from = x, some; from < x + lanes; from += some) {
        some = x + lanes - from < STRETCH ? x + lanes - from : STRETCH;
        const Taps *taps = NAMED(aim_down)(plan, work, 0, line, from);
        NAMED(pass)(plan, taps, work->base, ROWS, plan->is.start, 0, work->result, CHUNK, some);
        for (int r = 0; r < rows; r++)
            NAMED(join)(plan, goal->finish, work->result + r * members * CHUNK * LANE_SIZE[plan->is.operation], some,
                        goal->out + r * goal->row + from * goal->size, goal->seen);
    }
}

/* Lanes `x` to `x + lanes` of a group in one pass. */
static void NAMED(direct)(const Plan *plan, const Work *work, int64_t line, int rows, ptrdiff_t x, ptrdiff_t lanes,
                          const NAMED(Goal) *goal)
{
    const ptrdiff_t lane = LANE_SIZE[plan->is.operation];
    const Taps *taps = NAMED(aim_down)(plan, work, 0, line, x);
    char *out = goal->out + x * goal->size;
    if (plan->is.members > 1) {
        NAMED(abreast)(plan, work, line, rows, x, lanes, goal);
        return;
    }
    const ptrdiff_t done = rows == ROWS ? NAMED(pour)(plan, taps, work->base, ROWS, goal->finish, out, goal->row,
                                                      lanes, goal->seen) : 0;
    if (done == lanes)
        return;
    NAMED(aim_down)(plan, work, 0, line, x + done);
    NAMED(pass)(plan, taps, work->base, ROWS, plan->is.start, 0, work->result, CHUNK, lanes - done);
    for (int r = 0; r < rows; r++)
        NAMED(store)(plan, goal->finish, work->result + r * CHUNK * lane, lanes - done,
                     out + r * goal->row + done * goal->size, goal->seen);
}

#ifdef MULH_16
#include "_core_fold.h"
#endif

/* A chunk of a group in two passes, for one term or the sum of several. */
static void NAMED(two_passes)(const Plan *plan, const Work *work, int64_t line, int rows, ptrdiff_t x,
                              ptrdiff_t lanes, const NAMED(Goal) *goal)
{
    const ptrdiff_t lane = LANE_SIZE[plan->is.operation];
    /* The chunk before has left what both need, unless several terms share the buffer. */
    const ptrdiff_t known = plan->terms > 1 || x == 0 ? 0 : work->halo, last = x + lanes + work->halo;
    for (int r = 0; r < ROWS && known; r++) {
        char *sums = work->total + r * work->pitch * lane;
        memmove(sums, sums + work->chunk * lane, (size_t)(known * lane));
    }
#ifdef MULH_16
    if (plan->is.operation == FOLD16) {
        NAMED(folded)(plan, work, line, rows, x, lanes, known, goal->finish, goal->out + x * goal->size, goal->row,
                      goal->seen);
        return;
    }
#endif
    for (int t = 0; t < plan->terms; t++) {
        const Taps *taps;
        for (ptrdiff_t from = x + known, to; from < last; from = to) {
            to = NAMED(alike)(work, from, last);
            taps = NAMED(aim_down)(plan, work, t, line, from);
            NAMED(pass)(plan, taps, work->base, ROWS, plan->is.start, 0, work->total + (from - x) * lane, work->pitch,
                        to - from);
        }
        for (int r = 0; r < rows; r++) {
            char *out = goal->out + r * goal->row + x * goal->size;
            taps = NAMED(aim_along)(plan, work, t, r, 0);
            const ptrdiff_t poured = plan->terms == 1 ? NAMED(pour)(plan, taps, work->base, 1, goal->finish, out,
                                                                    goal->row, lanes, goal->seen) : 0;
            if (poured == lanes)
                continue;
            NAMED(aim_along)(plan, work, t, r, poured);
            char *result = work->result + r * CHUNK * lane;
            NAMED(pass)(plan, taps, work->base, 1, 0, t > 0, result, CHUNK, lanes - poured);
            if (t == plan->terms - 1)
                NAMED(store)(plan, goal->finish, result, lanes - poured, out + poured * goal->size, goal->seen);
        }
    }
}

/* One group: lines to samples, a chunk at a time so that what is between two passes stays in the cache. */
static void NAMED(group)(const Plan *plan, const Work *work, int64_t line, int rows, const Finish *finish, char *out,
                         ptrdiff_t out_row, Seen *seen)
{
    const NAMED(Goal) goal = {finish, out, out_row, SAMPLE_SIZE[finish->type], seen};
    const int two = plan->term[0].second.taps > 0 && !plan->is.digits;
    for (ptrdiff_t x = 0; x < work->out_lanes; x += work->chunk) {
        const ptrdiff_t lanes = work->out_lanes - x < work->chunk ? work->out_lanes - x : work->chunk;
        if (two)
            NAMED(two_passes)(plan, work, line, rows, x, lanes, &goal);
        else
            for (ptrdiff_t from = x, to; from < x + lanes; from = to) {
                to = NAMED(alike)(work, from, x + lanes);
                NAMED(direct)(plan, work, line, rows, from, to - from, &goal);
            }
    }
}

/* Find the lanes of a tile whose samples can be read in place: whole blocks whose taps stay inside the image. */
static void NAMED(settle)(const Plan *plan, const Image *image, Work *work, int64_t first, int64_t last)
{
    const Settings *is = &plan->is;
    const ptrdiff_t block = MANY * WIDTH / LANE_SIZE[is->operation];
    const int same = SAMPLE_SIZE[is->source] == LINE_SIZE[is->operation]
                     && (is->source == U8 || (is->operation == F32 && is->source == SAMPLE_F32)
                         || (is->operation == F64 && is->source == SAMPLE_F64));
    const int64_t start = is->run_start > first ? is->run_start : first, stop = is->run_stop < last ? is->run_stop : last;
    const ptrdiff_t lanes = (stop - start) * is->channels - plan->term[0].first.reach;
    work->here_start = work->here_stop = 0;
    if (!same || !image->packed || is->phases > 1 || lanes < block)
        return;
    work->here_start = (start - first) * is->channels;
    work->here_stop = work->here_start + lanes / block * block;
    /* The first of two passes and a second chunk may start anywhere, and their last block reads beyond their end. */
    if (plan->term[0].second.taps > 0 || work->out_lanes > CHUNK)
        work->here_stop -= block;
}

#include "_core_box.h"

/* How many output columns the tile has that starts with `col`. Running sums keep what reads beyond the image apart,
 * because such rows are copied. */
static int64_t NAMED(tile)(const Plan *plan, int64_t col)
{
    const Settings *is = &plan->is;
    int64_t stop = is->out_cols;
    if (is->operation >= BOX) {
        if (col < is->run_start) stop = is->run_start < stop ? is->run_start : stop;
        else if (col + is->span_cols <= is->run_stop) stop = is->run_stop - is->span_cols + 1;
    }
    return stop - col < is->tile_cols ? stop - col : is->tile_cols;
}

static int NAMED(band)(Plan *plan, const Image *image, int64_t start, int64_t stop, const Finish *finish,
                       const Out *out, Seen *seen)
{
    const Settings *is = &plan->is;
    const int many = ROWS_A_LINE[is->operation], rows = ROWS / (int)is->members;
    const int64_t advance = rows * is->stride_y / many;
    Work *work = claim(plan);
    if (!work)
        return 0;
    int64_t cols;
    for (int64_t col = 0; col < is->out_cols; col += cols) {
        cols = NAMED(tile)(plan, col);
        const int64_t first = col * is->stride_x, last = first + (cols - 1) * is->stride_x + is->span_cols;
        int64_t built = 0, line = 0;
        work->out_lanes = cols * is->channels;
        if (is->operation >= BOX) {
            NAMED(box)(plan, image, work, start, stop, first, last, finish,
                       out->data + col * is->channels * SAMPLE_SIZE[finish->type], out->row, seen);
            continue;
        }
        NAMED(settle)(plan, image, work, first, last);
        for (int64_t row = start; row < stop; row += rows, line += advance) {
            for (built = built > line ? built : line; built < line + is->lines; built++)
                NAMED(build)(plan, image, work, start * is->stride_y + built * many, first, last,
                             work->lines + built % is->lines * work->line_bytes);
            NAMED(group)(plan, work, line, stop - row < rows ? (int)(stop - row) : rows, finish,
                         out->data + (row - start) * out->row + col * is->channels * SAMPLE_SIZE[finish->type],
                         out->row, seen);
        }
    }
    put_back(plan->shelf, SHELF, work);
    return 1;
}
