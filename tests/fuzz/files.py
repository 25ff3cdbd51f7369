"""Image files by mutation: each is read, or refused in one sentence, at little cost, and nothing crashes."""

import hashlib
import random
import struct
import time
import zlib
from collections import Counter

from fuzz.seeds import seeds
from image import limited
from image.pictures import png_chunk

EDGES = [0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1]
ROADS = [
    ("read",),
    ("read",),
    ("every",),
    ("imgconv", "apply", "-k", "box", "-q", "--overwrite"),
    ("imgconv", "apply", "-k", "box", "-q", "--overwrite", "--strip"),
    ("imgconv", "apply", "-k", "box", "-q", "--overwrite", "--linear"),
    ("imgconv", "apply", "-k", "box", "-q", "--overwrite", "--dry-run", "--max-pixels", "1M"),
]


def run(deadline, seed, folder):
    """Mutate and read until the deadline; return how many files there were, and how many faults."""
    rng, corpus = random.Random(seed), list(seeds().items())
    inputs, faults, seen = 0, 0, Counter()
    case = folder / "case.img"
    with limited.jobs() as jobs:
        while time.monotonic() < deadline:
            name, data = rng.choice(corpus)
            mutated = mutate(rng, data, rng.choice(corpus)[1])
            case.write_bytes(mutated)
            road = rng.choice(ROADS)
            ended = jobs(*job(road, case, folder))
            inputs += 1
            # an option may be wrong for what a file turned out to be: linear light for CMYK
            for fault in ended.faults((1, 2) if "--linear" in road else (1,)):
                faults += 1
                kind = (name.split()[0], fault[-60:])
                seen[kind] += 1
                if seen[kind] == 1:
                    kept = folder / f"{hashlib.sha256(mutated).hexdigest()[:12]}.img"
                    kept.write_bytes(mutated)
                    print(f"{name}, {' '.join(road)}: {fault}\n    {kept}", flush=True)
    for path in (case, folder / "out.tif", folder / "out.npy", folder / "out.npz"):
        path.unlink(missing_ok=True)
    return inputs, faults


def job(road, case, folder):
    """Return the words of a job of `image.limited`."""
    if road[0] == "imgconv":
        return (*road[:2], case, folder / "out.tif", *road[2:])
    return (road[0], case, folder / ("out.npy" if road[0] == "read" else "out.npz"))


def mutate(rng, data, other):
    """Return a file with a few changes, and for PNG with checksums that fit them most of the time."""
    png = data.startswith(b"\x89PNG")
    if png and rng.random() < 0.3:
        data = with_other_rows(rng, data)
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        rng.choice(CHANGES)(rng, out, other)
    if png and rng.random() < 0.8:
        out = bytearray(checked(bytes(out)))
    return bytes(out)


def place(rng, out, size=1):
    """A place in a file, most of them near its beginning."""
    reach = rng.choice((32, 128, 512, len(out)))
    return rng.randrange(max(1, min(reach, len(out) - size + 1)))


def flip(rng, out, other):
    if out:
        out[place(rng, out)] ^= 1 << rng.randrange(8)


def set_byte(rng, out, other):
    if out:
        out[place(rng, out)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def set_number(rng, out, other):
    code = rng.choice(("<H", ">H", "<I", ">I"))
    size = struct.calcsize(code)
    if len(out) >= size:
        number = rng.choice((*EDGES, len(out), len(out) - 1))
        struct.pack_into(code, out, place(rng, out, size), number % 256**size)


def cut(rng, out, other):
    del out[rng.randrange(len(out) + 1) :]


def remove(rng, out, other):
    at = place(rng, out)
    del out[at : at + rng.choice((1, 2, 4, 16, 100))]


def repeat(rng, out, other):
    at = place(rng, out)
    piece = out[at : at + rng.choice((1, 4, 12, 64, 300))]
    out[at:at] = piece * rng.choice((1, 1, 2, 50))


def splice(rng, out, other):
    at, size = place(rng, out), rng.choice((2, 8, 32, 200))
    start = rng.randrange(max(1, len(other) - size))
    out[at : at + rng.choice((0, size))] = other[start : start + size]


CHANGES = [flip, set_byte, set_byte, set_number, set_number, cut, remove, repeat, splice]


def checked(data):
    """A PNG file with the checksums of its chunks as they should be."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        out += png_chunk(name, data[at + 8 : at + 8 + length])
        at += 12 + length
    return out + data[at:]


def with_other_rows(rng, data):
    """A PNG file whose rows have been changed before they were packed."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        part = data[at + 8 : at + 8 + length]
        if name == b"IDAT":
            try:
                rows = bytearray(zlib.decompress(part))
            except zlib.error:
                return data
            for _ in range(3):
                rng.choice(CHANGES)(rng, rows, part)
            part = zlib.compress(bytes(rows))
        out += png_chunk(name, part)
        at += 12 + length
    return out
