"""`python -m writ_async` is the `writ` command."""

import sys

from writ_async.cli import main

sys.exit(main())
