"""The Pythons of this machine that imgconv is for, which its classifiers name.

``python tests/pythons.py`` prints the oldest and the newest.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASK = "import ensurepip, sys, venv; print(*sys.version_info[:2], sep='.')"


def named():
    """Return the versions that imgconv is for, oldest first: "3.11" and so on."""
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())


def found():
    """Return the programs of those versions that are here and can make virtual environments, by version."""
    programs = {version: program for version in named() if (program := _program(version))}
    if not programs:
        raise SystemExit(f"no Python of {', '.join(named())} is here")
    return programs


def _program(version):
    pyenv = Path.home() / ".pyenv" / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python3"), key=lambda path: [*map(int, re.findall(r"\d+", str(path)))])
    on_path = filter(None, map(shutil.which, ("python3", f"python{version}")))
    for program in (sys._base_executable, *on_path, *reversed(kept)):
        answer = subprocess.run([program, "-c", ASK], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return str(program)
    return None


if __name__ == "__main__":
    programs = [*found().values()]
    print(programs[0], programs[-1])
