"""TIFF's codecs in C against the standard written out in Python, and against bytes that are no TIFF at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

core = pytest.importorskip("imgconv.image.tiff._tiffcore", reason="built without a compiler")

GUARD = 64
CLEAR, END = 256, 257
JUNK = st.binary(max_size=300)
RUNS = st.lists(st.tuples(st.binary(min_size=1, max_size=12), st.integers(1, 700)), max_size=6)
REPEATS = RUNS.map(lambda runs: b"".join(some * count for some, count in runs)[:20000])


def unpacked(codec, data, size):
    """What comes out of `data` into `size` bytes, or None if it is refused; nothing around them is touched."""
    room = np.full(size + 2 * GUARD, 0xA5, np.uint8)
    try:
        made = codec(data, room[GUARD : GUARD + size])
    except ValueError:
        made = None
    assert (room[:GUARD] == 0xA5).all() and (room[GUARD + size :] == 0xA5).all()
    return None if made is None else room[GUARD : GUARD + made].tobytes()


def packed_codes(codes):
    """LZW codes as bytes, each as long as its place asks for: TIFF 6.0, section 13."""
    bits, known, width = "", 258, 9
    for number, code in enumerate(codes):
        bits += f"{code & ((1 << width) - 1):0{width}b}"
        known = 258 if code == CLEAR else known + (number > 0 and codes[number - 1] != CLEAR and known < 4096)
        width = min(12, max(9, (known + 1).bit_length()))
    bits += "0" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def lzw_by_the_book(data, size):
    bits = "".join(f"{byte:08b}" for byte in data)
    first = {code: bytes([code]) for code in range(CLEAR)} | {CLEAR: b"", END: b""}
    strings, last, width, at, out = dict(first), b"", 9, 0, b""
    while at + width <= len(bits) and len(out) < size:
        code = int(bits[at : at + width], 2)
        at += width
        if code == END:
            break
        if code == CLEAR:
            strings, last, width = dict(first), b"", 9
            continue
        if last and len(strings) < 4096:
            if code > len(strings):
                return None
            string = strings.get(code, last)
            strings[len(strings)] = last + string[:1]
        elif code not in strings:
            return None
        last = strings[code]
        out += last
        width = min(12, max(9, (len(strings) + 1).bit_length()))
    return out[:size]


def packbits_by_the_book(data, size):
    out, at = b"", 0
    while at < len(data) and len(out) < size:
        count, at = data[at], at + 1
        if count < 128:
            out, at = out + data[at : at + count + 1], at + count + 1
        elif count > 128:
            out, at = out + data[at : at + 1] * (257 - count), at + 1
    return out[:size]


CODES = st.lists(st.one_of(st.integers(0, 300), st.integers(0, 258), st.integers(0, 4095)), max_size=600)


@settings(max_examples=150, deadline=None)
@given(data=st.one_of(JUNK, CODES.map(packed_codes)), size=st.integers(0, 5000))
def test_any_bytes_as_lzw(data, size):
    assert unpacked(core.lzw_unpack, data, size) == lzw_by_the_book(data, size)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 5000, 2_000_000])
def test_every_code_is_the_one_before_and_its_first_byte_again(size):
    """The longest strings there can be, until the table is full and after that."""
    data = packed_codes([CLEAR, 7, *range(258, 4096), *[4095] * 100])
    assert unpacked(core.lzw_unpack, data, size) == bytes([7]) * size


@settings(max_examples=80, deadline=None)
@given(data=st.one_of(JUNK, REPEATS), room=st.integers(0, 40))
def test_lzw_comes_back_by_the_book(data, room):
    out = np.empty(len(data) + len(data) // 2 + len(data) // 1024 + 16, np.uint8)
    made = out[: core.lzw_pack(data, out)].tobytes()
    assert unpacked(core.lzw_unpack, made, len(data) + room) == data
    assert lzw_by_the_book(made, len(data)) == data
    with pytest.raises(ValueError, match="too little room"):
        core.lzw_pack(data, out[:-1].copy())


@settings(max_examples=150, deadline=None)
@given(data=st.one_of(JUNK, REPEATS), size=st.integers(0, 3000), row=st.integers(1, 300))
def test_any_bytes_as_packbits(data, size, row):
    assert unpacked(core.packbits_unpack, data, size) == packbits_by_the_book(data, size)
    whole = data[: len(data) // row * row]
    out = np.empty(len(whole) + len(whole) // row * (row // 128 + 1), np.uint8)
    made = out[: core.packbits_pack(whole, out, row)].tobytes()
    assert packbits_by_the_book(made, len(whole)) == whole


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(1, 4), cols=st.integers(1, 150), step=st.integers(1, 9), size=st.sampled_from([1, 2, 4, 8]),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_differences_from_the_pixel_to_the_left(rows, cols, step, size, seed):
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 256, (rows, cols, step * size), np.uint8).view(f"u{size}").reshape(rows, cols, step)
    data = samples.copy()
    core.differ(data, cols * step, step, size, False)
    np.testing.assert_array_equal(data[:, 1:], samples[:, 1:] - samples[:, :-1])
    np.testing.assert_array_equal(data[:, 0], samples[:, 0])
    core.differ(data, cols * step, step, size, True)
    np.testing.assert_array_equal(data, samples)


@pytest.mark.parametrize(
    ("items", "step", "size"), [(0, 1, 1), (-12, 1, 1), (12, 0, 1), (12, 13, 1), (12, 1, 3), (7, 1, 1), (2**62, 1, 4)]
)
def test_differences_of_rows_that_do_not_fit_are_refused(items, step, size):
    data = np.zeros(24, np.uint8)
    with pytest.raises(ValueError, match="rows of other sizes"):
        core.differ(data, items, step, size, True)


SIZES = st.sampled_from([-(2**63), -(2**31), -1, 0, 1, 2, 3, 4, 6, 8, 64, 2**31, 2**62, 2**63 - 1])
PLACES = st.integers(0, 200)


@given(JUNK, PLACES, PLACES, st.integers(0, 200), SIZES, SIZES, SIZES)
@settings(max_examples=200, deadline=None)
def test_arguments_that_make_no_sense_are_refused(data, start, other, size, items, step, bytes_each):
    """Buffers that lie over one another, and rows of any size: ValueError, or an answer; never a crash."""
    room = np.full(512, 7, np.uint8)
    for codec in (core.lzw_pack, core.lzw_unpack, core.packbits_unpack):
        one, two = room[start : start + size], room[other : other + size]
        if start < other + size and other < start + size and size:
            with pytest.raises(ValueError, match="lie over one another"):
                codec(one, two)
    for call in (
        lambda: core.packbits_pack(data, room, items),
        lambda: core.differ(room[start:], items, step, bytes_each, size % 2),
    ):
        try:
            call()
        except ValueError:
            continue
