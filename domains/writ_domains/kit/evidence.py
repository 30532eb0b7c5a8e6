"""Reads what a domain says of its writes, its records and its users' tools in tables beside the policy.

They are `evidence.toml`, `facts.toml` and `user_actions.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files

import msgspec

from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.record_facts import RecordFacts
from writ_async.core.user_actions import Reading, UserAction


def load_evidence_rules(package: str) -> EvidenceRules:
    """The rules of a domain's package. Raises `msgspec.ValidationError` where they do not fit."""
    return msgspec.toml.decode(files(package).joinpath("evidence.toml").read_bytes(), type=EvidenceRules)


def load_record_facts(package: str) -> RecordFacts:
    """What a domain's package says of its records. Raises `msgspec.ValidationError` where it does not fit."""
    return msgspec.toml.decode(files(package).joinpath("facts.toml").read_bytes(), type=RecordFacts)


class _Spoken(msgspec.Struct, forbid_unknown_fields=True):
    """How people speak of a reading, whichever tool shows it."""

    about: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = {}
    told: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


class _Shows(msgspec.Struct, forbid_unknown_fields=True):
    """Where a tool's result has a reading; see `core.user_actions.Reading`."""

    reading: str
    shown: str
    stands_for: dict[str, str] = {}
    aside: bool = False


class _ToolInWords(msgspec.Struct, forbid_unknown_fields=True):
    tool: str
    heard: tuple[str, ...]
    asks: tuple[str, ...]
    arguments: dict[str, dict[str, tuple[str, ...]]] = {}
    done: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    shows: tuple[_Shows, ...] = ()


class _UserActions(msgspec.Struct, forbid_unknown_fields=True):
    """The file: readings by name, what every tool may show, and the tools."""

    readings: dict[str, _Spoken]
    actions: tuple[_ToolInWords, ...]
    everywhere: tuple[_Shows, ...] = ()


def load_user_actions(package: str) -> tuple[UserAction, ...]:
    """A domain's user tools in words. Raises `msgspec.ValidationError` or `KeyError` where they do not fit."""
    file = msgspec.toml.decode(files(package).joinpath("user_actions.toml").read_bytes(), type=_UserActions)
    return tuple(
        UserAction(
            tool=one.tool,
            heard=one.heard,
            asks=one.asks,
            arguments=one.arguments,
            done=one.done,
            claimed=one.claimed,
            readings=tuple(_reading(shows, file.readings) for shows in _once((*one.shows, *file.everywhere))),
        )
        for one in file.actions
    )


def _once(shows: Iterable[_Shows]) -> Iterable[_Shows]:
    """What a tool shows, each reading once: its own words before those of all tools."""
    found: dict[str, _Shows] = {}
    for one in shows:
        found.setdefault(one.reading, one)
    return found.values()


def _reading(shows: _Shows, spoken: Mapping[str, _Spoken]) -> Reading:
    words = spoken[shows.reading]
    return Reading(
        name=shows.reading,
        shown=shows.shown,
        stands_for=shows.stands_for,
        about=words.about,
        values=words.values,
        told=words.told,
        said=words.said,
        aside=shows.aside,
    )
