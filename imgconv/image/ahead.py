"""Decoding ahead: an image is decoded on another thread while the program is still being imported.

Why. Most runs of ``imgconv apply`` are short, and a good part of each goes into importing NumPy and what follows it.
The image needs none of that to be decoded: zlib and libjpeg write samples into any memory, and let other threads run
while they do. So the file is opened first of all, and by the time its pixels are asked for they are often there.

How a run goes.

1. `foresee`, called by the program's entry before it imports the command line, guesses the image from the arguments and
   begins to read it. The guess may be wrong: then nothing comes of it but some time on a core that would have waited.
2. `begin`, called by the command once it has understood its options, takes what was foreseen, or opens the file now
   where the guess was another file or the limit of pixels is lower than the usual one.
3. `Begun.image`, called when the plan stands, waits for the thread. What the decoder raised is raised there, so that an
   error is the same, and comes at the same place, as without all this.

What a format does for it. `Opened.ahead` does the part of `Opened.load` that needs no NumPy, and keeps the result for
it: `imgconv.image.memory.Once` has both. A format without it is decoded where its pixels are asked for. Whatever is
imported on the way there, from `imgconv.image.reader` to the decoder, must not import NumPy; a test holds that for PNG
and JPEG, the formats that have it.

What is left alone. A small image is decoded sooner than a thread has started. A huge one would hold its memory while
the plan may still refuse it, or go by bands. Of several images none is begun, as it is not known which are meant.
"""

from __future__ import annotations

import os
import stat
import threading

from imgconv.errors import ImgconvError
from imgconv.image.limits.size import MAX_PIXELS
from imgconv.image.model import Image
from imgconv.image.reader import Reading

LEAST_SAMPLES, MOST_SAMPLES = 2**20, 2**29
"""How many samples are worth another thread, and how many are decoded before a plan may still refuse the image."""

_foreseen: dict[str, Begun] = {}


class Begun(Reading):
    """An open image file whose pixels may be on their way; it is to be closed."""

    def __init__(self, path: str, max_pixels: int = MAX_PIXELS) -> None:
        """Open a file, read its header and begin to decode it; errors are those of `imgconv.image.probe`."""
        super().__init__(path, max_pixels=max_pixels)
        self._fault: BaseException | None = None
        self._thread: threading.Thread | None = None
        header = self.header
        if self._opened.ahead and LEAST_SAMPLES <= header.width * header.height * header.channels <= MOST_SAMPLES:
            self._thread = threading.Thread(target=self._decode_ahead, daemon=True)
            self._thread.start()

    def image(self) -> Image:
        """Return the image as `imgconv.image.read` does, with its errors."""
        if self._thread:
            self._thread.join()
        if self._fault:
            raise self._fault
        return super().image()

    def _decode_ahead(self) -> None:
        assert self._opened.ahead is not None
        try:
            self._decoded(self._opened.ahead)
        except BaseException as fault:  # raised where the pixels are asked for
            self._fault = fault


def foresee(path: str) -> None:
    """Begin to read an image file that is probably asked for; `begin` then goes on with it."""
    reading = begin(path)
    if reading:
        _foreseen[path] = reading


def begin(path: str, max_pixels: int = MAX_PIXELS) -> Begun | None:
    """Open an image file and have it decoded on another thread, as far as that needs no NumPy.

    None where it is no file that can be read: whoever reads it has words for that.
    """
    if path in _foreseen and max_pixels >= MAX_PIXELS:
        return _foreseen.pop(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - pathlib takes 3 ms to import
            return None
        return Begun(path, max_pixels)
    except (ImgconvError, OSError, ValueError):
        return None
