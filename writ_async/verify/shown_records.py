"""The records in the results of a conversation, by the ids in them and by their fields; a result is read once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from writ_async.conversation.calls import ExecutedCall
from writ_async.verify.decoding import decoded

SHORTEST_ID: Final = 3
"""Letters and figures that an id has at least."""

_HOLDS: Final = frozenset({dict, list})

Named = tuple[str, Mapping[str, Any]]
"""A record with the key that it stands under."""


class ShownRecords:
    """Every record in results as JSON, in the order in which they were shown. Results are decoded when looked into.

    `results` may grow; what is no JSON has no records.
    """

    def __init__(self, results: Sequence[ExecutedCall]) -> None:
        self._results = results
        self._records: dict[int, list[Named]] = {}
        self._by_field: dict[str, tuple[int, list[Any]]] = {}

    def naming(self, ids: Collection[str]) -> Iterator[Named]:
        """The records that have any of these ids in them or stand under one."""
        for place, result in enumerate(self._results):
            if any(_may_hold(result.result.content, one) for one in ids):
                for key, record in self._records_of(place):
                    if key in ids or any(one in ids for one in texts_of(record)):
                        yield key, record

    def values(self, field: str) -> list[Any]:
        """What stands in a field of that name, in whichever record."""
        looked_at, found = self._by_field.get(field, (0, []))
        for place in range(looked_at, len(self._results)):
            if _may_hold(self._results[place].result.content, field):
                found += (record[field] for _, record in self._records_of(place) if field in record)
        self._by_field[field] = len(self._results), found
        return found

    def _records_of(self, place: int) -> list[Named]:
        if place not in self._records:
            text = self._results[place].result.content
            self._records[place] = list(records_in(decoded(text))) if text[:1] in ("{", "[") else []
        return self._records[place]


def _may_hold(text: str, wanted: str) -> bool:
    """Whether a text as JSON may have a string in it; one with other signs may be written in several ways."""
    return wanted in text or not (wanted.isascii() and wanted.isprintable()) or '"' in wanted or "\\" in text


def records_in(value: Any) -> Iterator[Named]:
    """Every record inside a JSON value, with the key that it stands under."""
    waiting = [("", value)]
    while waiting:
        name, one = waiting.pop()
        if type(one) is dict:
            yield name, one
            waiting += [pair for pair in one.items() if type(pair[1]) in _HOLDS]
        elif type(one) is list:
            waiting += [("", item) for item in one if type(item) in _HOLDS]


def texts_of(record: Mapping[str, Any]) -> Iterator[str]:
    """The texts in the fields of a record."""
    return (value for value in record.values() if isinstance(value, str))


def is_id(text: str) -> bool:
    """Whether a text may be an id: it is not too short and has a figure."""
    return len(text) >= SHORTEST_ID and any(map(str.isdigit, text))
