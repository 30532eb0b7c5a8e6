"""Every value is declared whole, in one place."""

import subprocess
from pathlib import Path
from typing import get_args

import pytest

from writ_async.behaviour.axes import AXES, VALUES
from writ_async.behaviour.value import PLAIN, Value
from writ_async.core.behaviour import Axis

ROOT = Path(__file__).parents[2]


def test_the_axes_are_those_that_a_trait_can_name() -> None:
    assert tuple(AXES) == get_args(Axis)
    assert all(AXES.values())


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
def test_a_value_has_wordings_and_names_only_values_that_there_are(value: Value) -> None:
    assert len(set(value.instructions)) >= 2
    assert ("{detail}" in " ".join(value.instructions)) == (value.details is not None)
    assert {*value.apart, value.rests_on or value.label} <= {*VALUES, *AXES}
    assert not any(VALUES[label].axis == value.axis for label in value.apart if label in VALUES)


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


def test_a_value_is_named_in_one_file_of_the_library_alone() -> None:
    """What is unlike any other word in the house: the names of values that no flow of the library rests on."""
    for name in ("other_first", "refuses_optional", "mixes_terms", "opinion_question", "code_switching", "recap_first"):
        found = subprocess.run(
            ["git", "grep", "-lw", "-e", name, "--", "writ_async"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        files = set(found.stdout.split())
        assert len(files) == 1, (name, files)
