"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A shared machine can be slow at any moment; a law that holds slowly still holds.
settings.register_profile("imgconv", deadline=None)
settings.load_profile("imgconv")
