"""The functions against torch: shapes, values and refusals of random settings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from random_settings import FUNCTIONS, draw

import imgconv
from imgconv import output_size
from imgconv.errors import ImgconvError

torch = pytest.importorskip("torch")
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12, np.float16: 2e-3}


def theirs(name, arrays, settings):
    """Return torch's results as a tuple of arrays, or None where it refuses."""
    function = getattr(torch.nn.functional, name.replace("min_", "max_"))
    sign = -1 if name.startswith("min") else 1
    tensors = [torch.from_numpy(sign * array) for array in arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = function(*tensors, **settings)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    results = results if isinstance(results, tuple) else (results,)
    if results[0].numel() == 0:  # an empty picture is none to imgconv
        return None
    return (sign * results[0].numpy(), *(more.numpy() for more in results[1:]))


def agree(name, seed):
    """Check a random setting of the function `name`."""
    rng = np.random.default_rng([FUNCTIONS.index(name), seed])
    shapes, settings = draw(name, rng)
    dtype = [np.float32, np.float64][rng.integers(2)]
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    wanted = theirs(name, arrays, settings)
    said = f"{name}({shapes}, {settings})"
    try:
        results = getattr(imgconv, name)(*arrays, **settings)
    except ImgconvError as error:
        assert wanted is None, f"{said} works in torch: {wanted[0].shape}, but {error}"
        assert len(str(error)) > 20
        return
    assert wanted is not None, f"{said} is refused by torch"
    results = results if isinstance(results, tuple) else (results,)
    if len(results) > 1:  # torch has no place for what lies wholly in the padding either
        results[1][np.isinf(results[0])] = wanted[1][np.isinf(results[0])] = -1
    for result, want in zip(results, wanted, strict=True):
        assert result.shape == want.shape, said
        assert result.dtype == want.dtype, said
        largest = max(1, np.abs(want, where=np.isfinite(want), out=np.zeros(want.shape)).max())
        np.testing.assert_allclose(result, want, rtol=0, atol=TOLERANCE[dtype] * largest, err_msg=said)
    if "pool" in name or "conv" in name:
        assert calculated(name, shapes, settings) == wanted[0].shape[-int(name[-2]) :], said


def calculated(name, shapes, settings):
    """Return the sizes that the calculator gives, from two axes at a time."""
    axes = int(name[-2])
    sizes = shapes[0][-axes:]
    given = {key: settings[key] for key in ("stride", "dilation", "output_padding", "ceil_mode") if key in settings}
    kernel = settings["kernel_size"] if "pool" in name else shapes[1][2:]
    padding = settings.get("padding", 0)
    made = []
    for i in range(axes):

        def one(value, i=i):
            if isinstance(value, (str, bool)):
                return value
            value = value if isinstance(value, tuple) else (value,)
            return value[i % len(value)]

        given = {key: value for key, value in given.items() if value != ()}  # torch's word for the default
        options = {key: one(value) for key, value in given.items()}
        options |= {"pool": True} if "pool" in name else {"transposed": True} if "transpose" in name else {}
        made.append(output_size(sizes[i], one(kernel), padding=one(padding), **options)[0])
    return tuple(made)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_random_settings_agree(name):
    for seed in range(40):
        agree(name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_two_thousand_random_settings_agree(name):
    for seed in range(40, 2040):
        agree(name, seed)
