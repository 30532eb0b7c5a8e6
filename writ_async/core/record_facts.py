"""What a domain's records show that agents put into words, as data by which the words are held against the records."""

from __future__ import annotations

import msgspec


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to say the value of a field: a regular expression for lower case, and the values that it fits.

    `values` are the beginnings of the values that it fits, in lower case: "true" and "false" of a truth value; an empty
    one stands for a field that is unset.
    """

    said: str
    values: tuple[str, ...]


class StateFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field whose value is told in words, such as a status.

    record: the field that holds the id of the record; empty where a customer has one such record.
    noun: what the record is called, as a regular expression for lower case.
    subject: what a sentence calls it where it does not name its id; none where it is empty.
    after: what has to follow the wording; anything where it is empty.
    answers: tools whose bare text is the value, of the record that their arguments name.
    signs: words of which a sentence has one where it speaks of the field.
    """

    field: str
    wordings: tuple[Wording, ...]
    signs: tuple[str, ...]
    record: str = ""
    noun: str = ""
    subject: str = ""
    after: str = ""
    answers: tuple[str, ...] = ()


class CountFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that holds a number, or as many things as are counted by `nouns` (a regular expression for lower case).

    record: the field that holds the id of the record; empty where a customer has one such record.
    signs: words of which a sentence has one where it speaks of the field.
    """

    field: str
    nouns: str
    signs: tuple[str, ...]
    record: str = ""


class ChargeFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fee that there is, in dollars apiece, and words of which a sentence has one where it speaks of it."""

    words: tuple[str, ...]
    amount: float


class PriceFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a record that say what it costs, all together the total of it.

    record: the field that holds the id of the record. fields: where its amounts stand.
    of_parts: the amounts under a field are those of its parts, so that some of them together are a price, too.
    """

    record: str
    fields: tuple[str, ...]
    of_parts: bool = False


class BalanceFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left on something: the field that says so, of records that have one of the `kinds` in the field `kind`.

    noun: what it is called, as a regular expression for lower case.
    signs: words of which a sentence has one where it speaks of it.
    """

    field: str
    kind: str
    kinds: tuple[str, ...]
    noun: str
    signs: tuple[str, ...]


class RecordFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a domain's records; what is not declared here is not held against the agent.

    charges: all the fees that there are; None where nobody knows.
    money: the fields that hold amounts, or records of amounts; any number may be one where it is empty.
    timed: the fields that hold the ids of records which show times of day.
    """

    states: tuple[StateFact, ...] = ()
    counts: tuple[CountFact, ...] = ()
    charges: tuple[ChargeFact, ...] | None = None
    prices: tuple[PriceFact, ...] = ()
    balances: tuple[BalanceFact, ...] = ()
    money: frozenset[str] = frozenset()
    timed: tuple[str, ...] = ()
