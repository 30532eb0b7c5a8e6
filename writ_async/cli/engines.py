"""`writ engines`: who can play, and with which options."""

from __future__ import annotations

import argparse
import inspect
import re
from typing import Any

import msgspec

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.core.engine import EngineFactory
from writ_async.registry import load_engine, registered_names

_OPTION = re.compile(r"([a-z]\w*(?:, *[a-z]\w*)*):(?:\s|$)")


class OptionHelp(msgspec.Struct, frozen=True):
    """One option of an engine: its default (None where the engine has none, or leaves it to the server) and its help.

    With `decides` another value gives other rows.
    """

    name: str
    default: Any
    help: str
    decides: bool


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    names = registered_names("engines") if arguments.name is None else [arguments.name]
    engines = {name: load_engine(name) for name in names}
    if arguments.json:
        print_json({name: {"about": about_engine(one), "options": options_of(one)} for name, one in engines.items()})
    elif arguments.name is None:
        table = new_table(("engine", "plays", ""), ())
        table.columns[2].no_wrap = False
        for name, found in engines.items():
            table.add_row(name, " and ".join(sorted(found.seats)), _headline(found))
        print_tables(table)
        say("writ engines NAME lists an engine's options")
    else:
        _print_engine(engines[arguments.name])
    return 0


def about_engine(engine: EngineFactory) -> str:
    """What the docstring of an engine's options says beside the options."""
    return _read_docstring(engine.options)[0]


def options_of(engine: EngineFactory) -> list[OptionHelp]:
    """The options of an engine in the order of their declaration, with what the docstrings say of them."""
    texts: dict[str, str] = {}
    for base in reversed(engine.options.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            texts |= _read_docstring(base)[1]
    return [
        OptionHelp(
            field.name,
            None if field.default is msgspec.NODEFAULT or field.default == "" else field.default,
            texts.get(field.name, ""),
            field.name not in engine.execution,
        )
        for field in msgspec.structs.fields(engine.options)
    ]


def _read_docstring(options: type) -> tuple[str, dict[str, str]]:
    """The prose of a docstring, and the text behind each `name:` or `name, name:` that begins a line."""
    prose: list[str] = []
    texts: dict[str, str] = {}
    names: list[str] = []
    lines = inspect.cleandoc(options.__dict__.get("__doc__") or "").splitlines()
    for line in _joined_lists(lines):
        known = set(getattr(options, "__struct_fields__", ()))
        match = _OPTION.match(line)
        found = [name.strip() for name in match[1].split(",")] if match else []
        if match and known.issuperset(found):
            names = found
            line = line[match.end() :]
            texts |= dict.fromkeys(names, "")
        if names:
            texts |= {name: f"{texts[name]} {line.strip()}".strip() for name in names}
        else:
            prose.append(line)
    return "\n".join(prose).strip(), texts


def _joined_lists(lines: list[str]) -> list[str]:
    """The lines, with a list of options that goes on over a line's end in one."""
    joined: list[str] = []
    for line in lines:
        if joined and re.fullmatch(r"[a-z]\w*(?:, *[a-z]\w*)*,", joined[-1]):
            joined[-1] = f"{joined[-1]} {line}"
        else:
            joined.append(line)
    return joined


def _headline(engine: EngineFactory) -> str:
    """What the engine is, in a line."""
    return about_engine(engine).partition("\n")[0].removeprefix(f"Options of the {engine.name} engine: ")


def _print_engine(engine: EngineFactory) -> None:
    say(about_engine(engine))
    say()
    table = new_table(("option", "default", ""), ())
    table.columns[2].no_wrap = False
    for option in options_of(engine):
        table.add_row(option.name, "" if option.default is None else f"{option.default}", option.help)
    print_tables(table)
    if engine.renamed:
        say("once called otherwise: " + ", ".join(f"{old} is {new}" for old, new in engine.renamed.items()))
