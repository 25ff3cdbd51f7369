"""Run the command line: ``imgconv`` and ``python -m imgconv``."""

from imgconv.cli import main

if __name__ == "__main__":
    main()
