/* A band of output rows, tile by tile, group by group. */

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
    case DOT16:
        (rows > 1 ? NAMED(dot16_rows) : NAMED(dot16_row))(taps, base, (int32_t)first, onto, out, pitch, lanes);
        break;
#endif
    case MUL16: (rows > 1 ? NAMED(mul16_rows) : NAMED(mul16_row))(taps, base, 0, onto, out, pitch, lanes); break;
#ifdef MULH_16
    case MULH16: (rows > 1 ? NAMED(mulh16_rows) : NAMED(mulh16_row))(taps, base, 0, onto, out, pitch, lanes); break;
#endif
    }
}

/* Turn int32 accumulators into pairs of int16 `step` lanes apart, for a second pass of DOT16. */
static void NAMED(pair_up)(const int32_t *restrict from, ptrdiff_t lanes, int shift, ptrdiff_t step, int32_t *restrict to)
{
    for (ptrdiff_t x = 0; x < lanes; x++)
        to[x] = (int32_t)(((uint32_t)(from[x] >> shift) & 0xffffu) | (uint32_t)(from[x + step] >> shift) << 16);
}

/* The second pass of every term, row `r` of the group; returns where the result is. */
static void *NAMED(along)(const Plan *plan, const Work *work, int term, int r)
{
    const ptrdiff_t lane = LANE_SIZE[plan->is.operation];
    const Taps *taps = &plan->term[term].second;
    const char *line = work->total + r * work->pitch * lane;
    if (plan->is.operation == DOT16) {
        NAMED(pair_up)((const int32_t *)line, work->line_lanes, (int)plan->is.shift, plan->is.step, work->pairs);
        line = (const char *)work->pairs;
    }
    for (int32_t k = 0; k < taps->taps; k++)
        work->base[k] = line + taps->place[k].lane * lane;
    char *out = work->result + r * work->pitch * lane;
    NAMED(pass)(plan, taps, work->base, 1, 0, term > 0, out, work->pitch, work->out_lanes);
    return out;
}

/* One group: lines to accumulators. Row r of it is then at the returned address plus r pitches. */
static char *NAMED(group)(const Plan *plan, const Work *work, int64_t line)
{
    const Settings *is = &plan->is;
    const ptrdiff_t lane = LANE_SIZE[is->operation];
    const int along = plan->term[0].second.taps > 0;
    for (int t = 0; t < plan->terms; t++) {
        const Taps *taps = &plan->term[t].first;
        for (int32_t k = 0; k < taps->taps; k++)
            work->base[k] = work->lines + (line + taps->place[k].line) % is->lines * work->line_bytes
                            + taps->place[k].lane * lane;
        NAMED(pass)(plan, taps, work->base, ROWS, is->start, 0, work->total, work->pitch,
                    along ? work->line_lanes : work->out_lanes);
        if (along)
            for (int r = 0; r < ROWS; r++) NAMED(along)(plan, work, t, r);
    }
    return along ? work->result : work->total;
}

static int NAMED(band)(const Plan *plan, const Image *image, int64_t start, int64_t stop, const Finish *finish,
                       const Out *out, Seen *seen)
{
    const Settings *is = &plan->is;
    const int many = ROWS_A_LINE[is->operation];
    const int64_t advance = ROWS * is->stride_y / many;
    Work work;
    if (!claim(plan, &work))
        return 0;
    for (int64_t col = 0; col < is->out_cols; col += is->tile_cols) {
        const int64_t cols = is->out_cols - col < is->tile_cols ? is->out_cols - col : is->tile_cols;
        const int64_t first = col * is->stride_x, last = first + (cols - 1) * is->stride_x + is->span_cols;
        int64_t built = 0, line = 0;
        for (int64_t row = start; row < stop; row += ROWS, line += advance) {
            for (built = built > line ? built : line; built < line + is->lines; built++)
                NAMED(build)(plan, image, &work, start * is->stride_y + built * many, first, last,
                             work.lines + built % is->lines * work.line_bytes);
            work.out_lanes = cols * is->channels;
            char *result = NAMED(group)(plan, &work, line);
            for (int r = 0; r < ROWS && row + r < stop; r++)
                NAMED(store)(plan, finish, result + r * work.pitch * LANE_SIZE[is->operation], work.out_lanes,
                             out->data + (row + r - start) * out->row
                                 + col * is->channels * SAMPLE_SIZE[finish->type],
                             seen);
        }
    }
    free(work.all);
    return 1;
}
