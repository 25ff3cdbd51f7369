"""Run a harness for some minutes, from the project's folder:

    python -m tests.fuzz files --minutes 30
    bash .ci/sanitize .venv/bin/python --fuzz files --minutes 30     the C cores under sanitizers

A harness is a module of this folder with a function ``run(deadline, seed, folder)``: until `time.monotonic()` reaches
the deadline it makes inputs from the seed, keeps in the folder those that end otherwise than they should, prints a line
for each, and returns how many inputs there were and how many faults.
"""

import argparse
import random
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
HARNESSES = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_") and path.stem != "seeds")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("harness", choices=HARNESSES)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="to try the same inputs again; random unless given")
    parser.add_argument("--keep", type=Path, default=None, help="the folder for inputs at fault; a temporary one else")
    asked = parser.parse_args()
    seed = random.randrange(2**32) if asked.seed is None else asked.seed
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="imgconv-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(HERE.parent))
    print(f"{asked.harness}: {asked.minutes:g} minutes, --seed {seed}", flush=True)
    deadline = time.monotonic() + 60 * asked.minutes
    inputs, faults = import_module(f"fuzz.{asked.harness}").run(deadline, seed, folder)
    print(f"{inputs} inputs, {faults} faults" + (f"; see {folder}" if faults else ""))
    if not faults and not asked.keep:
        folder.rmdir()
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
