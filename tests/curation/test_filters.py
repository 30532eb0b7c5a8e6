"""Filters over verdicts and over all rows, and the funnel of counts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import TALK, task, trajectory
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Action, Cell, Certificate, Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.filters import FILTERS, NAMES, failed_filter, level_of, pass_filters
from writ_async.curation.near_duplicates import NearDuplicates, jaccard_similarity, shingles_of
from writ_async.curation.selection import Funnel, Selection
from writ_async.verify.reasons import Reason

WORDS = " ".join(f"word{number}" for number in range(200))


def talk(text: str) -> tuple[Message, ...]:
    return (UserMessage(text), AssistantMessage("Done."))


def choose(rows: Sequence[Trajectory], tasks: Sequence[Task], **settings: float) -> Selection:
    return pass_filters(rows, {item.id: item for item in tasks}, {}, **settings)  # type: ignore[arg-type]


def test_every_reason_belongs_to_one_filter() -> None:
    for reason in Reason:
        assert sum(reason in item.reasons for item in FILTERS) == 1


def test_a_row_falls_at_the_first_filter_that_names_it() -> None:
    row = trajectory(reasons=("unconfirmed_write", "missing_evidence", "user_leaked"))
    assert failed_filter(row.verdict) == "evidence"
    assert failed_filter(trajectory(reasons=("user_leaked",)).verdict) == "user"
    assert failed_filter(trajectory().verdict) == ""
    assert failed_filter(None) == "unjudged"


def test_the_later_of_two_rows_with_one_gold_and_almost_the_same_words_falls() -> None:
    gold = [msgspec.structs.replace(task(name), actions=(Action("x", {"id": 1}),)) for name in ("a", "b")]
    rows = [
        trajectory("a", messages=talk(WORDS)),
        trajectory("a", 1, messages=talk(f"{WORDS} indeed")),
        trajectory("b", messages=talk(WORDS)),
        trajectory("b", 1, messages=talk(" ".join(reversed(WORDS.split())))),
    ]
    found = choose(rows, gold)
    assert {key: drop.filter for key, drop in found.dropped.items()} == {"a#1": "twins"}, "b is of another task"
    assert found.dropped["a#1"].detail == "says almost the same as a#0"


def test_twins_are_those_of_the_same_gold_writes_whatever_the_task(retail: Domain) -> None:
    cancel = Action("cancel_pending_order", {"order_id": "#W1", "reason": "no longer needed"})
    same = [msgspec.structs.replace(task(name), actions=(cancel,)) for name in ("a", "b")]
    other = msgspec.structs.replace(task("c"), actions=(Action(cancel.name, {**cancel.arguments, "order_id": "#W2"}),))
    rows = [trajectory(name, messages=talk(WORDS)) for name in ("a", "b", "c")]
    found = pass_filters(rows, {item.id: item for item in (*same, other)}, {"retail": retail})
    assert list(found.dropped) == ["b#0"]


def test_a_task_has_as_many_rows_as_the_cap_allows_and_rejected_ones_do_not_count() -> None:
    rows = [trajectory("t", 0, reasons=("wrong_outcome",))]
    rows += [trajectory("t", n, messages=talk(" ".join(f"w{n}x{i}" for i in range(50)))) for n in range(1, 6)]
    found = choose(rows, [task("t")], cap=2)
    assert {key: drop.filter for key, drop in found.dropped.items()} == {f"t#{n}": "cap" for n in (3, 4, 5)}
    assert found.funnel.total.fell == {"outcome": 1, "cap": 3}
    assert (found.rows, found.funnel.total.left) == (6, 2)


def test_the_funnel_counts_by_kind_and_level_and_adds_up() -> None:
    rows = [
        trajectory("t", n, reasons=("incomplete",) * (n % 2), messages=(*TALK, UserMessage(str(n) * 9)))
        for n in range(6)
    ]
    funnel: Funnel = choose(rows, [task("t")], alike=1.1).funnel
    assert funnel.by_kind["normal"].rows == funnel.total.rows == 6
    assert funnel.by_level["W0R0"].fell == {"ending": 3}
    assert set(funnel.total.fell) <= set(NAMES)


def test_a_level_is_writes_and_burden(retail: Domain) -> None:
    cancel = Action("cancel_pending_order", {"order_id": "#W1", "reason": "no longer needed"})
    cells = tuple(Cell("get_order_details", {"order_id": f"#W{n}"}) for n in range(6))
    both = msgspec.structs.replace(task("t"), actions=(cancel, cancel), certificates=(Certificate(0, cells),))
    assert level_of(both, {"retail": retail}) == "W2R2"
    assert level_of(None, {}) == ""


texts = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=40).map(" ".join)


@given(st.lists(texts, min_size=1, max_size=6))
def test_no_two_rows_that_stay_are_alike_and_every_twin_is_like_one_that_stays(said: list[str]) -> None:
    twins = NearDuplicates(0.95)
    stay: list[str] = []
    for number, text in enumerate(said):
        found = twins.add(str(number), b"", talk(text))
        if found:
            assert jaccard_similarity(shingles_of(talk(text)), shingles_of(talk(said[int(found)]))) >= 0.95
            assert found in stay
        else:
            stay.append(str(number))
    kept = [shingles_of(talk(said[int(number)])) for number in stay]
    assert all(one != other for place, one in enumerate(kept) for other in kept[:place])


@pytest.mark.parametrize("changed", [0, 1, 4])
def test_small_changes_are_found_in_long_talks(changed: int) -> None:
    words = WORDS.split() * 3
    words = [f"{word}{place // 200}" for place, word in enumerate(words)]
    twins = NearDuplicates()
    assert twins.add("one", b"g", talk(" ".join(words))) == ""
    for place in range(changed):
        words[place * 37] = "changed"
    assert twins.add("two", b"g", talk(" ".join(words))) == "one"
    assert twins.add("three", b"h", talk(" ".join(words))) == ""
