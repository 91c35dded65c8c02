"""``python -m isojoule`` is the command ``isojoule``."""

import sys

from isojoule.cli import main

if __name__ == "__main__":
    sys.exit(main())
