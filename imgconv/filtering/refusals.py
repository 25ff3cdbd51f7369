"""What does not go together in a request, told without looking at an image and without importing NumPy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from imgconv.errors import OptionError
from imgconv.registry import DEFAULT_ENGINE

OF_KERNELS = (
    *("gain", "padding", "border", "stride", "dilation", "correlate", "transposed", "output_padding", "groups", "bias"),
    *("check", "volume"),
)
"""The fields of a request that say something of a single kernel."""

OF_IMAGES = (
    *("transposed", "output_padding", "groups", "bias", "check", "channel", "linear", "region", "mask", "frame"),
    "saves",
)
"""The fields that have no meaning for a volume, or none yet."""

OPTIONS = {"saves": "save-layer", "low": "vmin", "high": "vmax"}
"""The options of the fields that have another name."""


def refuse(values: Mapping[str, Any], given: Collection[str]) -> None:
    """Refuse what does not go together.

    Args:
        values: those of the fields of `imgconv.filtering.request.Request`, as far as they are known; a kernel or a
            pipeline may be its name.
        given: the fields that were given, be it with their default.

    Raises:
        OptionError: something does not.
    """
    kernel, pipeline = (values.get(name) is not None for name in ("kernel", "pipeline"))
    if kernel and pipeline:
        raise OptionError("pipeline", "it stands in place of --kernel; leave one of them out")
    if not kernel and not pipeline:
        raise OptionError("kernel", "it is missing; name a kernel, or a pipeline of layers")
    if pipeline:
        for name in OF_KERNELS:
            if name in given:
                raise OptionError(option(name), "it goes with --kernel; in a pipeline every layer says its own")
    if values.get("volume"):
        for name in OF_IMAGES:
            if not any(values.get(name) is nothing for nothing in (None, False, ())):  # 0 is a frame
                raise OptionError(option(name), "a volume is filtered without; leave it or --volume out")
        if values.get("engine", DEFAULT_ENGINE) != DEFAULT_ENGINE:
            raise OptionError("engine", f"a volume is filtered by {DEFAULT_ENGINE} only")
    if values.get("transposed") and values.get("border") is not None:
        raise OptionError("border", "a transposed convolution adds nothing around the image that a border could fill")
    if values.get("output_padding") is not None and not values.get("transposed"):
        raise OptionError("output-padding", "only --transposed has it")
    if values.get("check") and values.get("transposed"):
        raise OptionError("check", "a transposed convolution is computed alike by every engine")
    if values.get("layout") == "sheet":
        for name in ("channel", "region", "mask", "linear"):
            if values.get(name):
                raise OptionError("layout", f"a sheet is made of results alone; leave it or --{name} out")
    if values.get("saves") and not pipeline:
        raise OptionError("save-layer", "it goes with --pipeline; a kernel is but one layer")


def option(name: str) -> str:
    """Return the option of a field, without its dashes."""
    return OPTIONS.get(name, name.replace("_", "-"))
