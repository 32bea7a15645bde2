"""Run `python -m npusdk`, the command line where no script folder is on the path."""

import sys

from npusdk.cli import main

sys.exit(main())
