"""`python -m signing`: see `signing.cli.main`."""

import sys

from signing.cli.main import main

sys.exit(main())
