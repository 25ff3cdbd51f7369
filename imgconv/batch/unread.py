"""Pictures that are not read here, as their names tell: what batches say of those that they pass over."""

from __future__ import annotations

_RAW = "3fr arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
_OTHER = "tga pcx ico cur dds qoi sgi ras xbm xpm wmf emf flif bpg mng ktx icns"
_CONVERT = "ImageMagick makes PNG or TIFF of them"

WAYS: dict[str, str] = {
    **dict.fromkeys(("heic", "heif", "hif"), "heif-convert makes JPEG or PNG of them"),
    **dict.fromkeys(_RAW.split(), "darktable, RawTherapee and dcraw develop them to TIFF"),
    **dict.fromkeys(("svg", "svgz"), "rsvg-convert and Inkscape make PNG of them"),
    "pdf": "pdftoppm makes PNG of their pages",
    **dict.fromkeys(("eps", "ps", "ai"), "Ghostscript makes PNG of their pages"),
    "djvu": "ddjvu makes TIFF of their pages",
    "xcf": "GIMP exports them as PNG or TIFF",
    **dict.fromkeys(("psd", "psb"), "Photoshop and ImageMagick make PNG or TIFF of them"),
    **dict.fromkeys(("jxr", "wdp", "hdp"), "JxrDecApp makes TIFF of them"),
    **dict.fromkeys(("dcm", "dicom"), "pydicom reads them into arrays, which .npy files hold"),
    **dict.fromkeys(("fits", "fit", "fts"), "Astropy reads them into arrays, which .npy files hold"),
    **dict.fromkeys(
        [
            "tga",
            "pcx",
            "ico",
            "cur",
            "dds",
            "qoi",
            "sgi",
            "ras",
            "xbm",
            "xpm",
            "wmf",
            "emf",
            "flif",
            "bpg",
            "mng",
            "ktx",
            "icns",
        ],
        _CONVERT,
    ),
    **dict.fromkeys(["jfif", "jif", "jfi", "mpo"], "they are JPEG: name them, with --format jpg"),
    **dict.fromkeys(("pbm",), "they are read when named, with --format pgm"),
    **dict.fromkeys(["jpx", "jpf", "jpc", "j2c"], "they are JPEG 2000: name them, with --format jp2"),
}
"""What reads files with a suffix, of those that are passed over in folders."""


def reason(suffix: str) -> str:
    """Say which files with a suffix, such as ``.heic``, are passed over, and what reads them.

    >>> reason(".SVG")
    '.svg (rsvg-convert and Inkscape make PNG of them)'
    >>> reason(".txt")
    'without the suffix of a picture'
    """
    word = suffix.lower()
    way = WAYS.get(word.lstrip("."))
    return f"{word} ({way})" if way else "without the suffix of a picture"
