/* Lines: rows of the padded image, read through the border's index maps and put into the operation's own type. */

/* Copy padded columns `first` to `last` (exclusive) of image row `row` (-1: outside) to `raw`, packed, as they are. */
static void NAMED(fetch)(const Plan *plan, const Image *image, int64_t row, int64_t first, int64_t last, char *raw)
{
    const Settings *is = &plan->is;
    const ptrdiff_t size = SAMPLE_SIZE[is->source], pixel = size * is->channels;
    const char *line = row < 0 ? NULL : image->data + row * image->row;
    int64_t run_start = is->run_start > first ? is->run_start : first;
    int64_t run_stop = is->run_stop < last ? is->run_stop : last;
    if (!line || !image->packed || run_stop <= run_start)
        run_start = run_stop = last;
    for (int64_t q = first; q < last; q++) {
        if (q == run_start) {
            const int64_t col = is->run_col + q - is->run_start;
            memcpy(raw + (q - first) * pixel, line + col * pixel, (size_t)((run_stop - run_start) * pixel));
            q = run_stop - 1;
            continue;
        }
        const int64_t col = line ? plan->cols[q] : -1;
        for (int64_t c = 0; c < is->channels; c++)
            memcpy(raw + (q - first) * pixel + c * size,
                   col < 0 ? plan->sample : line + col * image->col + c * image->channel, (size_t)size);
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

static void NAMED(to_shorts)(const uint8_t *restrict raw, ptrdiff_t lanes, int bias, int lift, int16_t *restrict line)
{
    for (ptrdiff_t x = 0; x < lanes; x++)
        line[x] = (int16_t)(uint16_t)((uint16_t)(raw[x] - bias) << lift);
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

#ifdef DOT_8
/* Four rows of uint8 as quadruples. */
static void NAMED(to_quads)(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d, ptrdiff_t lanes,
                            uint32_t *line)
{
    /* The unpack instructions work within 16 bytes; spreading groups of 4 bytes first brings lanes out in order. */
    const __m512i spread = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    for (ptrdiff_t x = 0; x < lanes; x += 64) {
        const __m512i ra = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(a + x));
        const __m512i rb = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(b + x));
        const __m512i rc = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(c + x));
        const __m512i rd = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(d + x));
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
static void NAMED(patch)(const Plan *plan, int64_t row, int64_t first, int64_t last, int64_t run_lanes, void *line)
{
    const Settings *is = &plan->is;
    for (int64_t q = first; q < last; q++) {
        if (row >= 0 && plan->cols[q] >= 0)
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

/* Build one line out of padded rows `row` onwards; rows below the last one are read as outside. */
static void NAMED(build)(const Plan *plan, const Image *image, const Work *work, int64_t row, int64_t first,
                         int64_t last, void *line)
{
    const Settings *is = &plan->is;
    const int many = ROWS_A_LINE[is->operation];
    const char *raw[4];
    int64_t source = -1;
    for (int k = 0; k < many; k++) {
        source = row + k < plan->row_count ? plan->rows[row + k] : -1;
        char *to = work->raw[k];
        raw[k] = to;
        NAMED(fetch)(plan, image, source, first, last, is->phases > 1 ? work->dealing : to);
        if (is->phases > 1)
            NAMED(deal)(plan, work->dealing, last - first, work->run_lanes, to);
    }
    const ptrdiff_t lanes = work->line_lanes;
    switch (is->operation) {
    case F32: NAMED(to_floats)((enum Sample)is->source, raw[0], lanes, line); break;
    case F64: NAMED(to_doubles)((enum Sample)is->source, raw[0], lanes, line); break;
#ifdef DOT_8
    case DOT8:
        NAMED(to_quads)((const uint8_t *)raw[0], (const uint8_t *)raw[1], (const uint8_t *)raw[2],
                        (const uint8_t *)raw[3], lanes, line);
        break;
#endif
    case DOT16:
        if (is->source == U8)
            NAMED(to_pairs)((const uint8_t *)raw[0], (const uint8_t *)raw[1], lanes, line);
        else
            NAMED(to_lowered_pairs)((const uint16_t *)raw[0], (const uint16_t *)raw[1], lanes, line);
        break;
    default: NAMED(to_shorts)((const uint8_t *)raw[0], lanes, (int)is->bias, (int)is->lift, line);
    }
    if (plan->patch)
        NAMED(patch)(plan, source, first, last, work->run_lanes, line);
}
