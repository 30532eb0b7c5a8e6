"""Lines of real agents, labelled by reading with the reaction that they call for; the lines stay elsewhere."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.language.hearing import Reaction, hear

RIGHT = 0.94


class Label(msgspec.Struct, frozen=True):
    """The place of a line, and the reaction. Where there is nothing to tell, agreeing is agreeing and answering."""

    file: str
    conversation: int
    message: int
    reaction: Reaction

    def is_met_by(self, reaction: Reaction) -> bool:
        """Whether a reaction is the right one."""
        return reaction == self.reaction or (self.reaction == "agree" and reaction == "agree_and_answer")


LABELS = [
    msgspec.json.decode(line, type=Label)
    for line in Path(__file__).with_name("real_lines.jsonl").read_bytes().splitlines()
]


@lru_cache(maxsize=32)
def conversations(file: str) -> list[list[dict[str, Any]]]:
    assert SHARED is not None
    found = json.loads(gzip.decompress((SHARED / "real" / file).read_bytes()))
    return [row["messages"] for row in found["simulations"]] if isinstance(found, dict) else [r["traj"] for r in found]


def line_of(label: Label) -> str:
    text = conversations(label.file)[label.conversation][label.message]["content"]
    assert isinstance(text, str)
    return text


@needs_shared
def test_lines_of_real_agents_are_heard_as_a_reader_does() -> None:
    heard = {label: hear(line_of(label)).calls_for for label in LABELS}
    wrong = {label: reaction for label, reaction in heard.items() if not label.is_met_by(reaction)}
    assert len(wrong) <= (1 - RIGHT) * len(LABELS), wrong


@needs_shared
@pytest.mark.parametrize("reaction", ["agree", "answer", "decline", "be_handed_over", "go_on"])
def test_each_reaction_is_found_where_it_is_called_for(reaction: Reaction) -> None:
    labels = [label for label in LABELS if label.reaction == reaction]
    met = sum(label.is_met_by(hear(line_of(label)).calls_for) for label in labels)
    assert met >= 0.85 * len(labels)


def test_there_are_labels_of_every_file_and_reaction() -> None:
    assert len(LABELS) >= 150
    assert len({label.file for label in LABELS}) == 11
    counts = Counter(label.reaction for label in LABELS)
    assert min(counts[name] for name in ("agree", "agree_and_answer", "answer", "go_on", "decline")) >= 8
