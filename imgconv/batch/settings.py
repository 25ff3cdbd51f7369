"""What tells one request from another: a digest of everything in it that a result depends on."""

from __future__ import annotations

from hashlib import file_digest, sha256
from typing import Any

import numpy as np

import imgconv
from imgconv.filtering.request import Request
from imgconv.value import Value

INDIFFERENT = {"threads", "overwrite", "source", "summary"}
"""Fields of a request, its kernels and its pipeline that change no result."""


def digest(request: Request) -> str:
    """Return the same text for requests that give the same results, and another for others and other versions.

    The kernel's weights count and the mask's file, not where they were found.
    """
    if request.mask:
        request = request.replace(mask=_content(request.mask))
    found = sha256(f"imgconv {imgconv.__version__}".encode())
    for part in _parts(request):
        found.update(part)
        found.update(b"\0")
    return found.hexdigest()[:32]


def _content(name: str) -> str:
    """Return a digest of a file, or the name of one that cannot be read, of which others will tell."""
    try:
        with open(name, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return name


def _parts(value: Any) -> list[bytes]:
    """Return a value as a list of texts that no other value has."""
    match value:
        case np.ndarray():
            return [f"array {value.dtype.str} {value.shape}".encode(), np.ascontiguousarray(value).tobytes()]
        case Value():
            fields = sorted(name for name in type(value)._fields if name not in INDIFFERENT)
            parts = [f"{type(value).__name__} {len(fields)}".encode()]
            for name in fields:
                parts += [name.encode(), *_parts(getattr(value, name))]
            return parts
        case tuple() | list():
            return [f"list {len(value)}".encode(), *(part for item in value for part in _parts(item))]
        case dict():
            return [f"dict {len(value)}".encode(), *(part for item in value.items() for part in _parts(item))]
        case _:
            return [f"{type(value).__name__} {value!r}".encode("utf-8", "surrogatepass")]
