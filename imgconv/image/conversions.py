"""What becomes of an image that a format does not hold as it is: refused, or converted with a note."""

from __future__ import annotations

from imgconv.errors import ImageWriteError
from imgconv.image.base import Format
from imgconv.image.formats import FORMATS
from imgconv.image.model import DTYPES, Options, Samples
from imgconv.words.choice import DEPTHS


def keepers(space: str, alpha: bool, dtype: str) -> str:
    """Name the suffixes of formats that hold such an image exactly, such as ``.png or .tif``."""
    names: list[str] = [f".{item.suffixes[0]}" for item in FORMATS if item.holds(space, alpha) and dtype in item.dtypes]
    return " or ".join([name for name in (".png", ".tif", ".npy") if name in names][:2])


def conversions(name: str, samples: Samples, spec: Format) -> tuple[str, ...]:
    """Return notes of what writing `samples` converts; `name` is the target's, for messages.

    Raises:
        ImageWriteError: the format cannot hold them.
    """
    space, alpha, notes = samples.space, samples.alpha, []
    keep = keepers(space, alpha, samples.dtype)
    if samples.dtype not in spec.dtypes:
        into, held = float_in(spec, samples.dtype), _type_words(samples.dtype)
        if not into:
            depths = [word for word, dtype in DEPTHS.items() if dtype in spec.dtypes]
            fault = f"{spec.name} cannot hold {held} samples"
            if depths == ["float"]:
                fault = f"{spec.name} holds {' and '.join(map(_type_words, spec.dtypes))}s only"
            raise ImageWriteError(name, f"{fault}; write {keep} to keep them, or use --depth {' or '.join(depths)}")
        if samples.dtype == "float64":
            notes.append(f"{held}s are rounded to {spec.name}'s {_type_words(into)[:2]} bits ({keep} keeps them)")
        else:
            notes.append(f"{held}s are written as {_type_words(into)}s, which hold them exactly")
    if not spec.holds(space, alpha):
        if alpha and spec.holds(space, False):
            raise ImageWriteError(name, f"{spec.name} cannot hold alpha; write {keep} to keep it, or use --alpha drop")
        if space == "CMYK" and spec.holds("RGB", alpha):
            notes.append(f"CMYK is converted to RGB, as {spec.name} holds no CMYK (.tif and .jpg do)")
        else:
            raise ImageWriteError(name, f"{spec.name} cannot hold {_kind_words(samples)}; write {keep} instead")
    if alpha and spec.cuts_alpha:
        notes.append(f"{spec.name} holds no partial transparency: alpha is cut at one half (PNG keeps it)")
    return tuple(notes)


def unheeded(spec: Format, options: Options) -> tuple[str, ...]:
    """Return notes of the options of writing that mean nothing to a format."""
    notes = []
    for field in ("compression", "quality", "subsampling"):
        if field not in spec.options and getattr(options, field) not in (None, "keep"):
            others = ", ".join(item.name for item in FORMATS if field in item.options)
            notes.append(f"{spec.name} takes no {field}, which goes with {others}")
    return tuple(notes)


def float_in(spec: Format, dtype: str) -> str:
    """Return the float type that a format holds floats of type `dtype` in, an empty text if none."""
    if not dtype.startswith("float"):
        return ""
    held = [kind for kind in DTYPES if kind in spec.dtypes and kind.startswith("float")]
    return next((kind for kind in held if DTYPES.index(kind) >= DTYPES.index(dtype)), held[-1] if held else "")


def _type_words(dtype: str) -> str:
    bits = dtype.lstrip("uintfloa")
    return f"{bits}-bit float" if dtype.startswith("float") else f"{bits}-bit"


def _kind_words(samples: Samples) -> str:
    if samples.space == "other":
        return f"{samples.channels} channels"
    return f"{samples.space} pixels" + (" with alpha" if samples.alpha else "")
