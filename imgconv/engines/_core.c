/* The native core of the built-in engine: direct and separable correlation of a band of rows.
 *
 * Python chooses the way and lays the taps out (see _native.py); `plan` copies and checks them, and `run` computes
 * output rows without the GIL. There are no threads here and no state but the plan.
 */
#include "../native/module.h"

#include <math.h>

#include "_core_plan.h"

#if !defined(GNU_C)
#error "the native core needs GCC or Clang; without it imgconv computes with NumPy"
#endif

enum { LEVELS_OF_SUMS = 33 };  /* lines that running sums need at most: the columns' sums, and of 2**k neighbours each */

static const ptrdiff_t SAMPLE_SIZE[] = {1, 2, 4, 8};
static const ptrdiff_t LINE_SIZE[] = {4, 8, 4, 4, 1, 1, 1, 4, 8};  /* of a lane of a line */
static const ptrdiff_t LANE_SIZE[] = {4, 8, 4, 4, 2, 2, 2, 4, 8};  /* and of an accumulator */
static const int ROWS_A_LINE[] = {1, 1, 4, 2, 1, 1, 1, 1, 1};

/* The buffers of one band. */
struct Work {
    char *lines;             /* a ring of them */
    char *raw[4], *dealing;  /* rows as they are in the image */
    char *total;             /* ROWS rows of a chunk's sums of a first pass, `pitch` lanes apart */
    char *result;            /* ROWS rows of a chunk's accumulators, CHUNK lanes apart */
    int32_t *pairs;          /* DOT16 in two passes: a chunk of one row as pairs or quadruples */
    const void **base;
    const char **row;        /* lane 0 of every line where it is in the image, if that can be read in place */
    ptrdiff_t here_start, here_stop;        /* lanes that the first pass computes from `row` */
    ptrdiff_t line_lanes, run_lanes, line_bytes, pitch, out_lanes;
    ptrdiff_t chunk;         /* lanes of a row that are computed before the next ones */
    ptrdiff_t halo;          /* lanes that a second pass reads behind the last output lane */
};

static ptrdiff_t rounded(ptrdiff_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

#include "_core_fourier_plan.h"

static int64_t run_cols(const Settings *is) { return is->tile_cols + (is->span_cols - 1) / is->phases; }

static int32_t most_taps(const Plan *plan)
{
    int32_t most = 0;
    for (int t = 0; t < plan->terms; t++) {
        most = plan->term[t].first.taps > most ? plan->term[t].first.taps : most;
        most = plan->term[t].second.taps > most ? plan->term[t].second.taps : most;
    }
    return most;
}

/* Allocate the buffers of a band, all zero. */
static Work *make_work(const Plan *plan)
{
    const Settings *is = &plan->is;
    const ptrdiff_t lane = LANE_SIZE[is->operation], size = SAMPLE_SIZE[is->source];
    const ptrdiff_t run_lanes = run_cols(is) * is->channels, line_lanes = run_lanes * is->phases;
    /* An odd number of cache lines keeps the rows of a column out of one set of the cache. */
    const ptrdiff_t line_bytes = (rounded((line_lanes + SLACK) * LINE_SIZE[is->operation]) / ALIGN | 1) * ALIGN;
    const ptrdiff_t raw = rounded((line_lanes + SLACK) * size);
    const ptrdiff_t dealing = rounded((is->tile_cols * is->stride_x + is->span_cols) * is->channels * size);
    const ptrdiff_t head = rounded(sizeof(Work)), halo = line_lanes - is->tile_cols * is->channels;
    const int two = plan->term[0].second.taps > 0 && !is->digits;
    const ptrdiff_t chunk = !two || 4 * halo > CHUNK ? CHUNK : 4 * halo > TWO_CHUNK ? 4 * halo : TWO_CHUNK;
    const ptrdiff_t total_bytes = two ? (rounded((chunk + halo + SLACK) * lane) / ALIGN | 1) * ALIGN : 0;
    const ptrdiff_t lead = rounded(halo * lane) - halo * lane; /* what follows the halo is aligned */
    const ptrdiff_t lines = is->operation >= BOX ? LEVELS_OF_SUMS : is->lines;
    const ptrdiff_t parts[] = {
        lines * line_bytes, raw, raw, raw, raw, dealing, ROWS * total_bytes + ALIGN, rounded((ROWS * CHUNK + SLACK) * lane),
        rounded((CHUNK + halo + SLACK) * 4), rounded((most_taps(plan) + ROWS) * (ptrdiff_t)sizeof(void *)),
        rounded(lines * (ptrdiff_t)sizeof(char *)),
    };
    enum { PARTS = sizeof(parts) / sizeof(*parts) };
    char *at[PARTS];
    ptrdiff_t bytes = head;
    for (int k = 0; k < PARTS; k++) bytes += parts[k];
    char *all = aligned_room((size_t)bytes);
    if (!all)
        return NULL;
    memset(all, 0, (size_t)bytes);
    char *next = all + head;
    for (int k = 0; k < PARTS; next += parts[k++]) at[k] = next;
    Work *work = (Work *)all;
    *work = (Work){.lines = at[0], .raw = {at[1], at[2], at[3], at[4]}, .dealing = at[5], .total = at[6] + lead,
                   .result = at[7], .pairs = (int32_t *)at[8], .base = (const void **)at[9], .row = (const char **)at[10],
                   .line_lanes = line_lanes, .run_lanes = run_lanes, .line_bytes = line_bytes,
                   .pitch = total_bytes / lane, .halo = halo, .chunk = chunk};
    return work;
}

/* Take buffers that an earlier band gave back, or new ones. */
static Work *claim(Plan *plan)
{
    Work *work = take_from(plan->shelf, SHELF);
    return work ? work : make_work(plan);
}

/* Division of up to 15 bits by a multiplication and a shift of the product's upper half (Granlund and Montgomery,
 * 1994): exact, because `factor` has a bit more than the dividend. */
typedef struct {
    uint32_t factor;
    int shift;
} Magic;

static Magic magic_of(double divisor)
{
    const uint32_t by = (uint32_t)divisor;
    int bits = 1;
    while (bits < 15 && (uint32_t)1 << bits < by) bits++;
    return by < 2 ? (Magic){0, 0} : (Magic){(((uint32_t)1 << (15 + bits)) + by - 1) / by, bits - 1};
}

/* Lanes combined before they are stored, results that are read behind the last one, and the most members. */
enum { COMBINED = 1024, COMBINED_SLACK = 16, MEMBERS = 16 };
typedef void Join(enum Combine, const void *const *, int, ptrdiff_t, const Finish *, char *, Seen *);
typedef void Weigh(enum Sample, int, const char *, ptrdiff_t, ptrdiff_t, char *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                   const int32_t *);

#define NEEDS_VNNI
#define LEVEL_FILE "../engines/_core_simd.h"
#include "../native/levels.h"

/* By level, slowest first; bit k of `operations` says that operation k is there. */
static const struct {
    const char *name;
    unsigned operations;
    Band band;
    Join *join;
    Weigh *weigh;
    FourierBand fourier;
    int lanes;               /* floats of a vector */
} LEVELS[] = {
#define ROW(name, level, width)                                                                                       \
    {name, operations_##level, band_##level, combine_##level, weigh_##level, fourier_band_##level, width / 4},
    EACH_LEVEL(ROW)
#undef ROW
};

static const char CAPSULE[] = "imgconv.engines._core.plan";

static void release(PyObject *capsule)
{
    Plan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    if (plan)
        for (int t = 0; t < 8; t++) {
            free((void *)plan->term[t].first.segment);
            free((void *)plan->term[t].second.segment);
        }
    if (plan) {
        for (int k = 0; k < SHELF; k++) free_aligned(plan->shelf[k]);
        free((void *)plan->rows);
        free((void *)plan->cols);
        free(plan);
    }
}

/* Read (segments, places, weights) into `taps`; the copy of all three hangs on `segment`. */
static int read_taps(const Plan *plan, PyObject *from, int rows, int64_t lines, Taps *taps)
{
    PyObject *segments, *places, *weights;
    if (!listed(from) || !PyArg_ParseTuple(from, "OOO", &segments, &places, &weights))
        return 0;
    const Settings *is = &plan->is;
    const ptrdiff_t lane = LANE_SIZE[is->operation];
    int64_t sizes[3] = {0, 0, 0};
    void *parts[3] = {copied_bytes(segments, &sizes[0]), NULL, NULL};
    if (parts[0]) parts[1] = copied_bytes(places, &sizes[1]);
    if (parts[1]) parts[2] = copied_bytes(weights, &sizes[2]);
    int good = 0;
    char *all = parts[2] ? malloc((size_t)(sizes[0] + sizes[1] + sizes[2] + 64)) : NULL;
    if (all) {
        memcpy(all, parts[0], (size_t)sizes[0]);
        memcpy(all + sizes[0], parts[1], (size_t)sizes[1]);
        char *weight = all + (sizes[0] + sizes[1] + 7) / 8 * 8;
        memcpy(weight, parts[2], (size_t)sizes[2]);
        taps->segments = (int32_t)(sizes[0] / (Py_ssize_t)sizeof(Segment));
        taps->taps = (int32_t)(sizes[1] / (Py_ssize_t)sizeof(Place));
        taps->segment = (const Segment *)all;
        taps->place = (const Place *)(all + sizes[0]);
        taps->weight = weight;
        good = sizes[2] == taps->taps * rows * lane;
        const int64_t reach = (run_cols(is) * is->phases - is->tile_cols) * is->channels;
        taps->reach = 0;
        for (int32_t k = 0; k < taps->taps && good; k++) {
            const Place place = taps->place[k];
            taps->reach = place.lane > taps->reach ? place.lane : taps->reach;
            good = place.line >= 0 && place.line < lines && place.lane >= 0 && place.lane <= reach;
        }
        for (int32_t s = 0; s < taps->segments && good; s++) {
            const Segment at = taps->segment[s];
            good = at.low >= 0 && at.low < at.high && at.high <= rows && at.begin >= 0 && at.end <= taps->taps;
        }
        if (!good)
            refuse("taps that do not fit the plan");
    }
    for (int k = 0; k < 3; k++) free(parts[k]);
    return good;
}

/* Check that padded columns `start` to `stop` (exclusive) can be image columns `col`, `col` + 1 ... */
static int check_run(int64_t start, int64_t stop, int64_t col, int64_t padded, int64_t cols)
{
    if (start < 0 || start > padded || stop < 0 || stop > padded || col < 0 || col > cols
        || (stop > start && col + stop - start > cols))
        return refuse("a run outside the image");
    return 1;
}

/* The product of numbers that are not negative, or as much as that. */
static int64_t product(int64_t a, int64_t b)
{
    const int64_t much = (int64_t)1 << 62;
    return b > 0 && a > much / b ? much : a * b;
}

/* Whether the lines of a tile, and what lies between two passes, stay within `most` lanes. */
static int fits(const Settings *is, int64_t most)
{
    const int64_t run = product(is->tile_cols + (is->span_cols - 1) / is->phases, is->channels);
    const int64_t line = product(run, is->phases);
    return line <= most && product(line + SLACK, is->lines) <= most
           && (is->operation < BOX || is->tile_cols * is->channels <= CHUNK);
}

static int check(const Settings *is, const Plan *plan)
{
    const int64_t most = (int64_t)1 << 31;
    if (is->operation < F32 || is->operation > BOX64 || !(LEVELS[plan->level].operations >> is->operation & 1))
        return refuse("an operation that the level does not have");
    if (is->source < U8 || is->source > SAMPLE_F64)
        return refuse("a source type that is none");
    const int shorts = is->operation == DOT8 || (is->operation >= MUL16 && is->operation <= FOLD16);
    if ((shorts && is->source != U8) || (is->operation == DOT16 && is->source > U16)
        || ((is->operation == F32 || is->operation == BOX) && is->source == SAMPLE_F64))
        return refuse("an operation that cannot read the source's type");
    if (is->channels < 1 || is->channels > most || is->image_rows < 1 || is->image_cols < 1 || is->out_rows < 1
        || is->out_cols < 1 || is->stride_y < 1 || is->stride_x < 1 || is->tile_cols < 1 || is->tile_cols > most
        || is->span_cols < 1 || is->lines < 1 || is->shift < 0 || is->shift > 31 || is->step < 0 || 3 * is->step > SLACK
        || is->digits < 0 || is->digits > 2 || (is->digits && (is->operation != DOT16 || is->phases != 1))
        || (is->phases != 1 && is->phases != is->stride_x)
        || (is->phases == 1 && is->stride_x != 1)
        || (is->members != 1 && is->members != 2 && is->members != ROWS)
        || (is->members > 1 && is->operation != F32 && is->operation != MUL16)
        || is->combine < MAGNITUDE || is->combine > SUM || is->image_rows > most || is->image_cols > most
        || is->out_rows > most || is->out_cols > most || is->stride_y > most || is->stride_x > most
        || is->stride_y > plan->row_count || is->stride_x > plan->col_count || is->span_cols > plan->col_count
        || is->lines > 4 * plan->row_count + ROWS || is->tile_cols > is->out_cols || !fits(is, most / 2))
        return refuse("settings out of range");
    if (is->operation >= BOX && plan->row_count < is->out_rows + is->lines - ROWS)
        return refuse("fewer padded rows than the output needs");
    return check_run(is->run_start, is->run_stop, is->run_col, plan->col_count, is->image_cols)
           && check_map(plan->rows, plan->row_count, is->image_rows, -1, 0)
           && check_map(plan->cols, plan->col_count, is->image_cols, -1,
                        (is->out_cols - 1) * is->stride_x + is->span_cols);
}

/* FOLD16 takes an odd number of taps, 3 to 15, symmetric, one a line down and at even steps along. */
static int foldable(const Taps *taps, int down)
{
    const int16_t *weight = taps->weight;
    if (taps->taps < 3 || taps->taps > 15 || taps->taps % 2 == 0 || taps->segments != 1)
        return 0;
    for (int32_t k = 0; k < taps->taps; k++)
        if (weight[k] != weight[taps->taps - 1 - k] || taps->place[k].line != (down ? k : 0)
            || taps->place[k].lane != (down ? 0 : k * taps->place[1].lane))
            return 0;
    return 1;
}

/* Running sums take taps one a line down and at even steps along. */
static int boxed(const Term *term)
{
    const Taps *row = &term->second;
    for (int32_t k = 1; k < row->taps; k++)
        if (row->place[k].lane != k * row->place[1].lane)
            return 0;
    return term->first.taps > 0 && row->taps > 0 && row->place[0].lane == 0;
}

/* Put the constant into the source's type, or note that it does not fit. */
static void set_constant(Plan *plan, double constant)
{
    plan->constant = constant;
    const double top = plan->is.source == U8 ? 255 : 65535;
    if (plan->is.source == SAMPLE_F32) {
        const float sample = (float)constant;
        memcpy(plan->sample, &sample, sizeof(sample));
    } else if (plan->is.source == SAMPLE_F64) {
        memcpy(plan->sample, &constant, sizeof(constant));
    } else if (constant >= 0 && constant <= top && constant == floor(constant)) {
        const uint16_t sample = (uint16_t)constant;
        const uint8_t byte = (uint8_t)constant;
        memcpy(plan->sample, plan->is.source == U8 ? (const void *)&byte : (const void *)&sample,
               plan->is.source == U8 ? 1 : 2);
    } else {
        plan->patch = 1;
    }
}

static PyObject *core_plan(PyObject *self, PyObject *args)
{
    (void)self;
    int level;
    double constant;
    PyObject *settings, *rows, *cols, *terms;
    if (!PyArg_ParseTuple(args, "iOdOOO!", &level, &settings, &constant, &rows, &cols, &PyTuple_Type, &terms))
        return NULL;
    Plan *plan = calloc(1, sizeof(Plan));
    if (!plan)
        return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(plan, CAPSULE, release);
    if (!capsule) {
        free(plan);
        return NULL;
    }
    plan->level = level;
    int64_t bytes = sizeof(Settings);
    void *copy = copied(settings, 1, &bytes);
    if (!copy)
        goto failed;
    memcpy(&plan->is, copy, sizeof(Settings));
    free(copy);
    if (level < 0 || level >= level_count()) {
        refuse("a level that this machine does not have");
        goto failed;
    }
    plan->row_count = plan->col_count = -1;
    if (!(plan->rows = copied(rows, 8, &plan->row_count)) || !(plan->cols = copied(cols, 8, &plan->col_count)))
        goto failed;
    if (!check(&plan->is, plan))
        goto failed;
    set_constant(plan, constant);
    if (plan->patch && plan->is.operation != F32 && plan->is.operation != F64) {
        refuse("a constant that the source's type cannot hold");
        goto failed;
    }
    plan->terms = (int32_t)PyTuple_Size(terms);
    if (plan->terms < 1 || plan->terms > 8) {
        refuse("no term, or more than eight");
        goto failed;
    }
    for (int t = 0; t < plan->terms; t++) {
        PyObject *first, *second, *term = PyTuple_GetItem(terms, t);
        if (!listed(term) || !PyArg_ParseTuple(term, "OO", &first, &second)
            || !read_taps(plan, first, plan->is.operation >= FOLD16 ? 1 : ROWS, plan->is.lines, &plan->term[t].first)
            || (second != Py_None && !read_taps(plan, second, plan->is.digits == 2 ? 2 : 1, 1, &plan->term[t].second)))
            goto failed;
    }
    if (plan->is.members > 1 && (plan->terms > 1 || plan->term[0].second.taps > 0)) {
        refuse("members of more than one pass");
        goto failed;
    }
    for (int t = 0; t < plan->terms; t++) {
        const int second = plan->term[t].second.taps > 0;
        if (second != (plan->term[0].second.taps > 0) || (second && plan->is.operation == DOT8)
            || (plan->is.operation == DOT16 && second != (plan->is.digits > 0)) || (plan->is.digits && plan->terms > 1)) {
            refuse("passes that the operation does not have");
            goto failed;
        }
    }
    if (plan->is.operation == FOLD16
        && (plan->terms != 1 || plan->is.stride_y != 1 || plan->is.lines != plan->term[0].first.taps + ROWS - 1
            || !foldable(&plan->term[0].first, 1) || !foldable(&plan->term[0].second, 0))) {
        refuse("taps that cannot be folded");
        goto failed;
    }
    if (plan->is.operation >= BOX
        && (plan->terms != 1 || plan->is.stride_y != 1 || plan->is.phases != 1
            || plan->is.lines != plan->term[0].first.taps + ROWS - 1 || !boxed(&plan->term[0]))) {
        refuse("taps that are no box");
        goto failed;
    }
    return capsule;
failed:
    Py_DECREF(capsule);
    return NULL;
}

/* Read how results become samples. */
static int read_finish(PyObject *from, Finish *finish)
{
    int type;
    if (!listed(from) || !PyArg_ParseTuple(from, "ddddddiiiiidp", &finish->scale, &finish->shift, &finish->round, &finish->below,
                          &finish->above, &finish->top, &finish->magnitude, &finish->count, &finish->halves,
                          &finish->wide, &type, &finish->divisor, &finish->watch))
        return 0;
    if (type < U8 || type > SAMPLE_F64 || finish->halves > 15 || !(finish->divisor >= 0 && finish->divisor < 2147483648.0))
        return refuse("a sample type that is none, more halves than bits, or a divisor out of range");
    finish->type = (enum Sample)type;
    return 1;
}

/* Open the image and output rows `start` to `stop` (exclusive). `shape` has the image's rows and columns, the output's,
 * the channels and the image's type. On failure neither stays open and an exception is set. */
static int open_buffers(const int64_t *shape, PyObject *image, PyObject *samples, int64_t start, int64_t stop,
                        const Finish *finish, Py_buffer *in, Py_buffer *out, Image *from)
{
    if (PyObject_GetBuffer(image, in, PyBUF_STRIDES) < 0)
        return 0;
    if (PyObject_GetBuffer(samples, out, PyBUF_STRIDES | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(in);
        return 0;
    }
    const int64_t channels = shape[4];
    const ptrdiff_t size = SAMPLE_SIZE[shape[5]];
    if (in->ndim != 3 || in->shape[0] != shape[0] || in->shape[1] != shape[1] || in->shape[2] != channels
        || in->itemsize != size)
        refuse("an image of another shape or type than planned");
    else if (out->ndim != 3 || out->itemsize != SAMPLE_SIZE[finish->type] || start < 0 || start >= stop
             || stop > shape[2] || out->shape[0] != stop - start || out->shape[1] != shape[3]
             || out->shape[2] != channels || out->strides[2] != out->itemsize
             || out->strides[1] != out->itemsize * channels
             || ((uintptr_t)out->buf | (uintptr_t)out->strides[0]) % (uintptr_t)out->itemsize)
        refuse("an output of another shape or type than planned");
    else if (overlapping(in, out))
        refuse("an output that shares the image's memory");
    else {
        const int aligned = ((uintptr_t)in->buf | (uintptr_t)in->strides[0]) % (uintptr_t)size == 0;
        *from = (Image){in->buf, in->strides[0], in->strides[1], in->strides[2],
                        aligned && in->strides[2] == size && in->strides[1] == size * channels};
        return 1;
    }
    PyBuffer_Release(in);
    PyBuffer_Release(out);
    return 0;
}

static PyObject *core_run(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *capsule, *image, *samples, *how;
    long long start, stop;
    Finish finish;
    if (!PyArg_ParseTuple(args, "OOOLLO", &capsule, &image, &samples, &start, &stop, &how)
        || !read_finish(how, &finish))
        return NULL;
    Plan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    if (!plan)
        return NULL;
    const Settings *is = &plan->is;
    const int64_t shape[] = {is->image_rows, is->image_cols, is->out_rows, is->out_cols, is->channels, is->source};
    Py_buffer in, out;
    Image from;
    if (!open_buffers(shape, image, samples, start, stop, &finish, &in, &out, &from))
        return NULL;
    const Out to = {out.buf, out.strides[0]};
    Seen seen = {INFINITY, -INFINITY, 0, 0, 0};
    int done;
    Py_BEGIN_ALLOW_THREADS
    done = LEVELS[plan->level].band(plan, &from, start, stop, &finish, &to, &seen);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (!done)
        return PyErr_NoMemory();
    return Py_BuildValue("ddLLL", seen.low, seen.high, (long long)seen.below, (long long)seen.above,
                         (long long)seen.nan);
}

#include "_core_fourier.h"

/* Read the buffers of the members' results; how many there are, or -1 with an exception set. */
static int read_members(PyObject *from, Py_ssize_t bytes, Py_buffer *view, const void **member)
{
    const Py_ssize_t members = PyTuple_Size(from);
    if (members < 1 || members > MEMBERS)
        return refuse("no members, or too many") - 1;
    for (int m = 0; m < members; m++) {
        int good = PyObject_GetBuffer(PyTuple_GetItem(from, m), &view[m], PyBUF_C_CONTIGUOUS) == 0;
        if (good && (view[m].itemsize != sizeof(float) || view[m].len < bytes || (uintptr_t)view[m].buf % sizeof(float))) {
            PyBuffer_Release(&view[m]);
            good = refuse("results of another type, or fewer than samples");
        }
        if (!good) {
            while (m--) PyBuffer_Release(&view[m]);
            return -1;
        }
        member[m] = view[m].buf;
    }
    return (int)members;
}

static PyObject *core_combine(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *results, *samples;
    int level, how, type;
    Finish finish = {.halves = -1};
    if (!PyArg_ParseTuple(args, "iiO!O(dddddppip)", &level, &how, &PyTuple_Type, &results, &samples, &finish.scale,
                          &finish.shift, &finish.round, &finish.below, &finish.above, &finish.magnitude, &finish.count,
                          &type, &finish.watch))
        return NULL;
    finish.type = (enum Sample)type;
    finish.top = finish.above;
    if (level < 0 || level >= level_count() || how < MAGNITUDE || how > SUM || type < U8 || type > SAMPLE_F64) {
        refuse("a level, combination or type that is none");
        return NULL;
    }
    Py_buffer out, view[MEMBERS];
    if (PyObject_GetBuffer(samples, &out, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) < 0)
        return NULL;
    PyObject *answer = NULL;
    const Py_ssize_t count = out.len / SAMPLE_SIZE[type];
    const void *member[MEMBERS];
    int members = -1;
    if (out.itemsize != SAMPLE_SIZE[type] || (uintptr_t)out.buf % (uintptr_t)out.itemsize)
        refuse("samples of another type");
    else
        members = read_members(results, (count + COMBINED_SLACK) * (Py_ssize_t)sizeof(float), view, member);
    int apart = members > 0;
    for (int m = 0; m < members && apart; m++)
        apart = !overlapping(&view[m], &out) || refuse("samples that share the results' memory");
    if (apart) {
        Seen seen = {INFINITY, -INFINITY, 0, 0, 0};
        Py_BEGIN_ALLOW_THREADS
        LEVELS[level].join((enum Combine)how, member, members, count, &finish, out.buf, &seen);
        Py_END_ALLOW_THREADS
        answer = Py_BuildValue("ddLLL", seen.low, seen.high, (long long)seen.below, (long long)seen.above,
                               (long long)seen.nan);
    }
    for (int m = 0; m < members; m++) PyBuffer_Release(&view[m]);
    PyBuffer_Release(&out);
    return answer;
}

/* Whether samples of three axes lie one behind the other in each pixel, at whole samples throughout. */
static int even(const Py_buffer *view)
{
    const ptrdiff_t size = view->itemsize;
    return view->strides[2] == size
           && ((uintptr_t)view->buf | (uintptr_t)view->strides[0] | (uintptr_t)view->strides[1]) % (uintptr_t)size == 0;
}

static int check_weigh(const Py_buffer *in, const Py_buffer *out, const int32_t *weight)
{
    if (in->ndim == 3 && out->ndim == 3 && overlapping(in, out))
        return refuse("sums that share the pixels' memory");
    if (in->ndim != 3 || out->ndim != 3 || in->shape[0] != out->shape[0] || in->shape[1] != out->shape[1]
        || in->shape[2] < 3 || out->shape[2] < 1 || !even(in) || !even(out))
        return refuse("no pixels of red, green and blue, or sums of another shape");
    if (!(in->itemsize == 1 && out->itemsize == 4) && !(in->itemsize == 2 && (out->itemsize == 4 || out->itemsize == 8)))
        return refuse("samples that are not uint8 to float, or uint16 to float or double");
    int64_t sum = 0;
    for (int c = 0; c < 3; c++) {
        if (weight[c] < 0)
            return refuse("a negative weight");
        sum += weight[c];
    }
    return sum <= 32768 || refuse("weights whose sums do not fit");
}

static PyObject *core_weigh(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *pixels, *sums;
    int level, weight[3];
    if (!PyArg_ParseTuple(args, "iOO(iii)", &level, &pixels, &sums, &weight[0], &weight[1], &weight[2]))
        return NULL;
    if (level < 0 || level >= level_count()) {
        refuse("a level that this machine does not have");
        return NULL;
    }
    Py_buffer in, out;
    if (PyObject_GetBuffer(pixels, &in, PyBUF_STRIDES) < 0)
        return NULL;
    if (PyObject_GetBuffer(sums, &out, PyBUF_STRIDES | PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&in);
        return NULL;
    }
    const int good = check_weigh(&in, &out, weight);
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        LEVELS[level].weigh(in.itemsize == 1 ? U8 : U16, out.itemsize == 8, in.buf, in.strides[0], in.strides[1] / in.itemsize, out.buf,
                      out.strides[0], out.strides[1] / out.itemsize, in.shape[0], in.shape[1], weight);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (!good)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *core_levels(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    PyObject *list = PyList_New(0);
    for (int k = 0; list && k < level_count(); k++) {
        PyObject *entry = Py_BuildValue("sI", LEVELS[k].name, LEVELS[k].operations);
        if (!entry || PyList_Append(list, entry) < 0)
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

static PyMethodDef METHODS[] = {
    {"levels", core_levels, METH_NOARGS, "Return (name, operations) of every SIMD level, slowest first."},
    {"plan", core_plan, METH_VARARGS, "Return a plan: (level, settings, constant, rows, cols, terms)."},
    {"combine", core_combine, METH_VARARGS,
     "Make samples of several results: (level, how, results, samples, finish) -> what was seen."},
    {"weigh", core_weigh, METH_VARARGS,
     "Put weighted sums of red, green and blue into the first channel: (level, pixels, sums, weights)."},
    {"run", core_run, METH_VARARGS, "Compute rows: (plan, image, samples, start, stop, finish) -> what was seen."},
    {"fourier_plan", core_fourier_plan, METH_VARARGS,
     "Return a plan: (settings, constant, sum of taps, maps, twiddle factors, spectrum, exact taps, direct plan)."},
    {"fourier_run", core_fourier_run, METH_VARARGS,
     "Compute rows: (plan, image, samples, start, stop, finish, exact sums to samples, finish of the direct plan) -> what was seen."},
    {NULL, NULL, 0, NULL},
};

NATIVE_MODULE(_core, "imgconv.engines._core", "The native core; see _native.py.")
