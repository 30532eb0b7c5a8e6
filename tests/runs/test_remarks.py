"""What is said at the end of a run: what stands out in its rows, and nothing where nothing does."""

from __future__ import annotations

import pytest

from tests.support.samples import BAD_CALL, TALK, trajectory
from writ_async.core.message import UserMessage
from writ_async.core.trajectory import Note, Termination, Trajectory
from writ_async.curation.selection import Funnel, Stage
from writ_async.runs.remarks import remarks_on
from writ_async.runs.summary import Summary, summarise_rows

TALK_ALONE = tuple(message for message in TALK if isinstance(message, UserMessage))


def test_a_run_in_which_all_is_well_gets_no_remark() -> None:
    assert remarks_on(summarise_rows([trajectory("a"), trajectory("b")])) == []
    assert remarks_on(Summary()) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("call_as_text", "hold a tool call as text: is the server's tool parser on?"),
        ("format_token", "hold a token of the chat format"),
        ("cut_at_length", "were cut at their length limit"),
    ],
)
def test_messages_that_an_engine_noted_are_counted(kind: str, words: str) -> None:
    notes = tuple(Note(kind, turn) for turn in range(3))
    lines = remarks_on(summarise_rows([trajectory("a", notes=notes), trajectory("b", notes=notes[:1])]))
    assert len(lines) == 1
    assert lines[0].startswith("4 ")
    assert words in lines[0]


def test_one_message_is_told_in_the_singular() -> None:
    (line,) = remarks_on(summarise_rows([trajectory(notes=(Note("cut_at_length", 0),))]))
    assert line.startswith("1 answer was cut")


def test_what_a_script_notes_of_itself_is_no_remark() -> None:
    assert remarks_on(summarise_rows([trajectory(notes=(Note("wrong_id", 0, matters=True),))])) == []


def test_ends_that_nobody_had_in_mind_are_told_from_one_in_twenty_on() -> None:
    def run(odd: int) -> list[str]:
        rows = [trajectory(str(number)) for number in range(100 - odd)]
        rows += [trajectory(f"odd{number}", termination=Termination.MAX_STEPS) for number in range(odd)]
        return remarks_on(summarise_rows(rows))

    assert run(4) == []
    assert run(5) == ["5 of 100 conversations reached the limit of steps (--max-steps)"]


def test_agents_without_tools_and_with_refused_calls_stand_out() -> None:
    (line,) = remarks_on(summarise_rows([trajectory(messages=TALK_ALONE)]))
    assert line.startswith("no tool was called in 1 conversations")
    (line,) = remarks_on(summarise_rows([trajectory(messages=TALK_ALONE + BAD_CALL)]))
    assert line == "1 of 1 tool calls were refused"


def rejected(number: int, *reasons: str) -> list[Trajectory]:
    return [trajectory(f"{reasons[0]}{place}", reasons=reasons) for place in range(number)]


def test_a_run_without_a_row_says_what_speaks_against_most() -> None:
    rows = [
        *rejected(5, "wrong_outcome"),
        *rejected(2, "incomplete", "wrong_outcome"),
        *rejected(1, "a"),
        *rejected(1, "b"),
    ]
    assert remarks_on(summarise_rows(rows)) == [
        "none of 9 rows is kept; most often: wrong_outcome 7, incomplete 2, a 1"
    ]


def test_slips_of_a_benchmarks_user_are_no_reason() -> None:
    rows = [trajectory("a", kind="benchmark", reasons=("wrong_outcome", "user_stopped_early"))]
    assert remarks_on(summarise_rows(rows)) == ["none of 1 rows is kept; most often: wrong_outcome 1"]


def test_a_run_whose_rows_fell_at_filters_alone_names_the_filters() -> None:
    summary = summarise_rows([trajectory("a"), trajectory("b")])
    summary.funnel = Funnel(total=Stage(rows=2, fell={"duplicate": 1, "short": 1}))
    assert remarks_on(summary) == ["none of 2 rows is kept; most often: duplicate 1, short 1"]
