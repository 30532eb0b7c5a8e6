"""Every value is declared whole, in one place."""

import subprocess
from pathlib import Path
from typing import cast, get_args

import pytest

from tests.support.crowd import environments, plain_tasks
from writ_async.behaviour.axes import AXES, VALUES, unshown_traits
from writ_async.behaviour.talk import says
from writ_async.behaviour.value import PLAIN, Value
from writ_async.core.behaviour import Axis
from writ_async.core.message import UserMessage
from writ_async.synthesis.behaviours import parse_behaviours, with_behaviours

ROOT = Path(__file__).parents[2]


def test_the_axes_are_those_that_a_trait_can_name() -> None:
    assert tuple(AXES) == get_args(Axis)
    assert all(AXES.values())


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
def test_a_value_has_wordings_and_names_only_values_that_there_are(value: Value) -> None:
    assert len(set(value.instructions)) >= 2
    assert ("{detail}" in " ".join(value.instructions)) == (value.details is not None)
    assert {*value.apart.split(), value.rests_on or value.label} <= {*VALUES, *AXES}
    assert not any(VALUES[label].axis == value.axis for label in value.apart.split() if label in VALUES)


def test_an_axis_has_one_plain_value_at_most() -> None:
    for values in AXES.values():
        assert sorted(value.weight for value in values)[1:] == [1.0] * (len(values) - 1)
        assert min(value.weight for value in values) in (PLAIN, 1)


def test_what_excludes_another_is_excluded_by_it() -> None:
    for a in VALUES.values():
        assert all(a.goes_with(b) == b.goes_with(a) for b in VALUES.values())
    assert not VALUES["tone=angry"].goes_with(VALUES["language=formal"])
    assert not VALUES["ambiguity=vague_time"].goes_with(VALUES["fallback=conditional"])
    assert VALUES["tone=angry"].goes_with(VALUES["disclosure=drip"])


def test_values_are_named_in_their_declarations_alone() -> None:
    """Only the proof that nothing is told too late knows the two values that hold wishes back."""
    names = [value.name for value in VALUES.values() if "_" in value.name]
    patterns = [part for name in names for part in ("-e", f'"{name}"')]
    command = ["git", "grep", "-how", *patterns, "--", "writ_async", ":!writ_async/behaviour/values"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert set(found) == {'"adds_at_confirmation"', '"one_at_a_time"'}


def test_a_value_is_added_by_its_declaration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cheerful = Value("tone=cheerful", ("Be merry.", "Sound glad."), says(r"\bwonderful\b"), apart="tangents")
    monkeypatch.setitem(cast(dict[str, Value], VALUES), cheerful.label, cheerful)
    monkeypatch.setitem(cast(dict[str, tuple[Value, ...]], AXES), "tone", (*AXES["tone"], cheerful))
    assert parse_behaviours("tone=cheerful") == {"tone": "cheerful"}
    plain = plain_tasks(1000)[:20]
    for task in with_behaviours(plain, environments(), 1, {"tone": "cheerful"})[0]:
        assert task.behaviour is not None
        assert task.behaviour.value("tone") == "cheerful"
        assert not task.behaviour.value("tangents")
        assert any(wording in task.behaviour.instruction for wording in cheerful.instructions)
        merry, sad = (UserMessage(text) for text in ("What a wonderful day!", "What a day."))
        assert "tone=cheerful" not in [trait.label for trait in unshown_traits(task, [merry])]
        assert "tone=cheerful" in [trait.label for trait in unshown_traits(task, [sad])]
    drawn = with_behaviours(plain_tasks(1000)[:300], environments(), 1)[0]
    assert any(task.behaviour and task.behaviour.value("tone") == "cheerful" for task in drawn)
