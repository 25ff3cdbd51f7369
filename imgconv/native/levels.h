/* Include LEVEL_FILE once for every SIMD level that the compiler can aim at, slowest first, with LEVEL, its name, and
 * WIDTH, the bytes of a vector; then EACH_LEVEL lists them, and `level_count` says how many this machine can run.
 * LEVEL_FILE is named as seen from this folder. NEEDS_VNNI adds the products of bytes to what AVX-512 must have.
 */
#define LEVEL baseline
#define WIDTH 16
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include LEVEL_FILE

#if defined(X86_LEVELS)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LEVEL avx2
#define WIDTH 32
#include LEVEL_FILE
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(__clang__) && defined(NEEDS_VNNI)
#pragma clang attribute push(                                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,avx2,popcnt"))), apply_to = function)
#elif defined(__clang__)
#pragma clang attribute push(                                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx2"))), apply_to = function)
#elif defined(NEEDS_VNNI)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,avx2,popcnt,prefer-vector-width=512")
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx2,prefer-vector-width=512")
#endif
#define LEVEL avx512
#define WIDTH 64
#include LEVEL_FILE
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/* Every level, slowest first: its name for people, LEVEL and WIDTH. */
#if defined(X86_LEVELS)
#define EACH_LEVEL(ROW) ROW("baseline", baseline, 16) ROW("avx2", avx2, 32) ROW("avx512", avx512, 64)
#elif defined(__aarch64__)
#define EACH_LEVEL(ROW) ROW("neon", baseline, 16)
#else
#define EACH_LEVEL(ROW) ROW("baseline", baseline, 16)
#endif

static int level_count(void)
{
#if defined(X86_LEVELS)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 1;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
        || !__builtin_cpu_supports("avx512dq"))
        return 2;
#ifdef NEEDS_VNNI
    if (!__builtin_cpu_supports("avx512vnni"))
        return 2;
#endif
    return 3;
#else
    return 1;
#endif
}
