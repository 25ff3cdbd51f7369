/* What TIFF does with every byte of a strip or tile: LZW, PackBits, and differences between neighbours.
 *
 * Each function works on whole segments, without the GIL; there is no state. Everything else of TIFF is in Python
 * (tiffcodec.py, tiffread.py, tiffwrite.py). Source: Adobe, TIFF Revision 6.0 (1992), sections 9, 13 and 14.
 */
#include "../../native/module.h"

typedef struct {
    const uint8_t *in;
    uint8_t *out;
    ptrdiff_t in_size, out_size, row; /* row: bytes of a row, for PackBits */
} Segment;

enum { FULL = -1, DAMAGED = -2, UNFIT = -3 }; /* in place of the bytes that came out */

/* LZW: codes of 9 to 12 bits, the high bit first; a code is one bit longer as soon as the next one could be. */
enum { CLEAR = 256, END = 257, FIRST = 258, LEAST_BITS = 9, MOST_BITS = 12, LAST = 4094 };

enum { MOST_CODES = LAST - FIRST, PLACE_BITS = 14, PLACES = 1 << PLACE_BITS };

typedef struct {
    uint8_t *at;
    uint64_t bits; /* what has not been put out, from the highest bit on */
    int count;
} Writer;

/* Put out up to 56 bits; eight bytes are written however few they are. */
INLINE void put(Writer *to, uint64_t bits, int count)
{
    to->bits |= bits << (64 - count - to->count);
    to->count += count;
    for (int k = 0; k < 8; k++) to->at[k] = (uint8_t)(to->bits >> (56 - 8 * k));
    to->at += to->count >> 3;
    to->bits <<= to->count & ~7;
    to->count &= 7;
}

/* Put out the codes that follow a clearing one, four at a time, and return how long the next one would be. */
static int put_codes(Writer *to, const uint16_t *codes, int count)
{
    int width = LEAST_BITS, k = 0;
    for (;; width++) {
        int stop = (1 << width) - FIRST < count ? (1 << width) - FIRST : count;
        for (; k + 4 <= stop; k += 4) {
            uint64_t first = (uint64_t)codes[k] << width | codes[k + 1];
            put(to, (first << width | codes[k + 2]) << width | codes[k + 3], 4 * width);
        }
        for (; k < stop; k++) put(to, codes[k], width);
        if (FIRST + count < 1 << width) return width;
    }
}

/* Every code but the last one makes a new one, of which the reader of the stream will know one step later. */
static ptrdiff_t lzw_pack(const Segment *is)
{
    uint32_t slots[PLACES]; /* string << 12 | code; a string is a code << 8 | byte */
    uint16_t codes[MOST_CODES];
    const uint8_t *in = is->in, *end = is->in + is->in_size;
    Writer to = {is->out, 0, 0};
    int width = LEAST_BITS;
    /* at worst every byte makes a code, and there are the clearing codes and the end */
    if (is->out_size < is->in_size + is->in_size / 2 + is->in_size / 1024 + 16) return FULL;
    put(&to, CLEAR, LEAST_BITS);
    uint32_t code = in < end ? *in++ : 0;
    for (int waiting = is->in_size > 0; waiting;) {
        uint32_t made = 0;
        memset(slots, 0xff, sizeof slots);
        for (; in < end && made < MOST_CODES; in++) {
            uint32_t string = code << 8 | *in, slot = (string * 2654435761u) >> (32 - PLACE_BITS);
            while (slots[slot] != UINT32_MAX && slots[slot] >> 12 != string) slot = (slot + 1) & (PLACES - 1);
            if (slots[slot] != UINT32_MAX) {
                code = slots[slot] & 0xfff;
                continue;
            }
            codes[made] = (uint16_t)code;
            slots[slot] = string << 12 | (FIRST + made++);
            code = *in;
        }
        if (in == end && made < MOST_CODES) {
            codes[made++] = (uint16_t)code;
            waiting = 0;
        }
        width = put_codes(&to, codes, (int)made);
        if (made == MOST_CODES) {
            put(&to, CLEAR, MOST_BITS);
            width = LEAST_BITS;
        }
    }
    put(&to, END, width);
    return to.at + (to.count > 0) - is->out;
}

/* Eight bytes, the first one highest; and the other way round. */
INLINE uint64_t high_first(const uint8_t *from)
{
    uint64_t bits = 0;
    for (int k = 0; k < 8; k++) bits = bits << 8 | from[k];
    return bits;
}

INLINE void low_first(uint64_t bits, uint8_t *to)
{
    for (int k = 0; k < 8; k++) to[k] = (uint8_t)(bits >> 8 * k);
}

/* A string that has been put out. */
typedef struct {
    uint64_t head; /* its first eight bytes, the first one lowest */
    uint32_t at;   /* where it was first put out: all but its last byte is the string of the code before it */
    uint32_t size;
} String;

static ptrdiff_t lzw_unpack(const Segment *is)
{
    String strings[1 << MOST_BITS], last = {0, 0, 0};
    uint32_t next = FIRST;
    uint64_t place = 0, bits = (uint64_t)is->in_size * 8;
    int width = LEAST_BITS;
    uint8_t *out = is->out;
    size_t made = 0, room = (size_t)is->out_size;
    if (room > UINT32_MAX) return DAMAGED;
    for (uint32_t k = 0; k < CLEAR; k++) strings[k] = (String){k, 0, 1};
    while (made < room && place + (uint64_t)width <= bits) {
        const uint8_t *from = is->in + place / 8;
        uint64_t window = 0;
        if (is->in + is->in_size - from >= 8) window = high_first(from);
        else
            for (int k = 0; k < is->in + is->in_size - from; k++) window |= (uint64_t)from[k] << (56 - 8 * k);
        uint32_t code = (uint32_t)(window << (place & 7) >> (64 - width));
        place += (uint64_t)width;
        if (code == END) break;
        if (code == CLEAR) {
            next = FIRST, width = LEAST_BITS, last.size = 0;
            continue;
        }
        if (!last.size) {
            if (code >= CLEAR) return DAMAGED;
        } else if (next < 1 << MOST_BITS) {
            if (code > next) return DAMAGED;
            /* the code may be this very one, which begins with what `last` does */
            strings[next] = (String){last.head, last.at, last.size + 1};
            uint64_t first = strings[code].head & 0xff;
            strings[next++].head = last.head | (last.size < 8 ? first << 8 * last.size : 0);
        } else if (code >= next) {
            return DAMAGED;
        }
        if (next >= (1u << width) - 1 && width < MOST_BITS) width++;
        last = strings[code];
        if (last.size <= 8 && room - made >= 8) {
            low_first(last.head, out + made);
        } else if (last.size > 8 && room - made >= last.size + (size_t)8) {
            for (size_t k = 0; k < last.size; k += 8) memcpy(out + made + k, out + last.at + k, 8);
        } else {
            for (size_t k = 0; k < last.size && k < room - made; k++)
                out[made + k] = k < 8 ? (uint8_t)(last.head >> 8 * k) : out[last.at + k];
        }
        last.at = (uint32_t)made;
        made += last.size;
    }
    return (ptrdiff_t)(made < room ? made : room);
}

/* PackBits: a count and that many bytes as they are, or a negative count and a byte that repeats. */
enum { MOST_PACKED = 128 };

INLINE ptrdiff_t repeats(const uint8_t *in, ptrdiff_t size)
{
    ptrdiff_t count = 1;
    while (count < size && count < MOST_PACKED && in[count] == *in) count++;
    return count;
}

static uint8_t *pack_row(const uint8_t *in, ptrdiff_t size, uint8_t *out)
{
    ptrdiff_t plain = 0; /* bytes before `in` that wait to be put out as they are */
    while (size > 0) {
        ptrdiff_t count = repeats(in, size);
        /* two alike between others are cheaper as they are */
        if (count > 2 || (count == 2 && !plain)) {
            *out++ = (uint8_t)(1 - count), *out++ = *in;
            plain = 0;
            in += count, size -= count;
            continue;
        }
        if (!plain) out++;
        out[-plain - 1] = (uint8_t)plain;
        *out++ = *in++;
        size--;
        plain = plain + 1 == MOST_PACKED ? 0 : plain + 1;
    }
    return out;
}

static ptrdiff_t packbits_pack(const Segment *is)
{
    uint8_t *out = is->out;
    if (is->row < 1 || is->in_size % is->row) return UNFIT;
    ptrdiff_t rows = is->in_size / is->row;
    if (is->out_size < is->in_size + rows * (is->row / MOST_PACKED + 1)) return FULL;
    for (ptrdiff_t y = 0; y < rows; y++) out = pack_row(is->in + y * is->row, is->row, out);
    return out - is->out;
}

static ptrdiff_t packbits_unpack(const Segment *is)
{
    const uint8_t *in = is->in, *end = is->in + is->in_size;
    ptrdiff_t made = 0;
    while (in < end && made < is->out_size) {
        int count = (int8_t)*in++;
        ptrdiff_t room = is->out_size - made;
        if (count == -128) continue;
        if (count >= 0) {
            ptrdiff_t size = count + 1;
            if (size > end - in) size = end - in;
            if (size > room) size = room;
            memcpy(is->out + made, in, (size_t)size);
            in += size, made += size;
        } else if (in < end) {
            ptrdiff_t size = 1 - count < room ? 1 - count : room;
            memset(is->out + made, *in++, (size_t)size);
            made += size;
        }
    }
    return made;
}

/* Differences between pixels side by side, in place; a row has `items` samples, a pixel `step`. */
enum { BLOCK = 32 };
#define DIFFERENCES(type)                                                                                              \
    INLINE void subtract_##type(type *row, ptrdiff_t items, ptrdiff_t step)                                           \
    {                                                                                                                  \
        type here[BLOCK], left[BLOCK];                                                                                 \
        for (; items - BLOCK >= step; items -= BLOCK) { /* from the end on, as what is to the left is still needed */  \
            memcpy(here, row + items - BLOCK, sizeof here);                                                            \
            memcpy(left, row + items - BLOCK - step, sizeof left);                                                     \
            for (int k = 0; k < BLOCK; k++) here[k] = (type)(here[k] - left[k]);                                       \
            memcpy(row + items - BLOCK, here, sizeof here);                                                            \
        }                                                                                                              \
        for (ptrdiff_t i = items - 1; i >= step; i--) row[i] = (type)(row[i] - row[i - step]);                         \
    }                                                                                                                  \
    INLINE void add_##type(type *row, ptrdiff_t items, ptrdiff_t step)                                                \
    {                                                                                                                  \
        for (ptrdiff_t i = step; i < items; i++) row[i] = (type)(row[i] + row[i - step]);                              \
    }                                                                                                                  \
    static void differ_##type(type *row, ptrdiff_t rows, ptrdiff_t items, ptrdiff_t step, int undo)                   \
    {                                                                                                                  \
        for (; rows > 0; rows--, row += items) {                                                                       \
            if (!undo) subtract_##type(row, items, step);                                                              \
            else if (step == 1) add_##type(row, items, 1);                                                             \
            else if (step == 3) add_##type(row, items, 3);                                                             \
            else if (step == 4) add_##type(row, items, 4);                                                             \
            else add_##type(row, items, step);                                                                         \
        }                                                                                                              \
    }

DIFFERENCES(uint8_t)
DIFFERENCES(uint16_t)
DIFFERENCES(uint32_t)
DIFFERENCES(uint64_t)

static PyObject *py_differ(PyObject *module, PyObject *args)
{
    Py_buffer data;
    Py_ssize_t items, step, size;
    int undo;
    if (!PyArg_ParseTuple(args, "w*nnnp", &data, &items, &step, &size, &undo)) return NULL;
    int known = size == 1 || size == 2 || size == 4 || size == 8;
    int fits = known && items > 0 && step > 0 && step <= items && items <= data.len / size
               && data.len % (items * size) == 0 && (uintptr_t)data.buf % (uintptr_t)size == 0;
    if (fits) {
        ptrdiff_t rows = data.len / (items * size);
        Py_BEGIN_ALLOW_THREADS
        switch (size) {
        case 1: differ_uint8_t(data.buf, rows, items, step, undo); break;
        case 2: differ_uint16_t(data.buf, rows, items, step, undo); break;
        case 4: differ_uint32_t(data.buf, rows, items, step, undo); break;
        default: differ_uint64_t(data.buf, rows, items, step, undo);
        }
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&data);
    if (!fits) return refuse("rows of other sizes"), NULL;
    Py_RETURN_NONE;
}

#define MOST_BYTES (PY_SSIZE_T_MAX / 4) /* so that no sum of sizes overflows */

static PyObject *run(PyObject *args, const char *format, ptrdiff_t (*codec)(const Segment *))
{
    Py_buffer in, out;
    Segment is;
    ptrdiff_t made = UNFIT;
    is.row = 0;
    if (!PyArg_ParseTuple(args, format, &in, &out, &is.row)) return NULL;
    is.in = in.buf, is.in_size = in.len, is.out = out.buf, is.out_size = out.len;
    if (in.len <= MOST_BYTES && out.len <= MOST_BYTES && !overlapping(&in, &out)) {
        Py_BEGIN_ALLOW_THREADS
        made = codec(&is);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (made == UNFIT) return refuse("no whole rows, or buffers that lie over one another"), NULL;
    if (made == FULL) return refuse("too little room"), NULL;
    if (made == DAMAGED) return refuse("a code that stands for nothing yet"), NULL;
    return PyLong_FromSsize_t(made);
}

static PyObject *py_lzw_pack(PyObject *module, PyObject *args) { return run(args, "y*w*", lzw_pack); }

static PyObject *py_lzw_unpack(PyObject *module, PyObject *args) { return run(args, "y*w*", lzw_unpack); }

static PyObject *py_packbits_pack(PyObject *module, PyObject *args) { return run(args, "y*w*n", packbits_pack); }

static PyObject *py_packbits_unpack(PyObject *module, PyObject *args) { return run(args, "y*w*", packbits_unpack); }

static PyMethodDef METHODS[] = {
    {"lzw_pack", py_lzw_pack, METH_VARARGS, "lzw_pack(data, out)\n--\n\nPack and return how many bytes came out."},
    {"lzw_unpack", py_lzw_unpack, METH_VARARGS,
     "lzw_unpack(data, out)\n--\n\nUnpack until `out` is full or the data end, and return how many bytes came out.\n"
     "Raises ValueError for what is no LZW."},
    {"packbits_pack", py_packbits_pack, METH_VARARGS,
     "packbits_pack(data, out, row)\n--\n\nPack rows of `row` bytes and return how many bytes came out."},
    {"packbits_unpack", py_packbits_unpack, METH_VARARGS,
     "packbits_unpack(data, out)\n--\n\nUnpack until `out` is full or the data end, and return how many bytes came "
     "out."},
    {"differ", py_differ, METH_VARARGS,
     "differ(data, items, step, size, undo)\n--\n\nReplace samples by differences from the pixel to the left, or undo "
     "that, in rows of\n`items` samples of `size` bytes, `step` a pixel."},
    {NULL, NULL, 0, NULL},
};

NATIVE_MODULE(_tiffcore, "imgconv.image.tiff._tiffcore", "TIFF's codecs; see tiffcodec.py.")
