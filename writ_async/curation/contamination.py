"""Contamination: does a run share users, entities, gold writes or wording with a benchmark that it may be tested on?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from writ_async.conversation.calls import call_key
from writ_async.core.domain import Domain
from writ_async.core.message import UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.verify.provenance import atoms

NGRAM = 8
MOST_OVERLAP = 0.05
"""Share of a text's 8-grams from which on it counts as taken over."""
_SHOWN = 20

_WORD = re.compile(r"\w+")


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
        """Whether no user, no gold write and no text is shared; ids alone may be those of a common catalogue."""
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
    domains: Mapping[str, Domain],
) -> Contamination:
    """Compare a run with a benchmark's tasks. `domains` has those of all tasks, by name.

    Costs O(words). The texts are the run's users' own words, conversation by conversation.
    """
    grams = frozenset(gram for task in theirs for text in task_texts(task) for gram in hashed_ngrams(text))
    texts = Shared(theirs=sum(1 for _ in theirs))
    shares: list[float] = []
    users, records = _pattern(d.user_ids for d in domains.values()), _pattern(d.record_ids for d in domains.values())
    our_users, our_records = _matches(users, tasks), _matches(records, tasks)
    for row in rows:
        said = " ".join(m.content for m in row.messages if isinstance(m, UserMessage) and m.content)
        our_users |= dict.fromkeys(users.findall(said))
        our_records |= dict.fromkeys(records.findall(said))
        own = list(hashed_ngrams(said))
        share = sum(gram in grams for gram in own) / len(own) if own else 0.0
        shares.append(share)
        if share >= MOST_OVERLAP:
            texts.both += 1
            if len(texts.examples) < _SHOWN:
                texts.examples.append(f"{row.id}: {100 * share:.1f} %")
    texts.ours = len(shares)
    return Contamination(
        run=run,
        benchmark=benchmark,
        rows=len(shares),
        tasks=len(tasks),
        benchmark_tasks=len(theirs),
        users=_shared_of(our_users, _matches(users, theirs)),
        ids=_shared_of(our_records, _matches(records, theirs)),
        gold_writes=_shared_of(_gold_hashes(tasks, domains), _gold_hashes(theirs, domains)),
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


def _pattern(ids: Iterable[str]) -> re.Pattern[str]:
    """One pattern for the ids of several domains; one that matches nothing where they have none."""
    return re.compile("|".join(filter(None, ids)) or r"(?!)")


def _matches(pattern: re.Pattern[str], tasks: Iterable[Task]) -> dict[str, None]:
    """All ids of a kind that tasks name, in their scenarios and gold calls."""
    found: dict[str, None] = {}
    for task in tasks:
        arguments = (value for action in task.actions or () for _, value in atoms(dict(action.arguments)))
        for text in (*task_texts(task), *(value for value in arguments if isinstance(value, str))):
            found |= dict.fromkeys(pattern.findall(text))
    return found


def _gold_hashes(tasks: Iterable[Task], domains: Mapping[str, Domain]) -> dict[str, None]:
    """One hash per gold write."""
    return {
        f"{_hash_bytes(call_key(action.name, action.arguments)):016x}": None
        for task in tasks
        for action in task.actions or ()
        if task.domain in domains and domains[task.domain].writes(action)
    }


def _shared_of(ours: Iterable[str], theirs: Iterable[str]) -> Shared:
    mine, others = list(ours), set(theirs)
    both = sorted(item for item in mine if item in others)
    return Shared(len(mine), len(others), len(both), both[:_SHOWN])
