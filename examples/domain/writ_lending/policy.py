"""The policy as rules, each of which stands once: why something is forbidden, or an empty text.

Objectives ask the same rules. What a tool refuses need not be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from writ_async import State
from writ_lending.world import Loan


def why_forbidden(state: State, name: str, arguments: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Why a write is forbidden in the state before it, to the member who `said` who they are."""
    loan: Loan | None = state.get("loans", arguments["loan_id"])
    if loan is None:
        return "there is no such loan"
    return why_not_changed(name, loan, said.get("who", {}).get("user_id", loan.member_id))


def why_not_changed(name: str, loan: Loan, member_id: str) -> str:
    """Why a member may not have a loan renewed or reported lost."""
    if loan.member_id != member_id:
        return "the loan is another member's"
    if loan.lost:
        return f"loan {loan.loan_id} was reported lost"
    if name == "renew_loan" and loan.renewed:
        return f"loan {loan.loan_id} was renewed already"
    return ""
