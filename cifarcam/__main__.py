"""``python -m cifarcam``: the command line."""

import sys

from cifarcam.cli import main

sys.exit(main())
