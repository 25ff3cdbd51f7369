/* Everything that exists once per SIMD level. Included with LEVEL, the level's name, and WIDTH, the bytes of a vector. */
#define NAMED(name) PASTE(name, LEVEL)
#define UNALIGNED(type) UNALIGNED_(type)
#define UNALIGNED_(type) type##_unaligned

#include "_core_vector.h"

/* Bit k: whether this level has operation k. */
enum {
    NAMED(operations) = 1 << F32 | 1 << F64 | 1 << MUL16 | 1 << BOX | 1 << BOX64
#if defined(__x86_64__)
        | 1 << DOT16
#endif
#if WIDTH >= 32
        | 1 << MULH16 | 1 << FOLD16
#endif
#if WIDTH == 64
        | 1 << DOT8
#endif
};

typedef f32v UNALIGNED(f32v) __attribute__((aligned(1), may_alias));
typedef f64v UNALIGNED(f64v) __attribute__((aligned(1), may_alias));
typedef i32v UNALIGNED(i32v) __attribute__((aligned(1), may_alias));
typedef f32h UNALIGNED(f32h) __attribute__((aligned(1), may_alias));
typedef i32h UNALIGNED(i32h) __attribute__((aligned(1), may_alias));
typedef u16v UNALIGNED(u16v) __attribute__((aligned(1), may_alias));
typedef i16v UNALIGNED(i16v) __attribute__((aligned(1), may_alias));

#if WIDTH == 64 || defined(__aarch64__)
#define MANY 4 /* vectors in a row: there are 32 registers */
#else
#define MANY 2
#endif

#define OP_FMA(a, v, w) ((a) + (v) * (w))

#ifdef SINKS
#include "_core_sink.h"
#endif

/* In _core_micro.h: R rows of whole blocks of V vectors straight to samples; rows of `out` are `out_row` bytes apart. */
#define INTO(SINK_)                                                                                                   \
    NOINLINE void PASTE(NAME, SINK_)(const Taps *taps, const void *const *base, LANE first,                    \
                                            const Finish *finish, char *out, ptrdiff_t out_row, ptrdiff_t lanes,      \
                                            Seen *seen)                                                               \
    {                                                                                                                 \
        NAMED(SINK_) sink;                                                                                            \
        PASTE(PASTE(SINK_, open), LEVEL)(&sink, finish);                                                              \
        for (ptrdiff_t x = 0; x < lanes; x += V * LANES) {                                                            \
            VEC acc[R][V];                                                                                            \
            UNROLL for (int r = 0; r < R; r++)                                                                        \
                UNROLL for (int v = 0; v < V; v++) acc[r][v] = SPREAD(first);                                         \
            PASTE(NAME, sums)(taps, base, x, acc);                                                                    \
            UNROLL for (int r = 0; r < R; r++)                                                                        \
                PASTE(PASTE(SINK_, put), LEVEL)(&sink, V, acc[r], out + r * out_row, x);                              \
        }                                                                                                             \
        PASTE(PASTE(SINK_, close), LEVEL)(&sink, finish, seen);                                                       \
    }

#define NAME NAMED(f32_rows)
#define LANE float
#define VEC f32v
#define LINE float
#define LOAD(p) (*(const UNALIGNED(f32v) *)(p))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (f32v){0})
#define OP OP_FMA
#ifdef SINKS
#define SINK f32_to_f32
#endif
#include "_core_micro.h"

#define NAME NAMED(f32_row)
#define LANE float
#define VEC f32v
#define LINE float
#define LOAD(p) (*(const UNALIGNED(f32v) *)(p))
#define R 1
#define V 8
#define SPREAD(w) ((w) - (f32v){0})
#define OP OP_FMA
#ifdef SINKS
#define SINK f32_to_f32
#endif
#include "_core_micro.h"

#define NAME NAMED(f64_rows)
#define LANE double
#define VEC f64v
#define LINE double
#define LOAD(p) (*(const UNALIGNED(f64v) *)(p))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (f64v){0})
#define OP OP_FMA
#include "_core_micro.h"

#define NAME NAMED(f64_row)
#define LANE double
#define VEC f64v
#define LINE double
#define LOAD(p) (*(const UNALIGNED(f64v) *)(p))
#define R 1
#define V 8
#define SPREAD(w) ((w) - (f64v){0})
#define OP OP_FMA
#include "_core_micro.h"

#define NAME NAMED(mul16_rows)
#define LANE uint16_t
#define VEC u16v
#define LINE uint8_t
#define LOAD(p) NAMED(widened)(p)
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (u16v){0})
#define OP OP_FMA
#ifdef SINKS
#define SINK short_to_u8
#endif
#include "_core_micro.h"

#define NAME NAMED(mul16_row)
#define LANE uint16_t
#define VEC u16v
#define LINE uint16_t
#define LOAD(p) (*(const UNALIGNED(u16v) *)(p))
#define R 1
#define V 8
#define SPREAD(w) ((w) - (u16v){0})
#define OP OP_FMA
#ifdef SINKS
#define SINK short_to_u8
#endif
#include "_core_micro.h"

#ifdef DOT_8
#define NAME NAMED(dot8_rows)
#define LANE int32_t
#define VEC i32v
#define LINE int32_t
#define LOAD(p) (*(const UNALIGNED(i32v) *)(p))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (i32v){0})
#define OP DOT_8
#ifdef SINKS
#define SINK int_to_u8
#endif
#include "_core_micro.h"

/* One row, its weights in two digits: rows 0 and 1 of the accumulators are the high and the low one. */
#define NAME NAMED(dot8_digits)
#define LANE int32_t
#define VEC i32v
#define LINE int32_t
#define LOAD(p) (*(const UNALIGNED(i32v) *)(p))
#define R 2
#define V 8
#define SPREAD(w) ((w) - (i32v){0})
#define OP DOT_8
#include "_core_micro.h"
#endif

#ifdef DOT_16
#define NAME NAMED(dot16_rows)
#define LANE int32_t
#define VEC i32v
#define LINE int32_t
#define LOAD(p) (*(const UNALIGNED(i32v) *)(p))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (i32v){0})
#define OP DOT_16
#ifdef SINKS
#define SINK int_to_u8
#define OTHER_SINK int_to_u16
#endif
#include "_core_micro.h"

#define NAME NAMED(dot16_row)
#define LANE int32_t
#define VEC i32v
#define LINE int32_t
#define LOAD(p) (*(const UNALIGNED(i32v) *)(p))
#define R 1
#define V 8
#define SPREAD(w) ((w) - (i32v){0})
#define OP DOT_16
#include "_core_micro.h"
#endif

#ifdef MULH_16
#define NAME NAMED(mulh16_rows)
#define LANE int16_t
#define VEC i16v
#define LINE uint8_t
#define LOAD(p) ((i16v)(NAMED(widened)(p) << LIFT))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (i16v){0})
#define OP MULH_16
#include "_core_micro.h"

#define NAME NAMED(mulh16_row)
#define LANE int16_t
#define VEC i16v
#define LINE int16_t
#define LOAD(p) (*(const UNALIGNED(i16v) *)(p))
#define R 1
#define V 8
#define SPREAD(w) ((w) - (i16v){0})
#define OP MULH_16
#ifdef SINKS
#define SINK short_to_u8
#endif
#include "_core_micro.h"
#endif

#include "_core_lines.h"
#include "_core_store.h"
#include "_core_combine.h"
#include "_core_luma.h"
#include "_core_band.h"
#include "_core_fft.h"

#undef MANY
#undef INTO
#undef SINKS
#undef INT8_VECTORS
#undef OP_FMA
#undef DOT_8
#undef DOT_16
#undef MULH_16
#undef f32v
#undef i64v
#undef i32h
#undef f32h
#undef f64v
#undef i32v
#undef u16v
#undef i16v
#undef FLOATS
#undef NAMED
#undef UNALIGNED
#undef UNALIGNED_
#undef LEVEL
#undef WIDTH
