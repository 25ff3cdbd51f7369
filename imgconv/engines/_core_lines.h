/* Lines: rows of the padded image, read through the border's index maps and put into the operation's own type. */

/* Copy padded columns `first` to `last` (exclusive) of an image row (NULL: outside) to `raw`, packed, as they are. */
static void NAMED(fetch)(const Plan *plan, const Image *image, const char *line, int64_t first, int64_t last, char *raw)
{
    const Settings *is = &plan->is;
    const ptrdiff_t size = SAMPLE_SIZE[is->source];
    for (int64_t q = first; q < last; q++) {
        const int64_t col = line ? plan->cols[q] : -1;
        for (int64_t c = 0; c < is->channels; c++, raw += size)
            memcpy(raw, col < 0 ? plan->sample : line + col * image->col + c * image->channel, (size_t)size);
    }
}

/* Deal `count` columns out to runs, column q to run q % phases, so that strided windows read neighbours. */
static void NAMED(deal)(const Plan *plan, const char *raw, int64_t count, int64_t run_lanes, char *dealt)
{
    const Settings *is = &plan->is;
    const ptrdiff_t size = SAMPLE_SIZE[is->source], pixel = size * is->channels;
    for (int64_t q = 0; q < count; q++)
        memcpy(dealt + (q % is->phases) * run_lanes * size + q / is->phases * pixel, raw + q * pixel, (size_t)pixel);
}

#define CONVERT(NAME_, FROM, TO)                                                        \
    static void NAMED(NAME_)(const FROM *restrict from, ptrdiff_t lanes, TO *restrict to) \
    {                                                                                   \
        for (ptrdiff_t x = 0; x < lanes; x++) to[x] = (TO)from[x];                      \
    }
CONVERT(u8_to_f32, uint8_t, float)
CONVERT(u16_to_f32, uint16_t, float)
CONVERT(u8_to_f64, uint8_t, double)
CONVERT(u16_to_f64, uint16_t, double)
CONVERT(f32_to_f64, float, double)
#undef CONVERT

static void NAMED(to_floats)(enum Sample from, const void *raw, ptrdiff_t lanes, float *line)
{
    switch (from) {
    case U8: NAMED(u8_to_f32)(raw, lanes, line); break;
    case U16: NAMED(u16_to_f32)(raw, lanes, line); break;
    default: memcpy(line, raw, (size_t)lanes * sizeof(float));
    }
}

static void NAMED(to_doubles)(enum Sample from, const void *raw, ptrdiff_t lanes, double *line)
{
    switch (from) {
    case U8: NAMED(u8_to_f64)(raw, lanes, line); break;
    case U16: NAMED(u16_to_f64)(raw, lanes, line); break;
    case SAMPLE_F32: NAMED(f32_to_f64)(raw, lanes, line); break;
    default: memcpy(line, raw, (size_t)lanes * sizeof(double));
    }
}

/* Two rows of uint8 as pairs of int16. */
static void NAMED(to_pairs)(const uint8_t *restrict a, const uint8_t *restrict b, ptrdiff_t lanes,
                            uint32_t *restrict line)
{
    for (ptrdiff_t x = 0; x < lanes; x++) line[x] = a[x] | (uint32_t)b[x] << 16;
}

/* Two rows of uint16 as pairs of int16, 32768 less. */
static void NAMED(to_lowered_pairs)(const uint16_t *restrict a, const uint16_t *restrict b, ptrdiff_t lanes,
                                    uint32_t *restrict line)
{
    for (ptrdiff_t x = 0; x < lanes; x++) line[x] = (a[x] | (uint32_t)b[x] << 16) ^ 0x80008000u;
}

/* Samples `step` apart in one row of uint8 as pairs of int16. */
static void NAMED(to_pairs_along)(const uint8_t *restrict raw, ptrdiff_t step, ptrdiff_t lanes, uint32_t *restrict line)
{
    for (ptrdiff_t x = 0; x < lanes; x++) line[x] = raw[x] | (uint32_t)raw[x + step] << 16;
}

#ifdef DOT_8
/* Four rows of uint8 as quadruples. */
static void NAMED(to_quads)(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d, ptrdiff_t lanes,
                            uint32_t *line)
{
    /* The unpack instructions work within 16 bytes; spreading groups of 4 bytes first brings lanes out in order. */
    const __m512i spread = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    for (ptrdiff_t x = 0; x < lanes; x += 64) {
        const __mmask64 live = lanes - x >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (lanes - x)) - 1;
        const __m512i ra = _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(live, a + x));
        const __m512i rb = _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(live, b + x));
        const __m512i rc = _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(live, c + x));
        const __m512i rd = _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(live, d + x));
        const __m512i ab = _mm512_unpacklo_epi8(ra, rb), cd = _mm512_unpacklo_epi8(rc, rd);
        const __m512i ef = _mm512_unpackhi_epi8(ra, rb), gh = _mm512_unpackhi_epi8(rc, rd);
        _mm512_storeu_si512(line + x, _mm512_unpacklo_epi16(ab, cd));
        _mm512_storeu_si512(line + x + 16, _mm512_unpackhi_epi16(ab, cd));
        _mm512_storeu_si512(line + x + 32, _mm512_unpacklo_epi16(ef, gh));
        _mm512_storeu_si512(line + x + 48, _mm512_unpackhi_epi16(ef, gh));
    }
}
#endif

/* Put the constant where a converted line lies outside the image: the source's type could not hold it. */
static void NAMED(patch)(const Plan *plan, int inside, int64_t first, int64_t last, int64_t run_lanes, void *line)
{
    const Settings *is = &plan->is;
    for (int64_t q = first; q < last; q++) {
        if (inside && plan->cols[q] >= 0)
            continue;
        const int64_t lane = (q - first) % is->phases * run_lanes + (q - first) / is->phases * is->channels;
        for (int64_t c = 0; c < is->channels; c++) {
            if (is->operation == F64)
                ((double *)line)[lane + c] = plan->constant;
            else
                ((float *)line)[lane + c] = (float)plan->constant;
        }
    }
}

/* Convert `lanes` samples of one, two or four rows to the operation's own type. */
static void NAMED(convert)(const Plan *plan, const char *const *raw, ptrdiff_t lanes, char *line)
{
    const Settings *is = &plan->is;
    switch (is->operation) {
    case F32: NAMED(to_floats)((enum Sample)is->source, raw[0], lanes, (float *)line); break;
    case F64: NAMED(to_doubles)((enum Sample)is->source, raw[0], lanes, (double *)line); break;
#ifdef DOT_8
    case DOT8:
        NAMED(to_quads)((const uint8_t *)raw[0], (const uint8_t *)raw[1], (const uint8_t *)raw[2],
                        (const uint8_t *)raw[3], lanes, (uint32_t *)line);
        break;
#endif
    case DOT16:
        if (is->source == U8)
            NAMED(to_pairs)((const uint8_t *)raw[0], (const uint8_t *)raw[1], lanes, (uint32_t *)line);
        else
            NAMED(to_lowered_pairs)((const uint16_t *)raw[0], (const uint16_t *)raw[1], lanes, (uint32_t *)line);
        break;
    default: memcpy(line, raw[0], (size_t)lanes);
    }
}

/* Build the part of a line from padded column `from` to `to` (exclusive); the line starts at column `first`.
 * Whole columns of a packed image are converted where they are; others are gathered first. */
static void NAMED(part)(const Plan *plan, const Image *image, const Work *work, const char *const *rows, int many,
                        int64_t first, int64_t from, int64_t to, char *line)
{
    const Settings *is = &plan->is;
    if (to <= from)
        return;
    const int inside = from >= is->run_start && to <= is->run_stop && image->packed && is->phases == 1;
    const char *raw[4];
    for (int k = 0; k < many; k++) {
        if (inside && rows[k]) {
            raw[k] = rows[k] + (is->run_col + from - is->run_start) * image->col;
            continue;
        }
        raw[k] = work->raw[k];
        NAMED(fetch)(plan, image, rows[k], from, to, is->phases > 1 ? work->dealing : work->raw[k]);
        if (is->phases > 1)
            NAMED(deal)(plan, work->dealing, to - from, work->run_lanes, work->raw[k]);
    }
    const ptrdiff_t lanes = is->phases > 1 ? work->line_lanes : (to - from) * is->channels;
    NAMED(convert)(plan, raw, lanes, line + (from - first) * is->channels * LINE_SIZE[is->operation]);
}

/* Copy padded columns `from` to `to` (exclusive) of one row to their place in `raw`, which starts at column `first`. */
static void NAMED(copy)(const Plan *plan, const Image *image, const char *row, int64_t first, int64_t from, int64_t to,
                        char *raw)
{
    const Settings *is = &plan->is;
    const ptrdiff_t pixel = SAMPLE_SIZE[is->source] * is->channels;
    if (row && image->packed && from >= is->run_start && to <= is->run_stop && to > from)
        memcpy(raw + (from - first) * pixel, row + (is->run_col + from - is->run_start) * pixel,
               (size_t)((to - from) * pixel));
    else
        NAMED(fetch)(plan, image, row, from, to, raw + (from - first) * pixel);
}

#ifdef DOT_16
/* The pass along `some` lanes of one row of uint8, into one or two rows of sums, by digits. */
static void NAMED(sum_along)(const Plan *plan, const Work *work, const uint8_t *raw, ptrdiff_t some, int32_t *sums)
{
    const Settings *is = &plan->is;
    const Taps *taps = &plan->term[0].second;
    const ptrdiff_t reach = some + work->halo;
#ifdef DOT_8
    if (is->digits == 2) {
        NAMED(to_quads)(raw, raw + is->step, raw + 2 * is->step, raw + 3 * is->step, reach, (uint32_t *)work->pairs);
        NAMED(dot8_digits)(taps, work->base, 0, 0, sums, CHUNK, some);
        return;
    }
#endif
    NAMED(to_pairs_along)(raw, is->step, reach, (uint32_t *)work->pairs);
    NAMED(dot16_row)(taps, work->base, 0, 0, sums, CHUNK, some);
}

/* Round the sums of two rows to int16 and put them side by side. */
static void NAMED(interleave)(const int32_t *restrict sums, int digits, int shift, ptrdiff_t lanes,
                              uint32_t *restrict line)
{
    const int32_t half = (int32_t)(1 << shift >> 1);
    const int32_t *a = sums, *low_a = a + CHUNK, *b = a + 2 * CHUNK, *low_b = b + CHUNK;
    if (digits == 2)
        for (ptrdiff_t x = 0; x < lanes; x++)
            line[x] = ((uint32_t)((a[x] * DIGIT + low_a[x] + half) >> shift) & 0xffffu)
                      | (uint32_t)((b[x] * DIGIT + low_b[x] + half) >> shift) << 16;
    else
        for (ptrdiff_t x = 0; x < lanes; x++)
            line[x] = ((uint32_t)((a[x] + half) >> shift) & 0xffffu) | (uint32_t)((b[x] + half) >> shift) << 16;
}

/* Build a line of two rows, each correlated along itself first. */
static void NAMED(build_along)(const Plan *plan, const Work *work, uint32_t *line)
{
    const Settings *is = &plan->is;
    const Taps *taps = &plan->term[0].second;
    int32_t *sums = (int32_t *)work->result;
    for (int32_t k = 0; k < taps->taps; k++) work->base[k] = work->pairs + taps->place[k].lane;
    for (ptrdiff_t x = 0; x < work->out_lanes; x += CHUNK) {
        const ptrdiff_t some = work->out_lanes - x < CHUNK ? work->out_lanes - x : CHUNK;
        for (int k = 0; k < 2; k++)
            NAMED(sum_along)(plan, work, (const uint8_t *)work->raw[k] + x, some, sums + 2 * k * CHUNK);
        NAMED(interleave)(sums, (int)is->digits, (int)is->shift, some, line + x);
    }
}
#endif

/* Build one line out of padded rows `row` onwards; rows below the last one are read as outside. */
static void NAMED(build)(const Plan *plan, const Image *image, const Work *work, int64_t row, int64_t first,
                         int64_t last, char *line)
{
    const Settings *is = &plan->is;
    const int many = ROWS_A_LINE[is->operation];
    const char *rows[4];
    for (int k = 0; k < many; k++) {
        const int64_t source = row + k < plan->row_count ? plan->rows[row + k] : -1;
        rows[k] = source < 0 ? NULL : image->data + source * image->row;
    }
    int64_t start = is->run_start > first ? is->run_start : first, stop = is->run_stop < last ? is->run_stop : last;
    if (is->phases > 1 || stop <= start)
        start = stop = last;
#ifdef DOT_16
    if (is->digits) {
        for (int k = 0; k < many; k++) {
            NAMED(copy)(plan, image, rows[k], first, first, start, work->raw[k]);
            NAMED(copy)(plan, image, rows[k], first, start, stop, work->raw[k]);
            NAMED(copy)(plan, image, rows[k], first, stop, last, work->raw[k]);
        }
        NAMED(build_along)(plan, work, (uint32_t *)line);
        return;
    }
#endif
    const char **row_here = &work->row[(line - work->lines) / work->line_bytes];
    *row_here = line;
    if (rows[0] && work->here_stop > work->here_start) { /* only the edges, the rest is read in place */
        const int64_t left = first + (work->here_start + plan->term[0].first.reach + is->channels - 1) / is->channels;
        const int64_t right = first + work->here_stop / is->channels;
        *row_here = rows[0] + (is->run_col + first - is->run_start) * image->col;
        NAMED(part)(plan, image, work, rows, 1, first, first, start, line);
        NAMED(part)(plan, image, work, rows, 1, first, start, left, line);
        NAMED(part)(plan, image, work, rows, 1, first, right, stop, line);
        NAMED(part)(plan, image, work, rows, 1, first, stop, last, line);
        return;
    }
    /* In this order each part covers what whole vectors of the one before wrote beyond its end. */
    NAMED(part)(plan, image, work, rows, many, first, first, start, line);
    NAMED(part)(plan, image, work, rows, many, first, start, stop, line);
    NAMED(part)(plan, image, work, rows, many, first, stop, last, line);
    if (plan->patch)
        NAMED(patch)(plan, rows[0] != NULL, first, last, work->run_lanes, line);
}
