"""Comments and other texts: their bytes stay what they are, whatever coding they were written in.

What is no UTF-8 is held as a text whose other bytes are escaped (PEP 383), and comes out as the same bytes.
"""

from __future__ import annotations

Text = tuple[str, str]
"""A keyword and a text."""


def text_of(data: bytes) -> str:
    r"""Return bytes as a text, of which `bytes_of` makes the same bytes again.

    >>> bytes_of(text_of(b"caf\xe9")), text_of("café".encode())
    (b'caf\xe9', 'café')
    """
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Return the bytes that a text was made of, else its UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of UTF-16's, which only a program can have made
        return text.encode("utf-8", "replace")


def readable(text: str) -> str:
    """Return a text that every program can print: bytes that are no UTF-8 are taken for Latin-1."""
    data = bytes_of(text)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def comments(*stored: bytes) -> tuple[Text, ...]:
    """Return comments as texts named so; those of nothing but blanks are none."""
    return tuple(("Comment", text_of(data)) for data in stored if data.strip(b"\0 \t\r\n"))
