/* The two loops of PNG over every byte: filtering rows before they are compressed, and undoing that.
 *
 * Each function takes whole rows, checks their sizes, and works without the GIL; there is no state. Everything else
 * of PNG is in Python (png.py, pngread.py). Source: W3C, Portable Network Graphics (Third Edition), chapter 9.
 */
#include "../../native/module.h"

/* The same loops again for AVX2, chosen when the module is loaded, where compiler and C library can do that. */
#if defined(X86_LEVELS) && defined(__GLIBC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

enum { NONE, SUB, UP, AVERAGE, PAETH, KINDS };

typedef struct {
    const uint8_t *in, *above;
    uint8_t *out;
    ptrdiff_t rows, bytes, step; /* bytes: of a row without its filter's number; step: of a pixel */
} Rows;

/* What filter `kind` expects of a byte from those to the left (a), above (b), and above to the left (c). */
INLINE uint8_t expected(int kind, uint8_t a, uint8_t b, uint8_t c)
{
    if (kind == SUB) return a;
    if (kind == UP) return b;
    if (kind == AVERAGE) return (uint8_t)((a & b) + ((a ^ b) >> 1));
    if (kind == PAETH) {
        int16_t to_a = (int16_t)(b - c), to_b = (int16_t)(a - c), to_c = (int16_t)(to_a + to_b);
        to_a = (int16_t)(to_a < 0 ? -to_a : to_a);
        to_b = (int16_t)(to_b < 0 ? -to_b : to_b);
        to_c = (int16_t)(to_c < 0 ? -to_c : to_c);
        uint8_t upper = to_b <= to_c ? b : c;
        return to_a <= to_b && to_a <= to_c ? a : upper;
    }
    return 0;
}

/* Filter the bytes from `start`, at least a pixel in, to `stop`. */
INLINE void filter_span(int kind, const uint8_t *restrict row, const uint8_t *restrict above, uint8_t *restrict out,
                        ptrdiff_t start, ptrdiff_t stop, ptrdiff_t step)
{
    for (ptrdiff_t i = start; i < stop; i++)
        out[i] = (uint8_t)(row[i] - expected(kind, row[i - step], above[i], above[i - step]));
}

WIDE static void filter_row(int kind, const uint8_t *row, const uint8_t *above, uint8_t *out, ptrdiff_t bytes,
                            ptrdiff_t step)
{
    for (ptrdiff_t i = 0; i < step; i++) out[i] = (uint8_t)(row[i] - expected(kind, 0, above[i], 0));
    switch (kind) {
    case NONE: memcpy(out, row, (size_t)bytes); break;
    case SUB: filter_span(SUB, row, above, out, step, bytes, step); break;
    case UP: filter_span(UP, row, above, out, step, bytes, step); break;
    case AVERAGE: filter_span(AVERAGE, row, above, out, step, bytes, step); break;
    default: filter_span(PAETH, row, above, out, step, bytes, step);
    }
}

/* The sum of the residues' magnitudes over some stretches of a row. */
enum { STRETCH = 192, EVERY = 4 };

INLINE uint32_t cost_of(int kind, const uint8_t *row, const uint8_t *above, ptrdiff_t bytes, ptrdiff_t step)
{
    uint8_t residue[STRETCH];
    uint32_t sum = 0;
    for (ptrdiff_t start = step; start < bytes; start += STRETCH * EVERY) {
        ptrdiff_t count = bytes - start < STRETCH ? bytes - start : STRETCH;
        filter_span(kind, row + start, above + start, residue, 0, count, step);
        for (ptrdiff_t i = 0; i < count; i++) {
            uint8_t minus = (uint8_t)-residue[i];
            sum += residue[i] < minus ? residue[i] : minus;
        }
    }
    return sum;
}

/* The filter whose residues are smallest: libpng's rule, on a part of the row. */
WIDE static int best_filter(const uint8_t *row, const uint8_t *above, ptrdiff_t bytes, ptrdiff_t step)
{
    uint32_t cost[KINDS] = {
        cost_of(NONE, row, above, bytes, step),    cost_of(SUB, row, above, bytes, step),
        cost_of(UP, row, above, bytes, step),      cost_of(AVERAGE, row, above, bytes, step),
        cost_of(PAETH, row, above, bytes, step),
    };
    int best = NONE;
    for (int kind = SUB; kind < KINDS; kind++)
        if (cost[kind] < cost[best]) best = kind;
    return best;
}

static void filter_rows(const Rows *is)
{
    const uint8_t *above = is->above;
    for (ptrdiff_t y = 0; y < is->rows; y++) {
        const uint8_t *row = is->in + y * is->bytes;
        uint8_t *out = is->out + y * (is->bytes + 1);
        int kind = best_filter(row, above, is->bytes, is->step);
        *out = (uint8_t)kind;
        filter_row(kind, row, above, out + 1, is->bytes, is->step);
        above = row;
    }
}

/* Undo a filter that needs the pixel just undone, from byte `x` on; `step` is a constant where this is called. */
INLINE void undo_span(int kind, const uint8_t *in, const uint8_t *above, uint8_t *out, ptrdiff_t x, ptrdiff_t bytes,
                      ptrdiff_t step)
{
    for (; x < bytes; x++) {
        uint8_t left = x < step ? 0 : out[x - step], corner = x < step ? 0 : above[x - step];
        out[x] = (uint8_t)(in[x] + expected(kind, left, above[x], corner));
    }
}

#if defined(GNU_C)

/* A pixel of up to eight bytes at a time. What is read and written beyond it is of the pixels that follow. */
typedef uint8_t Pixel __attribute__((vector_size(8)));
typedef int16_t Lanes __attribute__((vector_size(16)));

INLINE Lanes wide_pixel(const uint8_t *at)
{
    Pixel pixel;
    memcpy(&pixel, at, sizeof pixel);
    return __builtin_convertvector(pixel, Lanes);
}

INLINE Lanes magnitude(Lanes v) { return (v ^ (v >> 15)) - (v >> 15); }

INLINE Lanes chosen(Lanes mask, Lanes yes, Lanes no) { return (mask & yes) | (~mask & no); }

INLINE Lanes expected_pixel(int kind, Lanes a, Lanes b, Lanes c)
{
    if (kind == AVERAGE) return (a + b) >> 1;
    Lanes to_a = b - c, to_b = a - c, to_c = magnitude(to_a + to_b);
    to_a = magnitude(to_a), to_b = magnitude(to_b);
    return chosen((to_a <= to_b) & (to_a <= to_c), a, chosen(to_b <= to_c, b, c));
}

/* Returns how many bytes were undone. */
INLINE ptrdiff_t undo_pixels(int kind, const uint8_t *in, const uint8_t *above, uint8_t *out, ptrdiff_t bytes,
                             ptrdiff_t step)
{
    ptrdiff_t x = 0;
    Lanes left = {0}, corner = {0};
    for (; x + (ptrdiff_t)sizeof(Pixel) <= bytes; x += step) {
        Lanes b = wide_pixel(above + x);
        left = (wide_pixel(in + x) + expected_pixel(kind, left, b, corner)) & 255;
        corner = b;
        Pixel done = __builtin_convertvector(left, Pixel);
        memcpy(out + x, &done, sizeof done);
    }
    return x;
}

#else
#define undo_pixels(kind, in, above, out, bytes, step) 0
#endif

INLINE void undo_step(int kind, const uint8_t *in, const uint8_t *above, uint8_t *out, ptrdiff_t bytes, ptrdiff_t step)
{
    ptrdiff_t done = kind != SUB ? undo_pixels(kind, in, above, out, bytes, step) : 0;
    undo_span(kind, in, above, out, done, bytes, step);
}

INLINE void undo_kind(int kind, const uint8_t *in, const uint8_t *above, uint8_t *out, ptrdiff_t bytes, ptrdiff_t step)
{
    switch (step) {
    case 1: undo_step(kind, in, above, out, bytes, 1); break;
    case 2: undo_step(kind, in, above, out, bytes, 2); break;
    case 3: undo_step(kind, in, above, out, bytes, 3); break;
    case 4: undo_step(kind, in, above, out, bytes, 4); break;
    case 6: undo_step(kind, in, above, out, bytes, 6); break;
    default: undo_step(kind, in, above, out, bytes, 8);
    }
}

static void undo_up(const uint8_t *restrict in, const uint8_t *restrict above, uint8_t *restrict out, ptrdiff_t bytes)
{
    for (ptrdiff_t i = 0; i < bytes; i++) out[i] = (uint8_t)(in[i] + above[i]);
}

/* Returns -1, or the number of a filter that does not exist. */
static int unfilter_rows(const Rows *is)
{
    const uint8_t *above = is->above;
    for (ptrdiff_t y = 0; y < is->rows; y++) {
        const uint8_t *in = is->in + y * (is->bytes + 1);
        uint8_t *out = is->out + y * is->bytes;
        int kind = *in++;
        switch (kind) {
        case NONE: memcpy(out, in, (size_t)is->bytes); break;
        case SUB: undo_kind(SUB, in, above, out, is->bytes, is->step); break;
        case UP: undo_up(in, above, out, is->bytes); break;
        case AVERAGE: undo_kind(AVERAGE, in, above, out, is->bytes, is->step); break;
        case PAETH: undo_kind(PAETH, in, above, out, is->bytes, is->step); break;
        default: return kind;
        }
        above = out;
    }
    return -1;
}

#define MOST_BYTES (PY_SSIZE_T_MAX / 4) /* so that no sum of sizes overflows */

/* Rows of `bytes` each, as `above` has, without (`lead_in` 0) or with (1) a filter's number in front; 0 if they
 * do not fit one another, or if what is written lies over what is read. */
static int fit(Rows *is, const Py_buffer *in, const Py_buffer *above, const Py_buffer *out, ptrdiff_t lead_in)
{
    if (in->len > MOST_BYTES || above->len > MOST_BYTES || overlapping(in, out) || overlapping(above, out)) return 0;
    is->bytes = above->len;
    is->rows = is->bytes ? in->len / (is->bytes + lead_in) : 0;
    is->in = in->buf, is->above = above->buf, is->out = out->buf;
    int known = (is->step >= 1 && is->step <= 4) || is->step == 6 || is->step == 8;
    return known && is->bytes > 0 && is->bytes % is->step == 0 && in->len == is->rows * (is->bytes + lead_in)
           && out->len == is->rows * (is->bytes + 1 - lead_in);
}

static PyObject *run(PyObject *args, int undo)
{
    Py_buffer in, above, out;
    Rows is;
    int wrong = -1;
    if (!PyArg_ParseTuple(args, "y*y*w*n", &in, &above, &out, &is.step)) return NULL;
    int fits = fit(&is, &in, &above, &out, undo);
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        if (undo)
            wrong = unfilter_rows(&is);
        else
            filter_rows(&is);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&in);
    PyBuffer_Release(&above);
    PyBuffer_Release(&out);
    if (!fits) return refuse("rows of different sizes, or that lie over one another"), NULL;
    if (wrong >= 0) return PyErr_Format(PyExc_ValueError, "there is no filter %d", wrong);
    Py_RETURN_NONE;
}

static PyObject *py_filter(PyObject *module, PyObject *args) { return run(args, 0); }

static PyObject *py_unfilter(PyObject *module, PyObject *args) { return run(args, 1); }

static PyMethodDef METHODS[] = {
    {"filter", py_filter, METH_VARARGS,
     "filter(rows, above, out, step)\n--\n\nFilter whole rows into `out`, each behind its filter's number."},
    {"unfilter", py_unfilter, METH_VARARGS,
     "unfilter(rows, above, out, step)\n--\n\nUndo `filter`. Raises ValueError for a filter that does not exist."},
    {NULL, NULL, 0, NULL},
};

NATIVE_MODULE(_pngcore, "imgconv.image.png._pngcore", "PNG's filters; see png.py and pngread.py.")
