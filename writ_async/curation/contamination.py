"""Contamination: does a run share users, entities, gold writes or wording with a benchmark that it may be tested on?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from writ_async.conversation.calls import call_key
from writ_async.core.message import UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.verify.provenance import atoms

NGRAM = 8
MOST_OVERLAP = 0.05
"""Share of a text's 8-grams from which on it counts as taken over."""
_SHOWN = 20

_WORD = re.compile(r"\w+")
_ID = re.compile(r"\b[a-z]+_[a-z]+_\d{4}\b|#?\bW\d{7}\b|\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{6}\b|\b\d{10}\b")
"""Ids as the domains write them: users, orders, reservations, items."""


class Shared(msgspec.Struct):
    """What two sides have in common of one thing: how many each has, how many both, and some of those."""

    ours: int = 0
    theirs: int = 0
    both: int = 0
    examples: list[str] = []


class Contamination(msgspec.Struct, kw_only=True):
    """The report. `overlap` has the share of 8-grams of each of our users' texts that a benchmark's text has."""

    run: str
    benchmark: str
    rows: int
    tasks: int
    benchmark_tasks: int
    users: Shared
    ids: Shared
    gold_writes: Shared
    texts: Shared
    mean_overlap: float
    most_overlap: float
    threshold: float = MOST_OVERLAP
    version: int = 1

    @property
    def clean(self) -> bool:
        """Whether no user, no gold write and no text is shared; ids alone may be products of the same catalogue."""
        return not (self.users.both or self.gold_writes.both or self.texts.both)

    def sentences(self) -> list[str]:
        """The report in a few lines for a data set card."""
        return [
            f"Checked against {self.benchmark} ({self.benchmark_tasks:,} tasks): {self.users.both:,} users, "
            f"{self.ids.both:,} ids and {self.gold_writes.both:,} gold writes in common; "
            f"{self.texts.both:,} of {self.texts.ours:,} users' texts share {100 * self.threshold:g} % or more of "
            f"their {NGRAM}-grams with it (mean {100 * self.mean_overlap:.2f} %, most {100 * self.most_overlap:.2f} %)."
        ]


def measure_contamination(
    run: str,
    benchmark: str,
    tasks: Sequence[Task],
    rows: Iterable[Trajectory],
    theirs: Sequence[Task],
    writes: Mapping[str, frozenset[str]],
) -> Contamination:
    """Compare a run with a benchmark's tasks. `writes` has the names of each domain's write tools.

    Costs O(words). The texts are the run's users' own words, conversation by conversation.
    """
    grams = frozenset(gram for task in theirs for text in task_texts(task) for gram in hashed_ngrams(text))
    texts = Shared(theirs=sum(1 for _ in theirs))
    shares: list[float] = []
    our_ids = _ids_of(tasks)
    for row in rows:
        said = " ".join(m.content for m in row.messages if isinstance(m, UserMessage) and m.content)
        our_ids |= dict.fromkeys(_ID.findall(said))
        own = list(hashed_ngrams(said))
        share = sum(gram in grams for gram in own) / len(own) if own else 0.0
        shares.append(share)
        if share >= MOST_OVERLAP:
            texts.both += 1
            if len(texts.examples) < _SHOWN:
                texts.examples.append(f"{row.id}: {100 * share:.1f} %")
    texts.ours = len(shares)
    their_ids = _ids_of(theirs)
    return Contamination(
        run=run,
        benchmark=benchmark,
        rows=len(shares),
        tasks=len(tasks),
        benchmark_tasks=len(theirs),
        users=_shared_of(filter(_is_user, our_ids), filter(_is_user, their_ids)),
        ids=_shared_of((i for i in our_ids if not _is_user(i)), (i for i in their_ids if not _is_user(i))),
        gold_writes=_shared_of(_gold_hashes(tasks, writes), _gold_hashes(theirs, writes)),
        texts=texts,
        mean_overlap=sum(shares) / len(shares) if shares else 0.0,
        most_overlap=max(shares, default=0.0),
    )


def task_texts(task: Task) -> list[str]:
    """All that a task's scenario says."""
    scene = task.scenario
    parts = (scene.reason_for_call, scene.known_info, scene.unknown_info, scene.task_instructions, scene.request)
    return [text for text in (*parts, scene.text, *(fact.text for fact in scene.facts)) if text]


def hashed_ngrams(text: str) -> Iterator[int]:
    """The word 8-grams of a text as hashes, upper and lower case aside."""
    words = _WORD.findall(text.casefold())
    for start in range(len(words) - NGRAM + 1):
        yield _hash_bytes(" ".join(words[start : start + NGRAM]).encode())


def _hash_bytes(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


def _ids_of(tasks: Iterable[Task]) -> dict[str, None]:
    """All ids that tasks name, in their scenarios and gold calls."""
    found: dict[str, None] = {}
    for task in tasks:
        found |= dict.fromkeys(match for text in task_texts(task) for match in _ID.findall(text))
        for action in task.actions or ():
            found |= dict.fromkeys(
                match
                for _, value in atoms(dict(action.arguments))
                if isinstance(value, str)
                for match in _ID.findall(value)
            )
    return found


def _is_user(text: str) -> bool:
    return "_" in text


def _gold_hashes(tasks: Iterable[Task], writes: Mapping[str, frozenset[str]]) -> dict[str, None]:
    """One hash per gold write."""
    return {
        f"{_hash_bytes(call_key(action.name, action.arguments)):016x}": None
        for task in tasks
        for action in task.actions or ()
        if action.name in writes.get(task.domain, frozenset())
    }


def _shared_of(ours: Iterable[str], theirs: Iterable[str]) -> Shared:
    mine, others = list(ours), set(theirs)
    both = sorted(item for item in mine if item in others)
    return Shared(len(mine), len(others), len(both), both[:_SHOWN])
