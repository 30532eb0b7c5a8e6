"""Reads what a domain's policy asks to be known before a write: `evidence.toml` beside the policy."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from writ_async.core.evidence_rules import EvidenceRules


def load_evidence_rules(package: str) -> EvidenceRules:
    """The rules of a domain's package. Raises `msgspec.ValidationError` where they do not fit."""
    return msgspec.toml.decode(files(package).joinpath("evidence.toml").read_bytes(), type=EvidenceRules)
