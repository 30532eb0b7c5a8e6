"""Reads what a domain says of its writes and records in tables beside the policy: `evidence.toml` and `facts.toml`."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.record_facts import RecordFacts


def load_evidence_rules(package: str) -> EvidenceRules:
    """The rules of a domain's package. Raises `msgspec.ValidationError` where they do not fit."""
    return msgspec.toml.decode(files(package).joinpath("evidence.toml").read_bytes(), type=EvidenceRules)


def load_record_facts(package: str) -> RecordFacts:
    """What a domain's package says of its records. Raises `msgspec.ValidationError` where it does not fit."""
    return msgspec.toml.decode(files(package).joinpath("facts.toml").read_bytes(), type=RecordFacts)
