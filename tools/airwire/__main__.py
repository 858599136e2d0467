"""`python -m airwire`: the same command as the console script `airwire`."""

import sys

from airwire.cli import main

if __name__ == "__main__":
    sys.exit(main())
