"""What a request comes to: writes in order, amounts to be named, or why nothing may be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Refused(Exception):
    """A wish that the policy or a tool forbids; its message is the reason in the reader's own words."""


class HandedOver(Refused):
    """A wish that only a person may fulfil: the customer is handed over."""


class Write(msgspec.Struct, frozen=True):
    """One call that changes something."""

    name: str
    arguments: dict[str, Any]


class Outcome(msgspec.Struct):
    """All writes of a request, what the customer has to hear, and why what was refused was."""

    writes: list[Write] = []
    told: list[str | float] = []
    refused: list[str] = []
    in_order: bool = False
    handed_over: bool = False


Take = Callable[[Write], dict[str, Any]]
"""Makes a write and gives the database after it, as plain data; raises `Refused` where the tool refuses."""
