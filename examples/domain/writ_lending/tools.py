"""What an agent may call: functions on a state. A model is shown their signatures and docstrings.

A tool refuses with `ToolError`, whose text the model reads.
"""

from __future__ import annotations

import msgspec
from writ_domains.kit.tools import transfer_to_human_agents

from writ_async import State, ToolError, make_tools, read, write
from writ_lending.world import Loan, Member


@read
def get_member_details(state: State, member_id: str) -> Member:
    """Show a member and the ids of the member's loans.

    Args:
        member_id: The member's id, for instance 'maria_silva_1234'.
    """
    member: Member | None = state.get("members", member_id)
    if member is None:
        raise ToolError("no member has this id")
    return member


@read
def get_loan_details(state: State, loan_id: str) -> Loan:
    """Show a loan: its title, the day on which it is due, its price, and whether it was renewed or reported lost.

    Args:
        loan_id: The id of the loan, for instance '123456'.
    """
    loan: Loan | None = state.get("loans", loan_id)
    if loan is None:
        raise ToolError("no loan has this id")
    return loan


@write
def renew_loan(state: State, loan_id: str) -> Loan:
    """Move the day on which a loan is due by 28 days.

    Args:
        loan_id: The id of the loan, for instance '123456'.
    """
    loan = get_loan_details(state, loan_id)
    renewed = msgspec.structs.replace(loan, due_day=loan.due_day + 28, renewed=True)
    state.put("loans", loan_id, renewed)
    return renewed


@write
def report_lost(state: State, loan_id: str) -> Loan:
    """Mark the book of a loan as lost; the member is charged its price.

    Args:
        loan_id: The id of the loan, for instance '123456'.
    """
    lost = msgspec.structs.replace(get_loan_details(state, loan_id), lost=True)
    state.put("loans", loan_id, lost)
    return lost


TOOLS = make_tools((get_member_details, get_loan_details, renew_loan, report_lost, transfer_to_human_agents))
