"""What the compiled cores have in common: two headers, and what is done where one of them was not built.

`module.h` is how each of them is written and checks what Python hands it; `levels.h` compiles a file once for every
SIMD level of the processor.
"""

import os

from imgconv.errors import EngineError


def is_built(core: object, whose: str) -> bool:
    """Return whether a compiled core is there.

    Args:
        core: the module; None if it was not built, as there was no C compiler or it failed.
        whose: core it is, for the message.

    Raises:
        EngineError: it is not there, and ``IMGCONV_REQUIRE_NATIVE`` asks for it.
    """
    if core is None and os.environ.get("IMGCONV_REQUIRE_NATIVE", "0") not in ("", "0"):
        problem = f"{whose} native core is not built, and IMGCONV_REQUIRE_NATIVE asks for it"
        raise EngineError(f"{problem}; reinstall with a C compiler")
    return core is not None
