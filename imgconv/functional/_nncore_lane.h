/* Everything that exists once per SIMD level and type of lanes: KIND names the type LANE, WHOLE is an integer as long.
 * All three are undefined at the end. */
typedef LANE NAMED(vec) __attribute__((vector_size(WIDTH)));
typedef LANE NAMED(loose) __attribute__((vector_size(WIDTH), aligned(1), may_alias));
typedef WHOLE NAMED(mask) __attribute__((vector_size(WIDTH)));
#define VEC NAMED(vec)
#define LOOSE NAMED(loose)
#define MASK NAMED(mask)
#define LANES ((ptrdiff_t)(WIDTH / sizeof(LANE)))

#if WIDTH == 64
#define NAME NAMED(outputs_8)
#define R 8
#define V 3
#include "_nncore_micro.h"
#define WIDEST 8
#define MANY 6 /* vectors by four outputs: there are 32 registers */
#else
#define WIDEST 4
#define MANY 3
#endif

#define NAME NAMED(outputs_4)
#define R 4
#define V MANY
#include "_nncore_micro.h"

#define NAME NAMED(outputs_2)
#define R 2
#define V 4
#include "_nncore_micro.h"

#define LONG (WIDTH == 64 ? 4 : 2) /* vectors by four rows of one output */

#define NAME NAMED(rows_4_long)
#define Y 4
#define V LONG
#include "_nncore_rows.h"

#define NAME NAMED(rows_4)
#define Y 4
#define V 1
#include "_nncore_rows.h"

#define NAME NAMED(row_long)
#define Y 1
#define V LONG
#include "_nncore_rows.h"

#define NAME NAMED(row)
#define Y 1
#define V 1
#include "_nncore_rows.h"

/* Read padded columns from number `first` on into the streams of a line: `row` is a row of samples, or NULL for the
 * constant alone. */
static void NAMED(fill)(const Plan *plan, enum Sample source, const char *row, ptrdiff_t col, int64_t first,
                        int64_t columns, LANE constant, LANE nothing, LANE *to)
{
    const Layout *layout = &plan->layout;
    const int64_t step = plan->is.stride_x, behind = quotient((plan->is.taps_x - 1) * plan->is.dilation_x, step);
    for (int32_t s = 0; s < layout->streams; s++, to += layout->run) {
        const int64_t base = first + layout->start[s];
        const int64_t beyond = quotient(plan->col_count - base + step - 1, step);
        const int64_t length = least(least(columns + behind, layout->run), beyond);
        int64_t start = most(0, least(length, quotient(plan->run_start - base + step - 1, step))), stop = start;
        if (base >= plan->run_start)
            start = 0;
        if (base < plan->run_stop)
            stop = most(start, least(length, quotient(plan->run_stop - base + step - 1, step)));
        if (!row || start >= stop)
            start = stop = 0;
        const int64_t *map = plan->cols + base;
#define SAMPLE(TYPE, x) ((LANE) * (const TYPE *)(row + map[(x) * step] * col))
#define OUTSIDE(x) (map[(x) * step] == NOTHING ? nothing : constant)
#define INSIDE(x) (row && map[(x) * step] >= 0)
#define READ(TYPE)                                                                                              \
    do {                                                                                                        \
        for (int64_t x = 0; x < start; x++) to[x] = INSIDE(x) ? SAMPLE(TYPE, x) : OUTSIDE(x);                   \
        for (int64_t x = stop; x < length; x++) to[x] = INSIDE(x) ? SAMPLE(TYPE, x) : OUTSIDE(x);               \
        if (start == stop)                                                                                      \
            break;                                                                                              \
        const char *at = row + map[start * step] * col;                                                         \
        const TYPE *run = (const TYPE *)at;                                                                     \
        LANE *put = to + start;                                                                                 \
        const int64_t count = stop - start;                                                                     \
        if (col == sizeof(TYPE) && step == 1 && sizeof(TYPE) == sizeof(LANE))                                   \
            memcpy(put, run, (size_t)count * sizeof(LANE));                                                     \
        else if (col == sizeof(TYPE) && step == 1)                                                              \
            for (int64_t x = 0; x < count; x++) put[x] = (LANE)run[x];                                          \
        else if (col == sizeof(TYPE) && step == 2)                                                              \
            for (int64_t x = 0; x < count; x++) put[x] = (LANE)run[2 * x];                                      \
        else                                                                                                    \
            for (int64_t x = 0; x < count; x++) put[x] = (LANE) * (const TYPE *)(at + x * step * col);          \
    } while (0)
        switch (source) {
        case U8: READ(uint8_t); break;
        case U16: READ(uint16_t); break;
        case SAMPLE_F32: READ(float); break;
        case SAMPLE_F64: READ(double); break;
        }
#undef READ
#undef SAMPLE
#undef OUTSIDE
#undef INSIDE
    }
}

/* How a line of one stream is read where samples are lanes that lie next to each other: `left` columns by the map,
 * `run` columns from number `col` on as they are, and `right` ones by the map. */
typedef struct {
    const int64_t *map;
    int64_t left, run, right, col;
} NAMED(plain);

/* Find it for the columns from number `first` on; 0 where lines are read otherwise. */
static int NAMED(find_plain)(const Plan *plan, ptrdiff_t col, int64_t first, int64_t columns, NAMED(plain) *plain)
{
    const Layout *layout = &plan->layout;
    if (layout->streams != 1 || plan->is.stride_x != 1 || col != sizeof(LANE)
        || SAMPLE_SIZE[plan->is.source] != sizeof(LANE))
        return 0;
    const int64_t base = first + layout->start[0];
    const int64_t needed = columns + layout->tap[plan->is.taps_x - 1];
    const int64_t length = least(least(needed, layout->run), plan->col_count - base);
    const int64_t start = most(0, least(length, plan->run_start - base));
    const int64_t stop = most(start, least(length, plan->run_stop - base));
    if (stop - start < LANES)
        return 0;
    *plain = (NAMED(plain)){plan->cols + base, start, stop - start, length - stop, plan->cols[base + start]};
    return 1;
}

INLINE void NAMED(fill_plain)(const NAMED(plain) *plain, const LANE *row, LANE constant, LANE *to)
{
    const int64_t *map = plain->map, left = plain->left, run = plain->run, all = left + run + plain->right;
    if (!row) {
        for (int64_t x = 0; x < all; x++) to[x] = constant;
        return;
    }
    for (int64_t x = 0; x < left; x++) to[x] = map[x] < 0 ? constant : row[map[x]];
    const LANE *from = row + plain->col;
    LANE *put = to + left;
    for (int64_t x = 0; x < run - LANES; x += LANES) *(LOOSE *)(put + x) = *(const LOOSE *)(from + x);
    *(LOOSE *)(put + run - LANES) = *(const LOOSE *)(from + run - LANES);
    for (int64_t x = left + run; x < all; x++) to[x] = map[x] < 0 ? constant : row[map[x]];
}

/* Where a block of outputs goes: sums of earlier planes come from and go to `sums`, the last ones go to `out`. */
typedef struct {
    const Plan *plan;
    const LANE *lines, *weight, *bias;
    int64_t planes, rows, cols;
    LANE *from, *onto, *out, *spare;
    ptrdiff_t sums_pitch, out_plane, out_row, out_col;
} NAMED(block);

/* Copy what was computed aside to where it belongs. */
static void NAMED(spread)(const NAMED(block) *block, const LANE *from, int64_t count, LANE *to)
{
    for (int64_t x = 0; x < count; x++) to[x * block->out_col] = from[x];
}

typedef void (*NAMED(micro))(const LANE *, ptrdiff_t, ptrdiff_t, const ptrdiff_t *, ptrdiff_t, const LANE *,
                             const ptrdiff_t *, const LANE *, LANE *const *, ptrdiff_t, LANE *const *, ptrdiff_t);

INLINE void NAMED(tiles)(const NAMED(block) *block, NAMED(micro) micro, const int outputs, const int many)
{
    const Plan *plan = block->plan;
    const int64_t vectors = (block->cols + LANES - 1) / LANES, all = vectors * block->rows;
    const ptrdiff_t row_step = plan->line_step * plan->layout.line, pitch = plan->lines * plan->layout.line;
    const int narrow = block->cols < LANES, aside = !block->onto && (narrow || block->out_col != 1);
    int64_t row = 0, col = 0;
    for (int64_t p = 0; p < all; p += many) {
        ptrdiff_t offset[8];
        LANE *from[8], *to[8], *target[8];
        for (int v = 0; v < many; v++) {
            const int64_t x = narrow ? 0 : least(col * LANES, block->cols - LANES);
            offset[v] = row * row_step + x;
            target[v] = block->out + row * block->out_row + x * block->out_col;
            if (block->from)
                from[v] = block->from + (row * vectors + col) * LANES;
            to[v] = block->onto ? block->onto + (row * vectors + col) * LANES
                    : aside     ? block->spare + v * LANES
                                : target[v];
            if (row * vectors + col + 1 < all && ++col == vectors) {  /* else the last one is computed again */
                col = 0;
                row++;
            }
        }
        const ptrdiff_t to_pitch = block->onto ? block->sums_pitch : aside ? many * LANES : block->out_plane;
        micro(block->lines, block->planes, pitch, plan->tap, plan->is.taps_y * plan->is.taps_x, block->weight, offset,
              block->bias, block->from ? from : NULL, block->sums_pitch, to, to_pitch);
        if (aside)
            for (int r = 0; r < outputs; r++)
                for (int v = 0; v < many; v++)
                    NAMED(spread)(block, block->spare + (r * many + v) * LANES, narrow ? block->cols : LANES,
                                  target[v] + r * block->out_plane);
    }
}

/* Compute one output, four rows at a time. */
static void NAMED(single)(const NAMED(block) *block)
{
    const Plan *plan = block->plan;
    const int64_t cols = block->cols, sums_row = rounded(cols, LANES);
    const ptrdiff_t pitch = plan->lines * plan->layout.line;
    const int parted = block->from || block->onto;
    const LANE bias = block->bias ? *block->bias : 0;
    for (int64_t y = 0, rows; y < block->rows; y += rows) {
        rows = block->rows - y < 4 ? 1 : 4;
        for (int64_t x = 0, wide; x < cols; x += wide) {
            /* Sums of planes must be added to once; what is computed at once may be computed twice. */
            wide = LONG * LANES;
            if (cols - x < wide)
                wide = !parted && cols >= wide && cols - x > LANES ? wide : LANES;
            if (cols - x < wide && !parted && cols >= wide)
                x = cols - wide;
            const LANE *lines = block->lines + y * plan->line_step * plan->layout.line + x;
            const int aside = !block->onto && (block->out_col != 1 || x + wide > cols);
            LANE *target = block->out + y * block->out_row + x * block->out_col;
            LANE *to = block->onto ? block->onto + y * sums_row + x : aside ? block->spare : target;
            const LANE *from = block->from ? block->from + y * sums_row + x : NULL;
            const ptrdiff_t to_pitch = block->onto ? sums_row : aside ? wide : block->out_row;
            const int slots = rows == 4 ? 0 : 1;
#define ROWS(NAME)                                                                                          \
    NAMED(NAME)(plan, plan->slot[slots], plan->slots[slots], lines, block->planes, pitch, block->weight, bias,  \
                from, to, to_pitch, sums_row)
            if (rows == 4 && wide > LANES)
                ROWS(rows_4_long);
            else if (rows == 4)
                ROWS(rows_4);
            else if (wide > LANES)
                ROWS(row_long);
            else
                ROWS(row);
#undef ROWS
            if (aside)
                for (int64_t r = 0; r < rows; r++)
                    NAMED(spread)(block, to + r * wide, least(wide, cols - x), target + r * block->out_row);
        }
    }
}

static void NAMED(compute)(const NAMED(block) *block, int64_t outputs)
{
    switch (outputs) {
#if WIDEST == 8
    case 8: NAMED(tiles)(block, NAMED(outputs_8), 8, 3); break;
#endif
    case 4: NAMED(tiles)(block, NAMED(outputs_4), 4, MANY); break;
    case 2: NAMED(tiles)(block, NAMED(outputs_2), 2, 4); break;
    default: NAMED(single)(block); break;
    }
}

/* Fill the lines of planes `index[0]` to `index[planes - 1]` for output rows `start` to `start + rows`. */
static void NAMED(fill_lines)(const Plan *plan, const Part *part, const int64_t *index, int64_t planes, int64_t start,
                              int64_t rows, int64_t first, int64_t columns, LANE *lines)
{
    const Settings *is = &plan->is;
    const int64_t count = plan->shared ? (rows - 1) * is->stride_y + (is->taps_y - 1) * is->dilation_y + 1
                                       : rows * is->taps_y;
    NAMED(plain) plain = {0};
    const int plainly = NAMED(find_plain)(plan, part->col, first * is->stride_x, columns, &plain);
    for (int64_t k = 0; k < planes; k++)
        for (int64_t l = 0; l < count; l++) {
            const int64_t at = plan->shared ? start * is->stride_y + l
                                            : (start + l / is->taps_y) * is->stride_y + l % is->taps_y * is->dilation_y;
            const int64_t row = plan->rows[at];
            const char *from = NULL;
            if (index[k] >= 0 && row >= 0)
                from = part->samples + index[k] * part->plane + row * part->row;
            LANE *to = lines + (k * plan->lines + l) * plan->layout.line;
            if (plainly)
                NAMED(fill_plain)(&plain, (const LANE *)from, (LANE)plan->constant, to);
            else
                NAMED(fill)(plan, (enum Sample)is->source, from, part->col, first * is->stride_x, columns,
                            (LANE)plan->constant, 0, to);
        }
}

/* Compute a part of a convolution; 0 where there is no memory. */
static int NAMED(convolve)(const Plan *plan, const Part *part)
{
    const Settings *is = &plan->is;
    const int64_t taps = is->taps_y * is->taps_x, inner = is->depth * taps, tile = plan->layout.tile;
    const ptrdiff_t held = plan->planes * plan->lines * plan->layout.line, spare = WIDEST * 8 * LANES;
    const ptrdiff_t sums = plan->planes < is->depth ? plan->band * rounded(tile, LANES) : 0;
    /* Vectors are read beyond the last column. */
    LANE *lines = claim((size_t)(held + ALIGN + spare + sums * (part->to - part->from)) * sizeof(LANE));
    if (!lines)
        return 0;
    NAMED(block) block = {.plan = plan, .lines = lines, .spare = lines + held + ALIGN, .sums_pitch = sums,
                          .out_plane = part->out_plane / (ptrdiff_t)sizeof(LANE),
                          .out_row = part->out_row / (ptrdiff_t)sizeof(LANE),
                          .out_col = part->out_col / (ptrdiff_t)sizeof(LANE)};
    for (int64_t g = part->first; g < part->last; g++)
        for (int64_t y = part->start; y < part->stop; y += plan->band)
            for (int64_t x = 0; x < is->out_cols; x += tile)
                for (int64_t k = 0; k < is->depth; k += plan->planes) {
                    block.planes = least(plan->planes, is->depth - k);
                    block.rows = least(plan->band, part->stop - y);
                    block.cols = least(tile, is->out_cols - x);
                    NAMED(fill_lines)(plan, part, part->index + g * is->depth + k, block.planes, y, block.rows, x,
                                      block.cols, lines);
                    const int last = k + block.planes == is->depth;
                    for (int64_t o = part->from, outputs; o < part->to; o += outputs) {
                        outputs = block_of(o, is->outputs, WIDEST);
                        const int64_t number = g * is->outputs + o;
                        LANE *own = lines + held + ALIGN + spare + (o - part->from) * sums;
                        block.weight = (const LANE *)plan->weight + number * inner + k * taps * outputs;
                        block.bias = plan->bias ? (const LANE *)plan->bias + number : NULL;
                        block.from = k ? own : NULL;
                        block.onto = last ? NULL : own;
                        block.out = (LANE *)part->out + number * block.out_plane + y * block.out_row
                                    + x * block.out_col;
                        NAMED(compute)(&block, outputs);
                    }
                }
    give_back(lines);
    return 1;
}

/* The larger, smaller or summed one of each lane; a NaN among two is the larger and the smaller one. */
INLINE VEC NAMED(joined)(enum Kind kind, VEC a, VEC b)
{
    if (kind == SUM)
        return a + b;
    const MASK take = (MASK)(kind == MOST ? b > a : b < a) | (MASK)(b != b);
    return (VEC)((take & (MASK)b) | (~take & (MASK)a));
}

INLINE LANE NAMED(join)(enum Kind kind, LANE a, LANE b)
{
    if (kind == SUM)
        return a + b;
    return (kind == MOST ? b > a : b < a) || b != b ? b : a;
}

/* Join rows of samples, column by column. */
INLINE void NAMED(down)(enum Kind kind, enum Sample source, const char *const *row, int64_t rows, ptrdiff_t col,
                        int64_t cols, LANE *to)
{
#define READ(TYPE)                                                                                              \
    if (col == sizeof(TYPE)) {                                                                                  \
        for (int64_t x = 0; x < cols; x++) to[x] = (LANE)((const TYPE *)row[0])[x];                             \
        for (int64_t k = 1; k < rows; k++)                                                                      \
            for (int64_t x = 0; x < cols; x++) to[x] = NAMED(join)(kind, to[x], (LANE)((const TYPE *)row[k])[x]); \
    } else {                                                                                                    \
        for (int64_t x = 0; x < cols; x++) to[x] = (LANE) * (const TYPE *)(row[0] + x * col);                   \
        for (int64_t k = 1; k < rows; k++)                                                                      \
            for (int64_t x = 0; x < cols; x++)                                                                  \
                to[x] = NAMED(join)(kind, to[x], (LANE) * (const TYPE *)(row[k] + x * col));                    \
    }
    int64_t x = 0;
    if (SAMPLE_SIZE[source] == sizeof(LANE) && col == sizeof(LANE) && cols >= LANES) {
        for (;;) {
            VEC a = *(const LOOSE *)((const LANE *)row[0] + x);
            for (int64_t k = 1; k < rows; k++) a = NAMED(joined)(kind, a, *(const LOOSE *)((const LANE *)row[k] + x));
            *(LOOSE *)(to + x) = a;
            if (x == cols - LANES)
                return;
            x = least(x + LANES, cols - LANES);
        }
    }
    switch (source) {
    case U8: READ(uint8_t) break;
    case U16: READ(uint16_t) break;
    case SAMPLE_F32: READ(float) break;
    case SAMPLE_F64: READ(double) break;
    }
#undef READ
}

/* Even and odd lanes of two vectors, joined. */
INLINE VEC NAMED(pairs)(enum Kind kind, const LANE *at)
{
    const VEC a = *(const LOOSE *)at, b = *(const LOOSE *)(at + LANES);
    MASK even, odd;
    UNROLL for (int k = 0; k < LANES; k++) {
        even[k] = 2 * k;
        odd[k] = 2 * k + 1;
    }
#ifdef __clang__
    VEC one, two;
    UNROLL for (int k = 0; k < LANES; k++) {
        one[k] = even[k] < LANES ? a[even[k]] : b[even[k] - LANES];
        two[k] = odd[k] < LANES ? a[odd[k]] : b[odd[k] - LANES];
    }
    return NAMED(joined)(kind, one, two);
#else
    return NAMED(joined)(kind, __builtin_shuffle(a, b, even), __builtin_shuffle(a, b, odd));
#endif
}

/* Compute rows of a pooling from lines that are joined down already. */
INLINE void NAMED(along)(enum Kind kind, const Plan *plan, const LANE *line, int paired, LANE divisor, LANE *out)
{
    const int64_t cols = plan->is.out_cols, taps = plan->is.taps_x;
    const LANE *divisors = (const LANE *)plan->divisor_x;
    LANE narrow[LANES];
    for (int64_t x = 0; x < cols; x += LANES) {
        const int64_t at = cols < LANES ? 0 : least(x, cols - LANES);
        VEC a;
        if (paired)
            a = NAMED(pairs)(kind, line + 2 * at);
        else {
            a = *(const LOOSE *)(line + plan->layout.tap[0] + at);
            for (int64_t j = 1; j < taps; j++)
                a = NAMED(joined)(kind, a, *(const LOOSE *)(line + plan->layout.tap[j] + at));
        }
        if (cols < LANES) {
            *(LOOSE *)narrow = a;
            for (int64_t k = 0; k < cols; k++) out[k] = divisors ? narrow[k] / (divisor * divisors[k]) : narrow[k];
            return;
        }
        if (divisors)
            a /= divisor * *(const LOOSE *)(divisors + at);
        *(LOOSE *)(out + at) = a;
    }
}

INLINE int NAMED(pool_as)(enum Kind kind, const Plan *plan, const Part *part)
{
    const Settings *is = &plan->is;
    const LANE constant = (LANE)plan->constant;
    const LANE nothing = kind == SUM ? 0 : kind == MOST ? -(LANE)__builtin_inf() : (LANE)__builtin_inf();
    const ptrdiff_t wide = rounded(is->cols, LANES) + 2 * LANES, list = is->depth * is->taps_y;
    LANE *down = claim((size_t)(wide + plan->layout.line + 2 * LANES) * sizeof(LANE) + (size_t)list * sizeof(char *));
    if (!down)
        return 0;
    LANE *line = down + wide;
    const char **row = (const char **)(line + plan->layout.line + 2 * LANES);
    /* Where every window lies within the samples, the joined row is the line, or the pairs to be joined. */
    const int inside = plan->run_start == 0 && plan->run_stop == plan->col_count;
    const int paired = inside && is->stride_x == 2 && is->taps_x == 2 && is->dilation_x == 1 && is->out_cols >= LANES;
    const int direct = paired || (inside && is->stride_x == 1 && plan->layout.streams == 1);
    for (int64_t z = part->first; z < part->last; z++)
        for (int64_t y = part->start; y < part->stop; y++) {
            int64_t rows = 0, constants = 0;
            for (int64_t k = 0; k < list; k++) {
                const int64_t plane = part->index[z * is->depth + k / is->taps_y];
                const int64_t from = plan->rows[y * is->stride_y + k % is->taps_y * is->dilation_y];
                if (plane >= 0 && from >= 0)
                    row[rows++] = part->samples + plane * part->plane + from * part->row;
                else
                    constants += plane != NOTHING && from != NOTHING;
            }
            const LANE beside = kind == SUM ? (LANE)(rows + constants) * constant
                                : rows + constants ? constant : nothing;
            const LANE more = kind == SUM ? (LANE)constants * constant : constants ? constant : nothing;
            if (rows)
                NAMED(down)(kind, (enum Sample)is->source, row, rows, part->col, is->cols, down);
            else
                for (int64_t x = 0; x < is->cols; x++) down[x] = nothing;
            if (constants)
                for (int64_t x = 0; x < is->cols; x++) down[x] = NAMED(join)(kind, down[x], more);
            if (!direct)
                NAMED(fill)(plan, sizeof(LANE) == 4 ? SAMPLE_F32 : SAMPLE_F64, (const char *)down, sizeof(LANE), 0,
                            is->out_cols, beside, nothing, line);
            LANE *out = (LANE *)(part->out + z * part->out_plane + y * part->out_row);
            NAMED(along)(kind, plan, direct ? down + plan->run_col : line, paired,
                         plan->divisor_y ? ((const LANE *)plan->divisor_y)[y] : 1, out);
        }
    give_back(down);
    return 1;
}

/* Compute a part of a pooling; 0 where there is no memory. */
static int NAMED(pool)(const Plan *plan, const Part *part)
{
    switch (plan->is.outputs) {
    case MOST: return NAMED(pool_as)(MOST, plan, part);
    case LEAST: return NAMED(pool_as)(LEAST, plan, part);
    default: return NAMED(pool_as)(SUM, plan, part);
    }
}

#undef KIND
#undef LANE
#undef WHOLE
#undef VEC
#undef LOOSE
#undef MASK
#undef LANES
#undef WIDEST
#undef LONG
#undef MANY
