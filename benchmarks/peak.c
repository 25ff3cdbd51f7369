/* Print how many billion float32 multiply-adds a second one thread can do at most: sixteen independent chains of
 * the widest vectors, all in registers. */
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX2__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
typedef float vector __attribute__((vector_size(BYTES)));

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void)
{
    vector acc[12], a = (vector){0} + 0.999f, b = (vector){0} + 0.001f;
    const long rounds = 40000000;
    for (int k = 0; k < 12; k++) acc[k] = (vector){0} + (float)k;
    __asm__ volatile("" : "+x"(a), "+x"(b));
    const double start = seconds();
    for (long i = 0; i < rounds; i++) {
        for (int k = 0; k < 12; k++) acc[k] = acc[k] * a + b;
        __asm__ volatile("" : "+x"(a), "+x"(b));
    }
    const double took = seconds() - start;
    float sum = 0;
    for (int k = 0; k < 12; k++) sum += acc[k][0];
    printf("%.2f\n", sum == 0.5f ? 0.0 : (double)rounds * 12 * (BYTES / 4) / took / 1e9);
    return 0;
}
