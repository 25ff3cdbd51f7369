/* The core's correlation by Fourier transform from Python: `fourier_plan` copies and checks, `fourier_run` computes. */

static const char FOURIER[] = "imgconv.engines._core.fourier";

static void release_fourier(PyObject *capsule)
{
    FourierPlan *plan = PyCapsule_GetPointer(capsule, FOURIER);
    if (!plan)
        return;
    for (int k = 0; k < SHELF; k++) free_aligned(plan->shelf[k]);
    free((void *)plan->rows);
    free((void *)plan->cols);
    free((void *)plan->row_turns);
    free((void *)plan->col_turns);
    free_aligned(plan->spectrum);
    free((void *)plan->exact.taps);
    Py_XDECREF((PyObject *)plan->holder);
    free(plan);
}

/* Whether the passes make up `count` and `bytes` hold their twiddle factors, in single precision. */
static int check_passes(const int64_t *radix, int64_t count, int64_t bytes)
{
    int64_t block = count, turns = 0;
    for (int p = 0; p < PASSES && radix[p]; p++) {
        if (radix[p] < 4 || radix[p] > 16 || radix[p] % 4 || block % radix[p])
            return 0;
        block /= radix[p];
        turns += block * (radix[p] - 1) * 2;
    }
    return block == 1 && bytes == turns * (int64_t)sizeof(float);
}

static int check_fourier(const FourierSettings *is, const FourierPlan *plan, int64_t row_turns, int64_t col_turns)
{
    const int64_t most = (int64_t)1 << 31;
    const int lanes = LEVELS[plan->level].lanes;
    const Settings *other = &plan->direct->is;
    if (is->source < U8 || is->source > SAMPLE_F32)
        return refuse("a source type that is none");
    if (is->channels < 1 || is->channels > most || is->image_rows < 1 || is->image_cols < 1 || is->out_rows < 1
        || is->out_rows > most || is->out_cols < 1 || is->out_cols > most || is->stride_y < 1 || is->stride_y > most
        || is->stride_x < 1 || is->stride_x > most || is->tile_rows < 1 || is->tile_rows > TILE_MOST
        || is->tile_cols < 1 || is->tile_cols > TILE_MOST || is->tile_rows % lanes || is->tile_cols % lanes
        || is->span_rows < 1 || is->span_rows > is->tile_rows || is->span_cols < 1 || is->span_cols > is->tile_cols)
        return refuse("settings out of range");
    if (!check_passes(is->row_radix, is->tile_rows, row_turns) || !check_passes(is->col_radix, is->tile_cols, col_turns))
        return refuse("passes that do not make up a tile");
    if (!check_map(plan->rows, plan->row_count, is->image_rows, -1, (is->out_rows - 1) * is->stride_y + is->span_rows)
        || !check_map(plan->cols, plan->col_count, is->image_cols, -1, (is->out_cols - 1) * is->stride_x + is->span_cols)
        || !check_run(is->run_start, is->run_stop, is->run_col, plan->col_count, is->image_cols))
        return 0;
    if (is->dilation_y < 1 || is->dilation_y > TILE_MOST)
        return refuse("a dilation out of range");
    if (plan->direct->level != plan->level || other->source != is->source || other->channels != is->channels
        || other->image_rows != is->image_rows || other->image_cols != is->image_cols || other->out_rows != is->out_rows
        || other->out_cols != is->out_cols || other->stride_y != is->stride_y
        || plan->direct->col_count != plan->col_count)
        return refuse("a direct way of another job");
    return 1;
}

/* Read (taps, bound of the error, least sum, most sum), or nothing. */
static int read_exact(FourierPlan *plan, PyObject *from)
{
    const FourierSettings *is = &plan->is;
    const int64_t pitch = (is->span_cols + 31) / 32 * 32;
    PyObject *taps;
    int64_t bytes;
    Exact *exact = &plan->exact;
    if (from == Py_None)
        return 1;
    if (!listed(from) || !PyArg_ParseTuple(from, "Oddd", &taps, &exact->error, &exact->least, &exact->most)
        || !(exact->taps = copied_bytes(taps, &bytes)))
        return 0;
    exact->pitch = pitch;
    exact->rows = bytes / (2 * pitch);
    plan->lower = is->source == U16 ? 32768 : 0;
    const int held = plan->constant >= 0 && plan->constant <= (is->source == U8 ? 255 : 65535)
                     && plan->constant == floor(plan->constant);
    if (is->source > U16 || !held || bytes != exact->rows * pitch * 2 || exact->rows < 1
        || (exact->rows - 1) * is->dilation_y + 1 != is->span_rows)
        return refuse("taps of another size than planned, or samples that are not integers");
    return 1;
}

/* The frequency that a transform puts at `place`. */
static int64_t frequency(const int64_t *radix, int64_t count, int64_t place)
{
    int64_t found = 0, weight = 1;
    for (int p = 0; p < PASSES && radix[p]; p++) {
        count /= radix[p];
        found += place / count * weight;
        place %= count;
        weight *= radix[p];
    }
    return found;
}

/* Put the spectrum, of which `half` has the rows' first half in double precision, into the order of `middle`: the
 * lanes of a vector are rows. Its conjugate correlates instead of convolving. */
static int set_spectrum(FourierPlan *plan, const double *half)
{
    const int64_t rows = plan->is.tile_rows, cols = plan->is.tile_cols, stored = cols / 2 + 1;
    const int lanes = LEVELS[plan->level].lanes;
    const double scale = 1 / (double)(rows * cols);
    int64_t order[TILE_MOST];
    if (!(plan->spectrum = aligned_room((size_t)(rows * cols * 2) * sizeof(float))))
        return 0;
    for (int64_t q = 0; q < cols; q++) order[q] = frequency(plan->is.col_radix, cols, q);
    for (int64_t r = 0; r < rows; r++) {
        const int64_t y = frequency(plan->is.row_radix, rows, r);
        float *to = plan->spectrum + r / lanes * lanes * cols * 2 + r % lanes;
        for (int64_t q = 0; q < cols; q++, to += 2 * lanes) {
            const int64_t x = order[q];
            const double *at = half + 2 * (x < stored ? y * stored + x : (rows - y) % rows * stored + cols - x);
            to[0] = (float)(at[0] * scale);
            to[lanes] = (float)((x < stored ? -at[1] : at[1]) * scale);
        }
    }
    return 1;
}

static PyObject *core_fourier_plan(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *settings, *rows, *cols, *row_turns, *col_turns, *spectrum, *exact, *direct;
    double constant, sum;
    if (!PyArg_ParseTuple(args, "Odd(OO)(OO)OOO", &settings, &constant, &sum, &rows, &cols, &row_turns,
                          &col_turns, &spectrum, &exact, &direct))
        return NULL;
    Plan *fallback = PyCapsule_GetPointer(direct, CAPSULE);
    if (!fallback)
        return NULL;
    FourierPlan *plan = calloc(1, sizeof(FourierPlan));
    if (!plan)
        return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(plan, FOURIER, release_fourier);
    if (!capsule) {
        free(plan);
        return NULL;
    }
    plan->level = fallback->level;
    plan->direct = fallback;
    plan->holder = direct;
    Py_INCREF(direct);
    plan->constant = constant;
    plan->sum = sum;
    int64_t bytes = sizeof(FourierSettings), row_bytes, col_bytes;
    void *copy = copied(settings, 1, &bytes);
    if (!copy)
        goto failed;
    memcpy(&plan->is, copy, sizeof(FourierSettings));
    free(copy);
    plan->row_count = plan->col_count = -1;
    if (!(plan->rows = copied(rows, 8, &plan->row_count)) || !(plan->cols = copied(cols, 8, &plan->col_count))
        || !(plan->row_turns = copied_bytes(row_turns, &row_bytes))
        || !(plan->col_turns = copied_bytes(col_turns, &col_bytes))
        || !check_fourier(&plan->is, plan, row_bytes, col_bytes) || !read_exact(plan, exact)
        || !(copy = copied_bytes(spectrum, &bytes)))
        goto failed;
    const int fits = bytes == plan->is.tile_rows * (plan->is.tile_cols / 2 + 1) * 2 * (int64_t)sizeof(double);
    const int set = fits && set_spectrum(plan, copy);
    free(copy);
    if (!fits)
        refuse("a spectrum of another size than the tile's");
    else if (!set)
        PyErr_NoMemory();
    if (set)
        return capsule;
failed:
    Py_DECREF(capsule);
    return NULL;
}

static PyObject *core_fourier_run(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *capsule, *image, *samples, *finish, *ends, *direct;
    long long start, stop;
    Finish one, other;
    if (!PyArg_ParseTuple(args, "OOOLLOOO", &capsule, &image, &samples, &start, &stop, &finish, &ends, &direct)
        || !read_finish(finish, &one) || !read_finish(direct, &other))
        return NULL;
    FourierPlan *plan = PyCapsule_GetPointer(capsule, FOURIER);
    if (!plan)
        return NULL;
    const FourierSettings *is = &plan->is;
    Exact exact = plan->exact;
    if (ends == Py_None)
        exact.taps = NULL;
    else if (!listed(ends) || !PyArg_ParseTuple(ends, "dddd", &exact.whole, &exact.divisor, &exact.slope, &exact.shift))
        return NULL;
    if (exact.taps && one.type > U16) {
        refuse("exact sums for floats");
        return NULL;
    }
    const int64_t shape[] = {is->image_rows, is->image_cols, is->out_rows, is->out_cols, is->channels, is->source};
    Py_buffer in, out;
    Image from;
    PyObject *answer = NULL;
    if (one.type != other.type || one.halves >= 0) {
        refuse("two ways to samples that do not fit each other");
        return NULL;
    }
    if (!open_buffers(shape, image, samples, start, stop, &one, &in, &out, &from))
        return NULL;
    const Out to = {out.buf, out.strides[0]};
    Seen seen = {INFINITY, -INFINITY, 0, 0, 0}, direct_seen = seen;
    int done;
    Py_BEGIN_ALLOW_THREADS
    done = LEVELS[plan->level].fourier(plan, &from, start, stop, &one, &exact, &other, &to, &seen,
                                         &direct_seen);
    Py_END_ALLOW_THREADS
    answer = done ? Py_BuildValue("ddddLLL", seen.low, seen.high, direct_seen.low, direct_seen.high,
                                  (long long)(seen.below + direct_seen.below),
                                  (long long)(seen.above + direct_seen.above),
                                  (long long)(seen.nan + direct_seen.nan))
                  : PyErr_NoMemory();
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    return answer;
}
