"""What a domain's policy asks an agent to know before it writes, as data that the verifiers of evidence read."""

from __future__ import annotations

import msgspec


class StandingRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A read that has to come before certain writes, whatever the task.

    what: what is read, in words. writes: the tools that need it, all that write where it is empty.
    tools: the reads that do. argument: an argument of the write (a field of it, a list) whose every value must have
    been read by one of them, or be shown by it; where it is empty any success of one of them will do.
    """

    what: str
    tools: tuple[str, ...]
    writes: tuple[str, ...] = ()
    argument: str = ""


class PolicyAmount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount that stands in the policy, and what it is multiplied by.

    per: a list or a count, by the name of its field in the arguments or in a record that was shown; once where empty.
    when: a constant of the arguments, or a word that a tool must have shown, for the amount to be due.
    added: it is added to what is reckoned from prices; else it is an amount of its own.
    tool: the write whose amounts are these: no other figure that happens to have been shown will do for it, unless the
    customer has said it or agreed to it.
    """

    amount: float
    per: str = ""
    when: str = ""
    added: bool = False
    tool: str = ""


class EvidenceRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds in a domain for every conversation.

    today: the day on which conversations take place, as an ISO date; empty where there is no such day.
    """

    standing_reads: tuple[StandingRead, ...] = ()
    amounts: tuple[PolicyAmount, ...] = ()
    today: str = ""
