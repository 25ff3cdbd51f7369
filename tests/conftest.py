"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# As the program itself does: its threads compete with those that are tested, and keep a process from being copied.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shared machine can be slow at any moment; a law that holds slowly still holds. The examples are the same in every
# run, so that a change is judged by what it changed; IMGCONV_TEST_RANDOM=1 looks for new ones.
settings.register_profile("imgconv", deadline=None, derandomize=not os.environ.get("IMGCONV_TEST_RANDOM"))
settings.load_profile("imgconv")
