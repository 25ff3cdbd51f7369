"""Files that hold pictures of what they were before, wherever metadata have room for one, and a search for such."""

import base64
import functools
import io
import re
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import tifffile

from imgconv.image.metadata.ifd import pack_directory

SIZE, SIZE_OF_PREVIEW = (120, 160), (60, 80)
PLATE = "40,30,64x40"


@functools.cache
def picture():
    """The picture itself, with a plate in it: (rows, cols, 3)."""
    rng = np.random.default_rng(5)
    pixels = np.full((*SIZE, 3), 90, np.uint8)
    pixels[30:70, 40:104] = rng.integers(0, 256, (10, 16, 3)).repeat(4, 0).repeat(4, 1)
    return pixels


@functools.cache
def preview(format="JPEG"):
    """The file of a small copy of it."""
    file = io.BytesIO()
    PIL.Image.fromarray(picture()).resize(SIZE_OF_PREVIEW[::-1]).save(file, format)
    return file.getvalue()


@functools.cache
def spelled(format="JPEG"):
    """A small copy in base64, in lines as XMP has them."""
    return base64.encodebytes(preview(format)).decode().replace("\n", "&#xA;")


@functools.cache
def exif():
    """An EXIF block with a thumbnail, a maker note with previews, a base64 comment, GPS and serial numbers."""
    short = b"\x41" + preview()[1:]  # some makers change the first byte
    note = b"Maker\0\0\1" + b"\7" * 40 + preview() + b"lens" + short + b"tail"
    comment = b"ASCII\0\0\0" + base64.b64encode(preview("PNG"))
    inner = {
        0x829A: (5, 1, struct.pack("<II", 1, 60)),
        0x927C: (7, len(note), note),
        0x9286: (7, len(comment), comment),
        0xA431: (2, 8, b"SN12345\0"),
    }
    gps = {1: (2, 2, b"N\0"), 2: (5, 3, struct.pack("<6I", 52, 1, 31, 1, 7, 1))}
    first = {271: (2, 5, b"Duck\0"), 316: (2, 6, b"annas\0"), 0x8769: (4, 1, bytes(4)), 0x8825: (4, 1, bytes(4))}
    size = len(pack_directory(first, 8))
    at = 8 + size + -size % 8
    inner_part = pack_directory(inner, at)
    gps_at = at + len(inner_part) + -len(inner_part) % 8
    gps_part = pack_directory(gps, gps_at)
    first[0x8769], first[0x8825] = (4, 1, struct.pack("<I", at)), (4, 1, struct.pack("<I", gps_at))
    block = bytearray(b"II*\0\x08\0\0\0" + pack_directory(first, 8))
    block = block.ljust(at, b"\0") + inner_part
    block = block.ljust(gps_at, b"\0") + gps_part
    second = len(block) + len(block) % 2
    small = preview()
    fields = {
        259: (3, 1, b"\6\0"),
        513: (4, 1, struct.pack("<I", second + 100)),
        514: (4, 1, struct.pack("<I", len(small))),
    }
    block = block.ljust(second, b"\0") + pack_directory(fields, second)
    block = block.ljust(second + 100, b"\0") + small
    struct.pack_into("<I", block, 8 + 2 + 12 * len(first), second)
    return bytes(block)


@functools.cache
def xmp():
    """A packet with thumbnails, a picture in a property of nobody's, places and a history."""
    return f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
 xmlns:a="urn:a" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 a:card="data:image/png;base64,{spelled("PNG")}" photoshop:City="Ulm" dc:format="image/jpeg">
<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:width>80</xmpGImg:width>
<xmpGImg:image>{spelled()}</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>
<a:other>{spelled()}</a:other><!-- {spelled()} --><xmpMM:History><rdf:Seq/></xmpMM:History><dc:title>duck</dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


@functools.cache
def resources():
    """Photoshop's resources with both kinds of thumbnail."""
    head = struct.pack(">IIIIIIHH", 1, 80, 60, 240, 14400, len(preview()), 24, 1)
    parts = [(1033, head + preview()), (1036, head + preview()), (1028, b"\x1c\x02\x05\0\5Title")]
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2) for number, data in parts
    )


@functools.cache
def jpeg():
    """A JPEG file with all of that, and pictures behind its end as MPF has them."""
    file = io.BytesIO()
    PIL.Image.fromarray(picture()).save(file, "JPEG", quality=95, exif=b"Exif\0\0" + exif(), xmp=xmp(), dpi=(300, 300))
    data = file.getvalue()
    photoshop = b"Photoshop 3.0\0" + resources()
    more = b"\xff\xed" + struct.pack(">H", len(photoshop) + 2) + photoshop
    return data[:2] + more + data[2:] + preview() + b"\0" * 9


@functools.cache
def png():
    """A PNG file with EXIF, XMP, texts that are pictures, and a picture behind its end."""
    file, info = io.BytesIO(), PIL.PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp().decode())
    info.add_text("Title", "duck")
    info.add_text("Thumb", base64.b64encode(preview()).decode())
    info.add_text("Packed", base64.b64encode(preview("PNG")).decode(), zip=True)
    info.add_text("Digits", preview().hex())
    info.add_text("GPSPosition", "52 N")
    PIL.Image.fromarray(picture()).save(file, "PNG", exif=exif(), pnginfo=info)
    return file.getvalue() + preview()


@functools.cache
def webp():
    """A lossless WebP file with EXIF and XMP."""
    file = io.BytesIO()
    PIL.Image.fromarray(picture()).save(file, "WEBP", lossless=True, exif=exif(), xmp=xmp())
    return file.getvalue()


@functools.cache
def tiff(**how):
    """A TIFF file with XMP, Photoshop's resources, IPTC and a private field with previews, and a reduced copy."""
    file = io.BytesIO()
    iptc = (
        b"\x1c\x02\x05\0\4duck\x1c\x02\xca" + struct.pack(">H", 0x8004) + struct.pack(">I", len(preview())) + preview()
    )
    extra = [(700, 1, None, xmp()), (34377, 7, None, resources()), (33723, 7, None, iptc), (65000, 7, None, preview())]
    with tifffile.TiffWriter(file) as writer:
        writer.write(picture(), photometric="rgb", extratags=extra, subifds=1, metadata=None, **how)
        # tifffile makes no JPEG without a codec, so it is told that the strip is deflated, and corrected.
        small = {"shape": (*SIZE_OF_PREVIEW, 3), "dtype": "uint8", "rowsperstrip": SIZE_OF_PREVIEW[0]}
        writer.write(iter([preview()]), subfiletype=1, compression="zlib", photometric="rgb", metadata=None, **small)
    data = bytearray(file.getvalue())
    for tag, said, true in ((259, 8, 7), (262, 2, 6)):  # compression, and the colours: YCbCr
        entry = struct.pack("<HHIHH", tag, 3, 1, said, 0)
        at = data.rindex(entry)
        struct.pack_into("<H", data, at + 8, true)
    return bytes(data)


@functools.cache
def pages():
    """A TIFF file of two pages, each with all of that."""
    file = io.BytesIO()
    extra = [(700, 1, None, xmp()), (34377, 7, None, resources())]
    with tifffile.TiffWriter(file) as writer:
        for _ in range(2):
            writer.write(picture(), photometric="rgb", extratags=extra, metadata=None)
    return file.getvalue()


def _pixels(format):
    """The part of a small copy's file that holds its pixels; what is before is alike in many files."""
    data = preview(format)
    return data[data.index({"JPEG": b"\xff\xda", "PNG": b"IDAT"}[format]) + 20 :]


def carved(data):
    """Return what is found of old pictures in a file, and in what its chunks of text and metadata unpack to."""
    found = []
    whole = [data, *_unpacked(data)]
    needles = [part[at : at + 24] for part in map(_pixels, ("JPEG", "PNG")) for at in range(0, len(part) - 24, 61)]
    for part in whole:
        found += ["raw bytes"] * any(needle in part for needle in needles)
        squeezed = re.sub(rb"&#xA;|\s|\0", b"", part)
        for run in re.findall(rb"[A-Za-z0-9+/]{64,}", squeezed):
            for start in range(4):
                digits = run[start:]
                plain = base64.b64decode(digits[: len(digits) // 4 * 4])
                found += ["base64"] * any(needle in plain for needle in needles)
        found += ["digits"] * any(needle.hex().encode() in squeezed.lower() for needle in needles)
        for mark in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"):
            found += [f"{mark!r} at {at.start()}" for at in re.finditer(re.escape(mark), part) if at.start()]
    return found


def _unpacked(data):
    """Yield what the chunks of a PNG file hold that are deflated, but for the pixels."""
    at = 8
    while data[:4] == b"\x89PNG" and at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if name in (b"zTXt", b"iCCP"):
            yield zlib.decompress(body.partition(b"\0")[2][1:])
        at += 12 + length
