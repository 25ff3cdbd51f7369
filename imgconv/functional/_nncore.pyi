from typing import Any

class _Plan: ...

def levels() -> list[tuple[str, int]]: ...
def convolution(
    level: int, settings: Any, constant: float, rows: Any, cols: Any, weight: Any, bias: Any | None, /
) -> _Plan: ...
def pooling(
    level: int, settings: Any, constant: float, rows: Any, cols: Any, divisor_y: Any | None, divisor_x: Any | None, /
) -> _Plan: ...
def convolve(
    plan: _Plan, samples: Any, planes: Any, out: Any,
    first: int, last: int, start: int, stop: int, from_: int, to: int, /,
) -> None: ...  # fmt: skip
def pool(
    plan: _Plan, samples: Any, planes: Any, out: Any,
    first: int, last: int, start: int, stop: int, from_: int, to: int, /,
) -> None: ...  # fmt: skip
