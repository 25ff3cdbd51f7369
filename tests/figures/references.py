"""Draw the reference pictures of figures anew: ``python tests/figures/references.py`` (look at them before you commit).

Every test module of this folder may have a dictionary `REFERENCES` of functions, by name, that return a figure.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
from PIL import Image

HERE = Path(__file__).parent


def main() -> None:
    """Draw those that are named, or all of them."""
    sys.path.insert(0, str(HERE.parent))
    from figures import common

    for path in sorted(HERE.glob("test_*.py")):
        module = import_module(f"figures.{path.stem}")
        for name, draw in getattr(module, "REFERENCES", {}).items():
            if len(sys.argv) < 2 or name in sys.argv[1:]:
                Image.fromarray(common.drawn(draw())).save(common.REFERENCES / f"{name}.png", optimize=True)
                print(name)
    (common.REFERENCES / "drawn-with.txt").write_text(f"{mpl.__version__}\n")


if __name__ == "__main__":
    main()
