"""`python -m examples.reproduce.smollm2 --run RUN --model MODEL --out FOLDER`: imitate the kept rows of a run.

README.md beside this file has the whole experiment, command by command.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from examples.reproduce.smollm2.tuning import LOG, Settings, logged, tune
from examples.train.flags import settings_parser
from writ_async import WritError


def main() -> int:
    """Train, and log each step."""
    parser = settings_parser("python -m examples.reproduce.smollm2", Settings)
    try:
        settings = msgspec.convert(vars(parser.parse_args()), Settings, strict=False)
        for step in logged(tune(settings), Path(settings.out, LOG)):
            print(msgspec.json.encode(step).decode(), flush=True)
    except (WritError, msgspec.ValidationError) as exc:
        print(f"smollm2: {exc}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
