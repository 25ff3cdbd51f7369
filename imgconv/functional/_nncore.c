/* The native core of the functions: convolutions that sum over channels, and poolings.
 *
 * Python solves the sizes, reads the borders into index maps and divides the work (see _native.py); a plan copies and
 * checks what all of it has in common, and `run` computes a part of the output without the GIL. There are no threads
 * here. Every tap is computed, zeros too, so that infinities and NaN spread as IEEE 754 has it.
 */
#include "../native/module.h"

#if !defined(GNU_C)
#error "the native core needs GCC or Clang; without it imgconv computes with NumPy"
#endif

enum Sample { U8, U16, SAMPLE_F32, SAMPLE_F64 };
enum Lane { F32, F64 };
enum Kind { MOST, LEAST, SUM };
enum { CONSTANT = -1, NOTHING = -2 };           /* in index maps */
enum { CACHE = 400000, NEAR_CACHE = 20000, CHAIN = 2048, MOST_LENGTH = 1 << 30 };

static const ptrdiff_t SAMPLE_SIZE[] = {1, 2, 4, 8};
static const ptrdiff_t LANE_SIZE[] = {4, 8};

/* A line of a plane, and the rows `low` to `high` (exclusive) of four output rows, or of one, that it serves. */
typedef struct {
    ptrdiff_t line;                             /* in lanes from the first line */
    int64_t low, high;
    ptrdiff_t weight[4];                        /* of each row: its first weight for this line */
} Slot;

/* What Python hands over, as int64 numbers in this order. */
typedef struct {
    int64_t lane, source;                       /* enum Lane, enum Sample */
    int64_t depth;                              /* planes that an output sums over, or that a window spans */
    int64_t rows, cols;                         /* of a plane of samples */
    int64_t out_rows, out_cols;
    int64_t taps_y, taps_x, stride_y, stride_x, dilation_y, dilation_x;
    int64_t outputs, groups;                    /* output planes of a group; pooling: kind, 0 */
} Settings;

/* A plane of samples; strides are in bytes. */
typedef struct {
    const char *at;
    ptrdiff_t row, col;
} Plane;

/* How a line of padded columns is kept: as streams of every stride-th column, so that taps read what is contiguous. */
typedef struct {
    int32_t streams;
    int64_t *start;                             /* of each stream: its first padded column */
    ptrdiff_t *tap;                             /* of each tap along the row: its place in the line, in lanes */
    int64_t tile;                               /* output columns that are computed at once */
    ptrdiff_t run;                              /* lanes of a stream */
    ptrdiff_t line;                             /* lanes of a line, rounded up */
} Layout;

typedef struct {
    Settings is;
    int level;
    int64_t *rows, *cols;                       /* index maps of the padded axes */
    int64_t row_count, col_count;
    int64_t run_start, run_stop, run_col;       /* padded columns that are columns run_col, run_col + 1 ... */
    double constant;
    Layout layout;
    /* convolution */
    char *weight;                               /* blocks of outputs: [plane][tap][output of the block] */
    char *bias;
    ptrdiff_t *tap;                             /* of each tap, in lanes from the first line of a plane */
    int64_t band, planes, lines;                /* output rows, planes, and lines of a plane that are held at once */
    int shared;                                 /* line k is padded row k of the band, not one tap of a row */
    Slot *slot[2];                              /* for four output rows and for one, if there are single outputs */
    int64_t slots[2];
    int64_t line_step, tap_step;                /* lines from an output row to the next, and from a tap to the next */
    /* pooling */
    char *divisor_y, *divisor_x;                /* of each output row and column, in lanes */
} Plan;

/* Work to do: see the functions of the same names in _native.py. */
typedef struct {
    const char *samples;
    ptrdiff_t plane, row, col;                  /* strides in bytes */
    char *out;
    ptrdiff_t out_plane, out_row, out_col;      /* strides in bytes */
    const int64_t *index;                       /* the planes that an output plane sees, or CONSTANT, NOTHING */
    int64_t first, last;                        /* convolution: groups; pooling: output planes */
    int64_t start, stop;                        /* output rows */
    int64_t from, to;                           /* outputs of each group */
} Part;

typedef int (*Run)(const Plan *, const Part *);

static ptrdiff_t rounded(ptrdiff_t lanes, ptrdiff_t to) { return (lanes + to - 1) / to * to; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Divide, rounding towards zero; most divisors are 1, and a division takes as long as a line of a small picture. */
static int64_t quotient(int64_t a, int64_t b) { return b == 1 ? a : a / b; }

/* The outputs of a block that starts `at` among `of`: the widest that fits. */
static int64_t block_of(int64_t at, int64_t of, int64_t widest)
{
    int64_t block = widest;
    while (block > of - at) block /= 2;
    return block;
}

/* Buffers that earlier calls gave back: page faults cost as much as a small convolution. */
enum { SHELF = 8 };
static void *shelf[SHELF];

typedef struct {
    size_t bytes;
    char padding[ALIGN - sizeof(size_t)];
} Head;

static void *claim(size_t bytes)
{
    for (Head *head; (head = take_from(shelf, SHELF)); free_aligned(head))
        if (head->bytes >= bytes)
            return head + 1;
    void *all = aligned_room(sizeof(Head) + bytes);
    if (!all)
        return NULL;
    memset(all, 0, sizeof(Head) + bytes);
    ((Head *)all)->bytes = bytes;
    return (Head *)all + 1;
}

static void give_back(void *buffer)
{
    Head *head = (Head *)buffer - 1;
    if (head->bytes <= (size_t)8 * CACHE)
        put_back(shelf, SHELF, head);
    else
        free_aligned(head);
}

#define LEVEL_FILE "../functional/_nncore_level.h"
#include "../native/levels.h"

/* By level, slowest first; `convolve` and `pool` by enum Lane. */
static const struct {
    const char *name;
    int width;                                  /* bytes of a vector */
    int widest;                                 /* outputs of the widest block */
    Run convolve[2], pool[2];
} LEVELS[] = {
#define ROW(name, level, width)                                                                                       \
    {name, width, width == 64 ? 8 : 4, {convolve_f32_##level, convolve_f64_##level}, {pool_f32_##level, pool_f64_##level}},
    EACH_LEVEL(ROW)
#undef ROW
};

static const char CONVOLUTION[] = "imgconv.functional._nncore.convolution";
static const char POOLING[] = "imgconv.functional._nncore.pooling";

static void free_plan(Plan *plan)
{
    if (!plan)
        return;
    void *parts[] = {plan->rows, plan->cols,    plan->layout.start, plan->layout.tap, plan->weight,    plan->bias,
                     plan->tap,  plan->slot[0], plan->slot[1],      plan->divisor_y,  plan->divisor_x, plan};
    for (size_t k = 0; k < sizeof(parts) / sizeof(*parts); k++) free(parts[k]);
}

static void release_convolution(PyObject *capsule) { free_plan(PyCapsule_GetPointer(capsule, CONVOLUTION)); }
static void release_pooling(PyObject *capsule) { free_plan(PyCapsule_GetPointer(capsule, POOLING)); }

/* Find the longest run of columns that lie in the map as they lie in the samples. */
static void find_run(Plan *plan)
{
    for (int64_t k = 0, next; k < plan->col_count; k = next) {
        for (next = k + 1; next < plan->col_count && plan->cols[next] == plan->cols[next - 1] + 1
                           && plan->cols[next - 1] >= 0;)
            next++;
        if (plan->cols[k] >= 0 && next - k > plan->run_stop - plan->run_start) {
            plan->run_start = k;
            plan->run_stop = next;
            plan->run_col = plan->cols[k];
        }
    }
}

/* Lay lines out: phases of the stride, or a stream for each tap where taps are far apart. */
static int lay_out(Plan *plan, int64_t tile, int64_t lanes)
{
    const Settings *is = &plan->is;
    Layout *layout = &plan->layout;
    const int64_t taps = is->taps_x, reach = (taps - 1) * is->dilation_x + 1;
    int64_t phases = 0;
    layout->tile = tile;
    layout->start = malloc((size_t)taps * sizeof(*layout->start));
    layout->tap = malloc((size_t)taps * sizeof(*layout->tap));
    if (!layout->start || !layout->tap) {
        PyErr_NoMemory();
        return 0;
    }
    for (int64_t j = 0; j < taps; j++) {
        const int64_t phase = j * is->dilation_x % is->stride_x;
        int64_t k = 0;
        while (k < phases && layout->start[k] != phase) k++;
        if (k == phases)
            layout->start[phases++] = phase;
        layout->tap[j] = k;
    }
    const int64_t behind = (reach - 1) / is->stride_x;
    const int apart = phases * (tile + behind) > taps * tile;
    layout->streams = (int32_t)(apart ? taps : phases);
    /* A whole vector is read from every output column on, also where fewer columns are left. */
    layout->run = rounded((apart ? 0 : behind) + rounded(tile, lanes), lanes);
    const ptrdiff_t in_line = ALIGN / LANE_SIZE[is->lane];
    /* An odd number of cache lines keeps the lines of a column out of one set of the cache. */
    layout->line = (rounded(layout->streams * layout->run, in_line) / in_line | 1) * in_line;
    for (int64_t j = 0; j < taps; j++) {
        if (apart)
            layout->start[j] = j * is->dilation_x;
        layout->tap[j] = apart ? j * layout->run : layout->tap[j] * layout->run + j * is->dilation_x / is->stride_x;
    }
    return 1;
}

/* Read what both kinds of plan have in common. */
static int read_plan(Plan *plan, int level, PyObject *settings, PyObject *rows, PyObject *cols, int64_t least_index)
{
    int64_t count = sizeof(Settings) / 8;
    void *copy = copied(settings, 8, &count);
    if (!copy)
        return 0;
    memcpy(&plan->is, copy, sizeof(Settings));
    free(copy);
    const Settings *is = &plan->is;
    if (level < 0 || level >= level_count())
        return refuse("a level that this machine does not have");
    plan->level = level;
    if (!in_range(is->lane, F32, F64) || !in_range(is->source, U8, is->lane == F32 ? SAMPLE_F32 : SAMPLE_F64))
        return refuse("a type of samples that the lanes cannot read");
    const int64_t *number = &is->depth;
    for (int k = 0; k < 11; k++)
        if (!in_range(number[k], 1, MOST_LENGTH))
            return refuse("settings out of range");
    if (is->taps_y * is->taps_x > MOST_LENGTH || is->dilation_y * (is->taps_y - 1) > MOST_LENGTH
        || is->dilation_x * (is->taps_x - 1) > MOST_LENGTH)
        return refuse("a window out of range");
    plan->row_count = plan->col_count = -1;
    if (!(plan->rows = copied(rows, 8, &plan->row_count)) || !(plan->cols = copied(cols, 8, &plan->col_count)))
        return 0;
    const int64_t tall = (is->out_rows - 1) * is->stride_y + (is->taps_y - 1) * is->dilation_y + 1;
    const int64_t wide = (is->out_cols - 1) * is->stride_x + (is->taps_x - 1) * is->dilation_x + 1;
    if (!check_map(plan->rows, plan->row_count, is->rows, least_index, tall)
        || !check_map(plan->cols, plan->col_count, is->cols, least_index, wide))
        return 0;
    find_run(plan);
    return 1;
}

/* List the lines that four output rows see, or one, and which of the rows each serves. */
static int list_slots(Plan *plan, int which)
{
    const Settings *is = &plan->is;
    if (!which && plan->band < 4)
        return 1;
    const int64_t rows = which ? 1 : 4;
    const int64_t most_lines = (rows - 1) * plan->line_step + (is->taps_y - 1) * plan->tap_step + 1;
    Slot *slot = plan->slot[which] = calloc((size_t)(rows * is->taps_y), sizeof(Slot));
    if (!slot) {
        PyErr_NoMemory();
        return 0;
    }
    int64_t count = 0;
    for (int64_t l = 0; l < most_lines; l++)
        for (int64_t y = 0; y < rows; y++) {
            const int64_t from = l - y * plan->line_step;
            if (from < 0 || from % plan->tap_step || from / plan->tap_step >= is->taps_y)
                continue;
            if (!count || slot[count - 1].line != l * plan->layout.line || slot[count - 1].high != y)
                slot[count++] = (Slot){.line = l * plan->layout.line, .low = y};
            slot[count - 1].high = y + 1;
            slot[count - 1].weight[y] = from / plan->tap_step * is->taps_x;
        }
    plan->slots[which] = count;
    return 1;
}

/* Choose how many output rows and planes to hold lines of at once, so that they stay in the cache. */
static int choose_band(Plan *plan)
{
    const Settings *is = &plan->is;
    const int64_t widest = LEVELS[plan->level].widest, lanes = LEVELS[plan->level].width / LANE_SIZE[is->lane];
    const int64_t parts = (is->out_cols + 1023) / 1024, taps = is->taps_y * is->taps_x;
    if (!lay_out(plan, rounded((is->out_cols + parts - 1) / parts, lanes), lanes))
        return 0;
    const int64_t line = plan->layout.line * LANE_SIZE[is->lane];
    const int64_t cache = is->outputs < widest / 2 ? NEAR_CACHE : CACHE;
    const int64_t wanted = most(1, least(is->depth, CHAIN / taps));
    const int64_t bands[] = {32, 24, 16, 12, 8, 6, 4};
    for (int k = 0; k < 7; k++) {
        plan->band = least(bands[k], is->out_rows);
        /* Output rows share lines, unless strides or taps are so far apart that most lines would serve none. */
        const int64_t shared = (plan->band - 1) * is->stride_y + (is->taps_y - 1) * is->dilation_y + 1;
        const int64_t apart = plan->band * is->taps_y;
        plan->shared = shared <= apart;
        plan->lines = plan->shared ? shared : apart;
        plan->line_step = plan->shared ? is->stride_y : is->taps_y;
        plan->tap_step = plan->shared ? is->dilation_y : 1;
        plan->planes = most(1, least(wanted, cache / (plan->lines * line)));
        if (plan->planes == wanted)
            break;
    }
    if (!(plan->tap = malloc((size_t)taps * sizeof(*plan->tap)))) {
        PyErr_NoMemory();
        return 0;
    }
    for (int64_t i = 0; i < is->taps_y; i++)
        for (int64_t j = 0; j < is->taps_x; j++)
            plan->tap[i * is->taps_x + j] = i * plan->tap_step * plan->layout.line + plan->layout.tap[j];
    return is->outputs % 2 == 0 || (list_slots(plan, 0) && list_slots(plan, 1));
}

/* Put the weights, (groups, outputs, planes, taps), into blocks of outputs. */
static int pack(Plan *plan, const char *weight)
{
    const Settings *is = &plan->is;
    const ptrdiff_t size = LANE_SIZE[is->lane];
    const int64_t inner = is->depth * is->taps_y * is->taps_x, widest = LEVELS[plan->level].widest;
    char *to = plan->weight = malloc((size_t)(is->groups * is->outputs * inner * size));
    if (!to) {
        PyErr_NoMemory();
        return 0;
    }
    for (int64_t g = 0; g < is->groups; g++)
        for (int64_t at = 0, block; at < is->outputs; at += block) {
            block = block_of(at, is->outputs, widest);
            const char *from = weight + (g * is->outputs + at) * inner * size;
            if (is->lane == F32)
                for (int64_t k = 0; k < inner; k++)
                    for (int64_t r = 0; r < block; r++)
                        ((float *)to)[k * block + r] = ((const float *)from)[r * inner + k];
            else
                for (int64_t k = 0; k < inner; k++)
                    for (int64_t r = 0; r < block; r++)
                        ((double *)to)[k * block + r] = ((const double *)from)[r * inner + k];
            to += block * inner * size;
        }
    return 1;
}

static PyObject *core_convolution(PyObject *self, PyObject *args)
{
    (void)self;
    int level;
    double constant;
    PyObject *settings, *rows, *cols, *weight, *bias;
    if (!PyArg_ParseTuple(args, "iOdOOOO", &level, &settings, &constant, &rows, &cols, &weight, &bias))
        return NULL;
    Plan *plan = calloc(1, sizeof(Plan));
    PyObject *capsule = plan ? PyCapsule_New(plan, CONVOLUTION, release_convolution) : PyErr_NoMemory();
    if (!capsule) {
        free(plan);
        return NULL;
    }
    const Settings *is = &plan->is;
    plan->constant = constant;
    int good = read_plan(plan, level, settings, rows, cols, CONSTANT);
    if (good && (!in_range(is->outputs, 1, MOST_LENGTH) || !in_range(is->groups, 1, MOST_LENGTH)
                 || is->outputs * is->groups > MOST_LENGTH || is->depth > ((int64_t)1 << 40) / (is->taps_y * is->taps_x)
                 || is->outputs * is->groups > ((int64_t)1 << 50) / (is->depth * is->taps_y * is->taps_x)))
        good = refuse("weights out of range");
    if (good) {
        int64_t count = is->groups * is->outputs * is->depth * is->taps_y * is->taps_x;
        Py_buffer view;
        if ((good = PyObject_GetBuffer(weight, &view, PyBUF_SIMPLE) == 0)) {
            if (view.len != count * LANE_SIZE[is->lane])
                good = refuse("weights of another number than planned");
            good = good && choose_band(plan) && pack(plan, view.buf);
            PyBuffer_Release(&view);
        }
        count = is->groups * is->outputs;
        if (good && bias != Py_None)
            good = (plan->bias = copied(bias, LANE_SIZE[is->lane], &count)) != NULL;
    }
    if (!good)
        Py_CLEAR(capsule);
    return capsule;
}

static PyObject *core_pooling(PyObject *self, PyObject *args)
{
    (void)self;
    int level;
    double constant;
    PyObject *settings, *rows, *cols, *divisor_y, *divisor_x;
    if (!PyArg_ParseTuple(args, "iOdOOOO", &level, &settings, &constant, &rows, &cols, &divisor_y, &divisor_x))
        return NULL;
    Plan *plan = calloc(1, sizeof(Plan));
    PyObject *capsule = plan ? PyCapsule_New(plan, POOLING, release_pooling) : PyErr_NoMemory();
    if (!capsule) {
        free(plan);
        return NULL;
    }
    const Settings *is = &plan->is;
    plan->constant = constant;
    int good = read_plan(plan, level, settings, rows, cols, NOTHING);
    if (good && !in_range(is->outputs, MOST, SUM))
        good = refuse("a kind of pooling that is none");
    const int64_t lanes = good ? LEVELS[level].width / LANE_SIZE[is->lane] : 1;
    good = good && lay_out(plan, rounded(is->out_cols, lanes), lanes);
    if (good && divisor_y != Py_None) {
        int64_t tall = is->out_rows, wide = is->out_cols;
        good = (plan->divisor_y = copied(divisor_y, LANE_SIZE[is->lane], &tall))
               && (plan->divisor_x = copied(divisor_x, LANE_SIZE[is->lane], &wide));
    }
    if (!good)
        Py_CLEAR(capsule);
    return capsule;
}

/* Run a part of a plan: (plan, samples, index, out, first, last, start, stop, from, to). */
static PyObject *run(PyObject *args, const char *name)
{
    PyObject *capsule, *samples, *index, *target;
    long long first, last, start, stop, from, to;
    if (!PyArg_ParseTuple(args, "OOOOLLLLLL", &capsule, &samples, &index, &target, &first, &last, &start, &stop,
                          &from, &to))
        return NULL;
    const Plan *plan = PyCapsule_GetPointer(capsule, name);
    if (!plan)
        return NULL;
    const Settings *is = &plan->is;
    const int convolves = name == CONVOLUTION;
    const ptrdiff_t size = SAMPLE_SIZE[is->source], lane = LANE_SIZE[is->lane];
    Py_buffer in, out, planes;
    if (PyObject_GetBuffer(samples, &in, PyBUF_STRIDES) < 0)
        return NULL;
    if (PyObject_GetBuffer(target, &out, PyBUF_STRIDES | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&in);
        return NULL;
    }
    if (PyObject_GetBuffer(index, &planes, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&in);
        PyBuffer_Release(&out);
        return NULL;
    }
    int done = 0;
    const int64_t per_group = convolves ? is->outputs : 1, widest = LEVELS[plan->level].widest;
    if (in.ndim != 3 || in.shape[1] != is->rows || in.shape[2] != is->cols || in.itemsize != size
        || ((uintptr_t)in.buf | (uintptr_t)in.strides[0] | (uintptr_t)in.strides[1] | (uintptr_t)in.strides[2])
               % (uintptr_t)size)
        refuse("samples of another shape or type than planned");
    else if (out.ndim != 3 || out.itemsize != lane || out.shape[1] != is->out_rows || out.shape[2] != is->out_cols
             || (out.strides[2] != lane && !convolves)
             || ((uintptr_t)out.buf | (uintptr_t)out.strides[0] | (uintptr_t)out.strides[1] | (uintptr_t)out.strides[2])
                    % (uintptr_t)lane
             || (convolves && out.shape[0] != is->groups * is->outputs))
        refuse("an output of another shape or type than planned");
    else if (first < 0 || first > last || last > out.shape[0] / per_group || start < 0 || start > stop
             || stop > is->out_rows || from < 0 || from > to || to > per_group
             || (convolves && (from % widest || (to != per_group && to % widest))))
        refuse("a part outside the output");
    else if (overlapping(&in, &out))
        refuse("an output that shares the samples' memory");
    else if (planes.len / 8 / is->depth < last || (uintptr_t)planes.buf % 8)
        refuse("fewer planes than planned");
    else {
        const int64_t *at = planes.buf;
        int good = 1;
        for (int64_t k = first * is->depth; good && k < last * is->depth; k++)
            good = in_range(at[k], convolves ? CONSTANT : NOTHING, in.shape[0] - 1);
        const Part part = {in.buf, in.strides[0], in.strides[1], in.strides[2], out.buf, out.strides[0], out.strides[1],
                           out.strides[2], at, first, last, start, stop, from, to};
        const Run way = convolves ? LEVELS[plan->level].convolve[is->lane] : LEVELS[plan->level].pool[is->lane];
        if (!good)
            refuse("a plane outside the samples");
        else {
            Py_BEGIN_ALLOW_THREADS
            done = way(plan, &part);
            Py_END_ALLOW_THREADS
            if (!done)
                PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    PyBuffer_Release(&planes);
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *core_convolve(PyObject *self, PyObject *args)
{
    (void)self;
    return run(args, CONVOLUTION);
}

static PyObject *core_pool(PyObject *self, PyObject *args)
{
    (void)self;
    return run(args, POOLING);
}

static PyObject *core_levels(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    PyObject *list = PyList_New(0);
    for (int k = 0; list && k < level_count(); k++) {
        PyObject *entry = Py_BuildValue("si", LEVELS[k].name, LEVELS[k].widest);
        if (!entry || PyList_Append(list, entry) < 0)
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

static PyMethodDef METHODS[] = {
    {"levels", core_levels, METH_NOARGS, "Return (name, outputs in a block) of every SIMD level, slowest first."},
    {"convolution", core_convolution, METH_VARARGS, "Plan: (level, settings, constant, rows, cols, weight, bias)."},
    {"pooling", core_pooling, METH_VARARGS, "Plan: (level, settings, constant, rows, cols, divisor_y, divisor_x)."},
    {"convolve", core_convolve, METH_VARARGS, "Run: (plan, samples, planes, out, first, last, start, stop, from, to)."},
    {"pool", core_pool, METH_VARARGS, "Run: (plan, samples, planes, out, first, last, start, stop, 0, 1)."},
    {NULL, NULL, 0, NULL},
};

NATIVE_MODULE(_nncore, "imgconv.functional._nncore", "The functions; see _native.py.")
