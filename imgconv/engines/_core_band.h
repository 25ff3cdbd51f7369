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

/* The second pass of a term over `lanes` lanes of row `r` from lane `x` on, into the chunk's result. */
static void NAMED(along)(const Plan *plan, const Work *work, int term, int r, ptrdiff_t x, ptrdiff_t lanes)
{
    const ptrdiff_t lane = LANE_SIZE[plan->is.operation];
    const Taps *taps = &plan->term[term].second;
    const char *line = work->total + (r * work->pitch + x) * lane;
    for (int32_t k = 0; k < taps->taps; k++)
        work->base[k] = line + taps->place[k].lane * lane;
    NAMED(pass)(plan, taps, work->base, 1, 0, term > 0, work->result + r * CHUNK * lane, CHUNK, lanes);
}

/* Lanes `x` to `x + lanes` of a group's first pass of `term`, from the lines starting with number `line`. */
static void NAMED(down)(const Plan *plan, const Work *work, int term, int64_t line, ptrdiff_t x, ptrdiff_t lanes,
                        char *out, ptrdiff_t pitch)
{
    const Settings *is = &plan->is;
    const ptrdiff_t lane = LINE_SIZE[is->operation];
    const Taps *taps = &plan->term[term].first;
    for (int32_t k = 0; k < taps->taps; k++)
        work->base[k] = work->lines + (line + taps->place[k].line) % is->lines * work->line_bytes
                        + (taps->place[k].lane + x) * lane;
    NAMED(pass)(plan, taps, work->base, ROWS, is->start, 0, out, pitch, lanes);
}

/* One group: lines to samples, a chunk at a time so that accumulators stay in the second-level cache. */
static void NAMED(group)(const Plan *plan, const Work *work, int64_t line, int rows, const Finish *finish, char *out,
                         ptrdiff_t out_row, Seen *seen)
{
    const Settings *is = &plan->is;
    const ptrdiff_t lane = LANE_SIZE[is->operation];
    const int along = plan->term[0].second.taps > 0 && !is->digits;
    const int32_t several = along && plan->terms > 1;
    ptrdiff_t done = 0;
    for (ptrdiff_t x = 0; x < work->out_lanes; x += CHUNK) {
        const ptrdiff_t lanes = work->out_lanes - x < CHUNK ? work->out_lanes - x : CHUNK;
        if (!along) {
            NAMED(down)(plan, work, 0, line, x, lanes, work->result, CHUNK);
        } else {
            /* Several terms share the buffer of the first pass, so each computes the chunk's halo again. */
            const ptrdiff_t first = several || done < x ? x : done, last = x + lanes + work->halo;
            for (int t = 0; t < plan->terms; t++) {
                NAMED(down)(plan, work, t, line, first, last - first, work->total + first * lane, work->pitch);
                for (int r = 0; r < rows; r++) NAMED(along)(plan, work, t, r, x, lanes);
            }
            done = last;
        }
        for (int r = 0; r < rows; r++)
            NAMED(store)(plan, finish, work->result + r * CHUNK * lane, lanes,
                         out + r * out_row + x * SAMPLE_SIZE[finish->type], seen);
    }
}

static int NAMED(band)(Plan *plan, const Image *image, int64_t start, int64_t stop, const Finish *finish,
                       const Out *out, Seen *seen)
{
    const Settings *is = &plan->is;
    const int many = ROWS_A_LINE[is->operation];
    const int64_t advance = ROWS * is->stride_y / many;
    Work *work = claim(plan);
    if (!work)
        return 0;
    for (int64_t col = 0; col < is->out_cols; col += is->tile_cols) {
        const int64_t cols = is->out_cols - col < is->tile_cols ? is->out_cols - col : is->tile_cols;
        const int64_t first = col * is->stride_x, last = first + (cols - 1) * is->stride_x + is->span_cols;
        int64_t built = 0, line = 0;
        work->out_lanes = cols * is->channels;
        for (int64_t row = start; row < stop; row += ROWS, line += advance) {
            for (built = built > line ? built : line; built < line + is->lines; built++)
                NAMED(build)(plan, image, work, start * is->stride_y + built * many, first, last,
                             work->lines + built % is->lines * work->line_bytes);
            NAMED(group)(plan, work, line, stop - row < ROWS ? (int)(stop - row) : ROWS, finish,
                         out->data + (row - start) * out->row + col * is->channels * SAMPLE_SIZE[finish->type],
                         out->row, seen);
        }
    }
    give_back(plan, work);
    return 1;
}
