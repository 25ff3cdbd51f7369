/* Everything that exists once per SIMD level. Included with LEVEL, the level's name, and WIDTH, the bytes of a vector. */
#define NAMED(name) PASTE(name, LEVEL)
#define UNALIGNED(type) UNALIGNED_(type)
#define UNALIGNED_(type) type##_unaligned

#include "_core_vector.h"

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

#define NAME NAMED(f32_rows)
#define LANE float
#define VEC f32v
#define LINE float
#define LOAD(p) (*(const UNALIGNED(f32v) *)(p))
#define R 4
#define V MANY
#define SPREAD(w) ((w) - (f32v){0})
#define OP OP_FMA
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
#include "_core_micro.h"
#endif

#include "_core_lines.h"
#include "_core_store.h"
#include "_core_band.h"

#undef MANY
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
