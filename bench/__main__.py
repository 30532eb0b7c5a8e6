"""Runs the benches: `python bench --help`."""

import sys

from bench.suite import main

sys.exit(main(sys.argv[1:]))
