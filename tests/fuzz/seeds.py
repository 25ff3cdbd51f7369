"""The files that the harness begins with: small ones of every format and kind, made here."""

from contextlib import suppress
from io import BytesIO

import numpy as np
import PIL.Image
import tifffile
from image.hostile import directory_bomb, jpeg_of, png_of, profile_bomb, webp_of
from image.pictures import exif_block, noise, png_file, png_rows

from imgconv.errors import ImgconvError
from imgconv.image import DTYPES, FORMATS, Image, Metadata, encode, write_frames

ROWS, COLS = 9, 14


def seeds():
    """Return the files by name; what a missing library would make is left out."""
    return {**dict(_written()), **dict(_pngs()), **dict(_by_pillow()), **dict(_by_tifffile()), **dict(_others())}


def _written():
    for spec in FORMATS:
        for dtype in DTYPES:
            for channels in (1, 2, 3, 4):
                with suppress(ImgconvError):
                    pixels = noise(channels, dtype, ROWS, COLS)
                    yield (
                        f"{spec.name} {dtype} {channels}",
                        encode(Image(pixels, alpha=channels % 2 == 0), spec.suffixes[0]),
                    )
        with suppress(ImgconvError):
            file = BytesIO()
            write_frames(file, [noise(3, "uint8", ROWS, COLS, seed) for seed in range(3)], format=spec.suffixes[0])
            yield f"{spec.name} frames", file.getvalue()
        with suppress(ImgconvError):
            metadata = Metadata(exif=exif_block(6, thumbnail=True), text=(("Comment", "a duck"),), dpi=(72.0, 72.0))
            yield (
                f"{spec.name} metadata",
                encode(Image(noise(3, spec.dtypes[0], ROWS, COLS), metadata=metadata), spec.suffixes[0]),
            )


def _pngs():
    for colour, depths in {0: (1, 2, 4, 16), 2: (8,), 3: (1, 4, 8), 4: (8,), 6: (16,)}.items():
        for depth in depths:
            for interlaced in (False, True):
                channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
                values = noise(channels, "uint16", ROWS, COLS).astype(int) % 2**depth
                chunks = [(b"PLTE", noise(3, rows=1, cols=2**depth).tobytes())] if colour == 3 else []
                rows = png_rows(values, depth, interlaced)
                data = png_file(COLS, ROWS, depth, colour, rows, chunks=chunks, interlace=interlaced)
                yield f"PNG {colour} {depth} {interlaced}", data


def _by_pillow():
    picture = PIL.Image.fromarray(noise(3, rows=ROWS, cols=COLS))
    ways = [
        *(
            ("JPEG", mode, {"progressive": progressive})
            for mode in ("L", "RGB", "CMYK")
            for progressive in (False, True)
        ),
        ("JPEG", "RGB", {"restart_marker_rows": 1}),
        *(("TIFF", "1", {"compression": word}) for word in ("group3", "group4", "packbits")),
        *(("TIFF", mode, {"compression": "jpeg"}) for mode in ("L", "RGB", "YCbCr")),
        *(("TIFF", mode, {"compression": word}) for mode in ("P", "LAB") for word in ("raw", "tiff_lzw")),
        *(("GIF", "P", {"interlace": interlace}) for interlace in (0, 1)),
        *(("BMP", mode, {}) for mode in ("1", "L", "P", "RGB", "RGBA")),
        *(("WEBP", mode, {"lossless": lossless}) for mode in ("RGB", "RGBA") for lossless in (False, True)),
        ("AVIF", "RGBA", {}),
        *(("JPEG2000", mode, {}) for mode in ("L", "RGBA")),
    ]
    for format, mode, options in ways:
        file = BytesIO()
        with suppress(OSError, KeyError):
            picture.convert(mode).save(file, format, **options)
            yield f"{format} {mode} {options}", file.getvalue()


def _by_tifffile():
    pixels = noise(3, rows=40, cols=36)
    for compression in (None, "zlib", "lzw", "packbits"):
        for tile in (None, (16, 16)):
            for order in "<>":
                file = BytesIO()
                with suppress(ImportError, KeyError, ValueError):  # tifffile raises KeyError without imagecodecs
                    big = order == ">"
                    tifffile.imwrite(
                        file,
                        pixels,
                        byteorder=order,
                        photometric="rgb",
                        tile=tile,
                        compression=compression,
                        bigtiff=big,
                    )
                    yield f"TIFF {compression} {tile} {order}", file.getvalue()
    for dtype in ("int8", "int16", "uint32", "float64", "complex64"):
        file = BytesIO()
        tifffile.imwrite(file, np.ones((3, 8, 9), dtype), imagej=dtype == "int16")
        yield f"TIFF {dtype}", file.getvalue()


def _others():
    text = b" ".join(b"%d" % value for value in noise(1, rows=ROWS, cols=COLS).ravel())
    yield "PNM P2", b"P2\n# a duck\n%d %d\n255\n" % (COLS, ROWS) + text
    yield "PNM P1", b"P1\n%d %d\n" % (COLS, ROWS) + b"01" * (COLS * ROWS // 2)
    yield "PNM P4", b"P4\n%d %d\n" % (COLS, ROWS) + bytes(2 * ROWS)
    yield "HDR exposure", encode(noise(3, "float32", ROWS, COLS), "hdr").replace(b"FORMAT", b"EXPOSURE=2\nFORMAT")
    small, profile = directory_bomb(600, 20), profile_bomb(12, 700)
    yield "PNG fields", png_of((b"eXIf", small), (b"tEXt", b"Comment\0a duck"))
    yield (
        "JPEG fields",
        jpeg_of((0xE1, b"Exif\0\0" + small), (0xE2, b"MPF\0" + small), (0xED, b"Photoshop 3.0\0" + small)),
    )
    yield "JPEG profile", jpeg_of((0xE2, b"ICC_PROFILE\0\1\1" + profile))
    yield "WebP fields", webp_of((b"EXIF", small), (b"ICCP", profile))
