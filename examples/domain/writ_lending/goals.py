"""What members can want, as questions with one answer, and what a cell could show instead.

An objective decides which write is due from `params`, what the user says, and from reads, each of which is recorded.
Where another version of a record would change the decision, the record is evidence: it has to be read before the write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from writ_domains.kit.goals import change_records, decide_write, fetch_with_tools

from writ_async import Decision, GoalRules, Reader
from writ_lending.policy import why_not_changed
from writ_lending.tools import TOOLS
from writ_lending.world import Loan, Member


def _change_loan(tool: str) -> Callable[[Reader, Mapping[str, Any]], Decision]:
    def decide(reader: Reader, params: Mapping[str, Any]) -> Decision:
        """The loan of `{"title"}`, or the one that is due first of those that may be changed."""
        by = ("get_member_details", params["who"]["user_id"])
        member: Member = reader.read(by)
        keys = [("get_loan_details", loan_id) for loan_id in member.loans]
        loan: Loan
        if title := params["loan"].get("title"):
            loan = reader.only(keys, lambda one: one.title == title, by)
        else:
            allowed = [one for one in reader.each(keys, by) if not why_not_changed(tool, one, member.member_id)]
            loan = reader.best(allowed, lambda one: float(one.due_day), 1.0)
        refused = why_not_changed(tool, loan, member.member_id)
        return decide_write(reader, tool, {"loan_id": loan.loan_id}, refused, figures={"price": loan.price})

    return decide


def _other_loans(reader: Reader, loan: Loan, params: Mapping[str, Any], decision: Decision) -> Iterator[Loan]:
    yield replace(loan, renewed=not loan.renewed)
    yield replace(loan, lost=not loan.lost)
    yield replace(loan, due_day=0, renewed=False)
    yield replace(loan, due_day=99, renewed=False)
    yield replace(loan, title="Another Title")


def _other_members(reader: Reader, member: Member, params: Mapping[str, Any], decision: Decision) -> Iterator[Member]:
    for loan_id in member.loans:
        yield replace(member, loans=tuple(other for other in member.loans if other != loan_id))


GOALS = GoalRules(
    objectives={"renew": _change_loan("renew_loan"), "report_lost": _change_loan("report_lost")},
    fetch=fetch_with_tools(TOOLS, "get_member_details", "get_loan_details"),
    changes=change_records(
        {Loan: ("loans", "loan_id", _other_loans), Member: ("members", "member_id", _other_members)}
    ),
    plans=lambda state, action: iter(()),  # a call on one loan cannot be written in another way
)
