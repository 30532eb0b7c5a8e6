"""`writ select`."""

from __future__ import annotations

import argparse

from writ_async.cli import settings
from writ_async.cli.output import print_json, tell_shortfalls
from writ_async.cli.terminal import complain, say
from writ_async.commands.select import SelectSettings, select


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    tell_shortfalls(*arguments.paths)
    picked = select(
        arguments.paths,
        arguments.out,
        SelectSettings(
            n=arguments.n,
            max_tokens=arguments.max_tokens,
            tokenizer=arguments.tokenizer,
            validation=arguments.validation,
            balance=arguments.balance,
            cap=arguments.cap,
            where=arguments.where,
            filters=tuple(settings.parse_filters(arguments)),
        ),
    )
    if arguments.json:
        print_json(picked)
    else:
        fell = ", ".join(f"{name} {number:,}" for name, number in picked.fell.items())
        say(f"{picked.rows:,} rows looked at, {picked.fit:,} fit" + (f"; fell: {fell}" if fell else ""))
        say(f"{picked.train.rows:,} rows in {picked.train.folder}, from {picked.train.worlds:,} worlds")
        if picked.validation is not None:
            say(
                f"{picked.validation.rows:,} rows to validate on in {picked.validation.folder}, from "
                f"{picked.validation.worlds:,} other worlds"
            )
        say(f"what is in it says {picked.train.folder}/README.md")
        say(f"next:  writ export {picked.train.folder} --format openai --out train.jsonl")
    for remark in picked.remarks:
        complain(remark)
    return 1 if picked.train.rows < arguments.n else 0
