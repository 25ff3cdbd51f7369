/* Everything that exists once per SIMD level. Included with LEVEL, its name, and WIDTH, the bytes of a vector. */
#define NAMED(name) PASTE(PASTE(name, KIND), LEVEL)

#define KIND f32
#define LANE float
#define WHOLE int32_t
#include "_nncore_lane.h"

#define KIND f64
#define LANE double
#define WHOLE int64_t
#include "_nncore_lane.h"

#undef NAMED
#undef LEVEL
#undef WIDTH
