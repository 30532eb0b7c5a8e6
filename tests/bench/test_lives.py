"""Commands that are killed at drawn moments come to what they come to alone, and the killer sees where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.trust_loads.lives import KINDS, Killer, kill_kinds, kills_figures
from writ_async import InputError

pytestmark = pytest.mark.slow

BY_NAME = {kind.name: kind for kind in KINDS}


def test_a_command_that_is_killed_again_and_again_leaves_the_bytes_of_one_that_is_not() -> None:
    found = kill_kinds([BY_NAME["synth, grown"]], 3, seed=2)["synth, grown"]
    assert (found.kills, found.differing, found.stuck) == (3, 0, 0)
    assert found.lives > found.runs >= 1


def test_a_run_that_comes_to_something_else_is_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(self: Killer) -> None:
        self._wanted = {"trajectories.jsonl": b"other"}
        self._seconds = dict.fromkeys(self.kind.commands, 0.4)

    monkeypatch.setattr(Killer, "measure", other)
    found = kill_kinds([BY_NAME["synth"]], 1, seed=2)
    assert found["synth"].differing >= 1
    assert "trajectories.jsonl" in kills_figures(found)[-1].what
    assert not kills_figures(found)[-1].met


def test_a_command_that_fails_by_itself_is_told(tmp_path: Path) -> None:
    kind = type(BY_NAME["synth"])(
        "wrong", ("synth no-such-domain --out {0}/run",), ("synth no-such-domain --out {0}/run",)
    )
    with pytest.raises(InputError, match="ended with 2"):
        kill_kinds([kind], 1, seed=1)
