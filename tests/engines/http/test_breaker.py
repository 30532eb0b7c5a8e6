"""When the failures of calls are the servers' own: counted in virtual time."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from writ_engines.http import TransportError
from writ_engines.http.breaker import REFUSED_ALIKE, SILENT_SECONDS, Breaker

from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind, OutOfServiceError
from writ_async.virtual_time import run_virtual

BUSY = TransportError("busy", kind=EngineErrorKind.OVERLOADED)
QUOTA = EngineError("no credit left", kind=EngineErrorKind.QUOTA)
KEY = TransportError("the key", kind=EngineErrorKind.UNAUTHORIZED)


def ends(errors: Sequence[EngineError | None], *, seconds: float = 0.0, others: int = 0) -> list[bool]:
    """Which of some calls, one after the other and None for an answer, end the run; each takes so many seconds."""

    async def main() -> list[bool]:
        breaker, found = Breaker(), list[bool]()
        for error in errors:
            began = anyio.current_time()
            await anyio.sleep(seconds)
            if error is None:
                breaker.answered()
                found.append(False)
                continue
            told = breaker.gave_up(error, began, others)
            assert told is None or (isinstance(told, OutOfServiceError) and told.kind is error.kind)
            found.append(told is not None)
        return found

    return run_virtual(main)


@pytest.mark.parametrize("kind", REFUSED_ALIKE)
def test_so_many_refusals_alike_end_the_run_and_the_count_begins_anew(kind: EngineErrorKind) -> None:
    many = REFUSED_ALIKE[kind]
    assert ends([EngineError("no", kind=kind)] * (2 * many)) == ([False] * (many - 1) + [True]) * 2


def test_an_answer_or_another_reason_between_them_begins_the_count_anew() -> None:
    assert not any(ends([QUOTA] * 4 + [None] + [QUOTA] * 4 + [KEY] + [QUOTA] * 4))
    assert not any(ends(([QUOTA] * 4 + [ContextWindowError("too long")]) * 5))


def test_a_call_that_was_tried_for_long_ends_it_where_others_fail_too() -> None:
    assert ends([BUSY], seconds=SILENT_SECONDS, others=2) == [True]
    assert ends([BUSY], seconds=SILENT_SECONDS - 1, others=500) == [False]
    assert ends([BUSY] * 3, seconds=SILENT_SECONDS) == [False, False, True]
    assert not any(ends([BUSY, None] * 30, seconds=SILENT_SECONDS))


def test_calls_that_are_tried_once_end_it_when_there_are_many() -> None:
    assert ends([BUSY] * 20, others=500) == [False] * 19 + [True]


def test_what_is_said_of_one_request_is_an_answer() -> None:
    withheld = EngineError("withheld", kind=EngineErrorKind.CONTENT_FILTER)
    assert not any(ends([withheld] * 100, seconds=SILENT_SECONDS, others=500))
