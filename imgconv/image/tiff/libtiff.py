"""What libtiff says while it decodes: it prints to stderr, and Pillow offers no way to hear it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from imgconv.image.pillow.stderr_capture import heard

_SAID = re.compile(
    rb"^(?:_?[A-Z][A-Za-z0-9]+|tempfile\.tif): (?P<words>.+)\n(?:Apparently should be .+\n)?", re.MULTILINE
)
"""A line, and what some go on with in a second one."""


def libtiff_heard() -> AbstractContextManager[None]:
    """Raise ValueError with libtiff's own words if it reports an error in this block."""
    return heard(_SAID)
