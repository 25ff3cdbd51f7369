/* Weighted sums of red, green and blue, undivided: whole numbers in float or double. */

/* One row of `cols` pixels; steps are in samples. */
#define WEIGH(NAME_, SAMPLE_, INNER_, RESULT_)                                                                        \
    INLINE void NAMED(NAME_)(const SAMPLE_ *restrict in, const ptrdiff_t pixel, ptrdiff_t cols, const int32_t *weight, \
                             RESULT_ *restrict out, const ptrdiff_t step)                                             \
    {                                                                                                                 \
        const INNER_ red = (INNER_)weight[0], green = (INNER_)weight[1], blue = (INNER_)weight[2];                    \
        for (ptrdiff_t x = 0; x < cols; x++)                                                                          \
            out[x * step] = (RESULT_)(in[x * pixel] * red + in[x * pixel + 1] * green + in[x * pixel + 2] * blue);    \
    }
WEIGH(weigh_u8, uint8_t, int32_t, float)
WEIGH(weigh_u16, uint16_t, uint32_t, double)
WEIGH(weigh_u16_short, uint16_t, uint32_t, float)
#undef WEIGH

/* Rows that start `in_row` and `out_row` bytes apart; uint8 becomes float, and uint16 double or, rounded, float. */
NOINLINE void NAMED(weigh)(enum Sample type, int wide, const char *in, ptrdiff_t in_row, ptrdiff_t pixel, char *out, ptrdiff_t out_row,
                           ptrdiff_t step, ptrdiff_t rows, ptrdiff_t cols, const int32_t *weight)
{
    for (ptrdiff_t y = 0; y < rows; y++) {
        const char *from = in + y * in_row;
        char *to = out + y * out_row;
        /* Known steps let the compiler use vectors. */
        if (type == U8 && pixel == 3 && step == 1)
            NAMED(weigh_u8)((const uint8_t *)from, 3, cols, weight, (float *)to, 1);
        else if (type == U8)
            NAMED(weigh_u8)((const uint8_t *)from, pixel, cols, weight, (float *)to, step);
        else if (!wide && pixel == 3 && step == 1)
            NAMED(weigh_u16_short)((const uint16_t *)from, 3, cols, weight, (float *)to, 1);
        else if (!wide)
            NAMED(weigh_u16_short)((const uint16_t *)from, pixel, cols, weight, (float *)to, step);
        else if (pixel == 3 && step == 1)
            NAMED(weigh_u16)((const uint16_t *)from, 3, cols, weight, (double *)to, 1);
        else
            NAMED(weigh_u16)((const uint16_t *)from, pixel, cols, weight, (double *)to, step);
    }
}
