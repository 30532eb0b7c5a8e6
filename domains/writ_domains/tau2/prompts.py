"""The system prompts of τ²-bench as templates, read from the user's own copy of it.

What its simulated users are told lies in its data folder. What its agents are told is a constant in its source, which
is parsed and never imported.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from writ_async.core.trajectory import Seat
from writ_async.errors import InputError
from writ_async.files import read_as
from writ_domains.tau2.signatures import parse_file

_GUIDELINES = ("tau2/user_simulator", "user_simulator", "data/tau2/user_simulator", "../user_simulator")
_AGENT_SOURCE = "src/tau2/agent/llm_agent.py"
_INSTRUCTION = "AGENT_INSTRUCTION"
_PERSONA = "<PERSONA_GUIDELINES>"
"""Where a voice's manner would stand, which a user who writes has not."""


def read_template(seat: Seat, root: Path, *, with_tools: bool = False) -> str:
    """What a seat is told, with `{policy}` or `{scenario}` where that is put in.

    `root` is the data folder or the checkout; a user `with_tools` has guidelines of its own. Raises `InputError` where
    the text is not to be found there.
    """
    return _user_template(root, with_tools) if seat == "user" else _agent_template(root)


def _user_template(root: Path, with_tools: bool) -> str:
    name = f"simulation_guidelines{'_tools' if with_tools else ''}.md"
    for below in _GUIDELINES:
        file = root / below / name
        if file.is_file():
            guidelines = read_as(file, bytes.decode).replace(_PERSONA, "")
            return f"{guidelines}\n\n<scenario>\n{{scenario}}\n</scenario>"
    raise InputError(f"tau2: no user_simulator/{name} in {root}")


def _agent_template(root: Path) -> str:
    for folder in folders_above(root):
        file = folder / _AGENT_SOURCE
        if file.is_file():
            instruction = _constant(file, _INSTRUCTION)
            return f"<instructions>\n{instruction}\n</instructions>\n<policy>\n{{policy}}\n</policy>"
    raise InputError(
        f"tau2: what its agents are told is in its source, and there is no {_AGENT_SOURCE} in or above {root}; give "
        "the checkout as --data, or a file with the prompt"
    )


def folders_above(folder: Path) -> Iterator[Path]:
    """A folder and the three above it: those that may be the checkout that it is in."""
    whole = Path(os.path.realpath(folder))
    yield whole
    yield from whole.parents[:3]


def _constant(file: Path, name: str) -> str:
    """A text that a module assigns to a name, perhaps with `.strip()` behind it."""
    for statement in parse_file(file).body:
        if not (isinstance(statement, ast.Assign) and any(_is_name(target, name) for target in statement.targets)):
            continue
        value = statement.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "strip":
            value = value.func.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value.strip()
    raise InputError(f"{file}: has no text {name}; give a file with the prompt instead")


def _is_name(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name
