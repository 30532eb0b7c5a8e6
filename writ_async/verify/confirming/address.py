"""Was an address told: in words, as the one that there is already, or by pointing to one that was shown?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from writ_async.verify.confirming.arguments import Argument
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.layout import Layout
from writ_async.verify.confirming.naming import Record
from writ_async.verify.confirming.wording import has_phrase


def tell_address(case: Case, fields: Sequence[Argument], agents_only: bool, layout: Layout) -> None:
    """How each field of an address was told; with `agents_only` the agent's turns alone count."""
    if not fields:
        return
    now = address_now(case, fields)
    has_same: bool | None = None
    for argument in fields:
        if now.get(argument.name) == argument.value:
            layout.add(argument, "as it was")
            continue
        told = case.turn_naming(str(argument.value), agents_only)
        if told is not None:
            layout.add(argument, "in words", told.message)
            continue
        if has_same is None:
            has_same = _known_address(case, fields) is not None
        turns = case.turns(agents_only) if has_same else ()
        pointed = next((turn for turn in turns if case.points_there(case.words(turn))), None)
        linked = any(
            has_phrase(turn.words, str(other.value))
            for turn in turns
            for other in fields
            if other is not argument and len(str(other.value)) > 3
        )
        if pointed is not None or linked or argument.name in ("country", "state", "province", "region"):
            layout.add(argument, "as an address that was shown", pointed.message if pointed else -1)
            continue
        layout.wanting.append(f"the agent had not listed {argument.path} {argument.value}")


def address_now(case: Case, fields: Sequence[Argument]) -> dict[str, Any]:
    """The address that the record of the write has before it; nothing for a write that names none."""
    if not fields:
        return {}
    names = {argument.name for argument in fields}
    records = [record for record in case.records.values() if record is not None]
    if not records:
        user = str((case.write.arguments or {}).get(case.domain.user_argument, ""))
        records = list(islice(case.shown.named(user, case.until), 1)) if user else []
    for record in records:
        for value in [record.fields, *record.fields.values()]:
            if isinstance(value, dict) and len(names & value.keys()) > 1:
                return value
    return {}


def _known_address(case: Case, fields: Sequence[Argument]) -> Record | None:
    """A record that was shown and has the very address of the write."""
    first = max((str(argument.value) for argument in fields), key=len)
    for record in case.shown.records(case.until, first):
        if (
            all(record.fields.get(argument.name, argument.value) == argument.value for argument in fields)
            and first in record.fields.values()
        ):
            return record
    return None
