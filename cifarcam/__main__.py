"""``python -m cifarcam``: the command line."""

import sys

from cifarcam.cli import main

if __name__ == "__main__":
    sys.exit(main())
