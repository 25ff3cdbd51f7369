"""Whether all that tests use has to be there: every optional package, every other program, every picture."""

import os

REQUIRED = os.environ.get("IMGCONV_REQUIRE_ALL", "0") not in ("", "0")
