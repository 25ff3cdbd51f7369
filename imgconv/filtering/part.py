"""What of an image is filtered: some channels, a region, what a mask lets through, light instead of samples."""

from __future__ import annotations

from typing import NamedTuple

from imgconv.engines._bands import Window
from imgconv.errors import OptionError
from imgconv.filtering.request import Request
from imgconv.image import Header, Image
from imgconv.pipeline.run import Plan
from imgconv.words.region import REGION


class Chosen(NamedTuple):
    """What of an image is filtered.

    Attributes:
        colours: the numbers of the channels that are filtered together, alpha among them where it is like any other.
        luma: the coefficients of the luma that is filtered in their place, a key of `LUMA`; None for themselves.
        alpha: whether alpha is filtered besides, by itself.
        window: the region; None is the whole image.
        floats: whether the filter sees floats where there are integers.
    """

    colours: tuple[int, ...]
    luma: str | None = None
    alpha: bool = False
    window: Window | None = None
    floats: bool = False

    @property
    def planes(self) -> int:
        """How many channels are filtered together; alpha may be the only one."""
        return 1 if self.luma else len(self.colours) or 1

    @property
    def region(self) -> dict[str, int] | None:
        """The window for JSON."""
        if self.window is None:
            return None
        top, left, bottom, right = self.window
        return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def described(request: Request, picked: Chosen) -> list[tuple[str, str]]:
    """Return what is to be said of the choice, as labels and words."""
    found = []
    if request.channel:
        found.append(("channel", f"{', '.join(request.channel)}; the others stay as they are"))
    if request.linear:
        found.append(("light", "linear: sRGB samples are decoded before, and coded again after --map"))
    if picked.region:
        found.append(("region", f"{REGION.write(tuple(picked.region.values()))}; the rest stays as it is"))
    if request.mask:
        found.append(("mask", f"{request.mask}: white is filtered, black stays as it is"))
    return found


def chosen(seen: Header, request: Request) -> tuple[Chosen, tuple[str, ...]]:
    """Return what is to be filtered of an image that is seen like that by the filter, and notes.

    Raises:
        OptionError: there is no such thing, or the options contradict each other.
    """
    if request.linear and seen.space not in ("grey", "RGB"):
        held = "CMYK samples" if seen.space == "CMYK" else f"{seen.channels} channels"
        raise OptionError("linear", f"{seen.name} holds {held}, which are not coded as sRGB's are; leave it out")
    notes: list[str] = []
    if request.linear and seen.dtype.startswith("float"):
        notes.append("floats are taken as linear light already")
    window = None
    if request.region:
        window, cut = _window(request.region, seen)
        notes += cut
    if request.mask:
        from imgconv.filtering.mask import check_mask

        notes += check_mask(request.mask, seen, request.orient)
    picked = _channels(seen, request)
    floats = request.linear or picked.luma is not None
    return picked._replace(window=window, floats=floats), tuple(notes)


def _channels(seen: Header, request: Request) -> Chosen:
    """Return the channels that are filtered."""
    colours, names = seen.channels - seen.alpha, request.channel
    if not names:
        return Chosen(tuple(range(seen.channels if request.alpha == "filter" else colours)))
    if "a" in names and not seen.alpha:
        dropped = ", as --alpha drop leaves it out" if request.alpha == "drop" else ""
        raise OptionError("channel", f"{seen.name} has no alpha{dropped}")
    if request.alpha == "filter":
        raise OptionError("alpha", "with --channel, alpha is filtered if a is among the channels; leave filter out")
    lumas = [name for name in names if name.startswith("luma")]
    letters = [name for name in names if name in ("r", "g", "b")]
    if len(lumas) > 1 or (lumas and letters):
        raise OptionError("channel", "luma is made of r, g and b; name one luma, alone or with a")
    if lumas and seen.space == "grey":
        return Chosen((0,), None, "a" in names)
    if (lumas or letters) and seen.space != "RGB":
        held = {"grey": "one grey channel, which is its luma", "CMYK": "CMYK samples"}
        missing = (lumas + letters)[0]
        raise OptionError("channel", f"{seen.name} has no {missing}, but {held.get(seen.space, f'{colours} channels')}")
    luma = (lumas[0].partition("-")[2] or "601") if lumas else None
    return Chosen(tuple(at for at, letter in enumerate("rgb") if luma or letter in letters), luma, "a" in names)


def _window(region: tuple[int, int, int, int], seen: Header) -> tuple[Window, list[str]]:
    """Return the part of a region (x, y, width, height) that lies within the image, and a note if it is not all."""
    x, y, width, height = region
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + width, seen.width), min(y + height, seen.height)
    size = f"{seen.width}x{seen.height}"
    if left >= right or top >= bottom:
        raise OptionError("region", f"{REGION.write(region)} lies outside of {seen.name}, which is {size}")
    within = (left, top, right - left, bottom - top)
    cut = f"the region {REGION.write(region)} is cut to {REGION.write(within)}, as the image is {size}"
    return Window(top, left, bottom, right), [] if within == region else [cut]


def check_results(plan: Plan, request: Request) -> None:
    """Refuse results that have no place in the image, where a part of that is to stay, or that are no light.

    Raises:
        OptionError: the result has another size or other channels, or it is an angle or a layer's in linear light.
    """
    option = next((name for name in ("region", "mask", "channel") if getattr(request, name)), None)
    if option and plan.output != plan.input:
        sized = plan.output[:2] != plan.input[:2]
        way = "--padding same without a --stride keeps the size" if sized else "take a kernel that keeps the channels"
        change = f"{plan.input} samples become {plan.output}"
        raise OptionError(option, f"{change}, which have no place among those that stay; {way}")
    if request.linear and plan.layers[-1].angles:
        raise OptionError("linear", "the results are angles, not light; leave it out")
    if request.saves:
        option = option or "linear"
        raise OptionError("save-layer", f"layers are saved of whole images as they are coded; leave --{option} out")


def light_notes(image: Image) -> tuple[str, ...]:
    """Say where samples that are taken as sRGB's are none."""
    from imgconv.image.metadata.icc import has_srgb_curve, profile_name
    from imgconv.image.metadata.travelling import odd_gamma

    icc = image.metadata.icc
    if icc and not has_srgb_curve(icc):
        name = profile_name(icc) or "of no name"
        return (f"its colour profile ({name}) has another curve than sRGB's, which --linear goes by",)
    if odd_gamma(image.metadata):
        return ("its gamma is another than sRGB's, which --linear goes by",)
    return ()
