"""What an XMP packet holds, and what of it travels: no picture, and no pointer to data that is not written.

Properties are cut out of the packet; every other byte stays as it is. Source: ISO 16684-1 (2019); Adobe, XMP
Specification Parts 1 to 3; Google, Ultra HDR Image Format v1.1, Motion Photo format 1.0, Dynamic Depth 1.0.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from imgconv.image.metadata.pictures import spells_picture

PICTURE = "picture"
_POINTERS_BY_SPACE = {
    "http://ns.adobe.com/hdr-gain-map/1.0/": "gain map",
    "http://ns.apple.com/HDRGainMap/1.0/": "gain map",
    "http://ns.google.com/photos/1.0/depthmap/": "depth map",
    "http://ns.google.com/photos/1.0/image/": "second picture",
    "http://ns.google.com/photos/1.0/audio/": "audio",
    "http://ns.adobe.com/xap/1.0/g/img/": PICTURE,
    "http://ns.google.com/photos/dd/1.0/": "depth map",
}
_POINTERS = {
    "HasExtendedXMP": "extended XMP",
    "Directory": "",  # of a container; what is in it says what
    "Thumbnails": PICTURE,
    "provenance": "content credentials",
}
_VIDEO = re.compile(r"MicroVideo|MotionPhoto|VideoLength|OLivePhoto|MVCaptureTimestamp")
_CONTAINER = "http://ns.google.com/photos/1.0/container/"
_SEMANTICS = {
    "GainMap": "gain map",
    "MotionPhoto": "video",
    "Depth": "depth map",
    "Original": "second picture",
    "Confidence": "depth map",
}
_USUAL = {
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/",
    "GImage": "http://ns.google.com/photos/1.0/image/",
    "GAudio": "http://ns.google.com/photos/1.0/audio/",
    "Container": _CONTAINER,
    "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
    "xapGImg": "http://ns.adobe.com/xap/1.0/g/img/",
}
"""The usual prefixes, for packets that do not declare them."""

_PERSONAL = (
    (r"GPS\w*|Location(Shown|Created)?|City|State|Province\w*|Country\w*|Sublocation|LocationName", "place"),
    (r"(Body|Lens|Camera|Image)?SerialNumber|CameraOwnerName|OwnerName|ImageUniqueID", "serial number or owner's name"),
    (r"[Hh]istory\w*|DerivedFrom|Ingredients|Pantry|DocumentAncestors|masks_history|TextLayers", "editing history"),
    (r"(Original)?DocumentID|InstanceID|VersionID|PreservedFileName", "document's number"),
)  # fmt: skip
_PERSONAL_NAMES = tuple((re.compile(pattern), words) for pattern, words in _PERSONAL)
_ATTRIBUTE = re.compile(rb"""\s+([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")

_TAG = re.compile(rb"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")


class Cleaned(NamedTuple):
    """An XMP packet that may travel.

    Attributes:
        xmp: the packet; empty where it is damaged.
        gone: what pointers that were cut out pointed to, such as ``gain map``.
        personal: what it tells of place, device and editing.
    """

    xmp: bytes
    gone: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()


def clean_xmp(xmp: bytes, *, anonymous: bool = False) -> Cleaned:
    """Return a packet without pictures, base64 or not, and without pointers to data that no file gets.

    Args:
        xmp: the packet.
        anonymous: leave out as well what tells of place, device and editing.
    """
    text = _as_utf8(xmp)
    if not text:
        return Cleaned(b"")
    from xml.parsers import expat

    try:
        cutter = _Cutter(text, anonymous)
    except (expat.ExpatError, ValueError):
        return Cleaned(b"")
    if not cutter.cuts:
        return Cleaned(xmp, (), tuple(cutter.personal))
    pieces, at = [], 0
    for start, end in sorted(cutter.cuts):
        if end > at:
            pieces.append(text[at : max(start, at)])
            at = end
    return Cleaned(b"".join(pieces) + text[at:], tuple(filter(None, cutter.gone)), tuple(cutter.personal))


def _as_utf8(xmp: bytes) -> bytes:
    """Return the packet in UTF-8 up to its last tag."""
    for mark, coding in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if xmp.startswith(mark):
            xmp = xmp.decode(coding, "replace").encode()
    return xmp[: xmp.rfind(b">") + 1]


class _Open(NamedTuple):
    """An element that has begun: its place, whether it is cut out, and the texts in it so far."""

    start: int
    cut: bool
    texts: list[str]


class _Cutter:
    """One pass over a packet that collects what is to be cut out of it."""

    def __init__(self, text: bytes, anonymous: bool) -> None:
        from xml.parsers import expat

        self.text, self.anonymous = text, anonymous
        self.cuts: list[tuple[int, int]] = []
        self.gone: dict[str, None] = {}
        self.personal: dict[str, None] = {}
        self._spaces = dict(_USUAL)
        self._open: list[_Open] = []
        self._cutting = 0
        parser: Any = expat.ParserCreate("utf-8")
        self._parser = parser
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(text, True)

    def _refuse(self, *_: Any) -> None:
        raise ValueError("a document type, which no packet has")

    def _begin(self, name: str, listed: list[str]) -> None:
        start = self._parser.CurrentByteIndex
        pairs = list(zip(listed[::2], listed[1::2], strict=True))
        self._spaces.update({name[6:]: value for name, value in pairs if name.startswith("xmlns:")})
        cut = not self._cutting and self._goes(name)
        self._open.append(_Open(start, cut, []))
        if cut or self._cutting:
            self._cutting += 1
            self._look_into(pairs)
            return
        unwanted = {one for one, value in pairs if not one.startswith("xmlns") and (self._goes(one) or _spelled(value))}
        if unwanted:
            self._cut_attributes(start, unwanted)

    def _look_into(self, pairs: list[tuple[str, str]]) -> None:
        """Learn from what is cut out what it was about."""
        for name, value in pairs:
            if name.endswith(":Semantic") and value in _SEMANTICS:
                self.gone[_SEMANTICS[value]] = None

    def _cut_attributes(self, start: int, unwanted: set[str]) -> None:
        end = _tag_end(self.text, start)
        for match in _ATTRIBUTE.finditer(self.text, start, end):
            if match[1].decode("utf-8", "replace") in unwanted:
                self.cuts.append(match.span())

    def _end(self, name: str) -> None:
        began = self._open.pop()
        place = self._parser.CurrentByteIndex
        self._cutting -= bool(self._cutting)
        if not self._cutting and (began.cut or _spelled("".join(began.texts))):
            end = _tag_end(self.text, began.start)
            alone = self.text.endswith(b"/>", began.start, end)
            self.cuts.append((began.start, end if alone else _tag_end(self.text, place)))

    def _characters(self, text: str) -> None:
        if self._open and not self._cutting:
            self._open[-1].texts.append(text)

    def _comment(self, text: str) -> None:
        if _spelled(text):
            start = self._parser.CurrentByteIndex
            self.cuts.append((start, self.text.find(b"-->", start) + 3))

    def _goes(self, name: str) -> bool:
        """Whether a property is left out."""
        prefix, _, local = name.rpartition(":")
        space = self._spaces.get(prefix, "")
        pointed = _POINTERS_BY_SPACE.get("http://ns.google.com/photos/dd/1.0/" if "/photos/dd/1.0/" in space else space)
        if pointed is None and _VIDEO.match(local):
            pointed = "video"
        if pointed is None and local in _POINTERS and (local != "Directory" or space == _CONTAINER):
            pointed = _POINTERS[local]
        if pointed is not None:
            if pointed != PICTURE:
                self.gone[pointed] = None
            return True
        for pattern, words in _PERSONAL_NAMES:
            if pattern.fullmatch(local):
                self.personal[words] = None
                return self.anonymous
        return False


def _spelled(value: str) -> bool:
    return len(value) >= 40 and spells_picture(value.encode("utf-8", "replace"))


def _tag_end(text: bytes, start: int) -> int:
    """Return where a tag ends that begins at `start`; a value in it may hold what ends one."""
    found = _TAG.match(text, start)
    return found.end() if found else len(text)
