"""The contamination report on hand-made tasks: users, ids, gold writes and wording, each by itself."""

from __future__ import annotations

import msgspec

from tests.support.samples import task, trajectory
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.task import Action, Scenario, Task
from writ_async.curation.contamination import Contamination, hashed_ngrams, measure_contamination
from writ_async.registry import load_domain

TEXT = "I would like to send the old grey kettle back because it leaks on my new kitchen table"
DOMAINS = {"retail": load_domain("retail")}


def make(task_id: str, text: str, order: str) -> Task:
    return msgspec.structs.replace(
        task(task_id), scenario=Scenario(text), actions=(Action("cancel_pending_order", {"order_id": order}),)
    )


def report(ours: Task, theirs: Task, said: str) -> Contamination:
    row = trajectory(ours.id, messages=(UserMessage(said), AssistantMessage("Done.")))
    return measure_contamination("run", "bench", [ours], [row], [theirs], DOMAINS)


def test_nothing_in_common_is_clean() -> None:
    found = report(make("a", "You are ada_king_1234.", "#W1111111"), make("b", TEXT, "#W2222222"), "Please help me.")
    assert found.clean
    assert (found.users.ours, found.ids.ours, found.gold_writes.ours) == (1, 1, 1)
    assert found.mean_overlap == 0


def test_a_shared_user_a_shared_write_and_shared_words_are_told_apart() -> None:
    mine, other = "You are ada_king_1234.", "She is ada_king_1234, they say."
    user = report(make("a", mine, "#W1111111"), make("b", other, "#W2222222"), "Hello.")
    assert (user.users.both, user.users.examples, user.gold_writes.both) == (1, ["ada_king_1234"], 0)
    write = report(make("a", "x", "#W1111111"), make("b", "y", "#W1111111"), "Hello.")
    assert (write.users.both, write.ids.both, write.gold_writes.both) == (0, 1, 1)
    words = report(make("a", "x", "#W1111111"), make("b", TEXT, "#W2222222"), f"Hello. {TEXT.upper()}!")
    assert (words.texts.both, words.gold_writes.both) == (1, 0)
    assert 0.8 < words.most_overlap <= 1
    assert [user.clean, write.clean, words.clean] == [False, False, False]


def test_what_a_user_says_counts_as_an_id_too() -> None:
    found = report(make("a", "x", "#W1111111"), make("b", "You are ada_king_1234", "#W2"), "I am ada_king_1234.")
    assert found.users.both == 1


def test_grams_are_of_eight_words() -> None:
    assert len(list(hashed_ngrams("one two three four five six seven eight nine"))) == 2
    assert list(hashed_ngrams("one two three four five six seven")) == []


def test_the_report_survives_json() -> None:
    found = report(make("a", TEXT, "#W1111111"), make("b", TEXT, "#W1111111"), TEXT)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Contamination) == found
    assert "1 gold writes in common" in found.sentences()[0]
