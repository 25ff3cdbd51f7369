/* What the native modules have in common: how they are written, and how they check what Python hands them.
 *
 * All of them keep to the limited API, so that one build serves every later Python, and take buffers, so that they
 * need no headers of NumPy's. Their functions work without the GIL and start no threads.
 */
#ifndef IMGCONV_MODULE_H
#define IMGCONV_MODULE_H

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a compiler may have beyond C11: vectors and attributes (GCC and Clang), and code for other processors than the
 * one that is aimed at. IMGCONV_PLAIN_C and IMGCONV_ONE_LEVEL play compilers that lack them. */
#if defined(__GNUC__) && !defined(IMGCONV_PLAIN_C)
#define GNU_C
#endif
#if defined(GNU_C) && defined(__x86_64__) && !defined(IMGCONV_ONE_LEVEL)
#define X86_LEVELS
#endif

#if defined(GNU_C)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#else
#define INLINE static inline
#define NOINLINE static
#define restrict __restrict
#endif

#define PASTE(a, b) PASTE_(a, b)
#define PASTE_(a, b) a##_##b
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#ifdef Py_mod_gil
#define NO_GIL_NEEDED {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
#define NO_GIL_NEEDED
#endif

/* Define the module `name`, called `path` in Python, of the functions METHODS. */
#define NATIVE_MODULE(name, path, summary)                                                                            \
    static PyModuleDef_Slot SLOTS[] = {NO_GIL_NEEDED{0, NULL}};                                                       \
    static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, path, summary, 0, METHODS, SLOTS, NULL, NULL, NULL};   \
    PyMODINIT_FUNC PyInit_##name(void) { return PyModuleDef_Init(&MODULE); }

/* Raise ValueError; returns 0, so that checks can end with it. */
static inline int refuse(const char *what)
{
    PyErr_SetString(PyExc_ValueError, what);
    return 0;
}

/* Whether arguments are in a tuple, as PyArg_ParseTuple wants them. */
static inline int listed(PyObject *from) { return PyTuple_Check(from) || refuse("no tuple where one is needed"); }

static inline int in_range(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

/* Copy a bytes-like object's content of `count` items of `size` bytes; NULL with an exception set. `count` may be a
 * wish, or -1 for any, and becomes the number of items. */
static inline void *copied(PyObject *from, ptrdiff_t size, int64_t *count)
{
    Py_buffer view;
    if (PyObject_GetBuffer(from, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    void *copy = NULL;
    if (view.len % size || (*count >= 0 && view.len / size != *count))
        refuse("a table of another length than planned");
    else if (!(copy = malloc((size_t)view.len + 1)))
        PyErr_NoMemory();
    else
        memcpy(copy, view.buf, (size_t)view.len);
    *count = view.len / size;
    PyBuffer_Release(&view);
    return copy;
}

/* The same of bytes, any number of them. */
static inline void *copied_bytes(PyObject *from, int64_t *bytes)
{
    *bytes = -1;
    return copied(from, 1, bytes);
}

/* Check an index map: at least `needed` indices, each from `least_index` to `size` (exclusive). */
static inline int check_map(const int64_t *map, int64_t count, int64_t size, int64_t least_index, int64_t needed)
{
    if (count < needed)
        return refuse("fewer padded samples than the output needs");
    for (int64_t k = 0; k < count; k++)
        if (!in_range(map[k], least_index, size - 1))
            return refuse("an index outside the samples");
    return 1;
}

/* Where a buffer's memory begins and ends, whatever its strides; both at 0 for one without items. */
static inline void stretch(const Py_buffer *buffer, uintptr_t *low, uintptr_t *high)
{
    *low = *high = (uintptr_t)buffer->buf;
    const int strided = buffer->shape && buffer->strides;
    for (int axis = 0; strided && axis < buffer->ndim; axis++) {
        const ptrdiff_t along = (buffer->shape[axis] - 1) * buffer->strides[axis];
        *(along < 0 ? low : high) += (uintptr_t)along;
    }
    *high += (uintptr_t)(strided ? buffer->itemsize : buffer->len);
    if (buffer->len == 0)
        *low = *high = 0;
}

/* Whether the stretches of memory that two buffers lie in meet. */
static inline int overlapping(const Py_buffer *one, const Py_buffer *other)
{
    uintptr_t low[2], high[2];
    stretch(one, &low[0], &high[0]);
    stretch(other, &low[1], &high[1]);
    return low[0] < high[1] && low[1] < high[0];
}

/* Memory that begins at a multiple of ALIGN bytes, or NULL; by malloc, as not every system has posix_memalign. */
enum { ALIGN = 64 };

static inline void *aligned_room(size_t bytes)
{
    char *all = malloc(bytes + sizeof(char *) + ALIGN);
    if (!all)
        return NULL;
    char *at = all + sizeof(char *);
    at += (ALIGN - (uintptr_t)at % ALIGN) % ALIGN;
    memcpy(at - sizeof(char *), &all, sizeof(char *)); /* where free_aligned looks for it */
    return at;
}

static inline void free_aligned(void *room)
{
    char *all = NULL;
    if (room)
        memcpy(&all, (char *)room - sizeof(char *), sizeof(char *));
    free(all);
}

#if defined(GNU_C)
/* A shelf holds aligned buffers that no thread uses, for the next one that needs such a buffer: fresh memory costs as much as
 * a small convolution. Take one, or NULL. */
static inline void *take_from(void **shelf, int places)
{
    for (int k = 0; k < places; k++) {
        void *found = __atomic_exchange_n(&shelf[k], NULL, __ATOMIC_ACQ_REL);
        if (found)
            return found;
    }
    return NULL;
}

/* Put a buffer on the shelf, or free it where that is full. */
static inline void put_back(void **shelf, int places, void *buffer)
{
    for (int k = 0; k < places; k++) {
        void *none = NULL;
        if (__atomic_compare_exchange_n(&shelf[k], &none, buffer, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return;
    }
    free_aligned(buffer);
}
#endif

#endif
