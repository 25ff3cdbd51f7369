"""Random settings of the functions, good and bad ones, in torch's words: what tests of them have in common."""

from __future__ import annotations

FUNCTIONS = [
    *(f"conv{n}d" for n in (1, 2, 3)),
    *(f"conv_transpose{n}d" for n in (1, 2, 3)),
    *(f"{kind}_pool{n}d" for kind in ("max", "avg", "min") for n in (1, 2, 3)),
    "channel_shuffle",
    "interpolate",
]
SIZES = {1: 40, 2: 14, 3: 7}


def draw(name, rng):
    """Return the arrays' shapes, in order, and the keywords of a random call of the function `name`."""
    if name == "channel_shuffle":
        shape = (int(rng.integers(1, 3)), int(rng.integers(1, 13)), *rng.integers(1, 5, rng.integers(0, 4)).tolist())
        return [shape], {"groups": int(rng.integers(-1, 6))}
    if name == "interpolate":
        return _interpolation(rng)
    axes = int(name[-2])
    sizes = tuple(rng.integers(1, SIZES[axes], axes).tolist())
    batch = [(), (1,), (int(rng.integers(1, 4)),)][rng.integers(3)]
    if "pool" in name:
        return [(*batch, int(rng.integers(1, 5)), *sizes)], _pooling(name, axes, rng)
    return _convolution(name, axes, batch, sizes, rng)


def _numbers(rng, axes, low, high, rare=0.03):
    """Return a number for all axes or one each; now and then nonsense."""
    if rng.random() < rare:
        return [0, -1, tuple([1] * (2 * axes + 1)), (), 1.0][rng.integers(5)]
    if rng.random() < 0.5:
        return int(rng.integers(low, high + 1))
    return tuple(rng.integers(low, high + 1, axes).tolist())


def _convolution(name, axes, batch, sizes, rng):
    groups = int(rng.choice([1, 1, 1, 2, 3, 4]))
    given, made = int(rng.integers(1, 4)) * groups, int(rng.integers(1, 4)) * groups
    taps = tuple(rng.integers(1, 6 if axes < 3 else 4, axes).tolist())
    back = "transpose" in name
    weight = [given, made // groups, *taps] if back else [made, given // groups, *taps]
    wrong = rng.random()
    if wrong < 0.05:
        weight[rng.integers(2)] += 1
    settings = {
        "stride": _numbers(rng, axes, 1, 4),
        "padding": _numbers(rng, axes, 0, 3),
        # torch takes a dilation of 0 for some transposed convolutions, and gives one tap's worth of samples.
        "dilation": _numbers(rng, axes, 1, 3, rare=0 if back else 0.03),
        "groups": groups if rng.random() > 0.03 else int(rng.choice([-1, 0, 2, 3])),
    }
    if back:
        settings["output_padding"] = _numbers(rng, axes, 0, 1)
    elif rng.random() < 0.15:
        settings["padding"] = str(rng.choice(["same", "valid"]))
        if rng.random() < 0.7:
            settings["stride"] = 1
    shapes = [(*batch, given, *sizes), tuple(weight)]
    if rng.random() < 0.5:
        shapes.append((made if rng.random() > 0.05 else made + 1,))
    return shapes, settings


def _pooling(name, axes, rng):
    settings = {"kernel_size": _numbers(rng, axes, 1, 5)}
    if rng.random() < 0.7:
        settings["stride"] = _numbers(rng, axes, 1, 4)
    if rng.random() < 0.7:
        settings["padding"] = _numbers(rng, axes, 0, 2)
    settings["ceil_mode"] = bool(rng.random() < 0.5)
    if "avg" in name:
        settings["count_include_pad"] = bool(rng.random() < 0.5)
        if axes > 1 and rng.random() < 0.3:
            settings["divisor_override"] = int(rng.integers(-3, 9))
    else:
        settings["dilation"] = _numbers(rng, axes, 1, 3)
        settings["return_indices"] = bool(rng.random() < 0.3)
    return settings


def _interpolation(rng):
    mode = str(rng.choice(["nearest", "nearest", "linear", "bilinear", "bilinear", "bicubic", "bicubic", "trilinear"]))
    axes = {"nearest": int(rng.integers(1, 4)), "linear": 1, "trilinear": 3}.get(mode, 2)
    if rng.random() < 0.05:
        axes = int(rng.integers(1, 4))
    settings = {"mode": mode}
    if rng.random() < (0.6 if mode != "nearest" else 0.05):
        settings["align_corners"] = bool(rng.random() < 0.5)
    which = rng.random()
    if which < 0.5 or which > 0.97:
        settings["size"] = _numbers(rng, axes, 1, 20)
    if 0.5 <= which < 0.99:
        factors = (0.3 + 3 * rng.random(axes)).round(int(rng.integers(0, 4))).tolist()
        settings["scale_factor"] = factors[0] if rng.random() < 0.5 else tuple(factors)
    sizes = rng.integers(1, SIZES[axes], axes).tolist()
    return [(int(rng.integers(1, 3)), int(rng.integers(1, 4)), *sizes)], settings
