/* What a band of output rows needs to know; made once by `plan` in _core.c and only read afterwards.
 *
 * A line is one row of the padded image, or two or four rows interleaved, as the operation wants it. Output rows
 * are computed ROWS at a time (ROWS / members, where several kernels are combined): a group of ROWS rows reads the
 * same `lines` lines, and the next group starts
 * `advance` lines further down. A tap says which line and which lane of it, and carries one weight for each of
 * the ROWS output rows, so that what is loaded once serves them all.
 */
#ifndef IMGCONV_CORE_PLAN_H
#define IMGCONV_CORE_PLAN_H

#include <stddef.h>
#include <stdint.h>

enum { ROWS = 4 };           /* output rows of a group */
enum { SLACK = 512 };        /* lanes behind every line that whole vectors may read and write */
enum { CHUNK = 16384 };      /* the most lanes of a row that are computed before they are stored */
enum { TWO_CHUNK = 4096 };   /* the same where two passes share a buffer, which stays near */
enum { LIFT = 7 };           /* MULH16 shifts samples left by so many bits */
enum { DIGIT = 128 };        /* base of a weight's two digits */
enum { SHELF = 16 };         /* buffers kept for the next band */

/* Keep these in the order of _native.py. */
enum Operation { F32, F64, DOT8, DOT16, MUL16, MULH16, FOLD16, BOX, BOX64 };
enum Sample { U8, U16, SAMPLE_F32, SAMPLE_F64 };
enum Combine { MAGNITUDE, MAXIMUM, SUM };

typedef struct {
    int64_t operation;
    int64_t source;          /* enum Sample */
    int64_t channels;
    int64_t image_rows, image_cols;
    int64_t out_rows, out_cols;
    int64_t stride_y, stride_x;
    int64_t tile_cols;       /* output columns computed at once, so that the lines stay in the cache */
    int64_t span_cols;       /* padded columns that one window covers */
    int64_t phases;          /* padded columns are dealt out to so many runs of a line: stride_x, or 1 */
    int64_t lines;           /* lines that a group reads */
    int64_t start;           /* what accumulators of the first pass start from */
    /* DOT16 in two passes goes along the rows first, while it builds the lines: */
    int64_t digits;          /* of a weight along the row, 1 or 2; 0 for a single pass */
    int64_t step;            /* samples between neighbouring taps along the row */
    int64_t shift;           /* bits rounded away between the passes */
    int64_t run_start, run_stop, run_col;   /* padded columns that are image columns run_col, run_col + 1 ... */
    /* Results of several kernels become one: row r of a group is that of member r % members of output row r / members. */
    int64_t members;         /* 1, 2 or 4 */
    int64_t combine;         /* enum Combine */
} Settings;

/* Neighbouring taps that serve output rows `low` to `high` (exclusive) of a group. */
typedef struct {
    int32_t low, high, begin, end;
} Segment;

typedef struct {
    int32_t line, lane;
} Place;

typedef struct {
    int32_t segments, taps;
    int32_t reach;           /* the furthest lane that a tap reads */
    const Segment *segment;
    const Place *place;
    const void *weight;      /* `rows` a tap, each as wide as a lane */
} Taps;

/* One pass straight to the result, or one down (`first`) and one along (`second`). */
typedef struct {
    Taps first, second;
} Term;

typedef struct Work Work;

typedef struct {
    Settings is;
    double constant;
    char sample[8];          /* the constant in the source's type */
    int patch;               /* the constant is no sample of the source's type, so it is set after conversion */
    const int64_t *rows, *cols;
    int64_t row_count, col_count;
    int32_t terms;
    Term term[8];
    int level;
    void *shelf[SHELF];      /* buffers that no thread uses; taken and given back atomically */
} Plan;

typedef struct {
    const char *data;
    ptrdiff_t row, col, channel;            /* strides in bytes */
    int packed;                             /* a row is one run of samples */
} Image;

/* How an accumulator becomes a sample: value * scale + shift, its magnitude if `magnitude`. For integer types
 * that plus `round` is cut off to an integer; `below` and `above` are where rounding leaves the range. */
typedef struct {
    double scale, shift, round, below, above, top;
    double divisor;          /* not 0: integer accumulators plus `shift` are divided by it exactly; for int32 ones scale
                                is a hair less than its inverse */
    int magnitude;
    int count;               /* results may leave the range, so clipped samples are counted */
    int halves;              /* not negative: integers to uint8 the short way, `below` and `above` are accumulators,
                                and so many bits of 16-bit ones are rounded away */
    int watch;               /* somebody asks what was seen */
    int wide;                /* int32 accumulators go through double */
    enum Sample type;
} Finish;

typedef struct {
    double low, high;        /* of the accumulators */
    int64_t below, above, nan;
} Seen;

typedef struct {
    char *data;
    ptrdiff_t row;           /* bytes */
} Out;

typedef int (*Band)(Plan *, const Image *, int64_t start, int64_t stop, const Finish *, const Out *, Seen *);

#endif
