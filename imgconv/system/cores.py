"""How many cores there are to use: what the system allows, and what has been asked for."""

from __future__ import annotations

from functools import cache

from imgconv.system.portable import affinity

_most: int | None = None


def limit(threads: int | None) -> None:
    """Let everything in this process, codecs included, use at most so many threads; None lifts the limit."""
    global _most  # noqa: PLW0603 - what a process may use is a property of the process
    _most = threads


def available() -> int:
    """Return how many cores this process may use, by its CPU affinity, its control group's quota and `limit`."""
    cores = affinity()
    return max(1, min(cores, *_quotas(), _most or cores))


@cache
def _quotas() -> tuple[int, ...]:
    """Return the cores that control groups, version 2 and 1, allow; what cannot be read sets no limit."""
    quotas = []
    for name, split in (("cpu.max", True), ("cpu/cpu.cfs_quota_us", False)):
        try:
            text = _setting(name)
            quota, period = text.split() if split else (text, _setting("cpu/cpu.cfs_period_us"))
            if quota.strip() != "max" and int(quota) > 0:
                quotas.append(-(-int(quota) // int(period)))
        except (OSError, ValueError):
            continue
    return tuple(quotas)


def _setting(name: str) -> str:
    with open(f"/sys/fs/cgroup/{name}") as file:  # noqa: PTH123 - pathlib takes 3 ms to import
        return file.read()
