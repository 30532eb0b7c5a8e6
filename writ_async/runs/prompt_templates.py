"""Templates of system prompts by name: ours, a benchmark's, or a file."""

from __future__ import annotations

from pathlib import Path

from writ_async.conversation.prompts import check_agent_template, check_user_template
from writ_async.core.trajectory import Seat
from writ_async.errors import InputError
from writ_async.files import read_as
from writ_async.registry import load_benchmark, registered_names

OURS = "writ"


def load_template(seat: Seat, given: str, data: str | None = None) -> str:
    """The template that a caller names for a seat: `writ` (which is empty here), a benchmark, or a file.

    A benchmark's is read from its folder `data`. Raises `InputError` for one that is not there, and for a text that
    lacks what a template must have.
    """
    if given == OURS:
        return ""
    if given in registered_names("benchmarks"):
        text, where = load_benchmark(given).prompt_template(seat, data), given
    elif Path(given).is_file():
        text, where = read_as(given, bytes.decode), given
    else:
        known = ", ".join((OURS, *registered_names("benchmarks")))
        raise InputError(f"--{seat}-prompt: there is no file {given!r}; give one, or a name: {known}")
    return check_agent_template(text, where) if seat == "agent" else check_user_template(text, where)
