"""Maps, as people write them: how results become samples. `imgconv.tone` is what they do."""

from __future__ import annotations

from imgconv.words.choice import choice

_DOES = {
    "clip": "",
    "abs": "drop the sign",
    "offset": "0 becomes mid-grey",
    "stretch": "smallest to black, largest to white",
    "float": "keep them",
}
"""Every map, with what it does beside clipping."""

SPANNING = frozenset({"stretch"})
"""The maps that go by the smallest and the largest result, or by what ``--vmin`` and ``--vmax`` say instead."""

SPAN = f"--map {' or '.join(sorted(SPANNING))}"
"""Those maps, for people."""

MAPS = tuple(_DOES)

MAP = choice(*MAPS)

HELP = "How results become samples: " + ", ".join(f"{name} ({does})" if does else name for name, does in _DOES.items())
