from typing import Any

class _Plan: ...
class _FourierPlan: ...

def levels() -> list[tuple[str, int]]: ...
def plan(level: int, settings: Any, constant: float, rows: Any, cols: Any, terms: tuple[Any, ...], /) -> _Plan: ...
def combine(
    level: int, how: int, results: tuple[Any, ...], samples: Any, finish: tuple[Any, ...], /
) -> tuple[float, float, int, int, int]: ...
def weigh(level: int, pixels: Any, sums: Any, weights: tuple[int, ...], /) -> None: ...
def run(
    plan: _Plan, image: Any, samples: Any, start: int, stop: int, finish: tuple[Any, ...], /
) -> tuple[float, float, int, int, int]: ...
def fourier_plan(
    settings: Any,
    constant: float,
    centre: float,
    maps: tuple[Any, Any],
    turns: tuple[Any, Any],
    spectrum: Any,
    exact: tuple[Any, float, float, float] | None,
    direct: _Plan,
    /,
) -> _FourierPlan: ...
def fourier_run(
    plan: _FourierPlan,
    image: Any,
    samples: Any,
    start: int,
    stop: int,
    finish: tuple[Any, ...],
    exact: tuple[float, float, float, float] | None,
    direct: tuple[Any, ...],
    /,
) -> tuple[float, float, float, float, int, int, int]: ...
