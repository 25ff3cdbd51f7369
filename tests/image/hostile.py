"""Small files that ask for much memory or time, by what reads them: each is refused, or read, at little cost."""

import struct
import zlib

from image.pictures import noise, png_chunk, png_file

from imgconv.image import encode

SIDE = 20_000
"""Within the usual limit of pixels; as RGB, 1.2 GB."""


def directory_bomb(size=60_000, fields=2000):
    """An EXIF block whose fields each name all of it."""
    table = struct.pack("<2sHIH", b"II", 42, 8, fields)
    table += b"".join(struct.pack("<HHII", 0x9000 + number, 7, size - 8, 8) for number in range(fields))
    return (table + bytes(4)).ljust(size, b"\0")


def profile_bomb(tags=2000, size=400_000):
    """An RGB profile whose tags each name all of it, a curve of which is a table without end."""
    head = bytearray(128)
    head[12:24], head[36:40] = b"mntrRGB XYZ ", b"acsp"
    names = [b"desc", b"rTRC", b"gTRC", b"bTRC", b"rXYZ", *(struct.pack(">I", number) for number in range(tags - 5))]
    listed = b"".join(name + struct.pack(">II", 0, size) for name in names)
    head[:4], head[0:12] = b"curv", b"curv" + bytes(4) + struct.pack(">I", size // 2 - 6)
    return (bytes(head) + struct.pack(">I", tags) + listed).ljust(size, b"\0")


def png_of(*chunks, late=()):
    return png_file(6, 4, 8, 2, [bytes(18)] * 4, chunks=chunks, late=late)


def apng_of(frames, *, between=(), rows=b"\0" * 4):
    """An animated PNG of 1x1 pixels."""
    data = zlib.compress(rows)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"acTL", struct.pack(">II", frames, 0))]
    number = 0
    for frame in range(frames):
        parts.append((b"fcTL", struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 10, 0, 0)))
        parts += [*between, (b"fdAT", struct.pack(">I", number + 1) + data) if frame else (b"IDAT", data)]
        number += 1 + (frame > 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in (*parts, (b"IEND", b"")))


def jpeg_of(*segments, size=None):
    data = bytearray(encode(noise(3, rows=16, cols=16), "jpg"))
    if size:
        at = data.index(b"\xff\xc0")
        struct.pack_into(">HH", data, at + 5, *size)
    added = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(part) + 2) + part for kind, part in segments)
    return bytes(data[:2]) + added + bytes(data[2:])


def profile_segments(icc):
    pieces = [icc[at : at + 60_000] for at in range(0, len(icc), 60_000)]
    return [(0xE2, b"ICC_PROFILE\0" + bytes([at + 1, len(pieces)]) + piece) for at, piece in enumerate(pieces)]


def tiff_of(*entries, tail=b"", following=0):
    """A TIFF file of one directory of (tag, type, count, value), and what follows it."""
    table = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    table += b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return table + struct.pack("<I", following) + tail


GREY = ((258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1))


def tiff_of_fields(size=100_000, fields=400):
    """A TIFF file of 4x4 pixels whose further fields each name all of it."""
    own = ((256, 3, 1, 4), (257, 3, 1, 4), *GREY, (273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 16))
    further = tuple((40_000 + number, 7, size - 8, 8) for number in range(fields))
    return tiff_of(*own, *further).ljust(size, b"\0")


def tiff_of_pages(pages=3000, size=200_000):
    """Pages that each have their own directory, of a field that names all of the file."""
    data, start = bytearray(b"II*\0\x08\0\0\0"), 8
    entries = [(256, 3, 1, 4), (257, 3, 1, 4), *GREY, (273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 16)]
    for number in range(pages):
        table = struct.pack("<H", len(entries) + 1)
        table += b"".join(struct.pack("<HHII", *entry) for entry in (*entries, (40_000, 7, size, 8)))
        start += len(table) + 4
        data += table + struct.pack("<I", start if number + 1 < pages else 0)
    return bytes(data).ljust(size + 8, b"\0")


def tiff_of_byte_offsets(strips=3_000_000):
    """A strip for each byte of a list, where a file says its offsets in bytes."""
    entries = [(256, 4, 1, 1), (257, 4, 1, strips), *GREY, (277, 3, 1, 1), (278, 4, 1, 1)]
    start = 8 + 2 + 12 * 9 + 4
    entries += [(273, 1, strips, start), (279, 1, strips, start)]
    return tiff_of(*entries, tail=b"\1" * strips)


def tiff_of_a_stack(images=400_000):
    """An ImageJ stack of so many images of one pixel."""
    text = f"ImageJ=1.54\nimages={images}\n".encode().ljust(40, b"\0")
    start = 8 + 2 + 12 * 9 + 4
    entries = [(256, 4, 1, 1), (257, 4, 1, 1), *GREY, (277, 3, 1, 1), (270, 2, 40, start)]
    return tiff_of(*entries, (273, 4, 1, start + 40), (279, 4, 1, 1), tail=text + bytes(images))


def webp_of(*chunks):
    body = encode(noise(3, rows=16, cols=16), "webp")[12:]
    flags = 8 if any(name == b"EXIF" for name, _ in chunks) else 32
    head = b"VP8X" + struct.pack("<II", 10, flags) + (15).to_bytes(3, "little") * 2
    profile = [(name, part) for name, part in chunks if name == b"ICCP"]
    rest = [(name, part) for name, part in chunks if name != b"ICCP"]
    parts = [head, *map(_riff, profile), body, *map(_riff, rest)]
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP" + b"".join(parts)


def _riff(chunk):
    name, part = chunk
    return name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2)


def webp_of_frames(frames):
    still = encode(noise(3, rows=1, cols=1), "webp")[12:]
    frame = bytes(12) + b"\x0a\0\0" + b"\2" + still
    parts = [b"VP8X" + struct.pack("<II", 10, 2) + bytes(6), _riff((b"ANIM", bytes(6)))]
    parts += [_riff((b"ANMF", frame))] * frames
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP" + b"".join(parts)


GIF_HEAD = struct.pack("<6sHHBBB", b"GIF89a", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
GIF_PATCH = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"


def bmp_of(bits, compression, data=b"", side=SIDE):
    palette = bytes(4) * (1 << bits) if bits <= 8 else b""
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, bits, compression, 0, 0, 0, 0, 0) + palette
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(head)) + head + data


def npy_of(text):
    head = text.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(head)) + head


def boxes(*parts):
    return b"".join((8 + len(part)).to_bytes(4, "big") + kind + part for kind, part in parts)


def exr_of(width, height, *, attributes=(), name=b"R", many=1):
    def attribute(word, kind, value):
        return word + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value

    channels = b"".join(name + b"%d\0" % number + struct.pack("<iIii", 1, 0, 1, 1) for number in range(many)) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    parts = [
        attribute(b"channels", b"chlist", channels),
        attribute(b"compression", b"compression", b"\0"),
        attribute(b"dataWindow", b"box2i", window),
        attribute(b"displayWindow", b"box2i", window),
        attribute(b"lineOrder", b"lineOrder", b"\0"),
        attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        attribute(b"screenWindowCenter", b"v2f", bytes(8)),
        attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    ]
    parts += [attribute(*one) for one in attributes]
    return b"\x76\x2f\x31\x01\2\0\0\0" + b"".join(parts) + b"\0"


JPEG2000_HEAD = b"\xff\x4f\xff\x51" + struct.pack(">HH8I", 38 + 3 * 3, 0, SIDE, SIDE, 0, 0, SIDE, SIDE, 0, 0)

EMPTY_LINES = b"Raw profile type xmp\0\0" + zlib.compress(b"\n" * 2**25)
EMPTY = (256, 3, 1, 4), (257, 3, 1, 4), *GREY, (273, 4, 1, 8)

HOSTILE = {
    "PNG": {
        "EXIF fields": lambda: png_of((b"eXIf", directory_bomb())),
        "profile tags": lambda: png_of((b"iCCP", b"x\0\0" + zlib.compress(profile_bomb()))),
        "a raw profile of empty lines": lambda: png_of(
            (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"\n" * 2**25))
        ),
        "chunks of nothing": lambda: png_of(*[(b"teXt", b"")] * 400_000),
        "chunks that every frame needs": lambda: apng_of(300, between=[(b"tRNS", b"\0\1\0\1\0\1")] * 300),
        "long chunks that every frame needs": lambda: apng_of(500, between=[(b"PLTE", bytes(3000))]),
        "frames": lambda: apng_of(12_000),
        "a header": lambda: png_file(SIDE, SIDE, 8, 2, [bytes(3 * SIDE)]),
    },
    "JPEG": {
        "EXIF fields": lambda: jpeg_of((0xE1, b"Exif\0\0" + directory_bomb())),
        "MPF fields": lambda: jpeg_of((0xE2, b"MPF\0" + directory_bomb())),
        "profile tags": lambda: jpeg_of(*profile_segments(profile_bomb())),
        "a header": lambda: jpeg_of(size=(SIDE, SIDE)),
    },
    "TIFF": {
        "fields": tiff_of_fields,
        "fields of EXIF": lambda: tiff_of_fields(fields=1)[:-60_000] + directory_bomb(),
        "pages": tiff_of_pages,
        "samples of a pixel": lambda: tiff_of(
            (256, 3, 1, 4), (257, 3, 1, 4), *GREY, (273, 4, 1, 8), (277, 4, 1, 2**30)
        ),
        "offsets in bytes": tiff_of_byte_offsets,
        "a stack": tiff_of_a_stack,
    },
    "WebP": {
        "EXIF fields": lambda: webp_of((b"EXIF", directory_bomb(size=200_000))),
        "profile tags": lambda: webp_of((b"ICCP", profile_bomb())),
        "frames": lambda: webp_of_frames(20_000),
    },
    "GIF": {
        "frames": lambda: GIF_HEAD + GIF_PATCH * 12_000 + b";",
        "blocks of one byte": lambda: GIF_HEAD + b"!\xfe" + b"\1x" * 800_000 + b"\0" + GIF_PATCH + b";",
        "a header": lambda: GIF_HEAD[:6] + struct.pack("<HH", SIDE, SIDE) + GIF_HEAD[10:] + GIF_PATCH + b";",
    },
    "BMP": {
        "a header": lambda: bmp_of(24, 0),
        "runs": lambda: bmp_of(8, 1, b"\0\0" * 100),
        "a palette": lambda: bmp_of(1, 0, side=30),
    },
    "PNM": {
        "a header": lambda: b"P6\n%d %d\n255\n" % (SIDE, SIDE),
        "numbers as text": lambda: b"P2\n%d %d\n255\n" % (2000, 2000) + b"1 " * 3_999_999,
        "bits as text": lambda: b"P1\n%d %d\n" % (SIDE, SIDE) + b"0" * 1000,
        "comments": lambda: b"P5\n" + b"#\n" * 2_000_000,
    },
    "NPY": {
        "a shape": lambda: npy_of(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}"),
        "brackets": lambda: npy_of("(" * 9000),
        "a header": lambda: npy_of("{" + " " * 20_000_000),
    },
    "AVIF": {
        "boxes": lambda: boxes((b"ftyp", b"avif\0\0\0\0avif")) + boxes((b"free", b"")) * 60_000,
        "a box beyond the end": lambda: boxes((b"ftyp", b"avif\0\0\0\0avif")) + b"\xff\xff\xff\xffmeta",
    },
    "JXL": {
        "boxes": lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + boxes((b"free", b"")) * 60_000,
        "a header": lambda: b"\xff\x0a" + b"\xff" * 4096,
    },
    "JPEG2000": {
        "boxes": lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + boxes((b"free", b"")) * 60_000,
        "a header": lambda: JPEG2000_HEAD + struct.pack(">H", 3) + b"\7\1\1" * 3,
        "components": lambda: JPEG2000_HEAD + struct.pack(">H", 16384) + b"\7\1\1" * 16384,
        "colour specifications": lambda: (
            b"\0\0\0\x0cjP  \r\n\x87\n"
            + boxes((b"jp2h", boxes((b"colr", b"\1\0\0")) * 400_000))
            + boxes((b"jp2c", JPEG2000_HEAD + struct.pack(">H", 3) + b"\7\1\1" * 3))
        ),
    },
    "EXR": {
        "a header": lambda: exr_of(SIDE, SIDE),
        "attributes": lambda: exr_of(4, 4, attributes=[(b"%d" % number, b"x", b"") for number in range(200_000)]),
        "channels": lambda: exr_of(4, 4, many=100_000),
    },
    "HDR": {
        "a header": lambda: b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (SIDE, SIDE) + bytes(100),
        "exposures": lambda: b"#?RADIANCE\n" + b"EXPOSURE=2\n" * 5000 + b"\n-Y 4 +X 4\n" + bytes(64),
        "runs of nothing": lambda: b"#?RADIANCE\n\n-Y 4 +X 4\n" + b"\1\1\1\0" * 100_000,
    },
}
"""By format, those of Netpbm as one, and by what asks for much."""
