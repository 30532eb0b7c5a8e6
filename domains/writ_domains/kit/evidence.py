"""Reads what a domain says of its writes, its records and its users' tools in tables beside the policy.

They are `evidence.toml`, `facts.toml` and `user_actions.toml`.
"""

from __future__ import annotations

from importlib.resources import files

import msgspec

from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.record_facts import RecordFacts
from writ_async.core.user_actions import UserAction


def load_evidence_rules(package: str) -> EvidenceRules:
    """The rules of a domain's package. Raises `msgspec.ValidationError` where they do not fit."""
    return msgspec.toml.decode(files(package).joinpath("evidence.toml").read_bytes(), type=EvidenceRules)


def load_record_facts(package: str) -> RecordFacts:
    """What a domain's package says of its records. Raises `msgspec.ValidationError` where it does not fit."""
    return msgspec.toml.decode(files(package).joinpath("facts.toml").read_bytes(), type=RecordFacts)


class _UserActions(msgspec.Struct, forbid_unknown_fields=True):
    actions: tuple[UserAction, ...]


def load_user_actions(package: str) -> tuple[UserAction, ...]:
    """A domain's user tools in words. Raises `msgspec.ValidationError` where they do not fit."""
    text = files(package).joinpath("user_actions.toml").read_bytes()
    return msgspec.toml.decode(text, type=_UserActions).actions
