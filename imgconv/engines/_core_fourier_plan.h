/* What the core's correlation by Fourier transform is told once, for every band of output rows; see _core_fft.h. */
#ifndef IMGCONV_CORE_FOURIER_PLAN_H
#define IMGCONV_CORE_FOURIER_PLAN_H

#include "_core_plan.h"

enum { PASSES = 4 };         /* of a transform along one axis, at most */
enum { TILE_MOST = 2048 };   /* the longest side of a tile */

/* Keep these in the order of _spectral.py. */
typedef struct {
    int64_t source;          /* enum Sample */
    int64_t channels;
    int64_t image_rows, image_cols;
    int64_t out_rows, out_cols;
    int64_t stride_y, stride_x;
    int64_t span_rows, span_cols;           /* padded rows and columns that one window covers */
    int64_t tile_rows, tile_cols;
    int64_t run_start, run_stop, run_col;   /* padded columns that are image columns run_col, run_col + 1 ... */
    int64_t dilation_y;      /* padded rows from one row of taps to the next */
    int64_t row_radix[PASSES], col_radix[PASSES];   /* of the passes along a column and along a row; 0 after the last */
} FourierSettings;

/* How sums of integers are made exact: a sum is one of products of int16 wherever a transform leaves it in doubt. */
typedef struct {
    const int16_t *taps;     /* `rows` rows of `pitch`, zeros where there is none; NULL: sums are not made exact */
    int64_t rows, pitch;
    double error;            /* bound of a sum's error, as a part of the norm of the samples of a tile */
    double least, most;      /* what sums can be */
    double whole, divisor, slope, shift;    /* (sum + whole) / divisor * slope + shift is what is rounded */
} Exact;

/* The buffers of one band. */
typedef struct {
    float *tile;             /* tile_rows rows of vectors, real and imaginary part in turn */
    float *beside;           /* as many rows as a vector has lanes, turned by 90 degrees */
    float *line;             /* a row of samples or of results */
    char *samples;           /* a row of results as samples */
    Seen *seen;              /* by tile */
    char *bad;               /* by tile: to be computed directly */
    int16_t *shorts[2];      /* the samples of each part of the tile, less `lower`, if sums are made exact */
    ptrdiff_t short_pitch;
    double squares[2];       /* sum of them, less the centre */
    float centre[2];         /* what was subtracted from the samples of each part of the tile */
    ptrdiff_t pitch;         /* floats from one row of the tile to the next */
    int64_t across;          /* tiles beside each other */
} FourierWork;

typedef struct {
    FourierSettings is;
    int level;
    double constant;         /* the sample outside the image */
    double sum;              /* of the taps */
    Exact exact;
    float lower;             /* less than samples of uint16 by so much, int16 holds them */
    const int64_t *rows, *cols;
    int64_t row_count, col_count;
    const float *row_turns, *col_turns;     /* twiddle factors of the passes, (cos, sin) */
    float *spectrum;         /* of the taps, as `middle` reads it */
    Plan *direct;            /* for tiles that a transform would spoil */
    void *holder;            /* the capsule that `direct` lives in */
    void *shelf[SHELF];              /* buffers that no thread uses */
} FourierPlan;

/* `Exact` is the plan's, completed for the samples wanted, or has no taps. */
typedef int (*FourierBand)(FourierPlan *, const Image *, int64_t start, int64_t stop, const Finish *, const Exact *,
                           const Finish *direct, const Out *, Seen *, Seen *direct_seen);

/* Allocate the buffers of a band, all zero; `lanes` are those of a vector. */
static FourierWork *make_fourier_work(const FourierPlan *plan, ptrdiff_t lanes)
{
    const FourierSettings *is = &plan->is;
    /* An odd number of cache lines keeps the rows of a column out of one set of the cache. */
    const ptrdiff_t row_bytes = (rounded(is->tile_cols * 8) / ALIGN | 1) * ALIGN;
    const int64_t step = (is->tile_cols - is->span_cols) / is->stride_x + 1, across = (is->out_cols + step - 1) / step;
    const ptrdiff_t short_pitch = is->tile_cols + plan->exact.pitch;
    const ptrdiff_t shorts = plan->exact.taps ? rounded(is->tile_rows * short_pitch * 2) : 0;
    const ptrdiff_t parts[] = {
        is->tile_rows * row_bytes, rounded(is->tile_cols * lanes * 8), rounded((is->tile_cols + 64) * 4),
        rounded((is->tile_cols + 64) * 8), rounded(across * (ptrdiff_t)sizeof(Seen)), rounded(across),
        shorts, shorts,
    };
    enum { PARTS = sizeof(parts) / sizeof(*parts) };
    char *at[PARTS];
    ptrdiff_t bytes = rounded(sizeof(FourierWork));
    for (int k = 0; k < PARTS; k++) bytes += parts[k];
    char *all = aligned_room((size_t)bytes);
    if (!all)
        return NULL;
    memset(all, 0, (size_t)bytes);
    char *next = all + rounded(sizeof(FourierWork));
    for (int k = 0; k < PARTS; next += parts[k++]) at[k] = next;
    FourierWork *work = (FourierWork *)all;
    *work = (FourierWork){.tile = (float *)at[0], .beside = (float *)at[1], .line = (float *)at[2], .samples = at[3],
                          .seen = (Seen *)at[4], .bad = at[5], .shorts = {(int16_t *)at[6], (int16_t *)at[7]},
                          .pitch = row_bytes / 4, .short_pitch = short_pitch, .across = across};
    return work;
}

/* Take buffers that an earlier band gave back, or new ones. */
static FourierWork *claim_fourier(FourierPlan *plan, ptrdiff_t lanes)
{
    FourierWork *work = take_from(plan->shelf, SHELF);
    return work ? work : make_fourier_work(plan, lanes);
}

#endif
