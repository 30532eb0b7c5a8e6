"""`python -m examples.reproduce.smollm2 --run RUN --model MODEL --out FOLDER`: imitate the kept rows of a run.

README.md beside this file has the whole experiment, command by command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from examples.reproduce.smollm2.tuning import LOG, Settings, tune
from writ_async import InputError


def main() -> int:
    """Train, and log each step."""
    parser = argparse.ArgumentParser(prog="python -m examples.reproduce.smollm2", description=Settings.__doc__)
    for field in msgspec.structs.fields(Settings):
        name = "--" + field.name.replace("_", "-")
        if field.required:
            parser.add_argument(name, required=True)
        else:
            parser.add_argument(name, default=field.default, help=f"{field.default}")
    try:
        settings = msgspec.convert(vars(parser.parse_args()), Settings, strict=False)
        for step in tune(settings):
            line = msgspec.json.encode(step)
            print(line.decode(), flush=True)
            with Path(settings.out, LOG).open("ab") as log:
                log.write(line + b"\n")
    except (InputError, msgspec.ValidationError) as exc:
        print(f"smollm2: {exc}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
