"""The seal of a trajectory: hashes over what the chain of calls does not reach, its words and what was told before.

Each of two parts, of three where a caller's templates of prompts were used, is blake2b-64 in 16 hexadecimal digits.
Whoever changes a line afterwards is found out by a replay; it is no defence against somebody who makes a new seal.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory

PART: Final = 16

Templates = tuple[str, str]
"""A caller's templates of the agent's prompt and of the user's, each empty for ours."""

_pack = msgspec.msgpack.Encoder().encode


def seal_trajectory(trajectory: Trajectory, task: Task, system: str, templates: Templates = ("", "")) -> str:
    """The seal of a conversation: first its words, then what its seats were told, then the templates of that.

    `system` is the agent's prompt.
    """
    return words_hash(trajectory) + told_hash(task, system) + templates_hash(templates)


def words_hash(trajectory: Trajectory) -> str:
    """The hash of all messages and of how they ended.

    A field that messages get later must be left out where it has its default (`omit_defaults`), or no old seal fits.
    """
    return _hash(_pack((trajectory.termination, trajectory.signal, trajectory.messages)))


def told_hash(task: Task, system: str) -> str:
    """The hash of the agent's system prompt, and of what the user was told: the scenario and in what manner."""
    scenario, behaviour = task.scenario, task.behaviour
    told = (
        scenario.reason_for_call, scenario.known_info, scenario.unknown_info, scenario.task_instructions,
        scenario.persona, scenario.request, scenario.text, scenario.change, scenario.layout,
        [(fact.slot, fact.value, fact.text) for fact in scenario.facts],
        "" if behaviour is None else behaviour.instruction,
    )  # fmt: skip
    return _hash(_pack((_text_hash(system), told)))


@lru_cache(maxsize=64)
def templates_hash(templates: Templates) -> str:
    """The hash of the templates of both seats' prompts; empty where both are ours."""
    return _hash(_pack(templates)) if any(templates) else ""


@lru_cache(maxsize=64)
def _text_hash(text: str) -> str:
    return _hash(text.encode("utf-8", "surrogatepass"))


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=PART // 2).hexdigest()
