"""Flags of a script whose settings are a Struct: one for each field."""

from __future__ import annotations

import argparse

import msgspec


def settings_parser(prog: str, settings: type[msgspec.Struct]) -> argparse.ArgumentParser:
    """A parser with a flag for each field, named after it; it reads texts, for `msgspec.convert(strict=False)`."""
    parser = argparse.ArgumentParser(prog=prog, description=settings.__doc__)
    for field in msgspec.structs.fields(settings):
        name = "--" + field.name.replace("_", "-")
        if field.required:
            parser.add_argument(name, required=True)
        else:
            parser.add_argument(name, default=field.default, help=f"{field.default}")
    return parser
